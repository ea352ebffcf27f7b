// What the bits of an integer tell: sums of a word's four bytes, and 16-bit floats whose exponents are not at either end.
#include "format/expr_range.h"
#include "kernel/emit_coarse.h"
#include "targets/target.h"

static ir_type i32_of(const coarse_place *p) { return ir_vector(ELEM_I32, p->lanes); }

// ---- known bits ------------------------------------------------------------------------------------------

// Of the low 32 bits of a number: those that are always clear, and those that are always set.
typedef struct known_bits {
  uint32_t clear, set;
} known_bits;

static known_bits known_of(const scheme *s, const expr *e);

static known_bits known_shifted(const scheme *s, const expr *e) {
  known_bits x = known_of(s, e->args[0]);
  if (e->args[1]->op != EXPR_INT || e->args[1]->i < 0 || e->args[1]->i > 31) return (known_bits){0};
  unsigned n = (unsigned)e->args[1]->i;
  if (e->op == EXPR_SHL) return (known_bits){x.clear << n | ((UINT32_C(1) << n) - 1), x.set << n};
  bool zeros = lo_fits_unsigned(s, e->args[0], 32); // come in from above
  return (known_bits){x.clear >> n | (zeros && n > 0 ? ~UINT32_C(0) << (32 - n) : 0), x.set >> n};
}

static known_bits known_of(const scheme *s, const expr *e) {
  if (e->op == EXPR_INT) return (known_bits){~(uint32_t)(uint64_t)e->i, (uint32_t)(uint64_t)e->i};
  if (e->op == EXPR_SHL || e->op == EXPR_SHR) return known_shifted(s, e);
  if (e->op != EXPR_AND && e->op != EXPR_OR && e->op != EXPR_XOR) return (known_bits){0};
  known_bits x = known_of(s, e->args[0]), y = known_of(s, e->args[1]);
  if (e->op == EXPR_AND) return (known_bits){x.clear | y.clear, x.set & y.set};
  if (e->op == EXPR_OR) return (known_bits){x.clear & y.clear, x.set | y.set};
  return (known_bits){(x.clear & y.clear) | (x.set & y.set), (x.clear & y.set) | (x.set & y.clear)};
}

// ---- 16-bit floats ---------------------------------------------------------------------------------------

#define F16_EXPONENT 0x7c00u
#define F16_DROPPED 13            // bits of an f32's fraction more than of an f16's
#define F32_BIAS_MORE (112 << 23) // that the exponent of an f32 is larger

bool lo_is_plain_f16(const scheme *s, const expr *e) {
  known_bits x = known_of(s, e);
  return (x.clear & F16_EXPONENT) != 0 && (x.set & F16_EXPONENT) != 0;
}

// Sign, exponent and fraction move to their places in one shift that copies the sign.
ir_value *lo_plain_f16(const coarse_place *p, const expr *e) {
  ir_type t = i32_of(p);
  ir_value *x = ir_emit_attr(p->b, IR_SHL, t, lo_expr_int(p, e), ir_int(IR_ATTR_SHIFT, 16));
  x = ir_emit_attr(p->b, IR_SAR, t, x, ir_int(IR_ATTR_SHIFT, 16 - F16_DROPPED));
  x = ir_emit2(p->b, IR_AND, t, x, ir_vector_int(p->b, t, (int32_t)(0x8fffffffu >> F16_DROPPED << F16_DROPPED)));
  return lo_floats(p->b, ir_emit2(p->b, IR_ADD, t, x, ir_vector_int(p->b, t, F32_BIAS_MORE)));
}

// ---- sums of bytes ---------------------------------------------------------------------------------------

#define MAX_ADDENDS 16

typedef struct addends {
  size_t count;
  const expr *e[MAX_ADDENDS];
} addends;

static bool collect(const expr *e, addends *out) {
  if (e->op == EXPR_ADD) return collect(e->args[0], out) && collect(e->args[1], out);
  if (out->count == MAX_ADDENDS) return false;
  out->e[out->count++] = e;
  return true;
}

static bool is_int(const expr *e, int64_t value) { return e->op == EXPR_INT && e->i == value; }

// The number whose byte `number` an expression is; NULL: it is none.
static const expr *byte_of(const expr *e, unsigned number) {
  int64_t from = 8 * (int64_t)number;
  if (e->op == EXPR_AND && is_int(e->args[1], 255)) {
    const expr *x = e->args[0];
    if (number == 0) return x;
    return x->op == EXPR_SHR && is_int(x->args[1], from) ? x->args[0] : NULL;
  }
  if (e->op != EXPR_SHR || !is_int(e->args[1], from)) return NULL;
  const expr *x = e->args[0];
  return x->op == EXPR_AND && is_int(x->args[1], INT64_C(255) << from) ? x->args[0] : NULL;
}

// Takes the four bytes of one number out of a sum; that number, or NULL.
static const expr *take_bytes(addends *sum) {
  for (size_t i = 0; i < sum->count; i++) {
    const expr *x = byte_of(sum->e[i], 0);
    size_t at[4] = {i};
    unsigned found = x != NULL;
    for (unsigned n = 1; found == n && n < 4; n++)
      for (size_t j = 0; j < sum->count && found == n; j++) {
        const expr *y = byte_of(sum->e[j], n);
        if (y != NULL && expr_equal(x, y)) at[found++] = j;
      }
    if (found < 4) continue;
    size_t kept = 0;
    for (size_t j = 0; j < sum->count; j++)
      if (j != at[0] && j != at[1] && j != at[2] && j != at[3]) sum->e[kept++] = sum->e[j];
    sum->count = kept;
    return x;
  }
  return NULL;
}

// Instructions of taking four bytes apart and adding them.
#define BYTES_APART 10

ir_value *lo_byte_sum(const coarse_place *p, const expr *e) {
  addends sum = {0};
  if (p->tier == NULL || target_cost(p->tier, IR_DOT4, ELEM_I32, p->lanes, 255) >
                             BYTES_APART * target_cost(p->tier, IR_ADD, ELEM_I32, p->lanes, 0))
    return NULL;
  const expr *word = collect(e, &sum) ? take_bytes(&sum) : NULL;
  if (word == NULL || !lo_has_low_bits(p->recipe->scheme, word)) return NULL;
  ir_type t = i32_of(p), bytes = ir_vector(ELEM_I8, 4 * p->lanes);
  ir_value *rest = ir_vector_int(p->b, t, 0);
  for (size_t i = 0; i < sum.count; i++)
    rest = i == 0 ? lo_expr_int(p, sum.e[i]) : ir_emit2(p->b, IR_ADD, t, rest, lo_expr_int(p, sum.e[i]));
  ir_value *args[] = {rest, ir_emit1(p->b, IR_BITCAST, bytes, lo_expr_int(p, word)), ir_vector_int(p->b, bytes, 1)};
  ir_attr umax = ir_int(IR_ATTR_UMAX, 255);
  return ir_emit(p->b, IR_DOT4, &t, 3, args, 1, &umax);
}
