# The program: one file a verb in src/cli.

find_package(Threads REQUIRED)
file(GLOB program_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.c)
add_executable(bounce ${program_sources} $<TARGET_OBJECTS:bounce_objects>)
target_include_directories(bounce PRIVATE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(bounce PRIVATE Threads::Threads)
set_target_properties(bounce PROPERTIES POSITION_INDEPENDENT_CODE ON)
