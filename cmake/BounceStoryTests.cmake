# Tests of the program that tell stories (tests/cli/lib.sh) run with PostgreSQL
# too, in the build whose tests bear no prefix: what another database changes is
# the driver, which tests/store runs under sanitizers.

if("postgresql" IN_LIST store_drivers AND NOT test_prefix)
  foreach(file ${cli_tests})
    file(STRINGS ${file} tells_stories REGEX "^stories ")
    if(tells_stories)
      get_filename_component(name ${file} NAME_WE)
      bounce_driver_test(cli/${name}-postgresql 600 postgresql ${file}
        $<TARGET_FILE:bounce>)
    endif()
  endforeach()
endif()
