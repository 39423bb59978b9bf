# What stands on the library inside the program: a static library a folder of
# src/, so that adding a file needs no change here. And the modules: shared
# objects with a foreign library behind each, loaded on first use
# (src/store/module.h), so that starting the program loads none of them.

include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.35)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)

set(schema_dir ${PROJECT_SOURCE_DIR}/src/store/schema)
file(GLOB schema_files CONFIGURE_DEPENDS ${schema_dir}/*.sql)
set(schema_source ${PROJECT_BINARY_DIR}/generated/store_schema.c)
add_custom_command(OUTPUT ${schema_source}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${schema_source} -DDIRECTORY=${schema_dir}
          -P ${PROJECT_SOURCE_DIR}/cmake/EmbedSchema.cmake
  DEPENDS ${schema_files} ${PROJECT_SOURCE_DIR}/cmake/EmbedSchema.cmake
  COMMENT "Taking in the schema" VERBATIM)
add_custom_target(bounce_schema DEPENDS ${schema_source})

# The files of a module are NAME.c and NAME_*.c in one of the folders.
set(module_names postgresql module_crypto module_idn module_http module_curl)

foreach(folder store ingest serve)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.c
    ${PROJECT_SOURCE_DIR}/src/${folder}/*/*.c)
  foreach(name ${module_names})
    list(FILTER sources EXCLUDE REGEX "/${name}(_[a-z0-9_]*)?\\.c$")
  endforeach()
  if(folder STREQUAL store)
    list(APPEND sources ${schema_source})
  endif()
  if(sources)
    add_library(bounce_${folder} STATIC ${sources})
    target_include_directories(bounce_${folder} PUBLIC
      ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(bounce_${folder} PUBLIC Threads::Threads
      PkgConfig::CJSON)
    set_target_properties(bounce_${folder} PROPERTIES
      POSITION_INDEPENDENT_CODE ON)
  endif()
endforeach()
add_dependencies(bounce_store bounce_schema)
target_link_libraries(bounce_store PUBLIC PkgConfig::SQLITE ${CMAKE_DL_LIBS})
if(TARGET bounce_ingest)
  target_link_libraries(bounce_ingest PUBLIC bounce_store)
endif()
target_link_libraries(bounce_serve PUBLIC bounce_ingest)

# The daemon has its API's description with it.
set(openapi_source ${PROJECT_BINARY_DIR}/generated/http_openapi_text.c)
add_custom_command(OUTPUT ${openapi_source}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${openapi_source} -DNAME=http_openapi
          -DINPUT=${PROJECT_SOURCE_DIR}/docs/openapi.json
          -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake
  DEPENDS ${PROJECT_SOURCE_DIR}/docs/openapi.json
          ${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake
  COMMENT "Taking in the description of the API" VERBATIM)
target_sources(bounce_serve PRIVATE ${openapi_source})

# Where modules lie once they are installed, from the program's folder and in
# full.
set(module_install_dir ${CMAKE_INSTALL_LIBDIR}/bounce)
file(RELATIVE_PATH module_relative_dir ${CMAKE_INSTALL_FULL_BINDIR}
  ${CMAKE_INSTALL_FULL_LIBDIR}/bounce)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/store/module.c PROPERTIES
  COMPILE_DEFINITIONS
  "MODULE_DIR=\"${CMAKE_INSTALL_FULL_LIBDIR}/bounce\";MODULE_DIR_RELATIVE=\"${module_relative_dir}\"")

# A module reaches nothing of the program's: it has its own copies of the few
# functions it shares.
file(GLOB base_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/base/*.c)
add_library(bounce_module_base STATIC EXCLUDE_FROM_ALL ${base_sources}
  ${PROJECT_SOURCE_DIR}/src/store/error.c ${schema_source})
add_dependencies(bounce_module_base bounce_schema)
target_include_directories(bounce_module_base PUBLIC
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
set_target_properties(bounce_module_base PROPERTIES
  POSITION_INDEPENDENT_CODE ON)

# bounce_module(NAME SOURCE PC...): NAME is what module_load() is asked for,
# SOURCE one of module_names, PC the pkg-config names of the libraries behind it.
# Without these the module is left out.
set(module_targets "")
function(bounce_module name source)
  file(GLOB sources CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/src/*/${source}.c
    ${PROJECT_SOURCE_DIR}/src/*/${source}_*.c)
  pkg_check_modules(MODULE_${name} IMPORTED_TARGET ${ARGN})
  if(NOT sources)
    return()
  elseif(NOT MODULE_${name}_FOUND)
    message(STATUS "Without module ${name}: ${ARGN} is missing")
    return()
  endif()
  add_library(bounce_module_${name} MODULE ${sources})
  target_link_libraries(bounce_module_${name} PRIVATE bounce_module_base
    PkgConfig::MODULE_${name} Threads::Threads)
  set_target_properties(bounce_module_${name} PROPERTIES PREFIX ""
    OUTPUT_NAME bounce-${name} SUFFIX .so
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/modules)
  install(TARGETS bounce_module_${name} LIBRARY
    DESTINATION ${module_install_dir})
  set(module_targets ${module_targets} bounce_module_${name} PARENT_SCOPE)
endfunction()

bounce_module(postgresql postgresql libpq)
bounce_module(crypto module_crypto libcrypto)
bounce_module(idn module_idn libidn2)
bounce_module(http module_http libmicrohttpd zlib)
bounce_module(curl module_curl libcurl>=7.85)
