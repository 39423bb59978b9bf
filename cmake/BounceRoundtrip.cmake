# Round trips: real mail systems send to a sink that refuses their mail. The
# short form is part of ./test, the rest of ./test --full; each is skipped
# where the machine does not let it.

set(roundtrip_dir ${PROJECT_SOURCE_DIR}/tests/roundtrip)
foreach(name sink names)
  add_executable(${name} ${roundtrip_dir}/${name}.c ${roundtrip_dir}/table.c)
endforeach()

set(roundtrip_systems postfix exim daemon-postfix daemon-exim)
if(BOUNCE_FULL)
  list(APPEND roundtrip_systems opensmtpd sendmail courier dovecot)
endif()
foreach(system ${roundtrip_systems})
  bounce_test(roundtrip/${system} 600 ${roundtrip_dir}/run.sh ${system}
    ${PROJECT_BINARY_DIR} ${PROJECT_BINARY_DIR}/roundtrip)
  set_tests_properties(roundtrip/${system} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
