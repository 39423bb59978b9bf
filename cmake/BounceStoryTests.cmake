# Tests of the program that tell stories (tests/cli/lib.sh) run with PostgreSQL
# too.

if("postgresql" IN_LIST store_drivers)
  foreach(file ${cli_tests})
    file(STRINGS ${file} tells_stories REGEX "^stories ")
    if(tells_stories)
      get_filename_component(name ${file} NAME_WE)
      bounce_driver_test(cli/${name}-postgresql 600 postgresql ${file}
        $<TARGET_FILE:bounce>)
    endif()
  endforeach()
endif()
