#include "format/expr_range.h"

#include "format/int_math.h"

static const expr_range everything = {.min = INT64_MIN, .max = INT64_MAX};

range_env range_env_value(const scheme *s) {
  range_env env = {.scheme = s};
  for (int v = 0; v < EXPR_VAR_COUNT; v++) env.vars[v] = (expr_range){.min = 0, .max = INT32_MAX};
  return env;
}

static expr_range exactly(int64_t value) { return (expr_range){.min = value, .max = value}; }

static expr_range unsigned_bits(unsigned bits) {
  return (expr_range){.min = 0, .max = bits >= 63 ? INT64_MAX : ((int64_t)1 << bits) - 1};
}

static expr_range elem_range(elem_type type) { return (expr_range){.min = elem_min(type), .max = elem_max(type)}; }

static expr_range join(expr_range a, expr_range b) {
  return (expr_range){.min = a.min < b.min ? a.min : b.min, .max = a.max > b.max ? a.max : b.max};
}

static expr_range range_neg(expr_range a) {
  return a.min == INT64_MIN ? everything : (expr_range){.min = -a.max, .max = -a.min};
}

static expr_range range_add(expr_range a, expr_range b) {
  expr_range r;
  int wraps = (int)__builtin_add_overflow(a.min, b.min, &r.min) | (int)__builtin_add_overflow(a.max, b.max, &r.max);
  return wraps ? everything : r;
}

static expr_range range_sub(expr_range a, expr_range b) {
  expr_range r;
  int wraps = (int)__builtin_sub_overflow(a.min, b.max, &r.min) | (int)__builtin_sub_overflow(a.max, b.min, &r.max);
  return wraps ? everything : r;
}

static expr_range range_mul(expr_range a, expr_range b) {
  int64_t p[4];
  int wraps = (int)__builtin_mul_overflow(a.min, b.min, &p[0]) | (int)__builtin_mul_overflow(a.min, b.max, &p[1]) |
              (int)__builtin_mul_overflow(a.max, b.min, &p[2]) | (int)__builtin_mul_overflow(a.max, b.max, &p[3]);
  if (wraps) return everything;
  return join(join(exactly(p[0]), exactly(p[1])), join(exactly(p[2]), exactly(p[3])));
}

// Only a constant positive divisor narrows; floor division is monotone then.
static expr_range range_div(expr_range a, expr_range b) {
  if (b.min != b.max || b.min <= 0) return everything;
  return (expr_range){.min = int_div(a.min, b.min), .max = int_div(a.max, b.min)};
}

static expr_range range_mod(expr_range a, expr_range b) {
  if (b.min <= 0) return everything;
  if (a.min >= 0 && a.max < b.min) return a;
  return (expr_range){.min = 0, .max = b.max - 1};
}

static bool is_shift(expr_range b) { return b.min >= 0 && b.max <= 63; }

static expr_range range_shl(expr_range a, expr_range b) {
  if (!is_shift(b) || b.max > 62) return everything;
  return range_mul(a, (expr_range){.min = (int64_t)1 << b.min, .max = (int64_t)1 << b.max});
}

static expr_range range_shr(expr_range a, expr_range b) {
  if (!is_shift(b))
    return a.min < 0 ? (expr_range){.min = a.min, .max = a.max > 0 ? a.max : 0} : (expr_range){.min = 0, .max = a.max};
  expr_range least = {.min = int_shr(a.min, b.min), .max = int_shr(a.max, b.min)};
  expr_range most = {.min = int_shr(a.min, b.max), .max = int_shr(a.max, b.max)};
  return join(least, most);
}

static unsigned bit_length(int64_t a) {
  unsigned n = 0;
  for (uint64_t rest = (uint64_t)a; rest != 0; rest >>= 1) n++;
  return n;
}

// Bit operations on numbers of n bits and a sign give such a number.
static expr_range range_signed_bits(expr_range a, expr_range b) {
  const int64_t ends[] = {a.min, a.max, b.min, b.max};
  unsigned n = 0;
  for (size_t i = 0; i < 4; i++) {
    unsigned length = bit_length(ends[i] < 0 ? ~ends[i] : ends[i]);
    if (length > n) n = length;
  }
  return n > 62 ? everything : (expr_range){.min = -((int64_t)1 << n), .max = ((int64_t)1 << n) - 1};
}

static expr_range range_and(expr_range a, expr_range b) {
  if (a.min >= 0 && b.min >= 0) return (expr_range){.min = 0, .max = a.max < b.max ? a.max : b.max};
  if (a.min >= 0) return (expr_range){.min = 0, .max = a.max};
  if (b.min >= 0) return (expr_range){.min = 0, .max = b.max};
  return range_signed_bits(a, b);
}

// For `or` and `xor`.
static expr_range range_merge(expr_range a, expr_range b) {
  if (a.min < 0 || b.min < 0) return range_signed_bits(a, b);
  unsigned la = bit_length(a.max), lb = bit_length(b.max);
  return unsigned_bits(la > lb ? la : lb);
}

static expr_range range_abs(expr_range a) {
  if (a.min >= 0) return a;
  expr_range n = range_neg(a);
  if (a.max <= 0) return n;
  return (expr_range){.min = a.min == INT64_MIN ? INT64_MIN : 0, .max = n.max > a.max ? n.max : a.max};
}

static expr_range range_min(expr_range a, expr_range b) {
  return (expr_range){.min = a.min < b.min ? a.min : b.min, .max = a.max < b.max ? a.max : b.max};
}

static expr_range range_max(expr_range a, expr_range b) {
  return (expr_range){.min = a.min > b.min ? a.min : b.min, .max = a.max > b.max ? a.max : b.max};
}

// Large tables of integers are taken for all that their type can hold: they are asked for often.
static expr_range range_table(const scheme_table *t) {
  enum { LARGE = 256 };
  if (t->count > LARGE && elem_get(t->type)->kind != ELEM_KIND_FLOAT) return elem_range(t->type);
  expr_range r = {.min = 0, .max = 0}; // an index outside of the table gives 0
  for (size_t i = 0; i < t->count; i++) {
    if (!(t->values[i] > -0x1p62 && t->values[i] < 0x1p62)) return everything;
    r = join(r, exactly((int64_t)t->values[i]));
  }
  return r;
}

static expr_range range_width(expr_range width) {
  return width.min >= 0 && width.max < 63 ? unsigned_bits((unsigned)width.max) : everything;
}

// Leaves, look-ups and reads.
static expr_range range_source(const range_env *env, const expr *e) {
  switch (e->op) {
  case EXPR_INT: return exactly(e->i);
  case EXPR_VAR: return env->vars[e->index];
  case EXPR_FIELD:
  case EXPR_ELEMENT: return elem_range(env->scheme->fields[e->index].type);
  case EXPR_WINDOW: return range_width(expr_int_range(env, e->args[0]));
  case EXPR_TABLE: return range_table(&env->scheme->tables[e->index]);
  case EXPR_BITS: return range_width(expr_int_range(env, e->args[1]));
  case EXPR_STREAM: return range_width(expr_int_range(env, e->args[e->arg_count - 1]));
  case EXPR_LOAD: {
    unsigned bits = elem_get(env->layout->tensors[e->index].type)->bits;
    return bits < 63 ? unsigned_bits(bits) : everything;
  }
  case EXPR_ORDER: return (expr_range){.min = 0, .max = UINT32_MAX};
  case EXPR_FIND: return (expr_range){.min = -1, .max = UINT32_MAX};
  case EXPR_RANK: return (expr_range){.min = 0, .max = INT64_MAX};
  default: return everything;
  }
}

typedef expr_range (*range_rule)(expr_range a, expr_range b);

static const range_rule binary_rules[EXPR_COUNT] = {
    [EXPR_ADD] = range_add,  [EXPR_SUB] = range_sub,   [EXPR_MUL] = range_mul, [EXPR_DIV] = range_div,
    [EXPR_MOD] = range_mod,  [EXPR_SHL] = range_shl,   [EXPR_SHR] = range_shr, [EXPR_AND] = range_and,
    [EXPR_OR] = range_merge, [EXPR_XOR] = range_merge, [EXPR_MIN] = range_min, [EXPR_MAX] = range_max,
};

expr_range expr_int_range(const range_env *env, const expr *e) {
  if (!e->is_int) return everything;
  if (binary_rules[e->op] != NULL)
    return binary_rules[e->op](expr_int_range(env, e->args[0]), expr_int_range(env, e->args[1]));
  switch (e->op) {
  case EXPR_NEG: return range_neg(expr_int_range(env, e->args[0]));
  case EXPR_NOT: return range_sub(exactly(-1), expr_int_range(env, e->args[0]));
  case EXPR_ABS: return range_abs(expr_int_range(env, e->args[0]));
  case EXPR_LT:
  case EXPR_EQ: return (expr_range){.min = 0, .max = 1};
  case EXPR_SELECT: return join(expr_int_range(env, e->args[1]), expr_int_range(env, e->args[2]));
  default: return range_source(env, e);
  }
}
