#include "small_model.h"

static const float matrix[SMALL_ROWS * SMALL_COLUMNS] = {1, -2, 3, 4, 5, -6};

// Buffers: x, doubled. Sizes: columns. Work: items of the batch.
void small_double(const qrt_args *args, uint64_t begin, uint64_t end) {
  const float *x = args->buffers[0];
  float *doubled = args->buffers[1];
  for (uint64_t i = begin * args->sizes[0]; i < end * args->sizes[0]; i++) doubled[i] = 2 * x[i];
}

// Buffers: W, doubled, y, bias (absent: NULL). Sizes: columns, rows. Work: items of the batch.
void small_multiply(const qrt_args *args, uint64_t begin, uint64_t end) {
  const float *w = args->buffers[0], *x = args->buffers[1], *bias = args->buffers[3];
  float *y = args->buffers[2];
  uint64_t columns = args->sizes[0], rows = args->sizes[1];
  for (uint64_t i = begin; i < end; i++)
    for (uint64_t row = 0; row < rows; row++) {
      float sum = bias ? bias[row] : 0;
      for (uint64_t k = 0; k < columns; k++) sum += w[row * columns + k] * x[i * columns + k];
      y[i * rows + row] = sum;
    }
}

static const qrt_kernel kernels[] = {small_double, small_multiply};
static const qrt_tier tiers[] = {{.name = "base", .kernels = kernels}};
static const qrt_port inputs[] = {{.name = "x", .bytes = {.per_batch = SMALL_COLUMNS * sizeof(float)}}};
static const qrt_port outputs[] = {{.name = "y", .bytes = {.per_batch = SMALL_ROWS * sizeof(float)}}};
static const qrt_step steps[] = {
    {.kernel = 0,
     .buffer_count = 2,
     .size_count = 1,
     .work = {.per_batch = 1},
     .grain = 2,
     .buffers = {{.space = QRT_INPUT}, {.space = QRT_WORKSPACE}},
     .sizes = {{.fixed = SMALL_COLUMNS}}},
    {.kernel = 1,
     .buffer_count = 4,
     .size_count = 2,
     .work = {.per_batch = 1},
     .grain = 1,
     .buffers = {{.space = QRT_WEIGHTS, .offset = {.fixed = 64}},
                 {.space = QRT_WORKSPACE},
                 {.space = QRT_OUTPUT},
                 {.space = QRT_NONE}},
     .sizes = {{.fixed = SMALL_COLUMNS}, {.fixed = SMALL_ROWS}}},
};

const qrt_plan small_plan = {
    .abi_version = QRT_ABI_VERSION,
    .tier_count = 1,
    .step_count = 2,
    .input_count = 1,
    .output_count = 1,
    .max_batch = SMALL_MAX_BATCH,
    .model_id = SMALL_ID,
    .weights_size = SMALL_PAYLOAD,
    .workspace = {.fixed = 64, .per_batch = SMALL_COLUMNS * sizeof(float)},
    .name = "small",
    .tiers = tiers,
    .steps = steps,
    .inputs = inputs,
    .outputs = outputs,
};

void small_put32(uint8_t *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

void small_put64(uint8_t *bytes, uint64_t value) {
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

static void put_matrix(uint8_t *bytes) {
  for (size_t i = 0; i < SMALL_ROWS * SMALL_COLUMNS; i++) {
    union {
      float number;
      uint32_t bits;
    } value = {.number = matrix[i]};
    small_put32(bytes + 4 * i, value.bits);
  }
}

// Offsets are written out, not taken from the header's struct: the format is fixed.
void small_file_make(small_file *file) {
  *file = (small_file){{'Q', 'C', 'C', 'W', 1}};
  for (size_t i = 0; i < 64; i++) file->bytes[64 + i] = (uint8_t)(37 * i);
  put_matrix(file->bytes + 128);
  small_put64(file->bytes + 8, SMALL_FILE);
  small_put64(file->bytes + 16, 64);
  small_put64(file->bytes + 24, SMALL_PAYLOAD);
  small_put64(file->bytes + 32, SMALL_ID);
  small_put64(file->bytes + 40, qrt_digest(file->bytes + 64, SMALL_PAYLOAD));
}

void small_inputs(float *x, size_t batch) {
  for (size_t i = 0; i < batch * SMALL_COLUMNS; i++) x[i] = (float)(i * 31 % 17) - 8;
}

float small_expected(const float *x, size_t item, size_t row) {
  float sum = 0;
  for (size_t k = 0; k < SMALL_COLUMNS; k++) sum += matrix[row * SMALL_COLUMNS + k] * 2 * x[item * SMALL_COLUMNS + k];
  return sum;
}
