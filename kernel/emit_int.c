// Integer expressions in i32 lanes, which hold the low 32 bits of a value (see recipe/lanes.h).
#include "kernel/emit_coarse.h"

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }

bool lo_is_known(const coarse_place *p, const expr *e, int64_t *out) {
  lane_place place = {.scheme = p->recipe->scheme,
                      .aligned = p->aligned,
                      .ahead = p->ahead,
                      .first_row = p->first_row,
                      .emitted = p->b != NULL};
  return lo_known_at(&place, e, out);
}

// ---- the position ----------------------------------------------------------------------------------------

static ir_value *index_value(const coarse_place *p, const expr *e) {
  if (e->op == EXPR_INT) return lo_index(p->b, (uint64_t)e->i);
  if (e->op == EXPR_VAR) return lo_index_offset(p->b, lo_index_add(p->b, p->block_position, p->position), p->ahead);
  ir_value *x = index_value(p, e->args[0]), *y = index_value(p, e->args[1]);
  switch (e->op) {
  case EXPR_ADD: return lo_index_add(p->b, x, y);
  case EXPR_MUL: return lo_index_mul(p->b, x, y);
  case EXPR_DIV: return lo_index_div(p->b, x, y);
  default: return lo_index_rem(p->b, x, y);
  }
}

static ir_value *row_remainder(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  ir_value *at = lo_index_scale(p->b, p->row, 4);
  ir_value *rows = p->splat ? lo_load_splat(p->b, t, p->row_numbers, at) : lo_load(p->b, t, p->row_numbers, at, NULL);
  return ir_emit2(p->b, IR_AND, t, rows, ir_vector_int(p->b, t, e->args[1]->i - 1));
}

static ir_value *position_value(const coarse_place *p, const expr *e) {
  ir_value *one = ir_emit1(p->b, IR_FROM_INDEX, ir_vector(ELEM_I32, 1), index_value(p, e));
  return lo_splat(p->b, one, p->lanes);
}

// ---- division by constants -------------------------------------------------------------------------------

static ir_value *shift(const coarse_place *p, ir_opcode op, ir_value *x, int64_t count) {
  return count == 0 ? x : ir_emit_attr(p->b, op, i32_of(p), x, ir_int(IR_ATTR_SHIFT, count));
}

// floor(x / d) for 0 <= x < 2^15 as x * m >> s: m exceeds 2^s / d by less than 1, and x by less than 2^(s - 15) / m.
static ir_value *quotient(const coarse_place *p, ir_value *x, int64_t d) {
  unsigned s = LANES_DIVIDEND_BITS;
  while (INT64_C(1) << (s - LANES_DIVIDEND_BITS) < d) s++;
  int64_t m = ((INT64_C(1) << s) + d - 1) / d;
  ir_type t = i32_of(p);
  return shift(p, IR_SHR, ir_emit2(p->b, IR_MUL, t, x, ir_vector_int(p->b, t, m)), s);
}

static unsigned log2_of(int64_t d) { return (unsigned)__builtin_ctzll((unsigned long long)d); }

static ir_value *divide(const coarse_place *p, const expr *e) {
  ir_value *x = lo_expr_int(p, e->args[0]);
  int64_t d = e->args[1]->i;
  if (!lo_is_power_of_two(d)) return quotient(p, x, d);
  return shift(p, lo_fits_unsigned(p->recipe->scheme, e->args[0], 32) ? IR_SHR : IR_SAR, x, log2_of(d));
}

static ir_value *remainder_of(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  ir_value *x = lo_expr_int(p, e->args[0]);
  int64_t d = e->args[1]->i;
  if (lo_is_power_of_two(d)) return ir_emit2(p->b, IR_AND, t, x, ir_vector_int(p->b, t, d - 1));
  ir_value *whole = ir_emit2(p->b, IR_MUL, t, quotient(p, x, d), ir_vector_int(p->b, t, d));
  return ir_emit2(p->b, IR_SUB, t, x, whole);
}

static int64_t in_lane(int64_t x) { return (int64_t)(int32_t)(uint32_t)(uint64_t)x; }

// ---- windows ---------------------------------------------------------------------------------------------

// Windows of neighbouring weights overlap: a word holds all codes that those of a group of weights see, and each window is
// cut out of it.
typedef struct window_group {
  const expr *e;
  unsigned bits;   // of a code
  unsigned codes;  // of a window
  unsigned length; // weights of a group, a divisor of a chunk
} window_group;

static window_group group_of(const coarse_place *p, const expr *e) {
  unsigned bits = elem_get(p->recipe->scheme->fields[e->index].type)->bits;
  window_group g = {.e = e, .bits = bits, .codes = ((unsigned)e->args[0]->i + bits - 1) / bits, .length = PACK_CHUNK};
  while (g.length > 1 && (g.length + g.codes - 1) * bits > 32) g.length /= 2;
  return g;
}

// Where the window of the weight at hand ends: at the last weight of its run. Chunks have whole runs.
static uint64_t window_end(const coarse_place *p, const expr *e) {
  uint64_t run = (uint64_t)e->args[2]->i;
  return p->ahead + run - 1 - p->ahead % run;
}

// The code of the weight `from_end` before the group's last one, in its place.
static ir_value *placed_code(const coarse_place *p, const window_group *g, unsigned from_end) {
  uint64_t end = window_end(p, g->e);
  unsigned last = g->length - 1 - (unsigned)(end % g->length) + (unsigned)(end - p->ahead); // after the weight at hand
  ir_value *joint = p->earlier(p->state, (int)from_end - (int)last, (uint64_t)g->e->args[1]->i);
  return shift(p, IR_SHL, lo_code_field(p, g->e->index, joint), from_end * g->bits);
}

// The codes of `count` weights up to the group's last one.
static ir_value *joined_codes(const coarse_place *p, const window_group *g, unsigned count) {
  ir_value *x = placed_code(p, g, 0);
  for (unsigned i = 1; i < count; i++) x = ir_emit2(p->b, IR_OR, i32_of(p), x, placed_code(p, g, i));
  return x;
}

static size_t find_window(const coarse_windows *w, const expr *e) {
  size_t i = 0;
  while (i < w->count && !expr_equal(w->e[i], e)) i++;
  return i;
}

// The word of the group; within a chunk it follows from that of the group before. Only where chunks begin can a span do so.
static ir_value *group_word(const coarse_place *p, const window_group *g) {
  coarse_windows *w = p->windows;
  size_t i = find_window(w, g->e);
  uint64_t number = window_end(p, g->e) / g->length;
  if (i < w->count && w->group[i] == number) return w->value[i];
  bool follows = i < w->count && w->group[i] + 1 == number && number * g->length % PACK_CHUNK != 0;
  ir_value *x = joined_codes(p, g, follows ? g->length : g->length + g->codes - 1);
  if (follows && g->length * g->bits < 32)
    x = ir_emit2(p->b, IR_OR, i32_of(p), shift(p, IR_SHL, w->value[i], g->length * g->bits), x);
  if (i == COARSE_WINDOWS) return x;
  if (i == w->count) w->count++;
  w->e[i] = g->e;
  w->value[i] = x;
  w->group[i] = number;
  return x;
}

static ir_value *window(const coarse_place *p, const expr *e) {
  window_group g = group_of(p, e);
  unsigned width = (unsigned)e->args[0]->i, from_end = g.length - 1 - (unsigned)(window_end(p, e) % g.length);
  ir_value *word = group_word(p, &g);
  if (width == 32) return word;
  ir_attr attrs[] = {ir_int(IR_ATTR_SHIFT, from_end * g.bits), ir_int(IR_ATTR_MASK, (INT64_C(1) << width) - 1)};
  ir_type t = i32_of(p);
  return ir_emit(p->b, IR_BITS, &t, 1, &word, 2, attrs);
}

// ---- all operators ---------------------------------------------------------------------------------------

typedef struct int_row {
  expr_op op;
  ir_opcode code;
} int_row;

// Their results' low bits follow from those of the operands.
static const int_row low_rows[] = {{EXPR_ADD, IR_ADD}, {EXPR_SUB, IR_SUB}, {EXPR_MUL, IR_MUL},
                                   {EXPR_AND, IR_AND}, {EXPR_OR, IR_OR},   {EXPR_XOR, IR_XOR}};

static const int_row *find_low(expr_op op) {
  for (size_t i = 0; i < sizeof low_rows / sizeof *low_rows; i++)
    if (low_rows[i].op == op) return &low_rows[i];
  return NULL;
}

static ir_value *unary(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  ir_value *x = lo_expr_int(p, e->args[0]);
  if (e->op == EXPR_NEG) return ir_emit2(p->b, IR_SUB, t, ir_vector_int(p->b, t, 0), x);
  return ir_emit2(p->b, IR_XOR, t, ir_vector_int(p->b, t, -1), x);
}

static ir_value *shifted(const coarse_place *p, const expr *e) {
  ir_value *x = lo_expr_int(p, e->args[0]);
  int64_t count = 0;
  lo_is_known(p, e->args[1], &count);
  if (e->op == EXPR_SHL) return shift(p, IR_SHL, x, count);
  return shift(p, lo_fits_unsigned(p->recipe->scheme, e->args[0], 32) ? IR_SHR : IR_SAR, x, count);
}

static ir_value *field(const coarse_place *p, const expr *e) {
  bool per_weight = p->recipe->scheme->fields[e->index].gran.kind == GRAN_WEIGHT;
  return per_weight ? lo_code_field(p, e->index, p->code) : lo_field_lanes(p, e->index, 0);
}

static ir_value *compute(const coarse_place *p, const expr *e);

ir_value *lo_expr_int(const coarse_place *p, const expr *e) {
  coarse_memo *m = p->memo;
  if (lo_is_splat(p, e)) {
    coarse_place first = lo_run_splat(p);
    return lo_expr_int(&first, e);
  }
  if (m == NULL || e->op == EXPR_INT) return compute(p, e);
  for (size_t i = 0; i < m->count; i++)
    if (expr_equal(m->e[i], e)) return m->value[i];
  ir_value *x = compute(p, e);
  if (m->count == COARSE_MEMO) return x;
  m->e[m->count] = e;
  m->value[m->count++] = x;
  return x;
}

static ir_value *compute(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  int64_t known;
  const int_row *low = find_low(e->op);
  if (lo_is_known(p, e, &known)) return ir_vector_int(p->b, t, in_lane(known));
  if (lo_is_row_remainder(e)) return row_remainder(p, e);
  if (lo_is_index(e)) return position_value(p, e);
  if (e->op == EXPR_ADD && lo_is_known(p, e->args[0], &known) && known == 0) return lo_expr_int(p, e->args[1]);
  if (e->op == EXPR_ADD && lo_is_known(p, e->args[1], &known) && known == 0) return lo_expr_int(p, e->args[0]);
  ir_value *bytes = e->op == EXPR_ADD ? lo_byte_sum(p, e) : NULL;
  if (bytes != NULL) return bytes;
  if (low != NULL) return ir_emit2(p->b, low->code, t, lo_expr_int(p, e->args[0]), lo_expr_int(p, e->args[1]));
  switch (e->op) {
  case EXPR_FIELD: return field(p, e);
  case EXPR_WINDOW: return window(p, e);
  case EXPR_NEG:
  case EXPR_NOT: return unary(p, e);
  case EXPR_SHL:
  case EXPR_SHR: return shifted(p, e);
  case EXPR_DIV: return divide(p, e);
  case EXPR_MOD: return remainder_of(p, e);
  case EXPR_TABLE: return lo_table_lookup(p, e, true);
  case EXPR_ELEMENT: return lo_element_lookup(p, e, true);
  case EXPR_MIN:
  case EXPR_MAX:
    return ir_emit2(p->b, e->op == EXPR_MIN ? IR_SMIN : IR_SMAX, t, lo_expr_int(p, e->args[0]),
                    lo_expr_int(p, e->args[1]));
  default: return ir_emit1(p->b, IR_FTOI, t, lo_expr_real(p, e)); // comparisons and selections
  }
}
