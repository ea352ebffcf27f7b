// Operators on constants. Where the interpreter of expressions would wrap around, a constant is an error instead.
#include <inttypes.h>
#include <math.h>

#include "format/int_math.h"
#include "frontend/sema.h"

bool fe_is_literal(const expr *e) { return e->op == EXPR_INT || e->op == EXPR_REAL; }

double fe_literal_real(const expr *e) { return e->op == EXPR_INT ? (double)e->i : e->r; }

static bool divides(int64_t b) { return b != 0; }

static bool shifts(int64_t b) { return b >= 0 && b <= 63; }

// Integers; false when the result does not fit or there is none.
static bool fold_int(expr_op op, const int64_t *a, int64_t *out) {
  switch (op) {
  case EXPR_NEG: return !__builtin_sub_overflow((int64_t)0, a[0], out);
  case EXPR_NOT: return *out = ~a[0], true;
  case EXPR_ADD: return !__builtin_add_overflow(a[0], a[1], out);
  case EXPR_SUB: return !__builtin_sub_overflow(a[0], a[1], out);
  case EXPR_MUL: return !__builtin_mul_overflow(a[0], a[1], out);
  case EXPR_DIV: return *out = int_div(a[0], a[1]), divides(a[1]) && !(a[0] == INT64_MIN && a[1] == -1);
  case EXPR_MOD: return *out = int_mod(a[0], a[1]), divides(a[1]);
  case EXPR_SHL: return *out = int_shl(a[0], a[1]), shifts(a[1]) && int_shr(*out, a[1]) == a[0];
  case EXPR_SHR: return *out = int_shr(a[0], a[1]), shifts(a[1]);
  case EXPR_AND: return *out = a[0] & a[1], true;
  case EXPR_OR: return *out = a[0] | a[1], true;
  case EXPR_XOR: return *out = a[0] ^ a[1], true;
  case EXPR_LT: return *out = a[0] < a[1], true;
  case EXPR_EQ: return *out = a[0] == a[1], true;
  case EXPR_SELECT: return *out = a[0] != 0 ? a[1] : a[2], true;
  case EXPR_ABS: return *out = int_abs(a[0]), a[0] != INT64_MIN;
  case EXPR_MIN: return *out = a[0] < a[1] ? a[0] : a[1], true;
  case EXPR_MAX: return *out = a[0] > a[1] ? a[0] : a[1], true;
  default: return false;
  }
}

static double fold_real(expr_op op, const double *a) {
  switch (op) {
  case EXPR_NEG: return -a[0];
  case EXPR_ADD: return a[0] + a[1];
  case EXPR_SUB: return a[0] - a[1];
  case EXPR_MUL: return a[0] * a[1];
  case EXPR_DIV: return a[0] / a[1];
  case EXPR_SELECT: return a[0] != 0 ? a[1] : a[2];
  case EXPR_ABS: return fabs(a[0]);
  case EXPR_MIN: return a[0] < a[1] ? a[0] : a[1];
  case EXPR_MAX: return a[0] > a[1] ? a[0] : a[1];
  case EXPR_EXP2: return exp2(a[0]);
  default: return NAN;
  }
}

static const expr *no_result(fe_context *c, expr_op op, const expr *divisor, src_loc loc) {
  bool divides_by_zero = (op == EXPR_DIV || op == EXPR_MOD) && fe_literal_real(divisor) == 0;
  diag_error(c->d, loc, divides_by_zero ? "division by zero" : "the constant does not fit");
  if (!divides_by_zero) diag_hint(c->d, "integers have 64 bits, shifts go from 0 to 63, real numbers are doubles");
  return NULL;
}

static const expr *fold_reals(fe_context *c, expr_op op, size_t count, const expr *const *args, src_loc loc) {
  double a[3] = {0};
  for (size_t i = 0; i < count; i++) a[i] = fe_literal_real(args[i]);
  if (op == EXPR_LT || op == EXPR_EQ) return expr_int(c->mem, op == EXPR_LT ? a[0] < a[1] : a[0] == a[1], loc);
  double r = fold_real(op, a);
  return isfinite(r) ? expr_real(c->mem, r, loc) : no_result(c, op, args[count - 1], loc);
}

const expr *fe_fold(fe_context *c, expr_op op, size_t count, const expr *const *args, src_loc loc) {
  int64_t a[3] = {0}, r;
  bool ints = op != EXPR_EXP2;
  for (size_t i = 0; i < count; i++) {
    ints = ints && args[i]->op == EXPR_INT;
    a[i] = args[i]->i;
  }
  if (!ints) return fold_reals(c, op, count, args, loc);
  return fold_int(op, a, &r) ? expr_int(c->mem, r, loc) : no_result(c, op, args[count - 1], loc);
}
