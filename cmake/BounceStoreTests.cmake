# Tests of src/store and src/ingest. tests/store/test_*.c is a program each; the
# other files there help them. A program that includes store_fixture.h runs once
# for every driver, which BOUNCE_TEST_STORE names to it ("sqlite", "null", or
# the URL that postgresql.sh makes for the command it is given). What is called
# test_postgresql*.c is about that driver alone.

set(store_tests_dir ${PROJECT_SOURCE_DIR}/tests/store)
file(GLOB store_helpers CONFIGURE_DEPENDS ${store_tests_dir}/*.c)
set(store_tests ${store_helpers})
list(FILTER store_tests INCLUDE REGEX "/test_[a-z0-9_]*\\.c$")
list(FILTER store_helpers EXCLUDE REGEX "/test_[a-z0-9_]*\\.c$")
if(store_helpers)
  add_library(bounce_store_help STATIC ${store_helpers})
  target_link_libraries(bounce_store_help PUBLIC bounce_store
    PkgConfig::CMOCKA)
  target_include_directories(bounce_store_help PUBLIC ${store_tests_dir})
endif()

# bounce_store_program(NAME SOURCE...): reaches inside the library, the store
# and ingest.
function(bounce_store_program name)
  bounce_test_program(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${store_tests_dir})
  foreach(library bounce_store_help bounce_ingest bounce_store)
    if(TARGET ${library})
      target_link_libraries(${name} PRIVATE ${library})
    endif()
  endforeach()
endfunction()

# bounce_driver_test(NAME TIMEOUT DRIVER PROGRAM...)
function(bounce_driver_test name timeout driver)
  if(driver STREQUAL postgresql)
    bounce_test(${name} ${timeout} ${store_tests_dir}/postgresql.sh ${ARGN})
    set_tests_properties(${test_prefix}${name} PROPERTIES SKIP_RETURN_CODE 77)
  else()
    bounce_test(${name} ${timeout} ${ARGN})
    set_property(TEST ${test_prefix}${name} APPEND PROPERTY ENVIRONMENT
      BOUNCE_TEST_STORE=${driver})
  endif()
endfunction()

set(store_drivers sqlite null)
if(TARGET bounce_module_postgresql AND EXISTS ${store_tests_dir}/postgresql.sh)
  list(APPEND store_drivers postgresql)
endif()

foreach(source ${store_tests})
  get_filename_component(program ${source} NAME_WE)
  string(REGEX REPLACE "^test_" "" name ${program})
  set(program store_${program})
  bounce_store_program(${program} ${source})
  target_link_libraries(${program} PRIVATE PkgConfig::CMOCKA)
  file(STRINGS ${source} uses_fixture REGEX "#include \"store_fixture.h\"")
  if(uses_fixture)
    foreach(driver ${store_drivers})
      # What is one driver's own begins with its name.
      if(name MATCHES "^(sqlite|postgresql)" AND NOT name MATCHES "^${driver}")
        continue()
      endif()
      bounce_driver_test(store/${name}-${driver} 900 ${driver}
        $<TARGET_FILE:${program}>)
    endforeach()
  elseif(name MATCHES "^postgresql")
    if("postgresql" IN_LIST store_drivers)
      bounce_driver_test(store/${name} 900 postgresql $<TARGET_FILE:${program}>)
    endif()
  else()
    bounce_test(store/${name} 900 ${program})
  endif()
endforeach()
