// The passes over one recipe: normalise, mode, factor, prove, explain.
#include <math.h>
#include <string.h>

#include "pack/pack.h"
#include "tests/check_main.h"
#include "tests/kernels/kernel_case.h"
#include "tests/lower/lower_kit.h"

// ---- normalise -------------------------------------------------------------------------------------------------------

typedef struct term_row {
  size_t coefficients;
  const char *core;   // "levels", "one", "stored", "float"
  double first, last; // levels (or the stored table's indices) of the least and the greatest code
} term_row;

typedef struct normal_row {
  const char *members;
  unsigned bits;
  size_t terms;
  term_row term[3];
  const char *reason; // NULL: it is a sum of products
} normal_row;

static const normal_row normal_rows[] = {
    {"c : u4; s : f16 per 32; value = s * (c - 8);", 4, 1, {{1, "levels", -8, 7}}, NULL},
    {"c : i4; s : f16 per 32; value = s * c;", 4, 1, {{1, "levels", -8, 7}}, NULL},
    {"c : u4; s : f16 per 32; value = -s * c;", 4, 1, {{1, "levels", 0, -15}}, NULL},
    {"c : u4; value = 0.5 * c - 3;", 4, 1, {{0, "levels", -3, 4.5}}, NULL},
    {"c : u4; s : f16 per 32; z : u4 per 32; value = s * (c - z);",
     4,
     2,
     {{1, "levels", 0, 15}, {3, "one", 0, 0}},
     NULL},
    {"c : u4; s : f16 per 32; m : f16 per 32; value = s * c + m;",
     4,
     2,
     {{1, "levels", 0, 15}, {1, "one", 0, 0}},
     NULL},
    {"c : u4; d : f16 per row; s : u6 per 32; m : f16 per row; n : u6 per 32; value = d * s * c - m * n;",
     4,
     2,
     {{2, "levels", 0, 15}, {3, "one", 0, 0}},
     NULL},
    {"c : u2; s : f16 per 32; table t : f32[4] = { -1.0, -0.25, 0.25, 1.0 }; value = s * t[c];",
     2,
     1,
     {{1, "levels", -1, 1}},
     NULL},
    {"c : u2; s : f16 per 32; t : f16[4] per row; value = s * t[c];", 2, 1, {{1, "stored", 0, 3}}, NULL},
    {"c : u2; t : f16[4] per row; value = t[3 - c];", 2, 1, {{0, "stored", 3, 0}}, NULL},
    {"c : u2; t : f16[4] per row; value = 2 * t[c];", 2, 1, {{1, "stored", 0, 3}}, NULL},
    {"a : u1; b : u3; s : f16 per 32; value = s * (1 - 2 * a) * (b + 1);", 4, 1, {{1, "levels", 1, -8}}, NULL},
    {"a : u1; b : u2; c : u4; s : f16 per 32; value = s * (a + 2 * b + 8 * c);", 7, 1, {{1, "levels", 0, 127}}, NULL},
    {"c : u4; s : f16 per 32; value = c / s;", 4, 1, {{1, "levels", 0, 15}}, NULL},
    {"c : u4; s : f16 per 32; value = s / (c + 1);", 4, 1, {{1, "levels", 1, 0.0625}}, NULL},
    {"c : u4; s : f16 per 32; value = s * (c + 3) - s * (c + 1);", 4, 1, {{2, "one", 0, 0}}, NULL},
    {"c : u4; s : f16 per 32; value = s * c - s * c;", 4, 0, {{0}}, NULL},
    {"c : u4; s : f16 per 32; value = s * 3;", 4, 1, {{2, "one", 0, 0}}, NULL},
    {"c : f16; s : f16 per row; value = c * s;", 16, 1, {{1, "float", 0, 0}}, NULL},
    {"c : u4; s : f16 per 32; m : f16 per row; value = (s + 1) * (c + m);",
     4,
     2,
     {{1, "levels", 0, 15}, {2, "one", 0, 0}},
     NULL},
    {"c : u4; s : u4 per 32; value = select(c < s, 1, c);", 4, 0, {{0}}, "mixed by more than sums and products"},
    {"c : u4; value = c * k;", 4, 0, {{0}}, "depends on the weight's position"},
    {"c : u4; s : u8 per 32; value = (c + s) / 3;", 4, 0, {{0}}, "integer division"},
    {"c : u4; s : u1 per 32; value = (c + s) / 2;", 4, 2, {{1, "levels", 0, 7}, {1, "levels", 0, 8}}, NULL},
    {"c : u4; s : u4 per 32; value = c << s;", 4, 1, {{1, "levels", 0, 15}}, NULL},
    {"c : u4; s : u4 per 32; d : f16 per row; value = d / (c + s + 1);", 4, 0, {{0}}, "a divisor mixes"},
    {"c : u4; s : f16 per 32; value = s / (c - 3);", 4, 1, {{1, "levels", -1 / 3.0, 1 / 12.0}}, NULL},
    {"s : f16 per 32; value = s;", 0, 0, {{0}}, "no field per weight"},
    {"c : u2; b : u2; t : f16[4] per row; value = t[c] * t[b];", 4, 0, {{0}}, "a product of two stored look-ups"},
    {"c : u2; b : u1; t : f16[4] per row; value = t[c] * (1 - 2 * b);", 3, 0, {{0}}, "another function of the code"},
    {"c : u2; b : u1; t : f16[4] per row; value = (1 - 2 * b) * t[c];", 3, 0, {{0}}, "another function of the code"},
    {"c : u2; z : u1 per 32; t : f16[8] per row; value = t[c + 4 * z];", 2, 0, {{0}}, "by more than the code"},
    {"a : u8; b : u8; value = a * b;", 16, 0, {{0}}, "more than 8 bits"},
    {"c : f16; s : f16 per row; value = c * c * s;", 16, 0, {{0}}, "a float code is used other than as a factor"},
    {"c : u4; s : u32 per row; value = (c + s) * s * s;", 4, 0, {{0}}, "may leave 64 bits"},
};

static const char *core_of(const value_term *t) {
  if (t->float_field >= 0) return "float";
  if (t->table_field >= 0) return "stored";
  return t->levels == NULL ? "one" : "levels";
}

static void check_term(const normal_row *row, const normal_form *nf, size_t i) {
  const value_term *t = &nf->terms[i];
  const term_row *want = &row->term[i];
  ck_assert_msg(t->coefficient_count == want->coefficients, "%s: term %zu has %zu coefficients", row->members, i,
                t->coefficient_count);
  ck_assert_msg(strcmp(core_of(t), want->core) == 0, "%s: term %zu: %s", row->members, i, core_of(t));
  if (t->levels == NULL) return;
  ck_assert_msg(t->levels[0] == want->first, "%s: level %g", row->members, t->levels[0]);
  double last = t->levels[(UINT64_C(1) << nf->code_bits) - 1];
  ck_assert_msg(last == want->last, "%s: last level %g", row->members, last);
}

START_TEST(values_are_sums_of_products) {
  const normal_row *row = &normal_rows[_i];
  lower_kit k = kit_new();
  normal_form nf;
  const char *reason;
  ck_assert(lower_normalise(k.d, k.mem, kit_scheme(&k, row->members), &nf, &reason));
  ck_assert_msg((reason == NULL) == (row->reason == NULL), "%s: %s", row->members, reason == NULL ? "taken" : reason);
  if (row->reason != NULL) ck_assert_msg(strstr(reason, row->reason) != NULL, "%s: %s", row->members, reason);
  ck_assert_msg(nf.code_bits == row->bits, "%s: %u bits", row->members, nf.code_bits);
  ck_assert_msg(nf.term_count == row->terms, "%s: %zu terms", row->members, nf.term_count);
  for (size_t i = 0; i < nf.term_count; i++) check_term(row, &nf, i);
  kit_free(&k);
}
END_TEST

START_TEST(codes_that_cannot_be_packed_are_errors) {
  static const char *const rows[] = {"c : f16; b : u1; value = c * b;",
                                     "a : u8; b : u8; c : u8; d : u8; e : u1; value = a + b + c + d + e;"};
  lower_kit k = kit_new();
  normal_form nf;
  const char *reason;
  ck_assert(!lower_normalise(k.d, k.mem, kit_scheme(&k, rows[_i]), &nf, &reason));
  ck_assert_uint_eq(diag_error_count(k.d), 1);
  kit_free(&k);
}
END_TEST

// ---- mode --------------------------------------------------------------------------------------------------------------

#define AFFINE "c : u4; s : f16 per 32; value = s * (c - 8);"
#define TABLE                                                                                                \
  "c : u4; s : f16 per 32; table t : f32[16] = { -1.0, -0.7, -0.53, -0.39, -0.28, -0.18, -0.09, 0.0, 0.08, " \
  "0.16, 0.25, 0.34, 0.44, 0.56, 0.72, 1.0 }; value = s * t[c];"
#define STORED "c : u3; s : f16 per 32; t : f16[8] per row; value = s * t[c];"
#define DECODED "c : u4; s : u4 per 32; value = select(c < s, 1, c);"
#define VECTORS "8, 8, 8, 8, 8, 8, 8, 8, 25, 8, 8, 8, 43, 8, 8, 8, 8, 25, 25, 8, 8, 8, 8, 8, 43, 8, 8, 8, 8, 8, 25, 8"
#define FLOATS "c : f16; s : f16 per row; value = c * s;"

typedef struct mode_row {
  const char *members, *act;
  int mode;            // -1: refused
  const char *explain; // among what is said of the candidates
} mode_row;

static const mode_row mode_rows[] = {
    {AFFINE, "i8 per 32", MODE_INT_DOT, "table-dot refused: the levels are evenly spaced: no table is needed"},
    {AFFINE, "i8 per token", MODE_INT_DOT, "int-dot   chosen"},
    {AFFINE, "i8 static", MODE_INT_DOT, "float     possible"},
    {AFFINE, "f32", MODE_FLOAT, "int-dot   refused: the activations are not integers"},
    {AFFINE, "bf16", MODE_PAIR_DOT, "decode    possible"},
    {AFFINE, "f16", MODE_FLOAT, "pair-dot  refused: the activations are no bf16 numbers"},
    {TABLE, "i8 per 32", MODE_TABLE_DOT, "int-dot   refused: the levels are not evenly spaced"},
    {TABLE, "i8 per token", MODE_TABLE_DOT, "table-dot chosen"},
    {TABLE, "i8 static", MODE_TABLE_DOT, "table of 1 byte plane, step 0.01"},
    {"c : u2; table t : f32[4] = { -1.0, -0.6961928, 0.1, 1.0 }; value = t[c];", "i8 static", MODE_TABLE_DOT,
     "table of 2 byte planes"},
    {TABLE, "f32", MODE_FLOAT, "table-dot refused: the activations are not integers"},
    {TABLE, "bf16", MODE_PAIR_DOT, "pair-dot  chosen"},
    {"c : u2; table t : f32[4] = { -1.0, -0.6961928, 0.1, 1.0 }; value = t[c];", "bf16", MODE_FLOAT,
     "pair-dot  refused: a level is no bf16 number"},
    {STORED, "bf16", MODE_FLOAT, "pair-dot  refused: the levels are stored with the tensor"},
    {FLOATS, "bf16", MODE_FLOAT, "pair-dot  refused: the codes are no bf16 numbers"},
    {"w : bf16; s : f32 per row; value = s * w;", "bf16", MODE_PAIR_DOT, "float     possible"},
    {"c : f8e4m3; s : f32 per row; value = s * c;", "bf16", MODE_PAIR_DOT, "float     possible"},
    {STORED, "i8 per 32", MODE_FLOAT, "int-dot   refused: the levels are stored with the tensor"},
    {STORED, "f32", MODE_FLOAT, "decode    possible"},
    {"c : u2; f : u1 per 32; table t : f32[2, 4] = { -5, -1, 2, 7, -3, 1, 4, 9 }; value = t[f, c];", "i8 per 32",
     MODE_TABLE_DOT, "level 0: table of 1 byte plane, step 1"},
    {"c : u2; f : u2 per 32; table t : f32[4, 4] = { 0, 1, 2, 3, 0, 3, 6, 9, 1, 1, 1, 1, 3, 2, 1, 0 }; value = t[f, "
     "c];",
     "i8 per 32", MODE_INT_DOT, "level 0: 1 * (code +0)"},
    {"c : u2; f : u1 per 32; table t : f32[2, 4] = { 0, 1, 2, 3, 5, 9, 14, 30 }; value = t[f, c];", "i8 per 32",
     MODE_TABLE_DOT, "level 1: table of 1 byte plane, step 1"},
    {"c : u2; s : i4 per 32; value = max(c, 2 * s);", "i8 per 32", MODE_TABLE_DOT, "level 1: table"},
    {DECODED, "i8 per 32", MODE_DECODE, "float     refused: codes and coarser fields are mixed"},
    {DECODED, "f32", MODE_DECODE, "decode    chosen"},
    {FLOATS, "f32", MODE_FLOAT, "float     chosen"},
    {FLOATS, "i8 per 32", MODE_FLOAT, "int-dot   refused: the codes are floats"},
    {"c : u4; s : f16 per 32; z : u4 per 32; value = s * (c - z);", "i8 per 32", MODE_INT_DOT,
     "level 0: 1 * (code +0)"},
    {"c : u4; value = 0.5 * c - 0.3;", "i8 per 32", MODE_INT_DOT, "level 0: 0.5 * (code +0)"},
    {"c : i8; s : f32 per row; value = s * c;", "i8 per token", MODE_INT_DOT, "level 0: 1 * (code -128)"},
    {"c : u8; s : f32 per row; value = -s * c;", "i8 per token", MODE_INT_DOT, "level 0: -1 * (code +0)"},
    {"a : u1; b : u3; value = (1 - 2 * a) * b;", "i8 per 32", MODE_TABLE_DOT, "table of 1 byte plane, step 1"},
    {"c : u2; table t : i8[4] = { -127, -3, 5, 127 }; value = t[c];", "i8 per 32", MODE_TABLE_DOT,
     "table of 1 byte plane"},
    {"c : u2; table t : i16[4] = { -32000, -3, 5, 32001 }; value = t[c];", "i8 per 32", MODE_TABLE_DOT,
     "table of 2 byte planes, step 1"},
    {"c : u2; table t : f32[4] = { 1000000.0, 1000000.25, 1000007.0, 1000001.0 }; value = t[c];", "i8 per 32",
     MODE_FLOAT, "table-dot refused: the levels span too many orders of magnitude"},
    {"a : u8; b : u8; s : f16 per row; value = s * (a - b);", "i8 per 32", MODE_DECODE, "more than 8 bits"},
    {"c : u4; s : u4 per 32; value = (c + s) % 7;", "f32", MODE_DECODE, NULL},
    {"c : u4; value = c * (k % 48 / 3);", "f32", MODE_FLOAT, "the number among 90 values, 7 bits"},
    {"p : u8 per 8; s : u8 per 8; d : f16 per 32; table g : i8[4, 8] = { " VECTORS " }; "
     "value = d * g[p & 3, k % 8] * (1 - 2 * (s >> k % 8 & 1));",
     "i8 per 32", MODE_TABLE_DOT, "the number among 6 values, 3 bits"},
    {"p : u8 per 8; c : u2; d : f16 per 32; table g : i8[4, 8] = { " VECTORS " }; value = d * g[p & 3, k % 8] + d * c;",
     "i8 per 32", MODE_TABLE_DOT, "the number among 3 values, 2 bits"},
    {"p : u8 per 8; c : u8; table g : i8[4, 8] = { " VECTORS " }; value = g[p & 3, k % 8] + 0.5 * c;", "f32",
     MODE_DECODE, "too many for one code"},
    {"p : u8 per 8; t : f16[8] per row; c : u3; table g : i8[4, 8] = { " VECTORS " }; value = g[p & 3, k % 8] * t[c];",
     "f32", MODE_DECODE, "a stored look-up is multiplied by what depends on the position"},
    {"c : u4; s : f16 per 32; value = s / (c - 3);", "i8 per 32", MODE_FLOAT,
     "table-dot refused: a level is infinite or no number"},
    {"c : u4; s : u4 per 32; value = (c + 1) % (s + 1);", "f32", -1, NULL},
    {"c : u4; value = c * n;", "f32", -1, NULL},
    {"c : u8 per 8; s : f16 per 32; t : f16[256, 8] per tensor; value = s * t[c, k % 8];", "i8 per 32", MODE_DECODE,
     "depends on the weight's position"},
    {"c : u2; value = window(c, 16, 48);", "f32", -1, NULL},
    {"c : u4; s : u8 per 32; value = c << s;", "i8 per 32", -1, NULL},
    {"c : u4; s : u4 per 32; value = c << s;", "i8 per 32", MODE_INT_DOT, "level 0: 1 * (code +0)"},
    {"c : u4; value = 0;", "i8 per 32", MODE_INT_DOT, NULL},
};

START_TEST(modes_are_chosen_and_refused_with_reasons) {
  const mode_row *row = &mode_rows[_i];
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, row->members, row->act);
  ck_assert_msg((r != NULL) == (row->mode >= 0), "%s: %s", row->members, diag_text(k.d));
  if (r == NULL) {
    ck_assert_ptr_nonnull(strstr(diag_text(k.d), "no compute mode fits"));
  } else {
    const char *text = kit_explained(&k);
    ck_assert_msg((int)r->mode == row->mode, "%s, %s: %s\n%s", row->members, row->act, compute_mode_name(r->mode),
                  text);
    if (row->explain != NULL) ck_assert_msg(strstr(text, row->explain) != NULL, "%s lacks '%s'", text, row->explain);
    static const char *const all[] = {"    int-dot ", "    table-dot ", "    float ", "    decode "};
    for (size_t i = 0; i < 4; i++) ck_assert_msg(strstr(text, all[i]) != NULL, "%s lacks %s", text, all[i]);
    const char *message;
    ck_assert_msg(kit_matmul(&k, r, kit_tier(16), 3, 17, 70, SAMPLE_EDGES, &message), "%s", message);
  }
  kit_free(&k);
}
END_TEST

// The level that a core's planes mean.
static double plane_level(const recipe_core *core, uint64_t code) {
  double u = 0, top = pow(256, core->plane_count - 1);
  for (unsigned p = core->plane_count; p-- > 0;) u = 256 * u + core->planes[p][code];
  return core->step * (u + (double)core->offset * top);
}

START_TEST(planes_mean_the_levels) {
  uint64_t state = (uint64_t)_i + 1;
  lower_kit k = kit_new();
  strbuf members = {.mem = k.mem};
  bool whole = _i % 3 == 0; // multiples of a step that fit a byte: exact
  strbuf_printf(&members, "c : u4; table t : f32[16] = {");
  double scale = exp2((double)(kit_next(&state) % 20) - 10);
  for (int i = 0; i < 16; i++) {
    double level = whole ? (double)(kit_next(&state) % 200) : (double)(kit_next(&state) % 1000000) - 300000;
    strbuf_printf(&members, " %.17g,", level * scale);
  }
  strbuf_printf(&members, " }; value = t[c];");
  const recipe *r = kit_recipe(&k, strbuf_text(&members), "i8 per 32");
  ck_assert_ptr_nonnull(r);
  ck_assert_msg(r->mode == MODE_TABLE_DOT, "%s", strbuf_text(&members));
  const double *levels = r->terms[0].value.levels;
  const recipe_core *core = &r->cores[0];
  double allowed = core->plane_count < 3 ? 0 : core->step / 2;
  for (uint64_t c = 0; c < 16; c++) ck_assert_double_le(fabs(plane_level(core, c) - levels[c]), allowed);
  if (whole) ck_assert_uint_eq(core->plane_count, 1);
  kit_free(&k);
}
END_TEST

// Levels just below a number whose highest byte would be 256.
START_TEST(rounding_stays_within_the_highest_byte) {
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, "c : u2; value = select(c < 1, -0.4, select(c < 2, 0.3, 16711679.6));", "i8 per 32");
  ck_assert_ptr_nonnull(r);
  const recipe_core *core = &r->cores[0];
  for (uint64_t c = 0; c < 4; c++)
    ck_assert_double_le(fabs(plane_level(core, c) - r->terms[0].value.levels[c]), core->step);
  kit_free(&k);
}
END_TEST

// ---- spans -------------------------------------------------------------------------------------------------------------

typedef struct span_row {
  const char *members, *act;
  uint64_t segment, float_span; // 0: the row
} span_row;

#define GROUPS(n) "c : u4; s : f16 per " #n "; value = s * (c - 8);"
#define NESTED(n, m) "c : u4; q : u6 per " #n "; d : f16 per " #m "; value = d * q * c;"

static const span_row span_rows[] = {
    {GROUPS(3), "i8 per token", 4, 4},
    {GROUPS(5), "i8 per token", 8, 8},
    {GROUPS(7), "i8 per token", 8, 8},
    {GROUPS(20), "i8 per token", 20, 20},
    {GROUPS(20), "i8 per 100", 20, 20},
    {GROUPS(20), "i8 per 32", 4, 4},
    {GROUPS(48), "i8 per token", 48, 48},
    {GROUPS(48), "i8 per 32", 16, 16},
    {GROUPS(32), "i8 per 32", 32, 32},
    {GROUPS(64), "i8 per 32", 32, 32},
    {GROUPS(32), "i8 per token", 32, 32},
    {GROUPS(32), "f32", 32, 32},
    {GROUPS(32), "i8 static", 32, 32},
    {GROUPS(1000), "i8 per token", 1024, 1024},
    {GROUPS(100), "f32", 112, 112},
    {GROUPS(36), "f32", 40, 40},
    {GROUPS(9973), "f32", 9984, 9984},
    {"c : u4; s : f16 per row; value = s * c;", "i8 per token", 0, 0},
    {"c : u4; s : f16 per row; value = s * c;", "i8 per 32", 32, 32},
    {"c : u4; s : f16 per tensor; value = s * c;", "f32", 0, 0},
    {NESTED(32, 256), "i8 per token", 32, 256},
    {NESTED(32, 256), "i8 per 32", 32, 32},
    {NESTED(16, 256), "i8 per 128", 16, 128},
    {NESTED(32, 256), "f32", 32, 32},
    {"c : u4; q : u6 per 32; d : f16 per row; value = d * q * c;", "i8 per token", 32, 0},
    {"c : u4; q : u6 per 8; d : f16 per 1000; value = d * q * c;", "i8 per token", 8, 8},
};

START_TEST(spans_follow_the_groups) {
  const span_row *row = &span_rows[_i];
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, row->members, row->act);
  ck_assert_msg(r != NULL, "%s", diag_text(k.d));
  uint64_t segment = row->segment == 0 ? PREPARED_ROW : row->segment;
  uint64_t span = row->float_span == 0 ? PREPARED_ROW : row->float_span;
  ck_assert_msg(r->segment == segment && r->float_span == span, "%s, %s: segment %llu, span %llu", row->members,
                row->act, (unsigned long long)r->segment, (unsigned long long)r->float_span);
  ck_assert_int_eq(r->flush > 0, r->float_span == PREPARED_ROW);
  const char *message;
  for (int data = SAMPLE_RANDOM; data <= SAMPLE_ALL_HIGH; data++)
    ck_assert_msg(kit_matmul(&k, r, kit_tier(16), 2, 3, 150, data, &message), "%s", message);
  kit_free(&k);
}
END_TEST

// ---- the proof -----------------------------------------------------------------------------------------------------------

typedef struct worst_row {
  const char *members, *act;
  uint64_t columns;
  double level;   // largest |level * integer coefficients| of a code
  bool whole_row; // sums over the row, flushed in time
} worst_row;

static const worst_row worst_rows[] = {
    {"c : u8; s : f32 per row; value = s * c;", "i8 per token", 300000, 255, true},
    {"c : i8; s : f32 per row; value = s * c;", "i8 per token", 140000, 128, true},
    {"c : i8; s : f32 per row; value = s * c;", "i8 static", 140000, 128, true},
    {"c : u8; s : f32 per row; value = s * (c - 200);", "i8 per token", 140000, 200, true},
    {"c : u8; s : f32 per row; value = s * c;", "u8 per token", 140000, 255, true},
    {"c : u8; s : f32 per row; value = s * (c - 200);", "u8 per token", 140000, 200, true},
    {"c : u8; s : f32 per row; value = s * c;", "u8 static", 140000, 255, true},
    {"c : u8; s : f32 per 100000; value = s * c;", "i8 per token", 140000, 255, false},
    {"c : u8; s : f32 per row; z : u4 per 131072; value = s * c;", "i8 per token", 140000, 255, false},
    {"c : u4; q : u6 per 65536; d : f32 per row; value = d * q * (c - 8);", "i8 per token", 70000, 8 * 63, false},
    {"c : u4; q : u6 per 32; d : f32 per row; value = d * q * c;", "i8 per token", 100000, 15 * 63, true},
    {"c : u4; q : u16 per 32; d : f32 per row; value = d * q * c;", "i8 per token", 20000, 15.0 * 65535, false},
    {"c : u4; q : u8 per 32; p : i8 per 64; d : f32 per 65536; value = d * q * p * c;", "i8 per token", 65536,
     15.0 * 255 * 128, false},
    {"c : u2; table t : f32[4] = { 0.0, 1.0, 250.0, 255.0 }; d : f32 per row; value = d * t[c];", "i8 per token",
     300000, 255, true},
};

// One row of equal codes times `columns` equal activations that are quantized to 127, -127 or (static) -128: the
// kernel's result over the exact one.
static double worst_ratio(lower_kit *k, const recipe *r, uint64_t columns, sample_data data, float x) {
  uint64_t bytes;
  prepared_sizes s;
  ck_assert(packing_tensor_bytes(&r->pack, 1, columns, &bytes) && prepared_get_sizes(&r->prepared, columns, &s));
  tensor_codes *codes = sample_codes(k->d, k->mem, r->scheme, 1, columns, 1, data);
  ir_memory weights = {.data = ARENA_ARRAY(k->mem, uint8_t, bytes), .size = bytes};
  ck_assert(pack_tensor(k->d, k->mem, r, codes, weights.data, bytes));
  float *xs = ARENA_ARRAY(k->mem, float, columns), y = 0;
  for (uint64_t i = 0; i < columns; i++) xs[i] = x;
  ir_memory prepared = ir_unwritten(k->mem, s.row_bytes);
  ir_memory buffers[] = {{.data = (uint8_t *)xs, .size = 4 * columns}, prepared};
  const uint64_t sizes[] = {columns,        columns,        s.row_bytes, s.scales_offset,
                            s.isums_offset, s.fsums_offset, s.positions};
  ir_module *m = ir_module_new(k->mem, "worst");
  const ir_func *prepare = lower_emit_prepare(m, &r->prepared, kit_tier(16), false, "prepare");
  ck_assert_msg(ir_interpret(k->d, prepare, 2, buffers, 7, sizes, 0, 1), "%s", diag_text(k->d));
  matmul_shape shape = {.epilogue = ""};
  const ir_func *f = lower_emit_matmul(m, r, kit_tier(16), false, &shape, "matmul");
  uint64_t positions, tile;
  ck_assert(packing_positions(&r->pack, columns, &positions) && packing_tile_bytes(&r->pack, columns, &tile));
  const uint64_t at[] = {1, 1, positions, tile, s.row_bytes, s.scales_offset, s.isums_offset, s.fsums_offset, 1};
  ir_memory all[] = {weights, prepared, {.data = (uint8_t *)&y, .size = 4}};
  ck_assert_msg(ir_interpret(k->d, f, 3, all, 9, at, 0, 1), "%s", diag_text(k->d));
  double sum = 0, used = r->act.kind == ACT_STATIC ? ((double)elem_min(r->act.type) - r->act.zero) * 0.01 : x;
  for (uint64_t i = 0; i < columns; i++) sum += scheme_weight(codes, 0, i) * used;
  return (double)y / sum;
}

// Without shortening or flushing, 127 or -128 times the largest level over all columns would not fit i32; with it the
// interpreted kernel's result is right for the least and greatest codes.
START_TEST(worst_cases_do_not_overflow) {
  const worst_row *row = &worst_rows[_i];
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, row->members, row->act);
  ck_assert_msg(r != NULL, "%s", diag_text(k.d));
  ck_assert_double_gt(row->level * 127 * (double)row->columns, 2147483647.0);
  ck_assert_msg((r->float_span == PREPARED_ROW) == row->whole_row, "%s", kit_explained(&k));
  uint64_t together = r->float_span == PREPARED_ROW ? r->flush * r->pack.block : r->float_span;
  bool nested = r->float_span != r->segment;
  double level = nested ? row->level : fmin(row->level, 255);
  ck_assert_msg(level * act_magnitude(&r->act) * (double)together <= 2147483648.0, "%llu positions",
                (unsigned long long)together);
  static const float numbers[] = {-2, 3};
  for (size_t i = 0; i < 2 * 2; i++) {
    sample_data data = i < 2 ? SAMPLE_ALL_LOW : SAMPLE_ALL_HIGH;
    if (r->act.kind == ACT_STATIC && i % 2 == 1) continue;
    double ratio = worst_ratio(&k, r, row->columns, data, numbers[i % 2]);
    ck_assert_msg(isnan(ratio) || fabs(ratio - 1) < 1e-4, "%s: %g of the exact sum", row->members, ratio);
    ck_assert(!isnan(ratio) || data == SAMPLE_ALL_LOW);
  }
  kit_free(&k);
}
END_TEST

// ---- limits and warnings ----------------------------------------------------------------------------------------------

static const char *many_terms(lower_kit *k, unsigned count) {
  strbuf text = {.mem = k->mem};
  strbuf_printf(&text, "c : u4;");
  for (unsigned i = 0; i < count; i++) strbuf_printf(&text, "s%u : f16 per 32; ", i);
  strbuf_printf(&text, "value = 0");
  for (unsigned i = 0; i < count; i++) strbuf_printf(&text, " + s%u * (c ^ %u)", i, i % 16);
  strbuf_printf(&text, ";");
  return strbuf_text(&text);
}

START_TEST(more_terms_than_a_kernel_has_sums_are_decoded) {
  static const struct {
    unsigned count;
    const char *act;
    compute_mode mode;
  } rows[] = {{8, "f32", MODE_FLOAT},
              {17, "f32", MODE_DECODE},
              {16, "i8 per 32", MODE_TABLE_DOT},
              {17, "i8 per 32", MODE_DECODE},
              {40, "i8 per token", MODE_DECODE}};
  lower_kit k = kit_new();
  const recipe *r = kit_recipe(&k, many_terms(&k, rows[_i].count), rows[_i].act);
  ck_assert_msg(r != NULL, "%s", diag_text(k.d));
  ck_assert_msg(r->mode == rows[_i].mode, "%s", kit_explained(&k));
  const char *message;
  ck_assert_msg(kit_matmul(&k, r, kit_tier(4), 2, 17, 40, SAMPLE_RANDOM, &message), "%s", message);
  kit_free(&k);
}
END_TEST

typedef struct warning_row {
  const char *members, *act, *warning; // NULL: none
} warning_row;

static const warning_row warning_rows[] = {
    {AFFINE, "i8 per 32", NULL},
    {AFFINE, "f32", NULL},
    {TABLE, "i8 per token", NULL},
    {FLOATS, "f32", NULL},
    {GROUPS(16), "i8 per 16", NULL},
    {GROUPS(20), "i8 per token", NULL},
    {GROUPS(20), "i8 per 32", "scales change every 4 weights"},
    {GROUPS(7), "f32", "scales change every 8 weights"},
    {DECODED, "f32", "is decoded weight by weight: codes and coarser fields are mixed"},
    {STORED, "f32", "are not the same in all rows: each is looked up in memory"},
    {FLOATS, "i8 per 32", "with activations i8 per 32 dynamic is computed in f32"},
    {"c : u2; b : u1; t : f16[4] per row; value = t[c] * (1 - 2 * b);", "f32", "another function of the code"},
    {"c : u8 per 8; t : f16[256, 8] per tensor; value = t[c, k % 8];", "f32", NULL},
    {"c : u8 per 8; t : f16[2, 256, 4] per tensor; value = t[k / 4 % 2, c, k % 4];", "f32", NULL},
    {"c : u8 per 6; t : f16[256, 6] per tensor; value = t[c, k % 6];", "f32", "depends on the weight's position"},
    {"c : u8 per 8; t : f16[256, 8] per tensor; value = t[c, 7 - k % 8];", "f32", "depends on the weight's position"},
};

START_TEST(slow_paths_and_only_they_are_warned_of) {
  const warning_row *row = &warning_rows[_i];
  lower_kit k = kit_new();
  ck_assert_ptr_nonnull(kit_recipe(&k, row->members, row->act));
  const char *text = diag_text(k.d);
  if (row->warning == NULL) {
    ck_assert_str_eq(text, "");
  } else {
    ck_assert_msg(strstr(text, row->warning) != NULL, "%s, %s: %s", row->members, row->act, text);
    ck_assert_ptr_nonnull(strstr(text, "[-Wfallback]"));
  }
  kit_free(&k);
}
END_TEST

// Six, four and two tokens at once leave a seventh, wherever it comes to lie.
START_TEST(every_token_is_computed) {
  static const unsigned lanes[] = {16, 8, 4, 1};
  static const struct {
    const char *members, *act;
  } rows[] = {{AFFINE, "i8 per 32"}, {AFFINE, "f32"}, {DECODED, "f32"}, {TABLE, "i8 per token"}, {TABLE, "bf16"}};
  lower_kit k = kit_new();
  const char *message;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const recipe *r = kit_recipe(&k, rows[i].members, rows[i].act);
    for (uint64_t tokens = 1; tokens < 16; tokens++)
      ck_assert_msg(kit_matmul(&k, r, kit_tier(lanes[_i]), tokens, 17, 33, SAMPLE_RANDOM, &message), "%s", message);
  }
  kit_free(&k);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("recipes");
  TCase *tcase = tcase_create("passes");
#define LOOP(test, rows) tcase_add_loop_test(tcase, test, 0, (int)(sizeof(rows) / sizeof *(rows)))
  LOOP(values_are_sums_of_products, normal_rows);
  tcase_add_loop_test(tcase, codes_that_cannot_be_packed_are_errors, 0, 2);
  LOOP(modes_are_chosen_and_refused_with_reasons, mode_rows);
  tcase_add_loop_test(tcase, planes_mean_the_levels, 0, 30);
  tcase_add_test(tcase, rounding_stays_within_the_highest_byte);
  LOOP(spans_follow_the_groups, span_rows);
  LOOP(worst_cases_do_not_overflow, worst_rows);
  tcase_add_loop_test(tcase, more_terms_than_a_kernel_has_sums_are_decoded, 0, 5);
  LOOP(slow_paths_and_only_they_are_warned_of, warning_rows);
  tcase_add_loop_test(tcase, every_token_is_computed, 0, 4);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
