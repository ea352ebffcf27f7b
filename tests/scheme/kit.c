#include "tests/scheme/kit.h"

#include <math.h>
#include <string.h>

static const expr *const *args_of(arena *a, size_t count, const expr *const *list) {
  return arena_memdup(a, list, count * sizeof *list);
}

static const expr *make(arena *a, expr_op op, unsigned index, unsigned axis, size_t count, const expr *const *list) {
  return expr_make(a, op, index, axis, count, args_of(a, count, list), SRC_NOWHERE);
}

const expr *num(arena *a, int64_t value) { return expr_int(a, value, SRC_NOWHERE); }
const expr *real(arena *a, double value) { return expr_real(a, value, SRC_NOWHERE); }
const expr *var(arena *a, expr_var v) { return expr_leaf(a, EXPR_VAR, v, true, SRC_NOWHERE); }
const expr *field(arena *a, unsigned index, bool is_int) {
  return expr_leaf(a, EXPR_FIELD, index, is_int, SRC_NOWHERE);
}
const expr *op1(arena *a, expr_op op, const expr *x) { return make(a, op, 0, 0, 1, (const expr *[]){x}); }
const expr *op2(arena *a, expr_op op, const expr *x, const expr *y) {
  return make(a, op, 0, 0, 2, (const expr *[]){x, y});
}
const expr *op3(arena *a, expr_op op, const expr *x, const expr *y, const expr *z) {
  return make(a, op, 0, 0, 3, (const expr *[]){x, y, z});
}
const expr *table_at(arena *a, unsigned table, const expr *index) {
  return make(a, EXPR_TABLE, table, 0, 1, (const expr *[]){index});
}
const expr *element_at(arena *a, unsigned field_index, const expr *index) {
  return make(a, EXPR_ELEMENT, field_index, 0, 1, (const expr *[]){index});
}
const expr *bits(arena *a, const expr *at, const expr *width) { return op2(a, EXPR_BITS, at, width); }
const expr *load(arena *a, unsigned tensor, const expr *i, const expr *j) {
  return make(a, EXPR_LOAD, tensor, 0, j == NULL ? 1 : 2, (const expr *[]){i, j});
}
const expr *stream(arena *a, unsigned tensor, unsigned axis, const expr *other, const expr *at, const expr *width) {
  return make(a, EXPR_STREAM, tensor, axis, 3, (const expr *[]){other, at, width});
}

scheme *new_scheme(arena *a, const char *name, size_t field_count, const scheme_field *fields, const expr *value) {
  scheme *s = ARENA_NEW(a, scheme);
  s->name = name;
  s->field_count = field_count;
  s->fields = arena_memdup(a, fields, field_count * sizeof *fields);
  s->value = value;
  return s;
}

void set_tables(arena *a, scheme *s, size_t count, const scheme_table *tables) {
  s->table_count = count;
  s->tables = arena_memdup(a, tables, count * sizeof *tables);
}

scheme_layout *add_layout(arena *a, scheme *s, const char *name) {
  scheme_layout *all = ARENA_ARRAY(a, scheme_layout, s->layout_count + 1);
  if (s->layout_count > 0) memcpy(all, s->layouts, s->layout_count * sizeof *all);
  scheme_layout *l = &all[s->layout_count++];
  s->layouts = all;
  l->name = name;
  l->type_id = -1;
  return l;
}

void add_place(arena *a, scheme_layout *l, unsigned field_index, unsigned binder_count, const expr *raw) {
  layout_place *all = ARENA_ARRAY(a, layout_place, l->place_count + 1);
  if (l->place_count > 0) memcpy(all, l->places, l->place_count * sizeof *all);
  all[l->place_count++] = (layout_place){.field = field_index, .binder_count = binder_count, .raw = raw};
  l->places = all;
}

void add_tensor(arena *a, scheme_layout *l, const char *name, elem_type type, unsigned rank, const expr *d0,
                const expr *d1) {
  layout_tensor *all = ARENA_ARRAY(a, layout_tensor, l->tensor_count + 1);
  if (l->tensor_count > 0) memcpy(all, l->tensors, l->tensor_count * sizeof *all);
  all[l->tensor_count++] = (layout_tensor){
      .name = name, .suffix = arena_printf(a, ".%s", name), .type = type, .rank = rank, .dims = {d0, d1}};
  l->tensors = all;
}

static scheme_layout *add_block_layout(arena *a, scheme *s, uint64_t weights, uint64_t bytes) {
  scheme_layout *l = add_layout(a, s, "block");
  l->block_weights = weights;
  l->block_bytes = bytes;
  return l;
}

#define CODE(t) {.name = "code", .type = (t), .gran = PER_WEIGHT}
#define FIELD_OF(n, t, g) {.name = (n), .type = (t), .gran = g}

// The nibbles of 32 weights from byte `first`: weight i in the low half of byte i, weight i + 16 in its high half.
static const expr *split_nibbles(arena *a, int64_t first) {
  const expr *i = BINDER(0);
  return bits(a, ADD(ADD(NUM(first * 8), MUL(MOD(i, NUM(16)), NUM(8))), MUL(DIV(i, NUM(16)), NUM(4))), NUM(4));
}

scheme *kit_q4_0(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("scale", ELEM_F16, PER(32))};
  scheme *s = new_scheme(a, "q4_0", 2, fields, MUL(field(a, 1, false), SUB(field(a, 0, true), NUM(8))));
  scheme_layout *l = add_block_layout(a, s, 32, 18);
  add_place(a, l, 0, 1, split_nibbles(a, 2));
  add_place(a, l, 1, 1, bits(a, NUM(0), NUM(16)));
  return s;
}

scheme *kit_q4_1(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("scale", ELEM_F16, PER(32)), FIELD_OF("min", ELEM_F16, PER(32))};
  const expr *value = ADD(MUL(field(a, 1, false), field(a, 0, true)), field(a, 2, false));
  scheme *s = new_scheme(a, "q4_1", 3, fields, value);
  scheme_layout *l = add_block_layout(a, s, 32, 20);
  add_place(a, l, 0, 1, split_nibbles(a, 4));
  add_place(a, l, 1, 1, bits(a, NUM(0), NUM(16)));
  add_place(a, l, 2, 1, bits(a, NUM(16), NUM(16)));
  return s;
}

scheme *kit_q5_0(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U5), FIELD_OF("scale", ELEM_F16, PER(32))};
  scheme *s = new_scheme(a, "q5_0", 2, fields, MUL(field(a, 1, false), SUB(field(a, 0, true), NUM(16))));
  scheme_layout *l = add_block_layout(a, s, 32, 22);
  const expr *high = SHL(bits(a, ADD(NUM(16), BINDER(0)), NUM(1)), NUM(4));
  add_place(a, l, 0, 1, OR(split_nibbles(a, 6), high));
  add_place(a, l, 1, 1, bits(a, NUM(0), NUM(16)));
  return s;
}

scheme *kit_q8_0(arena *a) {
  scheme_field fields[] = {CODE(ELEM_I8), FIELD_OF("scale", ELEM_F16, PER(32))};
  scheme *s = new_scheme(a, "q8_0", 2, fields, MUL(field(a, 1, false), field(a, 0, true)));
  scheme_layout *l = add_block_layout(a, s, 32, 34);
  add_place(a, l, 0, 1, bits(a, ADD(NUM(16), MUL(BINDER(0), NUM(8))), NUM(8)));
  add_place(a, l, 1, 1, bits(a, NUM(0), NUM(16)));
  return s;
}

// One of the 6-bit scales (low_shift 0) or minima (4) of a q4_K block: below 4 whole, from 4 on in two parts.
static const expr *k_scale(arena *a, int64_t low_shift) {
  const expr *g = BINDER(0);
  const expr *at_whole = ADD(NUM(32 + (low_shift != 0 ? 32 : 0)), MUL(g, NUM(8)));
  const expr *low = bits(a, ADD(NUM(32 + low_shift), MUL(ADD(g, NUM(4)), NUM(8))), NUM(4));
  const expr *at_high = ADD(NUM(32 + 6 + (low_shift != 0 ? 32 : 0)), MUL(SUB(g, NUM(4)), NUM(8)));
  const expr *high = SHL(bits(a, at_high, NUM(2)), NUM(4));
  return SELECT(LT(g, NUM(4)), bits(a, at_whole, NUM(6)), OR(low, high));
}

scheme *kit_q4_k(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("sc", ELEM_U6, PER(32)), FIELD_OF("mn", ELEM_U6, PER(32)),
                           FIELD_OF("d", ELEM_F16, PER(256)), FIELD_OF("dmin", ELEM_F16, PER(256))};
  const expr *positive = MUL(MUL(field(a, 3, false), field(a, 1, true)), field(a, 0, true));
  scheme *s = new_scheme(a, "q4_k", 5, fields, SUB(positive, MUL(field(a, 4, false), field(a, 2, true))));
  scheme_layout *l = add_block_layout(a, s, 256, 144);
  const expr *i = BINDER(0);
  const expr *byte = ADD(MUL(DIV(i, NUM(64)), NUM(32)), MOD(i, NUM(32)));
  const expr *half = MUL(MOD(DIV(i, NUM(32)), NUM(2)), NUM(4));
  add_place(a, l, 0, 1, bits(a, ADD(MUL(ADD(NUM(16), byte), NUM(8)), half), NUM(4)));
  add_place(a, l, 1, 1, k_scale(a, 0));
  add_place(a, l, 2, 1, k_scale(a, 4));
  add_place(a, l, 3, 1, bits(a, NUM(0), NUM(16)));
  add_place(a, l, 4, 1, bits(a, NUM(16), NUM(16)));
  return s;
}

scheme *kit_q6_k(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U6), FIELD_OF("sc", ELEM_I8, PER(16)), FIELD_OF("d", ELEM_F16, PER(256))};
  const expr *value = MUL(MUL(field(a, 2, false), field(a, 1, true)), SUB(field(a, 0, true), NUM(32)));
  scheme *s = new_scheme(a, "q6_k", 3, fields, value);
  scheme_layout *l = add_block_layout(a, s, 256, 210);
  const expr *i = BINDER(0);
  const expr *h = DIV(i, NUM(128)), *q = MOD(DIV(i, NUM(32)), NUM(4)), *lane = MOD(i, NUM(32));
  const expr *low_byte = ADD(ADD(MUL(h, NUM(64)), MUL(AND(q, NUM(1)), NUM(32))), lane);
  const expr *low = bits(a, ADD(MUL(low_byte, NUM(8)), MUL(SHR(q, NUM(1)), NUM(4))), NUM(4));
  const expr *high_byte = ADD(NUM(128), ADD(MUL(h, NUM(32)), lane));
  const expr *high = bits(a, ADD(MUL(high_byte, NUM(8)), MUL(q, NUM(2))), NUM(2));
  add_place(a, l, 0, 1, OR(low, SHL(high, NUM(4))));
  add_place(a, l, 1, 1, bits(a, MUL(ADD(NUM(192), i), NUM(8)), NUM(8)));
  add_place(a, l, 2, 1, bits(a, NUM(208 * 8), NUM(16)));
  return s;
}

static const double nf4_levels[16] = {-1.0,       -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734,
                                      -0.0910500, 0.0,        0.0795803,  0.1609302,  0.2461123,  0.3379152,
                                      0.4407098,  0.5626170,  0.7229568,  1.0};

static scheme_table level_table(arena *a, elem_type type, size_t count, const double *levels) {
  double *values = ARENA_ARRAY(a, double, count);
  for (size_t i = 0; i < count; i++) values[i] = elem_decode(type, elem_encode(type, levels[i]));
  return (scheme_table){.name = "level", .type = type, .count = count, .values = values};
}

scheme *kit_nf4(arena *a, unsigned group) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("absmax", ELEM_F32, PER(group))};
  scheme *s = new_scheme(a, "nf4", 2, fields, MUL(field(a, 1, false), table_at(a, 0, field(a, 0, true))));
  scheme_table t = level_table(a, ELEM_F32, 16, nf4_levels);
  set_tables(a, s, 1, &t);
  return s;
}

scheme *kit_nf4_double(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("q", ELEM_U8, PER(64)), FIELD_OF("scale", ELEM_F32, PER(16384)),
                           FIELD_OF("offset", ELEM_F32, PER_TENSOR)};
  const expr *absmax = ADD(MUL(field(a, 2, false), field(a, 1, true)), field(a, 3, false));
  scheme *s = new_scheme(a, "nf4_double", 4, fields, MUL(absmax, table_at(a, 0, field(a, 0, true))));
  scheme_table t = level_table(a, ELEM_F32, 16, nf4_levels);
  set_tables(a, s, 1, &t);
  return s;
}

scheme *kit_int4_zero(arena *a, unsigned group) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("scale", ELEM_F16, PER(group)),
                           FIELD_OF("zero", ELEM_U4, PER(group))};
  return new_scheme(a, "int4_zero", 3, fields, MUL(field(a, 1, false), SUB(field(a, 0, true), field(a, 2, true))));
}

scheme *kit_ternary(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U2), FIELD_OF("scale", ELEM_F16, PER(32))};
  scheme *s = new_scheme(a, "ternary", 2, fields, MUL(field(a, 1, false), table_at(a, 0, field(a, 0, true))));
  scheme_table t = level_table(a, ELEM_F32, 4, (double[]){0, 1, -1, 0});
  set_tables(a, s, 1, &t);
  return s;
}

scheme *kit_int8_row(arena *a) {
  scheme_field fields[] = {CODE(ELEM_I8), FIELD_OF("scale", ELEM_F32, PER_ROW)};
  return new_scheme(a, "int8_row", 2, fields, MUL(field(a, 1, false), field(a, 0, true)));
}

scheme *kit_int8_tensor(arena *a) {
  scheme_field fields[] = {CODE(ELEM_I8), FIELD_OF("scale", ELEM_F32, PER_TENSOR)};
  return new_scheme(a, "int8_tensor", 2, fields, MUL(field(a, 1, false), field(a, 0, true)));
}

scheme *kit_codebook3(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U3), FIELD_OF("scale", ELEM_F16, PER(32))};
  scheme *s = new_scheme(a, "codebook3", 2, fields, MUL(field(a, 1, false), table_at(a, 0, field(a, 0, true))));
  scheme_table t = level_table(a, ELEM_F32, 8, (double[]){-1.0, -0.6, -0.33, -0.1, 0.1, 0.33, 0.6, 1.0});
  set_tables(a, s, 1, &t);
  scheme_layout *l = add_block_layout(a, s, 32, 14);
  add_place(a, l, 0, 1, bits(a, ADD(NUM(16), MUL(BINDER(0), NUM(3))), NUM(3)));
  add_place(a, l, 1, 1, bits(a, NUM(0), NUM(16)));
  return s;
}

scheme *kit_stored_levels(arena *a) {
  scheme_field fields[] = {
      CODE(ELEM_U3),
      FIELD_OF("scale", ELEM_F16, PER(64)),
      {.name = "level", .type = ELEM_F16, .gran = PER_ROW, .rank = 1, .dims = {8}},
  };
  return new_scheme(a, "stored_levels", 3, fields, MUL(field(a, 1, false), element_at(a, 2, field(a, 0, true))));
}

scheme *kit_mx(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U4), FIELD_OF("e", ELEM_U8, PER(32))};
  const expr *scale = op1(a, EXPR_EXP2, SUB(field(a, 1, true), NUM(127)));
  scheme *s = new_scheme(a, "mx", 2, fields, MUL(scale, table_at(a, 0, field(a, 0, true))));
  scheme_table t =
      level_table(a, ELEM_F32, 16, (double[]){0, .5, 1, 1.5, 2, 3, 4, 6, -0.0, -.5, -1, -1.5, -2, -3, -4, -6});
  set_tables(a, s, 1, &t);
  return s;
}

// Separate tensors with 32-bit words: codes packed along K, zero points (stored less one) along N.
scheme *kit_gptq(arena *a, unsigned width, unsigned group) {
  static const elem_type types[] = {[2] = ELEM_U2, [3] = ELEM_U3, [4] = ELEM_U4, [8] = ELEM_U8};
  scheme_field fields[] = {CODE(types[width]), FIELD_OF("scale", ELEM_F16, PER(group)),
                           FIELD_OF("zero", types[width], PER(group))};
  const expr *zero = ADD(field(a, 2, true), NUM(1));
  scheme *s = new_scheme(a, "gptq", 3, fields, MUL(field(a, 1, false), SUB(field(a, 0, true), zero)));
  scheme_layout *l = add_layout(a, s, "tensors");
  const expr *rows = var(a, VAR_ROWS), *columns = var(a, VAR_COLUMNS);
  const expr *groups = DIV(ADD(columns, NUM((int64_t)group - 1)), NUM(group));
  const expr *k_words = DIV(ADD(MUL(columns, NUM(width)), NUM(31)), NUM(32));
  const expr *n_words = DIV(ADD(MUL(rows, NUM(width)), NUM(31)), NUM(32));
  add_tensor(a, l, "qweight", ELEM_I32, 2, k_words, rows);
  add_tensor(a, l, "qzeros", ELEM_I32, 2, groups, n_words);
  add_tensor(a, l, "scales", ELEM_F16, 2, groups, rows);
  const expr *n = BINDER(0), *i = BINDER(1), *w = NUM(width);
  add_place(a, l, 0, 2, stream(a, 0, 0, n, MUL(i, w), w));
  add_place(a, l, 1, 2, load(a, 2, i, n));
  add_place(a, l, 2, 2, stream(a, 1, 1, i, MUL(n, w), w));
  return s;
}

scheme *kit_f16(arena *a) {
  scheme_field fields[] = {{.name = "w", .type = ELEM_F16, .gran = PER_WEIGHT}};
  return new_scheme(a, "f16", 1, fields, field(a, 0, false));
}

scheme *kit_vector(arena *a) {
  scheme_field fields[] = {
      FIELD_OF("code", ELEM_U4, PER(4)),
      FIELD_OF("scale", ELEM_F16, PER_ROW),
      {.name = "book", .type = ELEM_F16, .gran = PER_TENSOR, .rank = 2, .dims = {16, 4}},
  };
  const expr *at = ADD(MUL(field(a, 0, true), NUM(4)), MOD(var(a, VAR_K), NUM(4)));
  return new_scheme(a, "vector", 3, fields, MUL(field(a, 1, false), element_at(a, 2, at)));
}

scheme *kit_selector(arena *a) {
  scheme_field fields[] = {CODE(ELEM_U3), FIELD_OF("scale", ELEM_F16, PER(32)), FIELD_OF("which", ELEM_U1, PER(32))};
  const expr *at = ADD(MUL(field(a, 2, true), NUM(8)), field(a, 0, true));
  scheme *s = new_scheme(a, "selector", 3, fields, MUL(field(a, 1, false), table_at(a, 0, at)));
  scheme_table t =
      level_table(a, ELEM_F32, 16, (double[]){-4, -3, -2, -1, 0, 1, 2, 3, -1, -0.6, -0.33, -0.1, 0.1, 0.33, 0.6, 1.0});
  set_tables(a, s, 1, &t);
  return s;
}

uint64_t kit_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double kit_normal(uint64_t *state) {
  double u = ((double)(kit_random(state) >> 11) + 0.5) * 0x1p-53;
  double v = (double)(kit_random(state) >> 11) * 0x1p-53;
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

float *kit_normal_weights(arena *a, uint64_t count, uint64_t seed) {
  float *w = ARENA_ARRAY(a, float, (size_t)count);
  for (uint64_t i = 0; i < count; i++) w[i] = (float)kit_normal(&seed);
  return w;
}
