// Products of bytes in the form that is cheapest on the tier. Integer sums are exact, so all forms give the same numbers:
//
//   bytes:  u * x, four products a step, u unsigned as the codes and tables have it
//   pairs:  the same in sums of 16 bits, for as many steps as they provably hold; then they are widened
//   signed: (u + offset) * x, where that is a signed byte and no x is -128
//   words:  two byte planes as one number of 16 bits, where both their sums are exact in f32
#include "kernel/matmul.h"

// ---- the choice ------------------------------------------------------------------------------------------

// Largest magnitude of the activations' bytes.
static uint64_t largest_byte(const matmul *e) {
  act_range r = act_bytes(&e->r->act);
  return (uint64_t)(-r.min > r.max ? -r.min : r.max);
}

// Steps whose products fit a signed number of 16 bits, at most a chunk of them.
static unsigned pair_steps(const matmul *e, const recipe_core *core) {
  uint64_t largest = 2 * core->umax * largest_byte(e);
  uint64_t steps = largest == 0 ? MATMUL_QUADS : INT16_MAX / largest;
  return core->umax > 128 ? 0 : (unsigned)(steps < MATMUL_QUADS ? steps : MATMUL_QUADS);
}

static bool signed_possible(const matmul *e, const recipe_core *core) {
  bool fits = core->offset >= INT8_MIN && core->offset + (int64_t)core->umax <= INT8_MAX;
  return core->plane_count <= 1 && fits && largest_byte(e) <= INT8_MAX;
}

// The sums of both planes are made f32, and then one of both. While sums of bytes stay below 2^24 and those of words below
// 2^31 nothing but the last is rounded, so that one sum of words becomes the same number.
static bool words_possible(const matmul *e, const recipe_core *core) {
  if (core->plane_count != 2 || core->offset < INT8_MIN || e->r->segment == PREPARED_ROW) return false;
  uint64_t codes = UINT64_C(1) << e->r->normal.code_bits;
  for (uint64_t c = 0; c < codes; c++)
    if (core->planes[1][c] + core->offset > INT8_MAX) return false;
  return e->r->segment <= UINT16_MAX / (uint64_t)act_magnitude(&e->r->act);
}

static dot_form cheapest_form(matmul *e, size_t i) {
  const recipe_core *core = &e->r->cores[i];
  uint32_t lanes = e->lanes;
  double planes = core->plane_count > 1 ? core->plane_count : 1;
  double words = target_cost(e->tier, IR_PAIRS_S, ELEM_I32, lanes, 0);
  double costs[DOT_FORM_COUNT] = {[DOT_BYTES] = planes * target_cost(e->tier, IR_DOT4, ELEM_I32, lanes, core->umax)};
  e->pair_steps[i] = pair_steps(e, core);
  if (e->pair_steps[i] > 1)
    costs[DOT_PAIRS] =
        planes * (target_cost(e->tier, IR_PAIRS_U, ELEM_I16, 2 * lanes, core->umax) + words / e->pair_steps[i]);
  if (signed_possible(e, core)) costs[DOT_SIGNED] = target_cost(e->tier, IR_DOT4S, ELEM_I32, lanes, INT8_MAX);
  if (words_possible(e, core)) costs[DOT_WORDS] = 2 * words;
  dot_form best = DOT_BYTES;
  for (dot_form f = DOT_BYTES; f < DOT_FORM_COUNT; f++)
    if (costs[f] > 0 && costs[f] < costs[best]) best = f;
  return best;
}

void matmul_choose_forms(matmul *e) {
  bool dots = matmul_is_integer(e->r) && e->r->mode != MODE_BIT_DOT;
  for (size_t i = 0; i < e->r->core_count; i++) e->form[i] = dots ? cheapest_form(e, i) : DOT_BYTES;
}

// ---- operands --------------------------------------------------------------------------------------------

// What one byte plane of a core multiplies the activations with, and `add`.
static ir_value *byte_operand(matmul *e, const recipe_core *core, unsigned plane, ir_value *codes, int64_t add) {
  ir_type t = matmul_bytes(e);
  if (core->plane_count == 0) return add == 0 ? codes : ir_emit2(&e->b, IR_ADD, t, codes, ir_vector_int(&e->b, t, add));
  uint64_t count = UINT64_C(1) << e->r->normal.code_bits;
  size_t size = count < 16 ? 16 : (size_t)count;
  uint8_t *table = ARENA_ARRAY(e->b.mem, uint8_t, size);
  for (size_t i = 0; i < size; i++) table[i] = (uint8_t)(core->planes[plane][i % count] + add);
  ir_attr attr = ir_bytes(IR_ATTR_TABLE, table, size);
  return ir_emit(&e->b, IR_LOOKUP, &t, 1, &codes, 1, &attr);
}

ir_value *matmul_shifted(matmul *e, ir_opcode code, ir_value *x) {
  return ir_emit_attr(&e->b, code, x->type, x, ir_int(IR_ATTR_SHIFT, 8));
}

ir_value *matmul_masked(matmul *e, ir_value *x, int64_t mask) {
  return ir_emit2(&e->b, IR_AND, x->type, x, ir_vector_int(&e->b, x->type, mask));
}

// Numbers of 16 bits: those of the even positions, those of the odd ones.
static void word_operands(matmul *e, const recipe_core *core, ir_value *codes, ir_value **out) {
  ir_type t = matmul_words(e);
  ir_value *low = ir_emit1(&e->b, IR_BITCAST, t, byte_operand(e, core, 0, codes, 0));
  ir_value *high = ir_emit1(&e->b, IR_BITCAST, t, byte_operand(e, core, 1, codes, core->offset));
  ir_value *even = ir_emit2(&e->b, IR_OR, t, matmul_masked(e, low, 0xff), matmul_shifted(e, IR_SHL, high));
  ir_value *odd = ir_emit2(&e->b, IR_OR, t, matmul_shifted(e, IR_SHR, low), matmul_masked(e, high, 0xff00));
  out[0] = ir_emit1(&e->b, IR_BITCAST, matmul_bytes(e), even);
  out[1] = ir_emit1(&e->b, IR_BITCAST, matmul_bytes(e), odd);
}

void matmul_dot_operands(matmul *e, size_t i, ir_value *codes, ir_value **out) {
  const recipe_core *core = &e->r->cores[i];
  if (e->form[i] == DOT_WORDS) {
    word_operands(e, core, codes, out);
    return;
  }
  int64_t add = e->form[i] == DOT_SIGNED ? core->offset : 0;
  for (unsigned p = 0; p == 0 || p < core->plane_count; p++) out[p] = byte_operand(e, core, p, codes, add);
}

// ---- products --------------------------------------------------------------------------------------------

static ir_value *dot(matmul *e, ir_opcode code, ir_value *acc, ir_value *u, ir_value *x, uint64_t umax) {
  ir_value *args[] = {acc, u, x};
  ir_attr attr = ir_int(IR_ATTR_UMAX, (int64_t)umax);
  return ir_emit(&e->b, code, &acc->type, 3, args, code == IR_PAIRS_S ? 0 : 1, &attr);
}

static ir_value *word_products(matmul *e, ir_value *acc, ir_value *const *u, ir_value *x) {
  ir_type t = matmul_words(e);
  x = ir_emit1(&e->b, IR_BITCAST, t, x);
  acc = dot(e, IR_PAIRS_S, acc, ir_emit1(&e->b, IR_BITCAST, t, u[0]),
            matmul_shifted(e, IR_SAR, matmul_shifted(e, IR_SHL, x)), 0);
  return dot(e, IR_PAIRS_S, acc, ir_emit1(&e->b, IR_BITCAST, t, u[1]), matmul_shifted(e, IR_SAR, x), 0);
}

static ir_value *byte_products(matmul *e, size_t i, ir_value *acc, ir_value *u, ir_value *x) {
  if (e->form[i] == DOT_SIGNED) return dot(e, IR_DOT4S, acc, u, x, INT8_MAX);
  return dot(e, IR_DOT4, acc, u, x, e->r->cores[i].umax);
}

void matmul_multiply_dot(matmul *e, size_t i, unsigned step, unsigned m, unsigned v, ir_value *const *u, ir_value *x) {
  unsigned first = e->first_dot[i], chain = step % e->chains;
  if (e->form[i] == DOT_WORDS) {
    ir_value **acc = &e->dots[first + 1][chain][m][v];
    *acc = word_products(e, *acc, u, x);
    return;
  }
  for (unsigned p = 0; p == 0 || p < e->r->cores[i].plane_count; p++) {
    ir_value **acc = e->form[i] == DOT_PAIRS ? &e->pairs[first + p][m][v] : &e->dots[first + p][chain][m][v];
    if (e->form[i] == DOT_PAIRS) {
      if (step % e->pair_steps[i] == 0) *acc = ir_vector_int(&e->b, matmul_words(e), 0);
      *acc = dot(e, IR_PAIRS_U, *acc, u[p], x, e->r->cores[i].umax);
    } else {
      *acc = byte_products(e, i, *acc, u[p], x);
    }
  }
}

static void widen(matmul *e, unsigned d) {
  ir_value *one = ir_vector_int(&e->b, matmul_words(e), 1);
  for (unsigned m = 0; m < e->tokens; m++)
    for (unsigned v = 0; v < e->vectors; v++)
      e->dots[d][0][m][v] = dot(e, IR_PAIRS_S, e->dots[d][0][m][v], e->pairs[d][m][v], one, 0);
}

void matmul_end_step(matmul *e, unsigned step, bool last) {
  for (size_t i = 0; i < e->r->core_count; i++) {
    if (e->form[i] != DOT_PAIRS || (!last && (step + 1) % e->pair_steps[i] != 0)) continue;
    for (unsigned p = 0; p == 0 || p < e->r->cores[i].plane_count; p++) widen(e, e->first_dot[i] + p);
  }
}

void matmul_count_dot(matmul *e, size_t i, unsigned v, ir_value *const *u) {
  ir_value *one = ir_vector_int(&e->b, matmul_bytes(e), 1);
  unsigned first = e->first_dot[i];
  if (e->form[i] == DOT_WORDS) {
    e->ones[first + 1][v] = word_products(e, e->ones[first + 1][v], u, one);
    return;
  }
  for (unsigned p = 0; p == 0 || p < e->r->cores[i].plane_count; p++)
    e->ones[first + p][v] = byte_products(e, i, e->ones[first + p][v], u[p], one);
}
