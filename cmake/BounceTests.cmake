# All tests run through CTest. In other trees than that of the preset release
# they have the sanitizer's name in front.

option(BOUNCE_FULL "Also the tests that take long" OFF)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)

set(test_prefix "")
if(BOUNCE_SANITIZE)
  string(REPLACE "," "+" test_prefix "${BOUNCE_SANITIZE}:")
elseif(BOUNCE_COVERAGE)
  set(test_prefix "coverage:")
endif()

# bounce_test(NAME TIMEOUT COMMAND...)
function(bounce_test name timeout)
  add_test(NAME ${test_prefix}${name} COMMAND ${ARGN})
  set_tests_properties(${test_prefix}${name} PROPERTIES TIMEOUT ${timeout}
    ENVIRONMENT "BOUNCE_FULL=$<BOOL:${BOUNCE_FULL}>;LC_ALL=C.UTF-8")
endfunction()

# Programs that reach inside the library.
function(bounce_test_program name)
  add_executable(${name} ${ARGN} $<TARGET_OBJECTS:bounce_objects>)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE
    BOUNCE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()

# Unit tests mirror src/.
file(GLOB unit_tests CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/tests/unit/test_*.c)
foreach(source ${unit_tests})
  get_filename_component(name ${source} NAME_WE)
  bounce_test_program(${name} ${source})
  target_link_libraries(${name} PRIVATE PkgConfig::CMOCKA)
  bounce_test(${name} 300 ${name})
endforeach()

# Cases: a message and what it must give, a topic a file.
set(cases_dir ${PROJECT_SOURCE_DIR}/tests/cases)
bounce_test_program(run_cases ${cases_dir}/run_cases.c
  ${cases_dir}/case_file.c ${cases_dir}/match.c)
target_link_libraries(run_cases PRIVATE PkgConfig::CJSON)
file(GLOB case_files CONFIGURE_DEPENDS ${cases_dir}/*.md)
bounce_test_program(covers ${cases_dir}/covers.c ${cases_dir}/case_file.c)
target_link_libraries(covers PRIVATE PkgConfig::CMOCKA)
bounce_test(cases/covers 60 covers ${PROJECT_SOURCE_DIR}/docs/formats.md
  ${case_files})
foreach(file ${case_files})
  get_filename_component(name ${file} NAME_WE)
  if(NOT name STREQUAL "README")
    bounce_test(cases/${name} 300 run_cases ${file})
  endif()
endforeach()

# What needs no sanitizer runs in one tree only.
set(tests_dir ${PROJECT_SOURCE_DIR}/tests)
if(NOT test_prefix)
  bounce_test(install 120 ${tests_dir}/install/run.sh ${PROJECT_BINARY_DIR})
  bounce_test(symbols 60 ${tests_dir}/install/symbols.sh ${PROJECT_BINARY_DIR})
  bounce_test(lint/format 60 ${tests_dir}/lint/format.sh)
  bounce_test(lint/tidy 900 ${tests_dir}/lint/tidy.sh ${PROJECT_BINARY_DIR})
  bounce_test(lint/cppcheck 300 ${tests_dir}/lint/cppcheck.sh
    ${PROJECT_BINARY_DIR})
  bounce_test(lint/shape 60 ${tests_dir}/lint/shape.sh)
  bounce_test(lint/man 60 ${tests_dir}/lint/man.sh $<TARGET_FILE:bounce>)
endif()

# Real mail systems, and another reader of mail.
if(NOT test_prefix)
  include(BounceRoundtrip)
  include(BounceGmime)
endif()

# The program from outside.
file(GLOB cli_tests CONFIGURE_DEPENDS ${tests_dir}/cli/*.sh)
list(FILTER cli_tests EXCLUDE REGEX "/lib.sh$")
foreach(file ${cli_tests})
  get_filename_component(name ${file} NAME_WE)
  # Sanitizers take address space by the terabyte, and time.
  if(NOT (test_prefix AND name MATCHES "^(large|terminal)$"))
    bounce_test(cli/${name} 600 ${file} $<TARGET_FILE:bounce>)
  endif()
endforeach()

# Every example in README and manual pages; completions.
if(NOT test_prefix)
  file(GLOB manual_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.1)
  file(GLOB recipes CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/with-*.md)
  bounce_test(docs/console 120 ${tests_dir}/docs/console.sh
    $<TARGET_FILE:bounce> README.md ${manual_pages} ${recipes})
  bounce_test(docs/library 120 ${tests_dir}/docs/library.sh
    ${PROJECT_BINARY_DIR})
  bounce_test(docs/completion 120 ${tests_dir}/docs/completion.sh
    $<TARGET_FILE:bounce>)
endif()

include(BounceHostile)
include(BounceStoreTests)
include(BounceWebhookTests)
include(BounceCurlTests)
include(BounceStoryTests)
include(BounceServeTests)
