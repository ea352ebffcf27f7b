#include "format/layout_bits.h"

#include <inttypes.h>
#include <string.h>

#include "format/eval.h"
#include "format/int_math.h"
#include "support/vec.h"

// What a bit of a value is: a constant, or a bit of the block (its address times two), possibly inverted (plus one).
enum { BIT_ZERO = -2, BIT_ONE = -1 };

// A 64-bit value known bit by bit, plus a constant. A constant may grow along the dimensions of a range of elements.
typedef struct bit_value {
  int64_t bits[64];
  int64_t add;
  int64_t step[BIT_DIMS];
} bit_value;

typedef struct bit_env {
  const scheme *scheme;
  const int64_t *binders;
  uint64_t block_bits;
  uint64_t mask;              // of the raw element
  const tensor_bits *tensors; // of a layout of separate tensors; NULL: blocks
  bit_range *range;           // NULL: a single element
} bit_env;

static bool evaluate(const bit_env *env, const expr *e, bit_value *out);

static void set_constant(bit_value *v, int64_t value) {
  v->add = 0;
  memset(v->step, 0, sizeof v->step);
  for (unsigned i = 0; i < 64; i++) v->bits[i] = (uint64_t)value >> i & 1 ? BIT_ONE : BIT_ZERO;
}

// A constant, which may grow.
static bool is_known(const bit_value *v, int64_t *value) {
  uint64_t raw = 0;
  for (unsigned i = 0; i < 64; i++) {
    if (v->bits[i] >= 0) return false;
    if (v->bits[i] == BIT_ONE) raw |= (uint64_t)1 << i;
  }
  *value = int_add((int64_t)raw, v->add);
  return true;
}

static bool grows(const bit_value *v) {
  for (unsigned d = 0; d < BIT_DIMS; d++)
    if (v->step[d] != 0) return true;
  return false;
}

static bool is_constant(const bit_value *v, int64_t *value) { return !grows(v) && is_known(v, value); }

static int64_t invert(int64_t bit) { return bit < 0 ? BIT_ZERO + BIT_ONE - bit : bit ^ 1; }

static void shift(bit_value *v, int64_t left) {
  bit_value from = *v;
  for (int64_t i = 0; i < 64; i++) {
    int64_t j = i - left;
    v->bits[i] = j < 0 ? BIT_ZERO : from.bits[j > 63 ? 63 : j];
  }
}

// Keeps `count` low bits.
static void truncate_bits(bit_value *v, int64_t count) {
  for (int64_t i = count; i < 64; i++) v->bits[i] = BIT_ZERO;
}

// Combines bits that are not both unknown; false where they are.
static bool combine_bit(expr_op op, int64_t a, int64_t b, int64_t *out) {
  if (a < 0) {
    int64_t c = a;
    a = b;
    b = c;
  }
  if (b >= 0) return false;
  switch (op) {
  case EXPR_AND: *out = b == BIT_ONE ? a : BIT_ZERO; return true;
  case EXPR_OR: *out = b == BIT_ONE ? BIT_ONE : a; return true;
  case EXPR_XOR: *out = b == BIT_ONE ? invert(a) : a; return true;
  default: *out = a; return b == BIT_ZERO || a == BIT_ZERO ? (*out = a == BIT_ZERO ? b : a, true) : false;
  }
}

static bool combine(expr_op op, const bit_value *a, const bit_value *b, bit_value *out) {
  bit_value r = {.add = 0};
  for (unsigned i = 0; i < 64; i++)
    if (!combine_bit(op, a->bits[i], b->bits[i], &r.bits[i])) return false;
  *out = r;
  return true;
}

// Sums of values whose bits do not meet are unions; a constant that does meet them is kept apart.
static bool add(const bit_value *a, const bit_value *b, bit_value *out) {
  int64_t ca = 0, cb = 0, rest = int_add(a->add, b->add);
  bool const_a = is_constant(a, &ca), const_b = is_constant(b, &cb);
  if (const_a && const_b) {
    set_constant(out, int_add(ca, cb));
    return true;
  }
  if (combine(EXPR_ADD, a, b, out)) {
    out->add = rest;
    return true;
  }
  if (!const_a && !const_b) return false;
  *out = const_a ? *b : *a;
  out->add = int_add(out->add, const_a ? ca : cb);
  return true;
}

static bool subtract(const bit_value *a, const bit_value *b, bit_value *out) {
  int64_t c;
  if (!is_constant(b, &c)) return false;
  bit_value negative;
  set_constant(&negative, int_neg(c));
  int64_t ca;
  if (is_constant(a, &ca)) return add(a, &negative, out);
  *out = *a;
  out->add = int_sub(a->add, c);
  return true;
}

static int64_t fold(expr_op op, int64_t a, int64_t b) {
  switch (op) {
  case EXPR_MUL: return int_mul(a, b);
  case EXPR_DIV: return int_div(a, b);
  case EXPR_MOD: return int_mod(a, b);
  case EXPR_SHL: return int_shl(a, b);
  case EXPR_SHR: return int_shr(a, b);
  case EXPR_LT: return a < b;
  case EXPR_EQ: return a == b;
  case EXPR_MIN: return a < b ? a : b;
  case EXPR_MAX: return a > b ? a : b;
  default: return 0;
  }
}

static int log2_exact(int64_t a) {
  if (a <= 0 || (a & (a - 1)) != 0) return -1;
  int n = 0;
  while (a >> n != 1) n++;
  return n;
}

// Products, quotients, remainders by powers of two and shifts by constants move bits.
static bool move_bits(expr_op op, const bit_value *a, int64_t by, bit_value *out) {
  int power = log2_exact(by);
  *out = *a;
  if (a->add != 0) return false;
  if (op == EXPR_SHL) return by >= 0 && by < 64 ? (shift(out, by), true) : (set_constant(out, 0), true);
  if (op == EXPR_SHR) return by >= 0 && by < 64 ? (shift(out, -by), true) : false;
  if (power < 0) return false;
  if (op == EXPR_MUL) return shift(out, power), true;
  if (op == EXPR_DIV) return shift(out, -power), true;
  if (op == EXPR_MOD) return truncate_bits(out, power), true;
  return false;
}

// The mask may be wider than the raw element, whose added constant then stays valid.
static bool mask_sum(const bit_env *env, const bit_value *a, const bit_value *b, bit_value *out) {
  int64_t m;
  if (!is_constant(b, &m) || ((uint64_t)m & env->mask) != env->mask) return false;
  *out = *a;
  return true;
}

// ---- constants that grow along a range -------------------------------------------------------------------

#define GROWTH_LIMIT (INT64_C(1) << 52) // beyond it nothing is claimed

// Least and greatest value over the range; false when they may be out of reach.
static bool bounds(const bit_env *env, int64_t value, const int64_t *step, int64_t *low, int64_t *high) {
  *low = *high = value;
  for (unsigned d = 0; d < BIT_DIMS; d++) {
    int64_t last;
    if (__builtin_mul_overflow(step[d], (int64_t)env->range->extent[d] - 1, &last)) return false;
    if (last < -GROWTH_LIMIT || last > GROWTH_LIMIT || *low < -GROWTH_LIMIT || *high > GROWTH_LIMIT) return false;
    *(last < 0 ? low : high) += last;
  }
  return true;
}

// Quotient and remainder by a positive number. Dimensions that grow by its multiples go to the quotient; the others must
// not lead from one multiple to the next.
static bool split_growth(const bit_env *env, int64_t value, const int64_t *step, int64_t by, bit_value *quotient,
                         bit_value *rest) {
  int64_t low, high, inner[BIT_DIMS] = {0};
  if (by <= 0) return false;
  for (unsigned d = 0; d < BIT_DIMS; d++)
    if (step[d] % by != 0) inner[d] = step[d];
  if (!bounds(env, value, inner, &low, &high) || int_div(low, by) != int_div(high, by)) return false;
  set_constant(quotient, int_div(low, by));
  set_constant(rest, value - int_div(low, by) * by);
  memcpy(rest->step, inner, sizeof inner);
  for (unsigned d = 0; d < BIT_DIMS; d++) quotient->step[d] = inner[d] != 0 ? 0 : step[d] / by;
  return true;
}

static bool add_growth(int64_t a, const int64_t *x, int64_t b, const int64_t *y, int64_t sign, bit_value *out) {
  set_constant(out, int_add(a, int_mul(sign, b)));
  for (unsigned d = 0; d < BIT_DIMS; d++) out->step[d] = int_add(x[d], int_mul(sign, y[d]));
  return true;
}

static bool multiply_growth(const bit_env *env, int64_t a, const int64_t *step, int64_t by, bit_value *out) {
  int64_t low, high, most;
  if (!bounds(env, a, step, &low, &high) || __builtin_mul_overflow(low, by, &most) ||
      __builtin_mul_overflow(high, by, &most))
    return false;
  set_constant(out, a * by);
  for (unsigned d = 0; d < BIT_DIMS; d++) out->step[d] = int_mul(step[d], by);
  return true;
}

// Comparisons that have one answer in the whole range, by the difference a - b.
static bool compare_growth(const bit_env *env, expr_op op, const bit_value *difference, const bit_value *a,
                           const bit_value *b, bit_value *out) {
  int64_t c = 0, low, high;
  is_known(difference, &c);
  if (!bounds(env, c, difference->step, &low, &high)) return false;
  bool below = high < 0, above = low > 0, not_below = low >= 0, equal = low == 0 && high == 0;
  switch (op) {
  case EXPR_LT: set_constant(out, below); return below || not_below;
  case EXPR_EQ: set_constant(out, equal); return below || above || equal;
  case EXPR_MIN: *out = below ? *a : *b; return below || not_below;
  case EXPR_MAX: *out = below ? *b : *a; return below || not_below;
  default: return false;
  }
}

// Both are constants that may grow.
static bool grow_binary(const bit_env *env, expr_op op, const bit_value *a, const bit_value *b, bit_value *out) {
  int64_t ca, cb;
  bit_value other;
  if (!is_known(a, &ca) || !is_known(b, &cb)) return false;
  if (op == EXPR_ADD) return add_growth(ca, a->step, cb, b->step, 1, out);
  if (op == EXPR_SUB) return add_growth(ca, a->step, cb, b->step, -1, out);
  if (op == EXPR_MUL && !grows(b)) return multiply_growth(env, ca, a->step, cb, out);
  if (op == EXPR_MUL && !grows(a)) return multiply_growth(env, cb, b->step, ca, out);
  if (op == EXPR_LT || op == EXPR_EQ || op == EXPR_MIN || op == EXPR_MAX)
    return add_growth(ca, a->step, cb, b->step, -1, &other) && compare_growth(env, op, &other, a, b, out);
  if (grows(b)) return false;
  bool shifts = cb >= 0 && cb < 52;
  switch (op) {
  case EXPR_DIV: return split_growth(env, ca, a->step, cb, out, &other);
  case EXPR_MOD: return split_growth(env, ca, a->step, cb, &other, out);
  case EXPR_SHL: return shifts && multiply_growth(env, ca, a->step, INT64_C(1) << cb, out);
  case EXPR_SHR: return shifts && split_growth(env, ca, a->step, INT64_C(1) << cb, out, &other);
  case EXPR_AND: return log2_exact(int_add(cb, 1)) >= 0 && split_growth(env, ca, a->step, cb + 1, &other, out);
  default: return false;
  }
}

static bool evaluate_binary(const bit_env *env, const expr *e, bit_value *out) {
  bit_value a, b;
  int64_t ca = 0, cb = 0;
  if (!evaluate(env, e->args[0], &a) || !evaluate(env, e->args[1], &b)) return false;
  if (grows(&a) || grows(&b)) return grow_binary(env, e->op, &a, &b, out);
  if (e->op == EXPR_ADD) return add(&a, &b, out);
  if (e->op == EXPR_SUB) return subtract(&a, &b, out);
  bool logical = e->op == EXPR_AND || e->op == EXPR_OR || e->op == EXPR_XOR;
  if (logical && e->op == EXPR_AND && a.add != 0) return mask_sum(env, &a, &b, out);
  if (logical && e->op == EXPR_AND && b.add != 0) return mask_sum(env, &b, &a, out);
  if (logical) return a.add == 0 && b.add == 0 && combine(e->op, &a, &b, out);
  bool const_a = is_constant(&a, &ca), const_b = is_constant(&b, &cb);
  if (const_a && const_b) return set_constant(out, fold(e->op, ca, cb)), true;
  if (const_a && e->op == EXPR_MUL) return move_bits(e->op, &b, ca, out);
  return const_b && move_bits(e->op, &a, cb, out);
}

static bool evaluate_bits(const bit_env *env, const expr *e, bit_value *out) {
  bit_value v;
  int64_t at, width;
  if (!evaluate(env, e->args[0], &v) || !is_constant(&v, &at)) return false;
  if (!evaluate(env, e->args[1], &v) || !is_constant(&v, &width)) return false;
  if (at < 0 || width < 0 || width > 64 || (uint64_t)at > env->block_bits ||
      (uint64_t)width > env->block_bits - (uint64_t)at)
    return false;
  set_constant(out, 0);
  for (int64_t i = 0; i < width; i++) out->bits[i] = (at + i) * 2;
  return true;
}

// An index, which may grow, and stays below `limit` for all of the range.
static bool evaluate_index(const bit_env *env, const expr *e, uint64_t limit, bit_value *out, int64_t *index) {
  int64_t low, high;
  if (!evaluate(env, e, out) || !is_known(out, index)) return false;
  low = high = *index;
  if (grows(out) && !bounds(env, *index, out->step, &low, &high)) return false;
  return low >= 0 && (uint64_t)high < limit;
}

static uint64_t element_stride(const tensor_bits *t, unsigned axis) {
  uint64_t stride = 1;
  for (unsigned r = axis + 1; r < t->rank; r++) stride *= t->dims[r];
  return stride;
}

// Where bits are: of the tensor, from its first one on.
typedef struct bit_place {
  uint64_t at;
  int64_t step[BIT_DIMS];
} bit_place;

static void move_place(bit_place *p, int64_t index, const bit_value *v, uint64_t scale) {
  p->at += (uint64_t)index * scale;
  for (unsigned d = 0; d < BIT_DIMS; d++) p->step[d] = int_add(p->step[d], int_mul(v->step[d], (int64_t)scale));
}

// The place of the element that the indices name; along `axis` (t->rank: none) it is the first.
static bool evaluate_place(const bit_env *env, const expr *e, const tensor_bits *t, unsigned axis, bit_place *out) {
  *out = (bit_place){.at = 0};
  for (unsigned r = 0, arg = 0; r < t->rank; r++) {
    bit_value v;
    int64_t index;
    if (r == axis) continue;
    if (!evaluate_index(env, e->args[arg++], t->dims[r], &v, &index)) return false;
    move_place(out, index, &v, element_stride(t, r) * t->bits);
  }
  return true;
}

// The number that stands for a place's tensor and growth; false when there are too many of them.
static bool find_stream(bit_range *range, unsigned tensor, const int64_t *step, unsigned *out) {
  for (*out = 0; *out < range->stream_count; (*out)++)
    if (range->streams[*out].tensor == tensor &&
        memcmp(range->streams[*out].step, step, sizeof(int64_t[BIT_DIMS])) == 0)
      return true;
  if (*out == BIT_MAX_STREAMS) return false;
  range->streams[range->stream_count].tensor = tensor;
  memcpy(range->streams[range->stream_count++].step, step, sizeof(int64_t[BIT_DIMS]));
  return true;
}

// The number of the first bit of a place, as bits of values have it.
static bool number_place(const bit_env *env, unsigned tensor, const bit_place *p, uint64_t *out) {
  unsigned stream;
  *out = env->tensors[tensor].first + p->at;
  if (env->range == NULL) return true;
  if (p->at >> BIT_STREAM_SHIFT != 0 || !find_stream(env->range, tensor, p->step, &stream)) return false;
  *out = (uint64_t)stream << BIT_STREAM_SHIFT | p->at;
  return true;
}

static bool evaluate_load(const bit_env *env, const expr *e, bit_value *out) {
  const tensor_bits *t = &env->tensors[e->index];
  bit_place place;
  uint64_t first;
  if (t->hidden || !evaluate_place(env, e, t, t->rank, &place) || !number_place(env, e->index, &place, &first))
    return false;
  set_constant(out, 0);
  for (unsigned i = 0; i < t->bits; i++) out->bits[i] = (int64_t)((first + i) * 2);
  return true;
}

static bool evaluate_stream(const bit_env *env, const expr *e, bit_value *out) {
  const tensor_bits *t = &env->tensors[e->index];
  uint64_t first, limit = t->dims[e->axis] * t->bits, stride = element_stride(t, e->axis);
  int64_t at, width;
  bit_value v, element, rest;
  bit_place place;
  if (t->hidden || !evaluate_place(env, e, t, e->axis, &place) ||
      !evaluate_index(env, e->args[e->arg_count - 1], 65, &v, &width) || grows(&v) || (uint64_t)width > limit ||
      !evaluate_index(env, e->args[e->arg_count - 2], limit - (uint64_t)width + 1, &v, &at))
    return false;
  set_constant(out, 0);
  bool dense = stride == 1; // bit follows bit, wherever elements begin
  if (!dense && grows(&v)) {
    if (!split_growth(env, at, v.step, t->bits, &element, &rest) || grows(&rest)) return false;
    v = element;
  }
  move_place(&place, 0, &v, dense ? 1 : stride * t->bits);
  if (!number_place(env, e->index, &place, &first)) return false;
  for (int64_t i = 0; i < width; i++) {
    uint64_t bit = (uint64_t)(at + i);
    out->bits[i] = (int64_t)((first + bit / t->bits * stride * t->bits + bit % t->bits) * 2);
  }
  return true;
}

static bool evaluate_select(const bit_env *env, const expr *e, bit_value *out) {
  bit_value c;
  int64_t condition;
  if (!e->args[0]->is_int || !evaluate(env, e->args[0], &c) || !is_constant(&c, &condition)) return false;
  return evaluate(env, e->args[condition != 0 ? 1 : 2], out);
}

// A constant table at a constant index; outside of it there are zeros.
static bool evaluate_table(const bit_env *env, const expr *e, bit_value *out) {
  const scheme_table *t = &env->scheme->tables[e->index];
  bit_value v;
  int64_t at;
  if (!evaluate(env, e->args[0], &v) || !is_constant(&v, &at)) return false;
  set_constant(out, at >= 0 && (uint64_t)at < t->count ? (int64_t)t->values[at] : 0);
  return true;
}

static bool evaluate_unary(const bit_env *env, const expr *e, bit_value *out) {
  int64_t c;
  if (!evaluate(env, e->args[0], out) || grows(out)) return false;
  if (is_constant(out, &c)) {
    set_constant(out, e->op == EXPR_NEG ? int_neg(c) : e->op == EXPR_ABS ? int_abs(c) : ~c);
    return true;
  }
  if (e->op != EXPR_NOT || out->add != 0) return false;
  for (unsigned i = 0; i < 64; i++) out->bits[i] = invert(out->bits[i]);
  return true;
}

static bool evaluate(const bit_env *env, const expr *e, bit_value *out) {
  if (!e->is_int) return false;
  switch (e->op) {
  case EXPR_INT: return set_constant(out, e->i), true;
  case EXPR_VAR:
    set_constant(out, env->binders[e->index - VAR_BINDER0]);
    for (unsigned d = 0; env->range != NULL && d < BIT_DIMS; d++)
      if (env->range->extent[d] > 1) out->step[d] = env->range->growth[e->index][d];
    return true;
  case EXPR_BITS: return evaluate_bits(env, e, out);
  case EXPR_LOAD: return env->tensors != NULL && evaluate_load(env, e, out);
  case EXPR_STREAM: return env->tensors != NULL && evaluate_stream(env, e, out);
  case EXPR_SELECT: return evaluate_select(env, e, out);
  case EXPR_TABLE: return evaluate_table(env, e, out);
  case EXPR_NEG:
  case EXPR_ABS:
  case EXPR_NOT: return evaluate_unary(env, e, out);
  default: return e->arg_count == 2 && evaluate_binary(env, e, out);
  }
}

uint64_t layout_block_elements(const scheme_layout *l, const scheme_field *f) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  return size * (f->gran.kind == GRAN_WEIGHT ? l->block_weights : l->block_weights / f->gran.group);
}

void layout_block_binders(const scheme_field *f, uint64_t index, int64_t binders[2]) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  binders[0] = (int64_t)(index / size);
  binders[1] = (int64_t)(index % size);
}

typedef struct piece_list {
  arena *mem;
  VEC(bit_piece) list;
} piece_list;

// Adds bit `i` of an element, joined to the piece before it where it continues that one.
static void add_bit(piece_list *p, element_bits *e, unsigned i, int64_t bit) {
  uint32_t at = (uint32_t)(bit / 2);
  if (e->piece_count > 0) {
    bit_piece *last = &p->list.data[p->list.len - 1];
    if (last->at + last->width == at && last->shift + last->width == (int)i) {
      last->width++;
      return;
    }
  }
  vec_push(p->mem, &p->list, ((bit_piece){.at = at, .width = 1, .shift = (uint8_t)i}));
  e->piece_count++;
}

static void add_element(piece_list *p, element_bits *e, const bit_value *v, unsigned bits) {
  *e = (element_bits){.first_piece = (uint32_t)p->list.len, .add = (uint32_t)(uint64_t)v->add};
  for (unsigned i = 0; i < bits; i++) {
    int64_t bit = v->bits[i];
    if (bit == BIT_ONE || (bit >= 0 && bit % 2 != 0)) e->flip |= (uint32_t)1 << i;
    if (bit >= 0) add_bit(p, e, i, bit);
  }
}

const block_place *layout_block_place(arena *a, const scheme *s, const scheme_layout *l, const layout_place *p) {
  const scheme_field *f = &s->fields[p->field];
  block_place *place = ARENA_NEW(a, block_place);
  place->bits = elem_get(f->type)->bits;
  place->element_count = (size_t)layout_block_elements(l, f);
  place->elements = ARENA_ARRAY(a, element_bits, place->element_count);
  piece_list pieces = {.mem = a};
  int64_t binders[2];
  bit_env env = {
      .scheme = s, .binders = binders, .block_bits = l->block_bytes * 8, .mask = int_low_bits(UINT64_MAX, place->bits)};
  for (size_t i = 0; i < place->element_count; i++) {
    bit_value v;
    layout_block_binders(f, i, binders);
    if (!evaluate(&env, p->raw, &v)) return NULL;
    add_element(&pieces, &place->elements[i], &v, place->bits);
  }
  place->pieces = pieces.list.data;
  return place;
}

static bool find_bits(const scheme *s, const tensor_bits *tensors, const int64_t *vars, const layout_place *p,
                      bit_range *range, raw_bits *out) {
  unsigned width = elem_get(s->fields[p->field].type)->bits;
  bit_env env = {.scheme = s, .binders = vars + VAR_BINDER0, .mask = int_low_bits(UINT64_MAX, width), .range = range};
  bit_value v;
  env.tensors = tensors;
  *out = (raw_bits){.width = width};
  if (!evaluate(&env, p->raw, &v) || grows(&v)) return false;
  out->add = (uint64_t)v.add;
  for (unsigned i = 0; i < 64; i++) {
    int64_t bit = v.bits[i];
    out->at[i] = bit < 0 ? RAW_CONSTANT : (uint64_t)bit / 2;
    if (bit == BIT_ONE || (bit >= 0 && bit % 2 != 0)) out->flip |= (uint64_t)1 << i;
  }
  return true;
}

bool layout_tensor_bits(const scheme *s, const tensor_bits *tensors, const int64_t *vars, const layout_place *p,
                        raw_bits *out) {
  return find_bits(s, tensors, vars, p, NULL, out);
}

bool layout_range_bits(const scheme *s, const tensor_bits *tensors, const int64_t *vars, const layout_place *p,
                       bit_range *range, raw_bits *out) {
  return find_bits(s, tensors, vars, p, range, out);
}

static void report_read(diag *d, const scheme_layout *l, const scheme_field *f, uint64_t index,
                        const eval_fault *fault) {
  diag_error(d, fault->at->loc,
             "layout '%s' reads element %" PRIu64 " of field '%s' at bit %" PRId64 " of a block of %" PRIu64
             " bytes (%" PRIu64 " bits)",
             l->name, index, f->name, fault->index, l->block_bytes, fault->limit);
}

static bool check_place_reads(diag *d, arena *a, const scheme *s, const scheme_layout *l, const layout_place *p) {
  const scheme_field *f = &s->fields[p->field];
  eval_env env = {.scheme = s, .block = arena_alloc(a, (size_t)l->block_bytes, 1), .block_bytes = l->block_bytes};
  uint64_t count = layout_block_elements(l, f);
  for (uint64_t i = 0; i < count; i++) {
    layout_block_binders(f, i, &env.vars[VAR_BINDER0]);
    eval_int(&env, p->raw);
    if (!env.faulted) continue;
    report_read(d, l, f, i, &env.fault);
    return false;
  }
  return true;
}

bool layout_check_block_reads(diag *d, const scheme *s, const scheme_layout *l) {
  bool ok = true;
  arena *a = arena_new();
  for (size_t p = 0; p < l->place_count; p++) ok &= check_place_reads(d, a, s, l, &l->places[p]);
  arena_free(a);
  return ok;
}
