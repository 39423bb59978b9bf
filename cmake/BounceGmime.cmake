# A second opinion: GMime reads the same messages.

pkg_check_modules(GMIME IMPORTED_TARGET gmime-3.0)
if(GMIME_FOUND)
  set(gmime_dir ${PROJECT_SOURCE_DIR}/tests/gmime)
  bounce_test_program(compare_gmime ${gmime_dir}/compare.c
    ${gmime_dir}/explain.c ${gmime_dir}/ours.c ${gmime_dir}/seen.c
    ${gmime_dir}/theirs.c ${cases_dir}/case_file.c)
  target_link_libraries(compare_gmime PRIVATE PkgConfig::GMIME
    PkgConfig::CMOCKA)
  set(mutants 5000)
  if(BOUNCE_FULL)
    set(mutants 30000)
  endif()
  file(GLOB gmime_examples CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/examples/bounces/*.eml)
  bounce_test(gmime 300 compare_gmime -n ${mutants}
    -m ${gmime_dir}/seeds.md ${case_files}
    ${gmime_examples})
else()
  add_test(NAME gmime COMMAND ${CMAKE_COMMAND} -E echo
    "skipped: libgmime-3.0-dev was not there when the tests were configured")
  set_tests_properties(gmime PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped")
endif()
