# Each fuzz/fuzz_<module>.c becomes a libFuzzer program, and a test that runs
# it for its share of BOUNCE_FUZZ_SECONDS.

if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "BOUNCE_FUZZ needs clang: cmake --preset fuzz")
endif()
set(BOUNCE_FUZZ_SECONDS 120 CACHE STRING "Seconds of fuzzing in all")
enable_testing()

add_executable(seeds ${PROJECT_SOURCE_DIR}/tests/cases/seeds.c
  ${PROJECT_SOURCE_DIR}/tests/cases/case_file.c
  $<TARGET_OBJECTS:bounce_objects>)
target_include_directories(seeds PRIVATE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)

file(GLOB fuzzers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/fuzz_*.c)
list(LENGTH fuzzers count)
math(EXPR seconds "${BOUNCE_FUZZ_SECONDS} / ${count}")
math(EXPR timeout "${seconds} * 2 + 120")
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source} $<TARGET_OBJECTS:bounce_objects>)
  target_include_directories(${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE bounce_serve)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(module_targets)
    add_dependencies(${name} ${module_targets})
  endif()
  add_test(NAME fuzz:${name} COMMAND ${PROJECT_SOURCE_DIR}/fuzz/run.sh
    $<TARGET_FILE:${name}> ${seconds} $<TARGET_FILE:seeds>)
  set_tests_properties(fuzz:${name} PROPERTIES TIMEOUT ${timeout})
endforeach()
