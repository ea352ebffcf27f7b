// Any bytes as a plan, under a right size and digest so that what follows them is reached. What is accepted runs for
// some sizes, and no buffer of its steps may lie outside the memory of the call.
#include <stdlib.h>
#include <string.h>

#include "plan_call.h"
#include "small_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t some_sizes[] = {1, 2, 3, 7, 64, 1000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static plan_call c;
  uint8_t *bytes = malloc(size + !size);
  if (!bytes) return 0;
  if (size) memcpy(bytes, data, size);
  if (size >= QRT_PLAN_HEADER) {
    small_put64(bytes + 8, size);
    small_seal_plan(bytes, size);
  }
  if (qrt_plan_check(bytes, size) == QRT_OK)
    for (size_t i = 0; i < sizeof some_sizes / sizeof *some_sizes; i++) {
      uint64_t sizes[QRT_PLAN_STACK_SLOTS];
      for (size_t k = 0; k < QRT_PLAN_STACK_SLOTS; k++) sizes[k] = some_sizes[(i + k) % (sizeof some_sizes / 8)];
      if (plan_call_run(&c, bytes, size, sizes) && !plan_call_stayed_inside(&c)) abort();
    }
  free(bytes);
  return 0;
}
