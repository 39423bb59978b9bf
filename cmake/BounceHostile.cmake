# Mail that means harm, through the library and through the program; and a
# benchmark that shows how its time grows.

set(hostile_dir ${PROJECT_SOURCE_DIR}/tests/hostile)
foreach(name hostile linear)
  set(source ${hostile_dir}/hostile.c)
  if(name STREQUAL linear)
    set(source ${PROJECT_SOURCE_DIR}/bench/linear.c)
  endif()
  bounce_test_program(${name} ${source} ${hostile_dir}/families.c)
  target_include_directories(${name} PRIVATE ${hostile_dir})
endforeach()
target_link_libraries(hostile PRIVATE PkgConfig::CJSON)
bounce_test(hostile/library 900 hostile)
# Sanitizers take address space by the terabyte.
if(NOT test_prefix)
  bounce_test(hostile/output 600 ${hostile_dir}/output.sh $<TARGET_FILE:bounce>
    $<TARGET_FILE:hostile>)
endif()
