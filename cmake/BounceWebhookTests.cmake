# Webhooks: cases in the manner of tests/cases, signatures, hostile bodies.

set(hook_tests_dir ${PROJECT_SOURCE_DIR}/tests/ingest)

# bounce_hook_program(NAME SOURCE...)
function(bounce_hook_program name)
  bounce_test_program(${name} ${hook_tests_dir}/hook_test.c ${ARGN})
  target_include_directories(${name} PRIVATE ${hook_tests_dir})
  target_link_libraries(${name} PRIVATE bounce_ingest PkgConfig::CJSON)
endfunction()

bounce_hook_program(run_webhooks ${hook_tests_dir}/run_webhooks.c
  ${cases_dir}/case_file.c ${cases_dir}/match.c)
file(GLOB hook_cases CONFIGURE_DEPENDS ${hook_tests_dir}/webhook/*.md)
foreach(file ${hook_cases})
  get_filename_component(name ${file} NAME_WE)
  bounce_test(webhook/${name} 300 run_webhooks ${file})
endforeach()

bounce_hook_program(webhook_json ${hook_tests_dir}/test_webhook_json.c)
target_link_libraries(webhook_json PRIVATE PkgConfig::CMOCKA)
bounce_test(webhook/unit/json 120 webhook_json)

if(TARGET bounce_module_crypto)
  foreach(name trust sns)
    bounce_hook_program(webhook_${name} ${hook_tests_dir}/hook_keys.c
      ${hook_tests_dir}/test_webhook_${name}.c)
    target_link_libraries(webhook_${name} PRIVATE PkgConfig::CMOCKA
      PkgConfig::MODULE_crypto)
    add_dependencies(webhook_${name} bounce_module_crypto)
    bounce_test(webhook/unit/${name} 120 webhook_${name})
  endforeach()
endif()
