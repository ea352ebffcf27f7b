// Products counted bit by bit: which formats and activations get them, that they equal dot products of bytes in every bit,
// and that both read the same packed weights.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network/passes.h"
#include "pack/pack.h"
#include "tests/check_main.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/lower_kit.h"

#define SIGNS "c : u1; d : f16 per row; value = d * (2 * c - 1);"
#define GROUPS "c : u1; d : f16 per 64; value = d * (2 * c - 1);"
#define TERNARY "c : u2; d : f32 per tensor; value = d * (c - 1);"
#define UNIFORM "c : u2; d : f32 per row; value = d * c;"
#define AFFINE "c : u2; d : f16 per 32; m : f16 per 32; value = d * c - m;"
#define NESTED "c : u1; q : u6 per 32; d : f16 per row; value = d * q * (2 * c - 1);"
#define MIXED "c : u1; q : u6 per 32; d : f16 per row; value = d * q * c;"

typedef struct bits_row {
  const char *members, *act;
  compute_mode mode;
  const char *said;
} bits_row;

static const bits_row rows[] = {
    {SIGNS, "i1 per token", MODE_BIT_DOT, "bit-dot   chosen"},
    {SIGNS, "i1 per 32", MODE_BIT_DOT, NULL},
    {SIGNS, "u1 per token", MODE_BIT_DOT, NULL},
    {SIGNS, "u2 static", MODE_BIT_DOT, NULL},
    {SIGNS, "i2 per 64", MODE_BIT_DOT, NULL},
    {SIGNS, "i4 per 64", MODE_BIT_DOT, NULL},
    {GROUPS, "i1 per 64", MODE_BIT_DOT, NULL},
    {GROUPS, "i1 per 128", MODE_BIT_DOT, NULL},
    {TERNARY, "i1 per token", MODE_BIT_DOT, NULL},
    {TERNARY, "i2 per 32", MODE_BIT_DOT, NULL},
    {UNIFORM, "u1 static", MODE_BIT_DOT, NULL},
    {UNIFORM, "u2 static", MODE_BIT_DOT, NULL},
    {AFFINE, "i1 per 32", MODE_BIT_DOT, NULL},
    {AFFINE, "u2 static", MODE_BIT_DOT, NULL},
    {MIXED, "i1 per token", MODE_BIT_DOT, NULL},
    {NESTED, "i2 per token", MODE_BIT_DOT, NULL},
    // and those that stay with bytes
    {NESTED, "i1 per token", MODE_INT_DOT, "bit-dot   refused: sums of signs are needed in integers"},
    {SIGNS, "i8 per token", MODE_INT_DOT, "bit-dot   refused: the activations are no numbers of a few bits"},
    {SIGNS, "u8 per token", MODE_INT_DOT, NULL},
    {UNIFORM, "i3 per 32", MODE_INT_DOT, "bit-dot   refused: codes and activations have too many bits"},
    {SIGNS, "i1 per 48", MODE_INT_DOT, "bit-dot   refused: groups are no whole words of 32 bits"},
    {"c : u2; table t : f32[4] = { -1.0, 0.0, 0.4, 1.0 }; value = t[c];", "u1 static", MODE_TABLE_DOT,
     "bit-dot   refused: the levels are not evenly spaced"},
    {SIGNS, "f16", MODE_FLOAT, "bit-dot   refused: the activations are not integers"},
};
enum { ROWS = sizeof rows / sizeof *rows, BIT_ROWS = 16 };

START_TEST(modes_are_chosen) {
  lower_kit k = kit_new();
  const bits_row *row = &rows[_i];
  const recipe *r = kit_recipe(&k, row->members, row->act);
  ck_assert_msg(r != NULL, "%s", diag_text(k.d));
  const char *said = kit_explained(&k);
  ck_assert_msg(r->mode == row->mode, "%s, %s: %s\n%s", row->members, row->act, compute_mode_name(r->mode), said);
  ck_assert_msg(row->said == NULL || strstr(said, row->said) != NULL, "%s", said);
  ck_assert_msg(lower_check_recipe(k.d, k.mem, r), "%s", diag_text(k.d));
  kit_free(&k);
}
END_TEST

// A processor that counts bits very slowly.
static const target_pattern slow_patterns[] = {{IR_POPCOUNT, ELEM_I32, 16, 0, "r:i32x16 = llvm.ctpop.v16i32(a)", 1e6},
                                               {IR_POPCOUNT, ELEM_I8, 64, 0, "r:i8x64 = llvm.ctpop.v64i8(a)", 1e6}};

static const recipe *recipe_of_bytes(lower_kit *k, const scheme *s, const act_spec *act) {
  target_tier *tier = arena_memdup(k->mem, &target_get(0)->tiers[0], sizeof *tier);
  target *slow = arena_memdup(k->mem, target_get(0), sizeof *slow);
  tier->patterns = slow_patterns;
  tier->pattern_count = 2;
  slow->tiers = tier;
  slow->tier_count = 1;
  lower_options options = {.target = slow};
  return lower_make_recipe(k->d, k->mem, s, act, "bytes", &options);
}

typedef struct shape {
  uint64_t tokens, rows, columns;
} shape;

// What the recipe's kernels, interpreted, make of weights and inputs; its packed weights in *packed.
static const float *computed(lower_kit *k, const recipe *r, const tensor_codes *codes, const shape *at, const float *x,
                             const target_tier *tier, ir_memory *packed) {
  prepared_sizes s;
  uint64_t positions, tile;
  ck_assert(prepared_get_sizes(&r->prepared, at->columns, &s) && packing_tile_bytes(&r->pack, at->columns, &tile));
  ck_assert(packing_positions(&r->pack, at->columns, &positions));
  *packed = (ir_memory){0};
  ck_assert(packing_tensor_bytes(&r->pack, at->rows, at->columns, &packed->size));
  packed->data = ARENA_ARRAY(k->mem, uint8_t, packed->size);
  ck_assert_msg(pack_tensor(k->d, k->mem, r, codes, packed->data, packed->size), "%s", diag_text(k->d));
  ir_memory prepared = ir_unwritten(k->mem, at->tokens * s.row_bytes);
  ir_memory inputs[] = {{.data = (uint8_t *)(uintptr_t)x, .size = 4 * at->tokens * at->columns}, prepared};
  const uint64_t sizes[] = {at->columns,    at->columns,    s.row_bytes, s.scales_offset,
                            s.isums_offset, s.fsums_offset, s.positions};
  ir_module *m = ir_module_new(k->mem, "one");
  const ir_func *prepare = lower_emit_prepare(m, &r->prepared, tier, false, "prepare");
  const ir_func *matmul = lower_emit_matmul(m, r, tier, false, &(matmul_shape){.epilogue = ""}, "matmul");
  ck_assert_msg(ir_verify(k->d, m), "%s", diag_text(k->d));
  ck_assert_msg(ir_interpret(k->d, prepare, 2, inputs, 7, sizes, 0, at->tokens), "%s", diag_text(k->d));
  float *y = ARENA_ARRAY(k->mem, float, at->tokens * at->rows);
  ir_memory all[] = {*packed, prepared, {.data = (uint8_t *)y, .size = 4 * at->tokens * at->rows}};
  const uint64_t more[] = {at->tokens,      at->rows,       positions,      tile,    s.row_bytes,
                           s.scales_offset, s.isums_offset, s.fsums_offset, at->rows};
  ck_assert_msg(ir_interpret(k->d, matmul, 3, all, 9, more, 0, (at->rows + 15) / 16), "%s", diag_text(k->d));
  return y;
}

static const float *inputs(lower_kit *k, const shape *at, uint64_t seed) {
  float *x = ARENA_ARRAY(k->mem, float, at->tokens * at->columns);
  for (uint64_t i = 0; i < at->tokens * at->columns; i++)
    x[i] = i % 11 == 0 ? 0 : (float)(kit_next(&seed) % 2001) / 500.0f - 2;
  return x;
}

START_TEST(bits_equal_bytes) {
  static const shape shapes[] = {{1, 16, 256}, {3, 17, 96}, {2, 5, 37}, {7, 33, 300}, {1, 1, 1}};
  static const unsigned lanes[] = {16, 4, 8, 1};
  lower_kit k = kit_new();
  act_spec act = kit_act(rows[_i].act);
  const scheme *s = kit_scheme(&k, rows[_i].members);
  const recipe *bits = lower_make_recipe(k.d, k.mem, s, &act, "bits", &k.options);
  const recipe *bytes = recipe_of_bytes(&k, s, &act);
  ck_assert(bits->mode == MODE_BIT_DOT && bytes->mode == MODE_INT_DOT);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape *at = &shapes[i];
    const target_tier *tier = kit_tier(lanes[(i + (size_t)_i) % 4]);
    ir_memory packed[2];
    const tensor_codes *codes = sample_codes(k.d, k.mem, s, at->rows, at->columns, i, (sample_data)(i % 4));
    const float *x = inputs(&k, at, i);
    const float *a = computed(&k, bits, codes, at, x, tier, &packed[0]);
    const float *b = computed(&k, bytes, codes, at, x, tier, &packed[1]);
    ck_assert_msg(memcmp(a, b, 4 * at->tokens * at->rows) == 0, "%s, %s, K = %llu: %g, not %g", rows[_i].members,
                  rows[_i].act, (unsigned long long)at->columns, (double)a[0], (double)b[0]);
    ck_assert(packed[0].size == packed[1].size && memcmp(packed[0].data, packed[1].data, packed[0].size) == 0);
  }
  kit_free(&k);
}
END_TEST

START_TEST(bits_match_their_values) {
  static const unsigned lanes[] = {16, 4, 8, 1};
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, rows[_i].members, rows[_i].act);
  for (int data = SAMPLE_RANDOM; data <= SAMPLE_ALL_HIGH; data++) {
    const char *message;
    const target_tier *tier = kit_tier(lanes[((size_t)data + (size_t)_i) % 4]);
    ck_assert_msg(kit_matmul(&k, r, tier, 3, 19, 333, data, &message), "%s", message);
  }
  kit_free(&k);
}
END_TEST

// An infinity makes all of its group NaN, and what is computed from it.
START_TEST(infinities_become_nan) {
  static const shape at = {1, 16, 64};
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, GROUPS, "i1 per 64");
  const tensor_codes *codes = sample_codes(k.d, k.mem, r->scheme, at.rows, at.columns, 1, SAMPLE_RANDOM);
  float x[64] = {0};
  x[_i] = INFINITY;
  ir_memory packed;
  const float *y = computed(&k, r, codes, &at, x, kit_tier(16), &packed);
  for (unsigned n = 0; n < 16; n++) ck_assert(isnan(y[n]));
  kit_free(&k);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("bits");
  TCase *tcase = tcase_create("bit-dot");
  tcase_add_loop_test(tcase, modes_are_chosen, 0, ROWS);
  tcase_add_loop_test(tcase, bits_equal_bytes, 0, BIT_ROWS);
  tcase_add_loop_test(tcase, bits_match_their_values, 0, BIT_ROWS);
  tcase_add_loop_test(tcase, infinities_become_nan, 0, 2);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
