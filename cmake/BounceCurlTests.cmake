# What goes out through module curl, against servers on loopback.

if(TARGET bounce_module_curl AND TARGET bounce_module_http AND
   TARGET bounce_module_crypto)
  set(curl_tests_dir ${PROJECT_SOURCE_DIR}/tests/ingest)
  bounce_test_program(curl_http ${curl_tests_dir}/test_curl_http.c
    ${curl_tests_dir}/web_server.c)
  target_include_directories(curl_http PRIVATE ${curl_tests_dir})
  target_link_libraries(curl_http PRIVATE bounce_ingest PkgConfig::CMOCKA
    PkgConfig::MODULE_crypto)
  add_dependencies(curl_http bounce_module_curl bounce_module_http)
  bounce_test(curl/http 120 curl_http)
endif()
