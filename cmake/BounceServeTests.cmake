# Tests of the daemon. tests/serve/*.sh use the program from outside, with SQLite
# and with PostgreSQL; tests/serve/test_*.c reach inside.

if(TARGET bounce_module_http)
  set(serve_tests_dir ${PROJECT_SOURCE_DIR}/tests/serve)
  bounce_test_program(serve_receiver ${serve_tests_dir}/receiver.c)
  add_executable(serve_mixed ${serve_tests_dir}/mixed.c)
  set(serve_timeout 600)
  if(BOUNCE_FULL)
    set(serve_timeout 3600)
  endif()
  file(GLOB serve_scripts CONFIGURE_DEPENDS ${serve_tests_dir}/*.sh)
  list(FILTER serve_scripts EXCLUDE REGEX "/lib.sh$")
  if(NOT TARGET bounce_module_curl)
    list(FILTER serve_scripts EXCLUDE REGEX "/out.sh$")
  endif()
  foreach(file ${serve_scripts})
    get_filename_component(name ${file} NAME_WE)
    bounce_test(serve/${name} ${serve_timeout} ${file} $<TARGET_FILE:bounce>
      $<TARGET_FILE:serve_receiver> $<TARGET_FILE:serve_mixed>)
    file(STRINGS ${file} one_store REGEX "^# One store will do")
    if("postgresql" IN_LIST store_drivers AND NOT test_prefix AND
       NOT one_store)
      bounce_driver_test(serve/${name}-postgresql ${serve_timeout} postgresql
        ${file} $<TARGET_FILE:bounce> $<TARGET_FILE:serve_receiver>
        $<TARGET_FILE:serve_mixed>)
    endif()
  endforeach()
  # Without systemd's tools nothing can be said about units.
  set_tests_properties(${test_prefix}serve/units PROPERTIES
    SKIP_RETURN_CODE 77)

  file(GLOB serve_tests CONFIGURE_DEPENDS ${serve_tests_dir}/test_*.c)
  foreach(source ${serve_tests})
    get_filename_component(program ${source} NAME_WE)
    string(REGEX REPLACE "^test_" "" name ${program})
    set(program serve_${program})
    bounce_test_program(${program} ${source})
    target_link_libraries(${program} PRIVATE bounce_serve PkgConfig::CMOCKA)
    bounce_test(serve/${name} 300 ${program})
  endforeach()
endif()
