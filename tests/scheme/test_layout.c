// Layouts against decoders written straight from the formats' descriptions.
#include <math.h>
#include <string.h>

#include "support/fp.h"
#include "tests/check_main.h"
#include "tests/scheme/kit.h"

static double half(const uint8_t *p) { return (double)fp_from_f16((uint16_t)(p[0] | p[1] << 8)); }

static void decode_q4_0(const uint8_t *b, double *y) {
  for (int i = 0; i < 16; i++) {
    y[i] = half(b) * ((b[2 + i] & 15) - 8);
    y[i + 16] = half(b) * ((b[2 + i] >> 4) - 8);
  }
}

static void decode_q4_1(const uint8_t *b, double *y) {
  for (int i = 0; i < 16; i++) {
    y[i] = half(b) * (b[4 + i] & 15) + half(b + 2);
    y[i + 16] = half(b) * (b[4 + i] >> 4) + half(b + 2);
  }
}

static void decode_q5_0(const uint8_t *b, double *y) {
  uint32_t qh = (uint32_t)b[2] | (uint32_t)b[3] << 8 | (uint32_t)b[4] << 16 | (uint32_t)b[5] << 24;
  for (int i = 0; i < 16; i++) {
    y[i] = half(b) * (((b[6 + i] & 15) | (int)(qh >> i & 1) << 4) - 16);
    y[i + 16] = half(b) * (((b[6 + i] >> 4) | (int)(qh >> (i + 16) & 1) << 4) - 16);
  }
}

static void decode_q8_0(const uint8_t *b, double *y) {
  for (int i = 0; i < 32; i++) y[i] = half(b) * (int8_t)b[2 + i];
}

static void decode_q4_k(const uint8_t *b, double *y) {
  const uint8_t *s = b + 4, *qs = b + 16;
  for (int g = 0; g < 8; g++) {
    int sc = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | (s[g - 4] >> 6) << 4;
    int mn = g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | (s[g] >> 6) << 4;
    for (int l = 0; l < 32; l++) {
      int q = qs[32 * (g / 2) + l] >> 4 * (g % 2) & 15;
      y[32 * g + l] = half(b) * sc * q - half(b + 2) * mn;
    }
  }
}

static void decode_q6_k(const uint8_t *b, double *y) {
  const uint8_t *ql = b, *qh = b + 128;
  const int8_t *sc = (const int8_t *)b + 192;
  for (int h = 0; h < 2; h++)
    for (int l = 0; l < 32; l++) {
      int high = qh[32 * h + l];
      int q[4] = {(ql[64 * h + l] & 15) | (high & 3) << 4, (ql[64 * h + 32 + l] & 15) | (high >> 2 & 3) << 4,
                  ql[64 * h + l] >> 4 | (high >> 4 & 3) << 4, ql[64 * h + 32 + l] >> 4 | (high >> 6 & 3) << 4};
      for (int j = 0; j < 4; j++) y[128 * h + 32 * j + l] = half(b + 208) * sc[8 * h + l / 16 + 2 * j] * (q[j] - 32);
    }
}

static void decode_codebook3(const uint8_t *b, double *y) {
  static const float level[8] = {-1.0f, -0.6f, -0.33f, -0.1f, 0.1f, 0.33f, 0.6f, 1.0f};
  for (int i = 0; i < 32; i++) {
    int code = 0;
    for (int j = 0; j < 3; j++) code |= (b[2 + (3 * i + j) / 8] >> (3 * i + j) % 8 & 1) << j;
    y[i] = half(b) * (double)level[code];
  }
}

typedef struct block_case {
  const char *name;
  scheme *(*make)(arena *a);
  void (*decode)(const uint8_t *block, double *y);
  int scales[3]; // bytes where the halves begin; -1 ends
} block_case;

static const block_case cases[] = {
    {"q4_0", kit_q4_0, decode_q4_0, {0, -1, -1}},
    {"q4_1", kit_q4_1, decode_q4_1, {0, 2, -1}},
    {"q5_0", kit_q5_0, decode_q5_0, {0, -1, -1}},
    {"q8_0", kit_q8_0, decode_q8_0, {0, -1, -1}},
    {"q4_k", kit_q4_k, decode_q4_k, {0, 2, -1}},
    {"q6_k", kit_q6_k, decode_q6_k, {208, -1, -1}},
    {"codebook3", kit_codebook3, decode_codebook3, {0, -1, -1}},
};

enum { CASES = sizeof cases / sizeof *cases };

static bool same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static uint8_t *random_bytes(arena *a, size_t size, uint64_t seed) {
  uint8_t *bytes = arena_alloc(a, size, 1);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(kit_random(&seed) >> 33);
  return bytes;
}

// Decodes `rows` x `blocks` blocks and compares every weight with the straightforward decoder.
static void compare_blocks(arena *a, const block_case *c, uint8_t *data, uint64_t rows, uint64_t blocks) {
  scheme *s = c->make(a);
  diag *d = diag_new(a, stderr, false);
  const scheme_layout *l = scheme_find_layout(s, "block");
  uint64_t columns = blocks * l->block_weights, size = rows * blocks * l->block_bytes;
  ck_assert_msg(scheme_verify(d, s), "%s: %s", c->name, diag_text(d));
  tensor_codes *t = layout_read_blocks(d, a, s, l, "w", data, size, rows, columns);
  ck_assert_ptr_nonnull(t);
  double *row = ARENA_ARRAY(a, double, columns), *expected = ARENA_ARRAY(a, double, l->block_weights);
  for (uint64_t n = 0; n < rows; n++) {
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < columns; k++) {
      uint64_t in_block = k % l->block_weights;
      if (in_block == 0) c->decode(data + (n * blocks + k / l->block_weights) * l->block_bytes, expected);
      if (same(row[k], expected[in_block]) && same(scheme_weight(t, n, k), row[k])) continue;
      ck_abort_msg("%s: weight (%d, %d) is %g, expected %g", c->name, (int)n, (int)k, row[k], expected[in_block]);
    }
  }
  uint8_t *back = arena_alloc(a, size, 1);
  ck_assert(layout_write_blocks(d, t, l, back, size));
  ck_assert_msg(memcmp(back, data, size) == 0, "%s: written blocks differ", c->name);
}

START_TEST(random_blocks) {
  arena *a = arena_new();
  const block_case *c = &cases[_i];
  scheme *s = c->make(a);
  size_t size = (size_t)(3 * 5 * s->layouts[0].block_bytes);
  for (uint64_t seed = 1; seed <= 20; seed++) compare_blocks(a, c, random_bytes(a, size, seed), 3, 5);
  arena_free(a);
}
END_TEST

// Zero, the least subnormal, the largest number, infinity and NaN as scales.
START_TEST(special_scales) {
  static const uint16_t specials[] = {0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x7c01};
  arena *a = arena_new();
  const block_case *c = &cases[_i];
  uint64_t bytes = c->make(a)->layouts[0].block_bytes;
  for (size_t v = 0; v < sizeof specials / sizeof *specials; v++) {
    uint8_t *data = random_bytes(a, (size_t)bytes, v + 100);
    for (int i = 0; i < 3 && c->scales[i] >= 0; i++) {
      data[c->scales[i]] = (uint8_t)specials[v];
      data[c->scales[i] + 1] = (uint8_t)(specials[v] >> 8);
    }
    compare_blocks(a, c, data, 1, 1);
  }
  arena_free(a);
}
END_TEST

START_TEST(wrong_sizes) {
  arena *a = arena_new();
  scheme *s = kit_q4_0(a);
  diag *d = diag_new(a, NULL, false);
  uint8_t data[36] = {0};
  ck_assert_ptr_null(layout_read_blocks(d, a, s, &s->layouts[0], "fc1", data, 36, 1, 60));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "'fc1': K = 60 is not a multiple of the 32 weights"));
  ck_assert_ptr_null(layout_read_blocks(d, a, s, &s->layouts[0], "fc2", data, 35, 1, 64));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "'fc2': 35 bytes"));
  ck_assert_ptr_null(layout_read_blocks(d, a, s, &s->layouts[0], "fc3", data, 36, UINT64_MAX / 2, 64));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "'fc3'"));
  ck_assert_uint_eq(diag_error_count(d), 3);
  arena_free(a);
}
END_TEST

// Places with what bits cannot say are interpreted: here a product of two stored numbers, and an address in the block.
START_TEST(interpreted_places) {
  arena *a = arena_new();
  scheme_field f[] = {{.name = "code", .type = ELEM_U8, .gran = PER_WEIGHT}};
  scheme *s = new_scheme(a, "odd", 1, f, field(a, 0, true));
  scheme_layout *l = add_layout(a, s, "block");
  l->block_weights = 4;
  l->block_bytes = 4;
  const expr *digit = MOD(bits(a, ADD(NUM(8), MUL(BINDER(0), NUM(4))), NUM(4)), NUM(3));
  add_place(a, l, 0, 1, MUL(digit, bits(a, MUL(bits(a, NUM(0), NUM(8)), NUM(8)), NUM(4))));
  diag *d = diag_new(a, NULL, false);
  ck_assert(scheme_verify(d, s));
  tensor_codes *t = layout_read_blocks(d, a, s, l, "w", (const uint8_t[]){2, 0x21, 0x43, 0}, 4, 1, 4);
  ck_assert_ptr_nonnull(t);
  const uint32_t expected[] = {1 * 3, 2 * 3, 0, 1 * 3};
  for (int i = 0; i < 4; i++) ck_assert_uint_eq(t->elements[0][i], expected[i]);
  ck_assert_ptr_null(layout_read_blocks(d, a, s, l, "w", (const uint8_t[]){4, 0x21, 0x43, 0}, 4, 1, 4));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "reads element 0 of field 'code' at bit 32 of a block of 32 bits"));
  uint8_t out[4];
  ck_assert(!layout_write_blocks(d, t, l, out, 4));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "can be read but not written"));
  arena_free(a);
}
END_TEST

// Stored inverted, less one, and with a constant bit: read and written back.
START_TEST(derived_bits) {
  arena *a = arena_new();
  scheme_field f[] = {{.name = "code", .type = ELEM_U4, .gran = PER_WEIGHT},
                      {.name = "sub", .type = ELEM_U4, .gran = PER(2)},
                      {.name = "one", .type = ELEM_U4, .gran = PER(2)}};
  scheme *s = new_scheme(a, "derived", 3, f, MUL(MUL(field(a, 0, true), field(a, 1, true)), field(a, 2, true)));
  scheme_layout *l = add_layout(a, s, "block");
  l->block_weights = 2;
  l->block_bytes = 2;
  add_place(a, l, 0, 1, op2(a, EXPR_XOR, bits(a, MUL(BINDER(0), NUM(4)), NUM(4)), NUM(8)));
  add_place(a, l, 1, 1, AND(ADD(bits(a, NUM(8), NUM(4)), NUM(1)), NUM(15)));
  add_place(a, l, 2, 1, OR(NUM(8), bits(a, NUM(12), NUM(3))));
  diag *d = diag_new(a, NULL, false);
  ck_assert_msg(scheme_verify(d, s), "%s", diag_text(d));
  const uint8_t data[] = {0x3c, 0x5f};
  tensor_codes *t = layout_read_blocks(d, a, s, l, "w", data, 2, 1, 2);
  ck_assert_uint_eq(t->elements[0][0], 0xc ^ 8);
  ck_assert_uint_eq(t->elements[0][1], 0x3 ^ 8);
  ck_assert_uint_eq(t->elements[1][0], 0); // 15 + 1 wraps
  ck_assert_uint_eq(t->elements[2][0], 8 | 5);
  uint8_t out[2];
  ck_assert(layout_write_blocks(d, t, l, out, 2));
  ck_assert_mem_eq(out, data, 2);
  t->elements[2][0] = 5; // the constant bit cannot be cleared
  ck_assert(!layout_write_blocks(d, t, l, out, 2));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "which layout 'block' cannot store"));
  arena_free(a);
}
END_TEST

typedef struct gptq_data {
  uint32_t *qweight, *qzeros;
  uint16_t *scales;
  uint64_t k_words, n_words, groups;
} gptq_data;

static void put_stream(uint32_t *words, uint64_t first, uint64_t step, uint64_t at, unsigned width, uint32_t value) {
  for (unsigned i = 0; i < width; i++) words[first + (at + i) / 32 * step] |= (value >> i & 1) << (at + i) % 32;
}

// Random codes of rows x columns weights, packed bit by bit.
static gptq_data pack_gptq(arena *a, unsigned width, unsigned group, uint64_t rows, uint64_t columns, uint32_t *codes,
                           uint32_t *zeros, uint64_t seed) {
  gptq_data g = {.groups = (columns + group - 1) / group};
  g.k_words = (columns * width + 31) / 32;
  g.n_words = (rows * width + 31) / 32;
  g.qweight = ARENA_ARRAY(a, uint32_t, g.k_words *rows);
  g.qzeros = ARENA_ARRAY(a, uint32_t, g.groups *g.n_words);
  g.scales = ARENA_ARRAY(a, uint16_t, g.groups *rows);
  for (uint64_t n = 0; n < rows; n++) {
    for (uint64_t k = 0; k < columns; k++) {
      codes[n * columns + k] = (uint32_t)(kit_random(&seed) >> (64 - width));
      put_stream(g.qweight, n, rows, k * width, width, codes[n * columns + k]);
    }
    for (uint64_t i = 0; i < g.groups; i++) {
      zeros[n * g.groups + i] = (uint32_t)(kit_random(&seed) >> (64 - width));
      put_stream(g.qzeros, i * g.n_words, 1, n * width, width, zeros[n * g.groups + i]);
      g.scales[i * rows + n] = fp_to_f16((float)kit_normal(&seed));
    }
  }
  return g;
}

static void gptq_inputs(const gptq_data *g, uint64_t rows, layout_input in[3]) {
  in[0] = (layout_input){.data = (const uint8_t *)g->qweight,
                         .size = g->k_words * rows * 4,
                         .type = ELEM_I32,
                         .rank = 2,
                         .dims = {g->k_words, rows}};
  in[1] = (layout_input){.data = (const uint8_t *)g->qzeros,
                         .size = g->groups * g->n_words * 4,
                         .type = ELEM_I32,
                         .rank = 2,
                         .dims = {g->groups, g->n_words}};
  in[2] = (layout_input){.data = (const uint8_t *)g->scales,
                         .size = g->groups * rows * 2,
                         .type = ELEM_F16,
                         .rank = 2,
                         .dims = {g->groups, rows}};
}

typedef struct gptq_case {
  unsigned width, group;
  uint64_t rows, columns;
} gptq_case;

static const gptq_case gptq_cases[] = {{4, 32, 8, 64},  {3, 32, 32, 96}, {3, 32, 7, 70}, {4, 128, 5, 130},
                                       {2, 16, 16, 48}, {8, 64, 3, 65},  {3, 7, 11, 33}, {4, 1, 1, 1}};

START_TEST(separate_tensors) {
  arena *a = arena_new();
  gptq_case c = gptq_cases[_i];
  scheme *s = kit_gptq(a, c.width, c.group);
  diag *d = diag_new(a, stderr, false);
  ck_assert(scheme_verify(d, s));
  uint64_t groups = (c.columns + c.group - 1) / c.group;
  uint32_t *codes = ARENA_ARRAY(a, uint32_t, c.rows *c.columns), *zeros = ARENA_ARRAY(a, uint32_t, c.rows *groups);
  gptq_data g = pack_gptq(a, c.width, c.group, c.rows, c.columns, codes, zeros, 42);
  layout_input in[3];
  gptq_inputs(&g, c.rows, in);
  tensor_codes *t = layout_read_tensors(d, a, s, &s->layouts[0], "fc", in, c.rows, c.columns);
  ck_assert_ptr_nonnull(t);
  for (uint64_t n = 0; n < c.rows; n++)
    for (uint64_t k = 0; k < c.columns; k++) {
      uint64_t i = k / c.group;
      double zero = (double)zeros[n * groups + i] + 1;
      double expected = (double)fp_from_f16(g.scales[i * c.rows + n]) * ((double)codes[n * c.columns + k] - zero);
      if (scheme_weight(t, n, k) != expected) ck_abort_msg("weight (%d, %d)", (int)n, (int)k);
    }
  arena_free(a);
}
END_TEST

START_TEST(wrong_tensors) {
  arena *a = arena_new();
  scheme *s = kit_gptq(a, 4, 32);
  uint32_t codes[8 * 64], zeros[8 * 2];
  gptq_data g = pack_gptq(a, 4, 32, 8, 64, codes, zeros, 1);
  layout_input good[3], in[3];
  gptq_inputs(&g, 8, good);
  const struct {
    unsigned tensor;
    elem_type type;
    unsigned rank;
    uint64_t d0, d1, size;
    const char *text;
  } bad[] = {
      {0, ELEM_I16, 2, 8, 8, 256, "'.qweight' has elements of type i16"},
      {2, ELEM_BF16, 2, 2, 8, 32, "'.scales' has elements of type bf16"},
      {0, ELEM_I32, 1, 64, 0, 256, "'.qweight' has 1 dimensions"},
      {0, ELEM_I32, 2, 7, 8, 224, "dimension 0 of '.qweight' is 7; layout 'tensors' needs 8"},
      {1, ELEM_I32, 2, 2, 2, 16, "dimension 1 of '.qzeros' is 2; layout 'tensors' needs 1"},
      {0, ELEM_I32, 2, 8, 8, 255, "'.qweight' has 255 bytes, but its shape needs 256"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    diag *d = diag_new(a, NULL, false);
    memcpy(in, good, sizeof in);
    layout_input *t = &in[bad[i].tensor];
    *t = (layout_input){
        .data = t->data, .size = bad[i].size, .type = bad[i].type, .rank = bad[i].rank, .dims = {bad[i].d0, bad[i].d1}};
    ck_assert_ptr_null(layout_read_tensors(d, a, s, &s->layouts[0], "fc", in, 8, 64));
    ck_assert_msg(strstr(diag_text(d), bad[i].text) != NULL, "%s", diag_text(d));
  }
  in[0] = good[0];
  in[0].type = ELEM_U32; // the same words
  in[1] = good[1];
  in[2] = good[2];
  ck_assert_ptr_nonnull(layout_read_tensors(diag_new(a, stderr, false), a, s, &s->layouts[0], "fc", in, 8, 64));
  arena_free(a);
}
END_TEST

// A place that leaves its tensor is found while reading, and named.
START_TEST(tensor_read_out_of_range) {
  arena *a = arena_new();
  scheme *s = kit_gptq(a, 4, 32);
  scheme_layout l = s->layouts[0];
  layout_place *places = arena_memdup(a, l.places, l.place_count * sizeof *places);
  const expr *n = BINDER(0), *i = BINDER(1);
  places[0].raw = stream(a, 0, 0, n, ADD(MUL(i, NUM(4)), NUM(4)), NUM(4));
  l.places = places;
  uint32_t codes[8 * 64], zeros[8 * 2];
  gptq_data g = pack_gptq(a, 4, 32, 8, 64, codes, zeros, 1);
  layout_input in[3];
  gptq_inputs(&g, 8, in);
  diag *d = diag_new(a, NULL, false);
  ck_assert_ptr_null(layout_read_tensors(d, a, s, &l, "fc", in, 8, 64));
  ck_assert_ptr_nonnull(strstr(diag_text(d), "'fc': layout 'tensors' reads element 63 of field 'code' at bit 256 of "
                                             "dimension 0 of 'qweight', which has 256"));
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *s = suite_create("layouts");
  TCase *t = tcase_create("blocks");
  tcase_add_loop_test(t, random_blocks, 0, CASES);
  tcase_add_loop_test(t, special_scales, 0, CASES);
  tcase_add_test(t, wrong_sizes);
  tcase_add_test(t, interpreted_places);
  tcase_add_test(t, derived_bits);
  suite_add_tcase(s, t);
  t = tcase_create("tensors");
  tcase_add_loop_test(t, separate_tensors, 0, sizeof gptq_cases / sizeof *gptq_cases);
  tcase_add_test(t, wrong_tensors);
  tcase_add_test(t, tensor_read_out_of_range);
  suite_add_tcase(s, t);
  return check_main(s);
}
