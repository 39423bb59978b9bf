# libbounce, shared and static. A module is a folder of src/: adding a file to
# it needs no change here.

set(library_sources ${generated_sources})
foreach(module base mime report classify policy engine)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${module}/*.c)
  list(APPEND library_sources ${sources})
endforeach()

# The objects serve the libraries, the program and the unit tests, which reach
# inside.
add_library(bounce_objects OBJECT ${library_sources})
set_target_properties(bounce_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(bounce_objects PUBLIC
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)

add_library(bounce_shared SHARED $<TARGET_OBJECTS:bounce_objects>)
set_target_properties(bounce_shared PROPERTIES
  OUTPUT_NAME bounce EXPORT_NAME bounce LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT BOUNCE_SANITIZE)
  target_link_options(bounce_shared PRIVATE -Wl,--no-undefined)
endif()

# An archive keeps hidden symbols visible to whoever links it. One relocatable
# object with them made local keeps our names out of other people's programs.
set(static_content $<TARGET_OBJECTS:bounce_objects>)
if(CMAKE_OBJCOPY AND CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT BOUNCE_COVERAGE)
  set(static_content ${PROJECT_BINARY_DIR}/generated/libbounce.o)
  add_custom_command(OUTPUT ${static_content}
    COMMAND ${CMAKE_LINKER} -r -o ${static_content}
            $<TARGET_OBJECTS:bounce_objects>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${static_content}
    DEPENDS bounce_objects $<TARGET_OBJECTS:bounce_objects>
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${static_content} PROPERTIES
    EXTERNAL_OBJECT ON GENERATED ON)
endif()
add_library(bounce_static STATIC ${static_content})
set_target_properties(bounce_static PROPERTIES OUTPUT_NAME bounce
  LINKER_LANGUAGE C)
target_compile_definitions(bounce_static INTERFACE BOUNCE_STATIC)

foreach(library bounce_shared bounce_static)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:include>)
endforeach()
add_library(bounce::bounce ALIAS bounce_shared)
add_library(bounce::bounce_static ALIAS bounce_static)
