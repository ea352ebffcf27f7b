#include "format/relaxed.h"

#include <math.h>

#include "format/eval.h"
#include "format/int_math.h"

static int64_t as_int(double x) { return x > -0x1p62 && x < 0x1p62 ? (int64_t)rint(x) : 0; }

static double bit_operation(expr_op op, int64_t a, int64_t b) {
  switch (op) {
  case EXPR_DIV: return (double)int_div(a, b);
  case EXPR_MOD: return (double)int_mod(a, b);
  case EXPR_SHL: return (double)int_shl(a, b);
  case EXPR_SHR: return (double)int_shr(a, b);
  case EXPR_AND: return (double)(a & b);
  case EXPR_OR: return (double)(a | b);
  case EXPR_XOR: return (double)(a ^ b);
  default: return 0;
  }
}

static double binary(const expr *e, double a, double b) {
  switch (e->op) {
  case EXPR_ADD: return a + b;
  case EXPR_SUB: return a - b;
  case EXPR_MUL: return a * b;
  case EXPR_LT: return a < b;
  case EXPR_EQ: return a == b;
  case EXPR_MIN: return a < b ? a : b;
  case EXPR_MAX: return a > b ? a : b;
  case EXPR_DIV:
    if (!e->is_int) return a / b;
    break;
  default: break;
  }
  return bit_operation(e->op, as_int(a), as_int(b));
}

static double look_up(const relaxed_env *env, const expr *e) {
  int64_t at = as_int(relaxed_eval(env, e->args[0]));
  uint64_t size = 0;
  if (e->op == EXPR_TABLE)
    size = env->scheme->tables[e->index].count;
  else
    scheme_field_size(&env->scheme->fields[e->index], &size);
  if (at < 0 || (uint64_t)at >= size) return 0;
  return e->op == EXPR_TABLE ? env->scheme->tables[e->index].values[at] : env->tables[e->index][at];
}

static double round_to(elem_type type, double x) { return elem_decode(type, elem_encode(type, x)); }

double relaxed_eval(const relaxed_env *env, const expr *e) {
  switch (e->op) {
  case EXPR_INT: return (double)e->i;
  case EXPR_REAL: return e->r;
  case EXPR_FIELD: return env->fields[e->index];
  case EXPR_VAR: return e->index == VAR_K ? env->k : env->n;
  case EXPR_TABLE:
  case EXPR_ELEMENT: return look_up(env, e);
  case EXPR_NEG: return -relaxed_eval(env, e->args[0]);
  case EXPR_ABS: return fabs(relaxed_eval(env, e->args[0]));
  case EXPR_NOT: return (double)~as_int(relaxed_eval(env, e->args[0]));
  case EXPR_FLOAT: return elem_decode((elem_type)e->index, (uint64_t)as_int(relaxed_eval(env, e->args[0])));
  case EXPR_ROUND: return round_to((elem_type)e->index, relaxed_eval(env, e->args[0]));
  case EXPR_WINDOW:
    return env->codes == NULL ? env->window : (double)eval_window(env->codes, e, (uint64_t)env->n, (uint64_t)env->k);
  case EXPR_EXP2: return real_exp2(relaxed_eval(env, e->args[0]));
  case EXPR_SELECT: return relaxed_eval(env, e->args[relaxed_eval(env, e->args[0]) != 0 ? 1 : 2]);
  default: break;
  }
  double a = relaxed_eval(env, e->args[0]);
  return binary(e, a, relaxed_eval(env, e->args[1]));
}
