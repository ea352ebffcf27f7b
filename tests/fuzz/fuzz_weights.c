// Any bytes as a weight file: parsed, and read completely when accepted. One source for all kinds; FUZZ_NAME's ending
// and the seeds decide which reader a target reaches, FUZZ_MEMORY how much memory a byte may need.
#include <stdlib.h>
#include <string.h>

#include "tests/weights/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_parse(d, a, FUZZ_NAME, data, size);
  if ((f == NULL) != (diag_error_count(d) > 0)) abort(); // refused in silence, or accepted with an error
  if (f != NULL) sample_walk(a, f);
  // A small file never needs much memory.
  if (arena_used(a) > FUZZ_MEMORY * size + (1u << 20)) abort();
  tensor_file_close(f);
  arena_free(a);
  return 0;
}
