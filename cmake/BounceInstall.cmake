# What "cmake --install" puts where.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS bounce_shared bounce_static EXPORT bounce_targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS bounce RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/include/bounce.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

foreach(section 1 3 5 8)
  file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/completions/bounce.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME bounce)
install(FILES ${PROJECT_SOURCE_DIR}/completions/_bounce
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_file(${PROJECT_SOURCE_DIR}/cmake/libbounce.pc.in libbounce.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libbounce.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bounce)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/bounceConfig.cmake.in bounceConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(bounceConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/bounceConfig.cmake
  ${PROJECT_BINARY_DIR}/bounceConfigVersion.cmake DESTINATION ${package_dir})
install(EXPORT bounce_targets NAMESPACE bounce:: FILE bounceTargets.cmake
  DESTINATION ${package_dir})
