// Writes a valid packed file for the fuzzer to start from: write_qw FILE
#include <stdio.h>

#include "small_model.h"

int main(int argc, char **argv) {
  small_file file;
  small_file_make(&file);
  FILE *f = argc == 2 ? fopen(argv[1], "wb") : NULL;
  if (!f) return 1;
  size_t written = fwrite(file.bytes, 1, SMALL_FILE, f);
  return fclose(f) != 0 || written != SMALL_FILE;
}
