// Inputs and outputs of `qcc run`: .npy files and text.
#ifndef QCC_DRIVER_RUN_DATA_H
#define QCC_DRIVER_RUN_DATA_H

#include "driver/job.h"

typedef struct run_data {
  uint64_t batch;
  const void **inputs; // f32, in the plan's order
  void **outputs;
} run_data;

// Reads the files of --input for the ports of j's plan, finds the batch in their shapes, and makes room for outputs.
// Everything that is wrong is reported, then false.
bool run_data_read(job *j, run_data *out);

// Writes the outputs that --output names; shows the others on standard output.
bool run_data_write(job *j, const run_data *data);

#endif
