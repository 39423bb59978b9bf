# cmake -DOUTPUT=... -DINPUT=... -DNAME=... -P EmbedFile.cmake
# Writes a file as bytes in C: NAME and NAME_len.

file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
get_filename_component(file ${INPUT} NAME)
file(WRITE ${OUTPUT}
  "/* Made from ${file} by cmake/EmbedFile.cmake. */\n"
  "#include <stddef.h>\n\n"
  "extern const char ${NAME}[];\nextern const size_t ${NAME}_len;\n"
  "const char ${NAME}[] = {${bytes}0};\n"
  "const size_t ${NAME}_len = ${size};\n")
