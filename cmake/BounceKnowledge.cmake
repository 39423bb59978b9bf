# The knowledge in data/ becomes C in the build tree. The generators share the
# stanza reader with the library; linking the modules as archives takes from
# them only what a generator uses.

file(GLOB_RECURSE knowledge_files CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/data/*)
list(FILTER knowledge_files EXCLUDE REGEX "(/\\.[^/]*|~|\\.md)$")
set(format_files ${knowledge_files})
list(FILTER format_files INCLUDE REGEX "/data/formats/")
list(FILTER knowledge_files EXCLUDE REGEX "/data/(formats|policy)/")

foreach(module base mime classify report)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${module}/*.c)
  add_library(bounce_host_${module} STATIC EXCLUDE_FROM_ALL ${sources})
  target_include_directories(bounce_host_${module} PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
endforeach()

# bounce_generate(NAME OVERRIDE OUTPUT ARGUMENTS MODULES FILES): OUTPUT is made
# by tools/NAME.c and tools/NAME_*.c, or by the program that OVERRIDE names.
function(bounce_generate name override output arguments modules files)
  if(override)
    set(command ${override})
  elseif(CMAKE_CROSSCOMPILING)
    string(TOUPPER ${name} variable)
    message(FATAL_ERROR "Cross-compiling needs a native ${name}: build once "
      "natively, then give -DBOUNCE_${variable}=.../${name}")
  else()
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/${name}.c
         ${PROJECT_SOURCE_DIR}/tools/${name}_*.c)
    add_executable(${name} ${sources})
    foreach(module ${modules})
      target_link_libraries(${name} PRIVATE bounce_host_${module})
    endforeach()
    set(command ${name})
  endif()
  add_custom_command(OUTPUT ${output}
    COMMAND ${command} ${output} ${arguments}
    DEPENDS ${command} ${files}
    COMMENT "Compiling the knowledge: ${name}" VERBATIM)
endfunction()

set(generated_sources)
set(generated_dir ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated_dir})
if(EXISTS ${PROJECT_SOURCE_DIR}/tools/gentab.c)
bounce_generate(gentab "${BOUNCE_GENTAB}" ${generated_dir}/knowledge_tab.c
  "${PROJECT_SOURCE_DIR}/data;formats;policy" "classify;report;base" "${knowledge_files}")
list(APPEND generated_sources ${generated_dir}/knowledge_tab.c)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/tools/genformats.c)
bounce_generate(genformats "${BOUNCE_GENFORMATS}"
  ${generated_dir}/formats_tab.c ${PROJECT_SOURCE_DIR}/data/formats
  "report;classify;base" "${format_files}")
list(APPEND generated_sources ${generated_dir}/formats_tab.c)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/tools/genfields.c)
bounce_generate(genfields "${BOUNCE_GENFIELDS}" ${generated_dir}/fields_tab.c
  "" "mime;base" "")
list(APPEND generated_sources ${generated_dir}/fields_tab.c)
endif()
# Policies are read when one is made: their texts come along as they are. The
# first is the one that the others stand over.
set(policy_names default mailgun marketo mailchimp strict)
list(TRANSFORM policy_names PREPEND ${PROJECT_SOURCE_DIR}/data/policy/
  OUTPUT_VARIABLE policy_files)
string(REPLACE ";" "," policy_list "${policy_names}")
add_custom_command(OUTPUT ${generated_dir}/policy_texts.c
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated_dir}/policy_texts.c
          -DDIRECTORY=${PROJECT_SOURCE_DIR}/data/policy -DNAMES=${policy_list}
          -P ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake
  DEPENDS ${policy_files} ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake
  COMMENT "Taking in the policies" VERBATIM)
list(APPEND generated_sources ${generated_dir}/policy_texts.c)
# Rows of tables are written flat.
set_source_files_properties(${generated_sources} PROPERTIES
  COMPILE_OPTIONS -Wno-missing-braces)
