# Writes OUT, a C file with the lines of the text file IN as `NAME`, an array of strings that ends with NULL.
file(READ ${IN} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\",\n    \"" text "${text}")
file(WRITE ${OUT} "extern const char *const ${NAME}[];\nconst char *const ${NAME}[] = {\n    \"${text}\",\n    0,\n};\n")
