# cmake -DOUTPUT=... -DDIRECTORY=... -DNAMES=A,B,... -P EmbedText.cmake
# Writes the files of data/policy as bytes in C, in the order of NAMES.

string(REPLACE "," ";" names "${NAMES}")
set(arrays "")
set(rows "")
foreach(name ${names})
  file(READ ${DIRECTORY}/${name} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays
    "static const unsigned char text_${name}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", text_${name}, ${size}},\n")
endforeach()
file(WRITE ${OUTPUT}
  "/* Made from data/policy by cmake/EmbedText.cmake. */\n"
  "#include \"policy/policy.h\"\n\n${arrays}\n"
  "const struct policy_text policy_texts[] = {\n${rows}    {0, 0, 0},\n};\n")
