// Any bytes as a packed weights file. Half of the inputs get a right digest, so that what follows it is reached.
#include <stdlib.h>
#include <string.h>

#include "small_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const qrt_model *model) {
  _Alignas(64) uint8_t workspace[64 + SMALL_COLUMNS * sizeof(float)];
  float x[SMALL_COLUMNS] = {1, 2, 3}, y[SMALL_ROWS];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  if (qrt_run(model, 1, inputs, outputs, workspace, sizeof workspace, NULL) != QRT_OK) abort();
}

// The bytes lie at the end of their allocation but for the padding that alignment asks for.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *bytes = aligned_alloc(64, (size + 127) / 64 * 64);
  if (!bytes) return 0;
  if (size) memcpy(bytes, data, size);
  if (size > 64 && data[size - 1] % 2) small_put64(bytes + 40, qrt_digest(bytes + 64, size - 64));
  qrt_model model;
  qrt_status status = qrt_open_memory(&model, &small_plan, bytes, size);
  if ((status == QRT_OK) != (model.plan != NULL)) abort();
  if (status == QRT_OK) run(&model);
  qrt_close(&model);
  free(bytes);
  return 0;
}
