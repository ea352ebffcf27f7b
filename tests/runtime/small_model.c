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

// As runtime/qrt_plan.h describes it, written by hand. The second step has 4 buffers (weights at 64, places 1 and 2,
// none), 2 sizes (3 and 2), batch items, grain 1.
// clang-format off
static const uint8_t plan_bytes[SMALL_PLAN_SIZE] = {
    0x51, 0x43, 0x43, 0x50, 0x01, 0x00, 0x00, 0x00, // magic, version 1
    0x96, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // size
    0x90, 0x55, 0x8f, 0xc9, 0xa3, 0xb1, 0xe8, 0x44, // digest of what follows
    0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, // SMALL_ID
    0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // bytes of the weights
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // no state
    0x02, 0x00, 0x00, 0x00, // kernels
    0x01, 0x00, 0x00, 0x00, // symbols
    0x02, 0x00, 0x00, 0x00, // values
    0x00, 0x00, 0x00, 0x00, // conditions
    0x01, 0x00, 0x00, 0x00, // inputs
    0x01, 0x00, 0x00, 0x00, // outputs
    0x00, 0x00, 0x00, 0x00, // later values
    0x03, 0x00, 0x00, 0x00, // places
    0x02, 0x00, 0x00, 0x00, // steps
    0x05, 0x73, 0x6d, 0x61, 0x6c, 0x6c, // name
    0x05, 0x62, 0x61, 0x74, 0x63, 0x68, 0x01, 0xe8, 0x07, // symbol batch, 1 to 1000: value 0
    0x02, 0x01, 0x18, // value 1: batch * 12
    0x00, 0x03, 0x80, 0x01, // value 2: value 1 + 64
    0x05, // workspace: value 2
    0x01, 0x78, 0x00, 0x02, 0x01, 0x06, // input x: f32[batch, 3], its bytes are value 3
    0x01, 0x79, 0x00, 0x02, 0x01, 0x04, // output y: f32[batch, 2], its bytes are value 4
    0x01, 0x00, 0x00, // place 0: input 0
    0x04, 0x00, 0x00, // place 1: workspace
    0x02, 0x00, 0x00, // place 2: output 0
    0x00, 0x00, 0x02, 0x01, 0x01, 0x03, 0x06, 0x01, 0x02, // kernel 0: places 0, 1; 3; batch items, grain 2
    0x00, 0x01, 0x04, 0x02, 0x82, 0x01, 0x03, 0x05, 0x00, 0x06, 0x04, 0x01, 0x01, // kernel 1: see below
};
// clang-format on

const qrt_plan small_plan = {
    .abi_version = QRT_ABI_VERSION,
    .tier_count = 1,
    .kernel_count = 2,
    .tiers = tiers,
    .bytes = plan_bytes,
    .size = SMALL_PLAN_SIZE,
};

void small_put32(uint8_t *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

void small_put64(uint8_t *bytes, uint64_t value) {
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

void small_seal_plan(uint8_t *bytes, size_t size) { small_put64(bytes + 16, qrt_digest(bytes + 24, size - 24)); }

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
