/* An engine that uses what --emit=kernels writes. Compiled by engine.sh, once for each format:
 *   P       start of the recipe's names          TIER    type of the tiers, SELECT and TIERS their functions
 *   N, K    shape of the weights                 FILL    code that packs from the bytes of the files given
 *   STEPS   only for a format with these steps: input = hadamard(x[order] * gain, 32), output = hadamard(y, 8) / turn
 * engine WEIGHTS.qw X.npy Y.npy FIELD_FILE ..: packs, compares with the payload that qcc packed, multiplies tile by tile
 * on every tier, compares with what `qcc run` computed, bit for bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include HEADER

#define M 5
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define NAME(rest) JOIN(P, rest)
#define SET(rest) JOIN(PREFIX, rest)

static void *read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) exit(3);
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  char *bytes = malloc(*size + 1);
  if (fread(bytes, 1, *size, f) != *size) exit(3);
  fclose(f);
  return bytes;
}

/* The numbers of a .npy file of version 1. */
static const float *read_npy(const char *path) {
  size_t size;
  unsigned char *bytes = read_file(path, &size);
  float *numbers = aligned_alloc(64, (size + 63) / 64 * 64);
  size_t head = 10u + bytes[8] + 256u * bytes[9];
  memcpy(numbers, bytes + head, size - head);
  free(bytes);
  return numbers;
}

/* `count` numbers of `bits` bits from dense rows of `per_row` (a stream of bits for each row), a byte each. */
static inline uint8_t *unpack(const unsigned char *bytes, size_t rows, size_t per_row, unsigned bits) {
  uint8_t *out = malloc(rows * per_row);
  size_t row_bytes = (per_row * bits + 7) / 8;
  for (size_t i = 0; i < rows * per_row; i++) {
    const unsigned char *row = bytes + i / per_row * row_bytes;
    unsigned value = 0;
    for (unsigned b = 0; b < bits; b++) {
      size_t at = i % per_row * bits + b;
      value |= (unsigned)(row[at / 8] >> at % 8 & 1) << b;
    }
    out[i] = (uint8_t)value;
  }
  return out;
}

static void check_same(const char *what, const void *a, const void *b, size_t size) {
  const unsigned char *x = a, *y = b;
  for (size_t i = 0; i < size; i++)
    if (x[i] != y[i]) {
      printf("%s: byte %zu of %zu is %u, not %u\n", what, i, size, x[i], y[i]);
      exit(1);
    }
}

#ifdef STEPS
static NAME(_fields) steps;

/* The input's steps on rows of K, from one buffer into the other. */
static const float *before(const SET(_tier) * tier, const float *x) {
  static int32_t order[K];
  static float gain[K], a[M * K], b[M * K];
  NAME(_input_0_factor)(N, K, &steps, order);
  NAME(_input_1_factor)(N, K, &steps, gain);
  NAME(_input_0)(tier, K, x, order, a, 0, M);
  NAME(_input_1)(tier, K, a, gain, b, 0, 2);
  NAME(_input_1)(tier, K, a, gain, b, 2, M);
  NAME(_input_2)(tier, K, b, a, 0, M);
  return a;
}

/* The output's steps on rows of N that are N + 1 apart. */
static void after(const SET(_tier) * tier, float (*y)[N + 1]) {
  static float turn[N], a[N];
  NAME(_output_1_factor)(N, K, &steps, turn);
  for (size_t m = 0; m < M; m++) {
    NAME(_output_0)(tier, N, y[m], a, 0, 1);
    NAME(_output_1)(tier, N, a, turn, y[m], 0, 1);
  }
}
#define KEEP(f) steps = f
#else
#define KEEP(f)
#define before(tier, x) (x)
#define after(tier, y)
#endif

/* One tile after the other, last one first. */
static void multiply(const SET(_tier) * tier, const void *packed, const float *x, const float *expected) {
  char *prepared = aligned_alloc(64, NAME(_prepared_size)(M, K));
  float y[M][N + 1];
  memset(y, 0xff, sizeof y);
  x = before(tier, x);
  for (size_t m = 0; m < M; m++) NAME(_prepare)(tier, K, x, K, prepared, m, m + 1);
  for (size_t t = NAME(_tiles)(N); t-- > 0;) NAME(_matmul)(tier, M, N, K, packed, prepared, &y[0][0], N + 1, t, t + 1);
  after(tier, y);
  for (size_t m = 0; m < M; m++) check_same(tier->name, y[m], expected + m * N, N * sizeof(float));
  free(prepared);
}

int main(int argc, char **argv) {
  size_t qw_size, size[4];
  unsigned char *qw = read_file(argv[1], &qw_size), *file[4] = {0};
  for (int i = 4; i < argc; i++) file[i - 4] = read_file(argv[i], &size[i - 4]);
  size_t packed_size = NAME(_packed_size)(N, K);
  char *packed = aligned_alloc(64, (packed_size + 63) / 64 * 64);
  if (packed_size + 64 > qw_size) return 4;
  FILL;
  check_same("packed", packed, qw + 64, packed_size);
  if (NAME(_packed_offset)(NAME(_N_STEP), K) != NAME(_packed_offset)(0, K) + NAME(_tile_size)(K)) return 5;
  const float *x = read_npy(argv[2]), *y = read_npy(argv[3]);
  unsigned run = 0;
  for (unsigned t = 0; t < SET(_TIERS); t++) {
    const SET(_tier) *tier = &SET(_tiers)()[t];
    if ((tier->cpu_features & ~qrt_cpu_features()) != 0) continue;
    multiply(tier, packed, x, y);
    run++;
  }
  multiply(SET(_select)(qrt_cpu_features()), packed, x, y);
  printf("%zu packed bytes and %u tiers agree\n", packed_size, run);
  return run == 0;
}
