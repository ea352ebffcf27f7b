// A captured product of bytes with its zero point, and its result to the bit.
#include <check.h>
#include <math.h>
#include <stdint.h>

#include "support/diag.h"
#include "support/file.h"
#include "tests/models/models.h"

enum { M = 192, N = 256, K = 1152, A_ZERO = 84, B_LARGEST = 255, C_OFFSET = 74980, C_FACTOR = 3401, C_SHIFT = 21 };

static const char text[] = "scheme bytes { code : u8; value = code; }\n"
                           "model m {\n"
                           "  weights \"b.npy\";\n"
                           "  dim batch <= 192;\n"
                           "  input x : f32[batch, 1152];\n"
                           "  output y = linear(x, \"b\");\n"
                           "}\n"
                           "quantize { \"b\" : bytes, act = i8 static(scale = 1, zero = -44); }\n";

static const uint8_t *bytes(arena *a, const char *name, size_t size) {
  const char *path = models_path(a, name);
  mapped_file file;
  if (path == NULL || !file_map(diag_new(a, NULL, false), a, path, &file)) return NULL;
  ck_assert_uint_eq(file.size, size);
  return arena_memdup(a, file.data, file.size);
}

static float *less_zero(arena *a, const uint8_t *from, size_t count, int zero) {
  float *to = ARENA_ARRAY(a, float, count);
  for (size_t i = 0; i < count; i++) to[i] = (float)(from[i] - zero);
  return to;
}

// The activations a - 84 are bytes with the zero point 84 - 128, the weights are bytes without any: nothing is rounded.
void gemm_exactly(void) {
  arena *mem = arena_new();
  const uint8_t *a = bytes(mem, "gemmlowp/a_data.u8.bin", (size_t)M * K);
  const uint8_t *b = bytes(mem, "gemmlowp/b_data.u8.bin", (size_t)N * K);
  const uint8_t *c = bytes(mem, "gemmlowp/expected_c_data.u8.bin", (size_t)M * N);
  if (a != NULL && b != NULL && c != NULL) {
    models_write_npy("x", less_zero(mem, a, (size_t)M * K, A_ZERO), M, K);
    models_write_npy("b", less_zero(mem, b, (size_t)N * K, 0), N, K);
    const float *y = models_run(mem, text, (size_t)M * N);
    for (size_t m = 0; m < M; m++)
      for (size_t n = 0; n < N; n++) {
        int64_t scaled = (((int64_t)y[m * N + n] + C_OFFSET) * C_FACTOR + (1 << (C_SHIFT - 1))) >> C_SHIFT;
        ck_assert_int_eq(scaled < 0 ? 0 : scaled > B_LARGEST ? B_LARGEST : scaled, c[n * M + m]);
      }
  }
  arena_free(mem);
}
