// The standard formats as text against decoders written here from the descriptions of the formats: random bytes must
// mean the same weights.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/tensor_codes.h"
#include "frontend/frontend.h"
#include "support/fp.h"
#include "tests/check_main.h"

enum { ROWS = 3, BLOCKS = 2, MAX_BLOCK = 256, MAX_BYTES = 210 };

static uint64_t seed = 42;

static uint32_t next_random(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33);
}

static void fill(uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)next_random();
}

// Little-endian numbers.
static unsigned u16_at(const uint8_t *b) { return (unsigned)(b[0] | b[1] << 8); }
static double f16_at(const uint8_t *b) { return (double)fp_from_f16((uint16_t)u16_at(b)); }

static const scheme *find(arena *a, diag *d, const char *text) {
  const char *dirs[] = {QCC_SOURCE_DIR "/schemes"};
  fe_options options = {.dirs = dirs, .dir_count = 1};
  const scheme *s = fe_find_scheme(d, a, NULL, &options, text);
  ck_assert_msg(s != NULL, "%s", diag_text(d));
  return s;
}

// ---- blocks ----

static void decode_q4_0(const uint8_t *b, double *y) {
  for (int i = 0; i < 16; i++) {
    y[i] = f16_at(b) * ((b[2 + i] & 15) - 8);
    y[i + 16] = f16_at(b) * ((b[2 + i] >> 4) - 8);
  }
}

static void decode_q4_1(const uint8_t *b, double *y) {
  for (int i = 0; i < 16; i++) {
    y[i] = f16_at(b) * (b[4 + i] & 15) + f16_at(b + 2);
    y[i + 16] = f16_at(b) * (b[4 + i] >> 4) + f16_at(b + 2);
  }
}

static void decode_q5_0(const uint8_t *b, double *y) {
  uint32_t high = u16_at(b + 2) | (uint32_t)u16_at(b + 4) << 16;
  for (int i = 0; i < 16; i++) {
    y[i] = f16_at(b) * ((int)((b[6 + i] & 15) | (high >> i & 1) << 4) - 16);
    y[i + 16] = f16_at(b) * ((int)((unsigned)(b[6 + i] >> 4) | (high >> (i + 16) & 1) << 4) - 16);
  }
}

static void decode_q8_0(const uint8_t *b, double *y) {
  for (int i = 0; i < 32; i++) y[i] = f16_at(b) * (int8_t)b[2 + i];
}

static void scale_and_min(const uint8_t *s, int j, int *scale, int *min) {
  *scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
  *min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
}

static void decode_q4_K(const uint8_t *b, double *y) {
  const uint8_t *qs = b + 16;
  for (int i = 0; i < 256; i++) {
    int scale, min, p = i / 64, l = i % 32, upper = i % 64 / 32;
    scale_and_min(b + 4, 2 * p + upper, &scale, &min);
    int q = upper ? qs[32 * p + l] >> 4 : qs[32 * p + l] & 15;
    y[i] = f16_at(b) * scale * q - f16_at(b + 2) * min;
  }
}

static void decode_q6_K(const uint8_t *b, double *y) {
  const uint8_t *ql = b, *qh = b + 128, *scales = b + 192;
  for (int h = 0; h < 2; h++) {
    for (int l = 0; l < 32; l++) {
      const uint8_t *low = ql + 64 * h + l, *sc = scales + 8 * h + l / 16;
      unsigned high = qh[32 * h + l];
      int q[4] = {(int)((low[0] & 15u) | (high & 3u) << 4), (int)((low[32] & 15u) | (high >> 2 & 3u) << 4),
                  (int)((unsigned)low[0] >> 4 | (high >> 4 & 3u) << 4),
                  (int)((unsigned)low[32] >> 4 | (high >> 6) << 4)};
      for (int k = 0; k < 4; k++) y[128 * h + 32 * k + l] = f16_at(b + 208) * (int8_t)sc[2 * k] * (q[k] - 32);
    }
  }
}

typedef struct block_format {
  const char *name;
  int64_t type_id;
  size_t weights;
  size_t bytes;
  void (*decode)(const uint8_t *block, double *out);
  size_t halves[2]; // where the half-precision numbers are, to keep them finite
  size_t half_count;
} block_format;

static const block_format block_formats[] = {
    {"q4_0", 2, 32, 18, decode_q4_0, {0}, 1},       {"q4_1", 3, 32, 20, decode_q4_1, {0, 2}, 2},
    {"q5_0", 6, 32, 22, decode_q5_0, {0}, 1},       {"q8_0", 8, 32, 34, decode_q8_0, {0}, 1},
    {"q4_K", 12, 256, 144, decode_q4_K, {0, 2}, 2}, {"q6_K", 14, 256, 210, decode_q6_K, {208}, 1},
};
enum { BLOCK_FORMATS = sizeof block_formats / sizeof block_formats[0] };

static void fill_blocks(const block_format *f, uint8_t *data, size_t count) {
  fill(data, count * f->bytes);
  for (size_t i = 0; i < count; i++)
    for (size_t h = 0; h < f->half_count; h++) data[i * f->bytes + f->halves[h] + 1] &= 0xbf; // exponent below 16
}

START_TEST(blocks_mean_the_same) {
  const block_format *f = &block_formats[_i];
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const scheme *s = find(a, d, f->name);
  const scheme_layout *l = scheme_find_layout(s, "gguf");
  ck_assert_ptr_nonnull(l);
  ck_assert_int_eq(l->type_id, f->type_id);
  ck_assert_uint_eq(l->block_weights, f->weights);
  ck_assert_uint_eq(l->block_bytes, f->bytes);
  uint8_t data[ROWS * BLOCKS * MAX_BYTES];
  double expected[MAX_BLOCK], got[BLOCKS * MAX_BLOCK];
  for (int repeat = 0; repeat < 20; repeat++) {
    fill_blocks(f, data, ROWS * BLOCKS);
    tensor_codes *t = layout_read_blocks(d, a, s, l, "w", data, ROWS * BLOCKS * f->bytes, ROWS, BLOCKS * f->weights);
    ck_assert_msg(t != NULL, "%s", diag_text(d));
    for (size_t i = 0; i < ROWS * BLOCKS; i++) {
      if (i % BLOCKS == 0) scheme_row(t, i / BLOCKS, got);
      f->decode(data + i * f->bytes, expected);
      const double *row = got + i % BLOCKS * f->weights;
      for (size_t k = 0; k < f->weights; k++)
        ck_assert_msg(row[k] == expected[k], "%s block %zu weight %zu: %g, not %g", f->name, i, k, row[k], expected[k]);
    }
  }
  arena_free(a);
}
END_TEST

// ---- GPTQ and AWQ ----

enum { K = 192, N = 40, GROUP = 64, GROUPS = K / GROUP };

// A column (or row) of words as a stream of bits, first bit lowest.
static unsigned stream_bits(const uint32_t *words, size_t stride, size_t at, unsigned width) {
  unsigned value = 0;
  for (unsigned i = 0; i < width; i++) value |= (words[(at + i) / 32 * stride] >> (at + i) % 32 & 1) << i;
  return value;
}

static layout_input input(const void *data, size_t size, elem_type type, uint64_t rows, uint64_t columns) {
  return (layout_input){.data = data, .size = size, .type = type, .rank = 2, .dims = {rows, columns}};
}

typedef struct tensor_format {
  const char *scheme;
  const char *layout;
  unsigned bits;
  unsigned stored_less; // what was taken off each stored zero point
  bool awq;
} tensor_format;

static const tensor_format tensor_formats[] = {
    {"int4_g(group = 64)", "gptq", 4, 1, false},    {"int4_g(group = 64)", "gptq_v2", 4, 0, false},
    {"int4_g(group = 64)", "awq", 4, 0, true},      {"int3_g(group = 64)", "gptq", 3, 1, false},
    {"int3_g(group = 64)", "gptq_v2", 3, 0, false},
};
enum { TENSOR_FORMATS = sizeof tensor_formats / sizeof tensor_formats[0] };

// Bit address of output n in a row of AWQ words: the eight nibbles of a word hold 0 2 4 6 1 3 5 7.
static size_t awq_bit(size_t n) {
  static const unsigned char place[8] = {0, 4, 1, 5, 2, 6, 3, 7};
  return n / 8 * 32 + 4u * place[n % 8];
}

typedef struct stored_layer {
  uint32_t codes[K * N];
  uint32_t zeros[GROUPS * N];
  uint16_t scales[GROUPS * N];
} stored_layer;

static double stored_weight(const tensor_format *f, const stored_layer *w, size_t n, size_t k) {
  size_t g = k / GROUP, zero_words = (N * f->bits + 31) / 32;
  unsigned code = f->awq ? stream_bits(w->codes + k * (N / 8), 1, awq_bit(n), 4)
                         : stream_bits(w->codes + n, N, k * f->bits, f->bits);
  unsigned zero = stream_bits(w->zeros + g * zero_words, 1, f->awq ? awq_bit(n) : n * f->bits, f->bits);
  zero = (zero + f->stored_less) & ((1u << f->bits) - 1);
  return (double)fp_from_f16(w->scales[g * N + n]) * ((int)code - (int)zero);
}

START_TEST(separate_tensors_mean_the_same) {
  static stored_layer w;
  const tensor_format *f = &tensor_formats[_i];
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const scheme *s = find(a, d, f->scheme);
  const scheme_layout *l = scheme_find_layout(s, f->layout);
  ck_assert_ptr_nonnull(l);
  fill((uint8_t *)&w, sizeof w);
  for (size_t i = 0; i < GROUPS * N; i++) w.scales[i] &= 0xbfff;
  uint64_t code_rows = f->awq ? K : (K * f->bits + 31) / 32, code_columns = f->awq ? N / 8 : N;
  uint64_t zero_columns = (N * f->bits + 31) / 32;
  layout_input inputs[] = {
      input(w.codes, 4 * code_rows * code_columns, ELEM_I32, code_rows, code_columns),
      input(w.zeros, 4 * GROUPS * zero_columns, ELEM_I32, GROUPS, zero_columns),
      input(w.scales, 2 * GROUPS * N, ELEM_F16, GROUPS, N),
  };
  tensor_codes *t = layout_read_tensors(d, a, s, l, "w", inputs, N, K);
  ck_assert_msg(t != NULL, "%s", diag_text(d));
  for (size_t n = 0; n < N; n++) {
    double row[K];
    scheme_row(t, n, row);
    for (size_t k = 0; k < K; k++)
      ck_assert_msg(row[k] == stored_weight(f, &w, n, k), "%s %s: weight %zu, %zu", f->scheme, f->layout, n, k);
  }
  arena_free(a);
}
END_TEST

// ---- formats without a file layout ----

typedef struct size_row {
  const char *text;
  double bits; // per weight, of a 256 x 256 matrix
} size_row;

static const size_row sizes[] = {
    {"f32", 32},           {"f16", 16},         {"bf16", 16},
    {"q4_0", 4.5},         {"q4_1", 5},         {"q5_0", 5.5},
    {"q8_0", 8.5},         {"q4_K", 4.5},       {"q6_K", 6.5625},
    {"nf4", 4.5},          {"int8_row", 8.125}, {"int4_g", 4.15625},
    {"int3_g", 3.1484375}, {"ternary", 2.0625}, {"ternary_g(group = 64)", 2.25},
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(bits_per_weight) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const scheme *s = find(a, d, sizes[_i].text);
  ck_assert_msg(scheme_bits_per_weight(s, 256, 256) == sizes[_i].bits, "%s: %g", sizes[_i].text,
                scheme_bits_per_weight(s, 256, 256));
  arena_free(a);
}
END_TEST

// The levels are those of bitsandbytes: exactly representable, ascending, with zero, from -1 to 1.
START_TEST(nf4_levels) {
  static const double published[] = {-1,       -.6961928, -.5250731, -.3949175, -.2844414, -.1847734, -.0910500, 0,
                                     .0795803, .1609302,  .2461123,  .3379152,  .4407098,  .5626170,  .7229568,  1};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  const scheme *s = find(a, d, "nf4");
  ck_assert_uint_eq(s->table_count, 1);
  ck_assert_uint_eq(s->tables[0].count, 16);
  for (int i = 0; i < 16; i++) ck_assert_double_eq_tol(s->tables[0].values[i], published[i], 1e-7);
  arena_free(a);
}
END_TEST

START_TEST(ternary_levels) {
  static const double expected[] = {-0.5, 0, 0.5, 0.5};
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  tensor_codes *t = tensor_codes_new(d, a, find(a, d, "ternary"), 1, 4);
  ck_assert_ptr_nonnull(t);
  for (uint32_t i = 0; i < 4; i++) t->elements[0][i] = i;
  t->elements[1][0] = fp_to_f16(0.5f);
  for (uint64_t k = 0; k < 4; k++) ck_assert(scheme_weight(t, 0, k) == expected[k]);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("formats");
  TCase *tcase = tcase_create("formats");
  tcase_add_loop_test(tcase, blocks_mean_the_same, 0, BLOCK_FORMATS);
  tcase_add_loop_test(tcase, separate_tensors_mean_the_same, 0, TENSOR_FORMATS);
  tcase_add_loop_test(tcase, bits_per_weight, 0, SIZES);
  tcase_add_test(tcase, nf4_levels);
  tcase_add_test(tcase, ternary_levels);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
