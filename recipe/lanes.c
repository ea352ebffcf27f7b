// What of expressions kernels can compute in lanes, and how. Lanes hold the low 32 bits of an integer; sums, products and bit
// operations need no more than the low bits of their operands, all others need operands that fit.
#include "recipe/lanes.h"

#include "format/expr_range.h"
#include "format/int_math.h"
#include "support/num.h"

#define MOST_BYTES INT32_MAX // from a table's first number to its last: offsets are i32

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

static bool known_pair(const lane_place *p, const expr *e, int64_t out[2]) {
  return lo_known_at(p, e->args[0], &out[0]) && lo_known_at(p, e->args[1], &out[1]);
}

// k, or a quotient of it, modulo a divisor of what positions are multiples of.
static bool known_remainder(const lane_place *p, const expr *e, int64_t *out) {
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
static bool is_other_remainder(const lane_place *p, const expr *rest, const expr *v) {
  const expr *k = rest->args[0], *d = rest->args[1];
  if (k->op != EXPR_VAR || k->index != VAR_K || d->op != EXPR_INT || d->i <= 0 || v->op != EXPR_INT || v->i < 0)
    return false;
  uint64_t known = num_gcd(p->aligned, (uint64_t)d->i);
  return (uint64_t)v->i % known != p->ahead % known;
}

// Comparisons that a part of the position decides, and products with 0: at some positions only, so that nothing is concluded
// where no kernel is emitted.
static bool is_known_zero(const lane_place *p, const expr *e) {
  int64_t x;
  if (!p->emitted || !e->is_int || e->arg_count != 2) return false;
  const expr *a = e->args[0], *b = e->args[1];
  if (e->op == EXPR_EQ)
    return (a->op == EXPR_MOD && is_other_remainder(p, a, b)) || (b->op == EXPR_MOD && is_other_remainder(p, b, a));
  return e->op == EXPR_MUL && a->is_int && b->is_int &&
         ((lo_known_at(p, a, &x) && x == 0) || (lo_known_at(p, b, &x) && x == 0));
}

bool lo_known_at(const lane_place *p, const expr *e, int64_t *out) {
  int64_t x[2];
  if (e->op == EXPR_INT) return *out = e->i, true;
  if (e->op == EXPR_MOD && known_remainder(p, e, out)) return true;
  if (p->first_row > 0 && lo_is_row_remainder(e) && p->first_row % e->args[1]->i == 0) return *out = 0, true;
  if (e->op == EXPR_TABLE && e->is_int && lo_known_at(p, e->args[0], x)) {
    const scheme_table *t = &p->scheme->tables[e->index];
    *out = x[0] < 0 || (uint64_t)x[0] >= t->count ? 0 : (int64_t)t->values[x[0]];
    return true;
  }
  if (is_known_zero(p, e)) return *out = 0, true;
  if (e->op == EXPR_SELECT && lo_known_at(p, e->args[0], x)) return lo_known_at(p, e->args[x[0] != 0 ? 1 : 2], out);
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

// ---- integers --------------------------------------------------------------------------------------------

// Expressions of k and constants alone are computed as indices, once for all lanes.
bool lo_is_index(const expr *e) {
  if (e->op == EXPR_VAR) return e->index == VAR_K;
  if (e->op == EXPR_INT) return e->i >= 0;
  if (e->op == EXPR_DIV || e->op == EXPR_MOD)
    return lo_is_index(e->args[0]) && e->args[1]->op == EXPR_INT && e->args[1]->i > 0;
  return (e->op == EXPR_ADD || e->op == EXPR_MUL) && lo_is_index(e->args[0]) && lo_is_index(e->args[1]);
}

bool lo_is_row_remainder(const expr *e) {
  enum { TILE_ROWS = 16 };
  return e->op == EXPR_MOD && e->args[0]->op == EXPR_VAR && e->args[0]->index == VAR_N && e->args[1]->op == EXPR_INT &&
         e->args[1]->i > 0 && TILE_ROWS % e->args[1]->i == 0;
}

static bool divides_in_lanes(const scheme *s, const expr *e) {
  const expr *d = e->args[1];
  if (d->op != EXPR_INT || d->i <= 0 || d->i > INT32_MAX) return false;
  if (lo_is_power_of_two(d->i) && e->op == EXPR_MOD) return lo_has_low_bits(s, e->args[0]);
  bool fits = lo_is_power_of_two(d->i)
                  ? lo_fits_signed(s, e->args[0], 31) || lo_fits_unsigned(s, e->args[0], 32)
                  : d->i < 1 << LANES_DIVIDEND_BITS && lo_fits_unsigned(s, e->args[0], LANES_DIVIDEND_BITS);
  return fits && lo_has_low_bits(s, e->args[0]);
}

static bool all_fit(const scheme *s, const expr *e, unsigned bits) {
  for (unsigned i = 0; i < e->arg_count; i++)
    if (e->args[i]->is_int && !lo_fits_signed(s, e->args[i], bits)) return false;
  return true;
}

// Kernels know positions within a chunk.
static bool is_known_shift(const scheme *s, const expr *count) {
  lane_place nowhere = lane_nowhere(s);
  int64_t known;
  return lo_known_at(&nowhere, count, &known) && lo_fits_unsigned(s, count, 5);
}

bool lo_has_low_bits(const scheme *s, const expr *e) {
  if (!e->is_int) return false;
  if (lo_is_index(e) && e->op != EXPR_INT) return lo_fits_signed(s, e, 31);
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

// ---- whole expressions -----------------------------------------------------------------------------------

// Operators on integers that are computed in f32: exact for the integers that codes and sub-scales are.
bool lo_computes_in_real(expr_op op) { return op == EXPR_LT || op == EXPR_EQ || op == EXPR_SELECT || op == EXPR_ABS; }

// Whether an integer expression is computed in i32 lanes, as a signed or an unsigned number.
bool lo_is_signed_lane(const scheme *s, const expr *e) { return lo_fits_signed(s, e, 31) && lo_has_low_bits(s, e); }

bool lo_is_unsigned_lane(const scheme *s, const expr *e) { return lo_fits_unsigned(s, e, 32) && lo_has_low_bits(s, e); }

bool lo_stored_possible(arena *a, const scheme *s, unsigned field, const char **reason) {
  enum { TILE_ROWS = 16 };
  const scheme_field *f = &s->fields[field];
  uint64_t bytes = (elem_get(f->type)->bits + 7) / 8;
  if (elem_get(f->type)->kind == ELEM_KIND_FLOAT && bytes < 2) bytes = 2; // as they are stored
  if (f->gran.kind != GRAN_TENSOR) bytes *= TILE_ROWS;
  if (scheme_field_elements(f) <= MOST_BYTES / bytes) return true;
  *reason = arena_printf(a, "the numbers of the stored table '%s' for %s take more than %d bytes", f->name,
                         f->gran.kind == GRAN_TENSOR ? "a tensor" : "16 rows", MOST_BYTES);
  return false;
}

static bool lookup_possible(arena *a, const scheme *s, const expr *e, const char **reason) {
  if (e->op == EXPR_TABLE) return true;
  const scheme_field *f = &s->fields[e->index];
  if (f->gran.kind == GRAN_WEIGHT) {
    *reason = arena_printf(a, "'%s' is a table for each weight: give each of its numbers a field of its own", f->name);
    return false;
  }
  lane_place nowhere = lane_nowhere(s);
  int64_t known;
  return lo_known_at(&nowhere, e->args[0], &known) || lo_stored_possible(a, s, e->index, reason);
}

static bool lacks(arena *a, const expr *e, const char **reason) {
  *reason = arena_printf(a, "'%s' has no vector form here", expr_get_info(e->op)->name);
  return false;
}

// Sums and products of integers that may leave i32 lanes are computed in f32, as long as all 64 bits are enough for them.
static bool is_wide_sum(const scheme *s, const expr *e) {
  bool sums = e->op == EXPR_INT || e->op == EXPR_NEG || e->op == EXPR_ADD || e->op == EXPR_SUB || e->op == EXPR_MUL;
  return sums && lo_fits_signed(s, e, 63);
}

// Whether an integer expression can be a real number: in lanes, or in f32.
static bool converts(const scheme *s, const expr *e) {
  if (e->op == EXPR_TABLE || e->op == EXPR_ELEMENT || e->op == EXPR_INT) return true;
  if (lo_computes_in_real(e->op)) return lo_has_low_bits(s, e);
  return lo_is_signed_lane(s, e) || lo_is_unsigned_lane(s, e) || is_wide_sum(s, e);
}

// What an operator takes from an integer operand: its number in f32, or its low bits.
static bool operand_possible(const scheme *s, const expr *e, const expr *arg) {
  if (!arg->is_int) return true;
  if (e->op == EXPR_TABLE || e->op == EXPR_ELEMENT) return lo_fits_signed(s, arg, 24) && lo_has_low_bits(s, arg);
  if (e->op == EXPR_EXP2) return lo_fits_signed(s, arg, 31) && lo_has_low_bits(s, arg);
  if (e->op == EXPR_FLOAT) return lo_has_low_bits(s, arg);
  if (e->is_int && lo_has_low_bits(s, e)) return true;
  return converts(s, arg);
}

static bool possible(arena *a, const scheme *s, const expr *e, bool in_remainder, const char **reason) {
  for (unsigned i = 0; i < e->arg_count; i++) {
    if (!possible(a, s, e->args[i], lo_is_row_remainder(e), reason)) return false;
    if (operand_possible(s, e, e->args[i])) continue;
    *reason = arena_printf(a, "the integers of '%s' may not fit its lanes", expr_get_info(e->args[i]->op)->name);
    return false;
  }
  switch (e->op) {
  case EXPR_DIV:
  case EXPR_SHL:
  case EXPR_SHR:
  case EXPR_MOD: return !e->is_int || lo_has_low_bits(s, e) ? true : lacks(a, e, reason);
  case EXPR_EXP2: return e->args[0]->is_int ? true : lacks(a, e, reason);
  case EXPR_TABLE:
  case EXPR_ELEMENT: return lookup_possible(a, s, e, reason);
  case EXPR_ROUND: {
    elem_type type = (elem_type)e->index;
    return type == ELEM_F32 || type == ELEM_F16 || type == ELEM_BF16 || lacks(a, e, reason);
  }
  case EXPR_VAR: return e->index == VAR_K || in_remainder ? true : lacks(a, e, reason);
  case EXPR_WINDOW:
    return e->args[1]->i % PACK_CHUNK == 0 && PACK_CHUNK % e->args[2]->i == 0 ? true : lacks(a, e, reason);
  case EXPR_BITS:
  case EXPR_LOAD:
  case EXPR_STREAM: return lacks(a, e, reason);
  default: return true;
  }
}

bool lo_expr_possible(arena *a, const scheme *s, const expr *e, const char **reason) {
  if (!possible(a, s, e, false, reason)) return false;
  if (!e->is_int || converts(s, e)) return true;
  *reason = arena_printf(a, "the integers of '%s' may not fit its lanes", expr_get_info(e->op)->name);
  return false;
}
