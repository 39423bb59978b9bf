# The program: one file a verb in src/cli.

# As an archive, so that tests can take single files of it.
file(GLOB program_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/*.c)
list(FILTER program_sources EXCLUDE REGEX "/main\\.c$")
add_library(bounce_cli STATIC ${program_sources})
target_include_directories(bounce_cli PUBLIC
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
add_executable(bounce ${PROJECT_SOURCE_DIR}/src/cli/main.c
  $<TARGET_OBJECTS:bounce_objects>)
target_link_libraries(bounce PRIVATE bounce_cli)
foreach(library bounce_serve bounce_ingest bounce_store)
  if(TARGET ${library})
    target_link_libraries(bounce_cli PUBLIC ${library})
  endif()
endforeach()
set_target_properties(bounce PROPERTIES POSITION_INDEPENDENT_CODE ON)
# Whoever builds the program gets its modules along with it.
if(module_targets)
  add_dependencies(bounce ${module_targets})
endif()
