// Any bytes as an importance matrix: what is found in an accepted one are numbers that an encoder can weigh with.
#include <math.h>
#include <stdlib.h>

#include "encode/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint64_t shapes[][2] = {{1, 1}, {1, 2}, {2, 1}, {3, 5}, {UINT64_MAX, 2}};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const importance *x = importance_parse(d, a, "fuzz.imatrix", data, size);
  if ((x == NULL) != (diag_error_count(d) > 0)) abort(); // refused in silence, or accepted with an error
  for (size_t i = 0; x != NULL && i < sizeof shapes / sizeof *shapes; i++) {
    bool fits;
    const float *q = importance_find(x, a, "fc", shapes[i][0], shapes[i][1], &fits);
    for (uint64_t k = 0; q != NULL && k < shapes[i][0] * shapes[i][1]; k++)
      if (!isfinite(q[k]) || q[k] <= 0) abort();
  }
  if (arena_used(a) > 64 * size + (1u << 20)) abort();
  arena_free(a);
  return 0;
}
