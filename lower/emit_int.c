// Integer expressions in i32 lanes. Lanes hold the low 32 bits of a value; sums, products and bit operations need no more than
// the low bits of their operands, all others need operands that fit.
#include "format/expr_range.h"
#include "format/int_math.h"
#include "lower/emit_coarse.h"
#include "support/num.h"

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }

static expr_range range_of(const scheme *s, const expr *e) {
  range_env env = range_env_value(s);
  return expr_int_range(&env, e);
}

bool lo_fits_signed(const scheme *s, const expr *e, unsigned bits) {
  expr_range r = range_of(s, e);
  int64_t limit = bits < 63 ? INT64_C(1) << bits : INT64_MAX;
  return r.min >= -limit && r.max < limit;
}

bool lo_is_at_least(const scheme *s, const expr *e, int64_t least) { return range_of(s, e).min >= least; }

bool lo_fits_unsigned(const scheme *s, const expr *e, unsigned bits) {
  expr_range r = range_of(s, e);
  return r.min >= 0 && r.max < INT64_C(1) << bits;
}

// ---- numbers known in advance ----------------------------------------------------------------------------

static bool is_power_of_two(int64_t x) { return x > 0 && (x & (x - 1)) == 0; }

static bool known_pair(const coarse_place *p, const expr *e, int64_t out[2]) {
  return lo_is_known(p, e->args[0], &out[0]) && lo_is_known(p, e->args[1], &out[1]);
}

// k, or a quotient of it, modulo a divisor of what positions are multiples of.
static bool known_remainder(const coarse_place *p, const expr *e, int64_t *out) {
  const expr *k = e->args[0], *d = e->args[1];
  uint64_t unit = 1;
  if (k->op == EXPR_DIV && k->args[1]->op == EXPR_INT && k->args[1]->i > 0 && k->args[1]->i < 1 << 16) {
    unit = (uint64_t)k->args[1]->i;
    k = k->args[0];
  }
  if (k->op != EXPR_VAR || k->index != VAR_K || d->op != EXPR_INT || d->i <= 0 || d->i >= 1 << 16) return false;
  if (p->aligned % (unit * (uint64_t)d->i) != 0) return false;
  *out = (int64_t)(p->ahead / unit % (uint64_t)d->i);
  return true;
}

// Whether k % d is another number than v, by what is known of k: its remainder by a divisor of what positions are multiples of.
static bool is_other_remainder(const coarse_place *p, const expr *rest, const expr *v) {
  const expr *k = rest->args[0], *d = rest->args[1];
  if (k->op != EXPR_VAR || k->index != VAR_K || d->op != EXPR_INT || d->i <= 0 || v->op != EXPR_INT || v->i < 0)
    return false;
  uint64_t known = num_gcd(p->aligned, (uint64_t)d->i);
  return (uint64_t)v->i % known != p->ahead % known;
}

// Comparisons that a part of the position decides, and products with 0: at some positions only, so that nothing is concluded
// where no kernel is emitted.
static bool is_known_zero(const coarse_place *p, const expr *e) {
  int64_t x;
  if (p->b == NULL || !e->is_int || e->arg_count != 2) return false;
  const expr *a = e->args[0], *b = e->args[1];
  if (e->op == EXPR_EQ)
    return (a->op == EXPR_MOD && is_other_remainder(p, a, b)) || (b->op == EXPR_MOD && is_other_remainder(p, b, a));
  return e->op == EXPR_MUL && a->is_int && b->is_int &&
         ((lo_is_known(p, a, &x) && x == 0) || (lo_is_known(p, b, &x) && x == 0));
}

bool lo_is_known(const coarse_place *p, const expr *e, int64_t *out) {
  int64_t x[2];
  if (e->op == EXPR_INT) return *out = e->i, true;
  if (e->op == EXPR_MOD && known_remainder(p, e, out)) return true;
  if (p->first_row > 0 && lo_is_row_remainder(e) && p->first_row % e->args[1]->i == 0) return *out = 0, true;
  if (e->op == EXPR_TABLE && e->is_int && lo_is_known(p, e->args[0], x)) {
    const scheme_table *t = &p->recipe->scheme->tables[e->index];
    *out = x[0] < 0 || (uint64_t)x[0] >= t->count ? 0 : (int64_t)t->values[x[0]];
    return true;
  }
  if (is_known_zero(p, e)) return *out = 0, true;
  if (e->op == EXPR_SELECT && lo_is_known(p, e->args[0], x)) return lo_is_known(p, e->args[x[0] != 0 ? 1 : 2], out);
  if (!e->is_int || e->arg_count != 2 || e->op == EXPR_WINDOW || !known_pair(p, e, x)) return false;
  switch (e->op) {
  case EXPR_ADD: return *out = int_add(x[0], x[1]), true;
  case EXPR_SUB: return *out = int_sub(x[0], x[1]), true;
  case EXPR_MUL: return *out = int_mul(x[0], x[1]), true;
  case EXPR_DIV: return *out = int_div(x[0], x[1]), true;
  case EXPR_MOD: return *out = int_mod(x[0], x[1]), true;
  case EXPR_SHL: return *out = int_shl(x[0], x[1]), true;
  case EXPR_SHR: return *out = int_shr(x[0], x[1]), true;
  case EXPR_MIN: return *out = x[0] < x[1] ? x[0] : x[1], true;
  case EXPR_MAX: return *out = x[0] > x[1] ? x[0] : x[1], true;
  case EXPR_AND: return *out = x[0] & x[1], true;
  case EXPR_OR: return *out = x[0] | x[1], true;
  case EXPR_XOR: return *out = x[0] ^ x[1], true;
  case EXPR_EQ: return *out = x[0] == x[1], true;
  case EXPR_LT: return *out = x[0] < x[1], true;
  default: return false;
  }
}

// ---- the position ----------------------------------------------------------------------------------------

// Expressions of k and constants alone are computed as indices, once for all lanes.
static bool is_index(const expr *e) {
  if (e->op == EXPR_VAR) return e->index == VAR_K;
  if (e->op == EXPR_INT) return e->i >= 0;
  if (e->op == EXPR_DIV || e->op == EXPR_MOD)
    return is_index(e->args[0]) && e->args[1]->op == EXPR_INT && e->args[1]->i > 0;
  return (e->op == EXPR_ADD || e->op == EXPR_MUL) && is_index(e->args[0]) && is_index(e->args[1]);
}

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

bool lo_is_row_remainder(const expr *e) {
  enum { TILE_ROWS = 16 };
  return e->op == EXPR_MOD && e->args[0]->op == EXPR_VAR && e->args[0]->index == VAR_N && e->args[1]->op == EXPR_INT &&
         e->args[1]->i > 0 && TILE_ROWS % e->args[1]->i == 0;
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

#define MAGIC_BITS 15 // of the dividend

static ir_value *shift(const coarse_place *p, ir_opcode op, ir_value *x, int64_t count) {
  return count == 0 ? x : ir_emit_attr(p->b, op, i32_of(p), x, ir_int(IR_ATTR_SHIFT, count));
}

// floor(x / d) for 0 <= x < 2^15 as x * m >> s: m exceeds 2^s / d by less than 1, and x by less than 2^(s - 15) / m.
static ir_value *quotient(const coarse_place *p, ir_value *x, int64_t d) {
  unsigned s = MAGIC_BITS;
  while (INT64_C(1) << (s - MAGIC_BITS) < d) s++;
  int64_t m = ((INT64_C(1) << s) + d - 1) / d;
  ir_type t = i32_of(p);
  return shift(p, IR_SHR, ir_emit2(p->b, IR_MUL, t, x, ir_vector_int(p->b, t, m)), s);
}

static unsigned log2_of(int64_t d) { return (unsigned)__builtin_ctzll((unsigned long long)d); }

static ir_value *divide(const coarse_place *p, const expr *e) {
  ir_value *x = lo_expr_int(p, e->args[0]);
  int64_t d = e->args[1]->i;
  if (!is_power_of_two(d)) return quotient(p, x, d);
  return shift(p, lo_fits_unsigned(p->recipe->scheme, e->args[0], 32) ? IR_SHR : IR_SAR, x, log2_of(d));
}

static ir_value *remainder_of(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  ir_value *x = lo_expr_int(p, e->args[0]);
  int64_t d = e->args[1]->i;
  if (is_power_of_two(d)) return ir_emit2(p->b, IR_AND, t, x, ir_vector_int(p->b, t, d - 1));
  ir_value *whole = ir_emit2(p->b, IR_MUL, t, quotient(p, x, d), ir_vector_int(p->b, t, d));
  return ir_emit2(p->b, IR_SUB, t, x, whole);
}

static bool divides_in_lanes(const scheme *s, const expr *e) {
  const expr *d = e->args[1];
  if (d->op != EXPR_INT || d->i <= 0 || d->i > INT32_MAX) return false;
  if (is_power_of_two(d->i) && e->op == EXPR_MOD) return lo_has_low_bits(s, e->args[0]);
  bool fits = is_power_of_two(d->i) ? lo_fits_signed(s, e->args[0], 31) || lo_fits_unsigned(s, e->args[0], 32)
                                    : d->i < 1 << MAGIC_BITS && lo_fits_unsigned(s, e->args[0], MAGIC_BITS);
  return fits && lo_has_low_bits(s, e->args[0]);
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
  if (is_index(e)) return position_value(p, e);
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

static bool all_fit(const scheme *s, const expr *e, unsigned bits) {
  for (unsigned i = 0; i < e->arg_count; i++)
    if (e->args[i]->is_int && !lo_fits_signed(s, e->args[i], bits)) return false;
  return true;
}

// Kernels know positions within a chunk.
static bool is_known_shift(const scheme *s, const expr *count) {
  recipe r = {.scheme = s};
  coarse_place nowhere = {.recipe = &r, .aligned = PACK_CHUNK};
  int64_t known;
  return lo_is_known(&nowhere, count, &known) && lo_fits_unsigned(s, count, 5);
}

bool lo_has_low_bits(const scheme *s, const expr *e) {
  if (!e->is_int) return false;
  if (is_index(e) && e->op != EXPR_INT) return lo_fits_signed(s, e, 31);
  if (lo_is_row_remainder(e)) return true;
  if (e->op == EXPR_DIV || e->op == EXPR_MOD) return divides_in_lanes(s, e);
  if (e->op == EXPR_SHL || e->op == EXPR_SHR) {
    if (!is_known_shift(s, e->args[1])) return false;
    bool fits = lo_fits_signed(s, e->args[0], 31) || lo_fits_unsigned(s, e->args[0], 32);
    return (e->op == EXPR_SHL || fits) && lo_has_low_bits(s, e->args[0]);
  }
  switch (e->op) {
  case EXPR_INT:
  case EXPR_FIELD:
  case EXPR_WINDOW:
  case EXPR_TABLE:
  case EXPR_ELEMENT: return true; // their own arguments are checked as expressions of their own
  case EXPR_MIN:
  case EXPR_MAX:
    if (!all_fit(s, e, 31)) return false;
    break;
  case EXPR_LT:
  case EXPR_EQ:
  case EXPR_SELECT:
  case EXPR_ABS: return all_fit(s, e, 22);
  default: break;
  }
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!lo_has_low_bits(s, e->args[i])) return false;
  return true;
}
