# What goes out through module curl, against servers on loopback.

if(TARGET bounce_module_curl AND TARGET bounce_module_http AND
   TARGET bounce_module_crypto)
  set(curl_tests_dir ${PROJECT_SOURCE_DIR}/tests/ingest)
  foreach(name curl_http sns)
    bounce_test_program(web_${name} ${curl_tests_dir}/test_${name}.c
      ${curl_tests_dir}/web_server.c)
    target_include_directories(web_${name} PRIVATE ${curl_tests_dir})
    target_link_libraries(web_${name} PRIVATE bounce_serve PkgConfig::CMOCKA
      PkgConfig::MODULE_crypto)
    add_dependencies(web_${name} bounce_module_curl bounce_module_http)
    bounce_test(web/${name} 120 web_${name})
  endforeach()
endif()

# Protocols of mailboxes against servers that are written down.
bounce_test_program(mail_protocols ${PROJECT_SOURCE_DIR}/tests/ingest/test_mail.c)
target_link_libraries(mail_protocols PRIVATE bounce_ingest PkgConfig::CMOCKA)
bounce_test(mailbox/protocols 120 mail_protocols)

# Mailboxes, of Debian's Dovecot.
if(TARGET bounce_module_curl)
  set(mailbox_tests_dir ${PROJECT_SOURCE_DIR}/tests/mailbox)
  add_executable(mail_cut ${mailbox_tests_dir}/cut.c)
  file(GLOB mailbox_scripts CONFIGURE_DEPENDS ${mailbox_tests_dir}/*.sh)
  list(FILTER mailbox_scripts EXCLUDE REGEX "/lib.sh$")
  foreach(file ${mailbox_scripts})
    get_filename_component(name ${file} NAME_WE)
    bounce_test(mailbox/${name} 300 ${file} $<TARGET_FILE:bounce>)
    set_tests_properties(${test_prefix}mailbox/${name} PROPERTIES
      SKIP_RETURN_CODE 77)
  endforeach()
endif()
