/* Uses the tiny model through its header alone; prints the instruction set, exits with 0 when the numbers are right. */
#include "tiny.gen.h"

#include <stdio.h>
#include <string.h>

#define BATCH 5

static unsigned char memory[TINY_WORKSPACE_SIZE(BATCH) + TINY_WORKSPACE_ALIGN];

static int wrong(const float *x, const float *y) {
  for (size_t i = 0; i < BATCH * TINY_INPUT_X_FLOATS; i++) {
    float w = (float)(i % TINY_INPUT_X_FLOATS + 1);
    if (y[i] != x[i] * w + w) return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  qrt_model model;
  float x[BATCH * TINY_INPUT_X_FLOATS], y[BATCH * TINY_OUTPUT_Y_FLOATS];
  size_t rest = (size_t)memory % TINY_WORKSPACE_ALIGN;
  void *workspace = memory + (rest == 0 ? 0 : TINY_WORKSPACE_ALIGN - rest);
  qrt_status status = argc > 1 ? tiny_open(&model, argv[1]) : tiny_open_embedded(&model);
  if (status != QRT_OK) return printf("%s\n", qrt_status_text(status)), 10;
  if (tiny_workspace_size(BATCH) != TINY_WORKSPACE_SIZE(BATCH) || tiny_workspace_size(TINY_MAX_BATCH + 1) != 0 ||
      TINY_WORKSPACE_SIZE(BATCH) % TINY_WORKSPACE_ALIGN != 0)
    return 11;
  if (tiny_plan.kernel_count != 2 || memcmp(tiny_plan.bytes, "QCCP", 4) != 0) return 12;
  for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)i - 7;
  status = tiny_run(&model, BATCH, x, y, workspace, tiny_workspace_size(BATCH), NULL);
  if (status != QRT_OK || wrong(x, y)) return 13;
  if (tiny_run(&model, TINY_MAX_BATCH + 1, x, y, workspace, sizeof memory, NULL) != QRT_ERROR_ARGUMENT) return 14;
  printf("%s\n", tiny_isa(&model));
  tiny_close(&model);
  return 0;
}
