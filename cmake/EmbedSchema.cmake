# cmake -DOUTPUT=... -DDIRECTORY=... -P EmbedSchema.cmake
# Writes schema/sqlite-1.sql, -2.sql, ... and the same of postgresql as bytes in
# C, each with a NUL behind it.

string(CONCAT content "/* Made from src/store/schema by cmake/EmbedSchema.cmake. */\n"
  "#include <stddef.h>\n\n#include \"store/schema.h\"\n\n")
foreach(dialect sqlite postgresql)
  set(rows "")
  set(number 1)
  while(EXISTS ${DIRECTORY}/${dialect}-${number}.sql)
    file(READ ${DIRECTORY}/${dialect}-${number}.sql hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND content
      "static const char ${dialect}_${number}[] = {${bytes}0};\n")
    string(APPEND rows "    ${dialect}_${number},\n")
    math(EXPR number "${number} + 1")
  endwhile()
  string(APPEND content
    "\nconst char *const schema_${dialect}[] = {\n${rows}    NULL,\n};\n\n")
endforeach()
file(WRITE ${OUTPUT} "${content}")
