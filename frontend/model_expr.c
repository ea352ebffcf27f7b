// Expressions of models: numbers are computed, tensors become operations.
#include <math.h>

#include "frontend/model.h"

static const fe_operand wrong = {0};

static fe_operand number(const expr *e) { return (fe_operand){.number = e}; }

static fe_operand tensor(ir_value *value) { return (fe_operand){.value = value}; }

static bool is_wrong(fe_operand x) { return x.number == NULL && x.value == NULL; }

// ---- names ----

static fe_operand name_operand(fe_model *f, const ast_expr *e) {
  const fe_symbol *s = fe_find(&f->scope, e->name.text);
  if (s == NULL) {
    diag_error(f->c->d, e->loc, "nothing here is named '%s'", e->name.text);
    fe_suggest_symbol(f->c, &f->scope, e->name.text);
    return wrong;
  }
  if (s->kind == FE_SYMBOL_VALUE) return tensor(s->value);
  if (s->kind == FE_SYMBOL_CONST) return number(s->constant);
  diag_error(f->c->d, e->loc, "the dimension '%s' can be used in shapes only", e->name.text);
  return wrong;
}

// ---- a tensor and a number ----

// x * mul + add; a factor of 1 and an addend of -0 change nothing, the sign of a zero neither, and are left out.
static ir_value *scale(fe_model *f, ir_value *x, double mul, double add) {
  ir_attr attrs[2];
  size_t count = 0;
  if (mul != 1) attrs[count++] = ir_real(IR_ATTR_MUL, mul);
  if (add != 0 || !signbit(add)) attrs[count++] = ir_real(IR_ATTR_ADD, add);
  return ir_emit(&f->b, IR_TSCALE, &x->type, 1, &x, count, attrs);
}

static fe_operand tensor_by_number(fe_model *f, const ast_expr *e, ir_value *x, double c) {
  switch (e->op) {
  case AST_OP_ADD: return tensor(scale(f, x, 1, c));
  case AST_OP_SUB: return tensor(scale(f, x, 1, -c));
  case AST_OP_MUL: return tensor(scale(f, x, c, -0.0));
  default: break;
  }
  if (c != 0) return tensor(scale(f, x, 1 / c, -0.0));
  diag_error(f->c->d, e->loc, "division by zero");
  return wrong;
}

static fe_operand number_by_tensor(fe_model *f, const ast_expr *e, double c, ir_value *x) {
  if (e->op == AST_OP_ADD || e->op == AST_OP_MUL) return tensor_by_number(f, e, x, c);
  if (e->op == AST_OP_SUB) return tensor(scale(f, x, -1, c));
  diag_error(f->c->d, e->loc, "a number cannot be divided by a tensor");
  diag_hint(f->c->d, "tensors can be divided by tensors and by numbers");
  return wrong;
}

// ---- two tensors ----

// `b` has the last dimensions of `a`.
static bool broadcasts(const ir_type *a, const ir_type *b) {
  if (b->rank > a->rank) return false;
  for (unsigned i = 1; i <= b->rank; i++)
    if (a->dims[a->rank - i] != b->dims[b->rank - i]) return false;
  return true;
}

static ir_opcode tensor_op(ast_operator op) {
  switch (op) {
  case AST_OP_ADD: return IR_TADD;
  case AST_OP_SUB: return IR_TSUB;
  case AST_OP_MUL: return IR_TMUL;
  default: return IR_TDIV;
  }
}

static fe_operand tensor_by_tensor(fe_model *f, const ast_expr *e, ir_value *x, ir_value *y) {
  ir_opcode op = tensor_op(e->op);
  if (broadcasts(&x->type, &y->type)) return tensor(ir_emit2(&f->b, op, x->type, x, y));
  if (broadcasts(&y->type, &x->type) && e->op != AST_OP_DIV) {
    if (e->op == AST_OP_SUB) y = ir_emit1(&f->b, IR_TNEG, y->type, y);
    return tensor(ir_emit2(&f->b, e->op == AST_OP_SUB ? IR_TADD : op, y->type, y, x));
  }
  diag_error(f->c->d, e->loc, "the shapes of '%s' do not match: %s and %s", ast_operator_text(e->op),
             fe_type_text(f, &x->type), fe_type_text(f, &y->type));
  if (e->op == AST_OP_DIV)
    diag_hint(f->c->d, "both have the same shape, or the divisor has the last dimensions of the other");
  else
    diag_hint(f->c->d, "both have the same shape, or one has the last dimensions of the other");
  return wrong;
}

// ---- operators ----

static bool is_arithmetic(ast_operator op) {
  return op == AST_OP_ADD || op == AST_OP_SUB || op == AST_OP_MUL || op == AST_OP_DIV || op == AST_OP_NEG;
}

static fe_operand apply(fe_model *f, const ast_expr *e, fe_operand x, fe_operand y) {
  if (x.number != NULL && y.number != NULL)
    return number(fe_apply(f->c, e->op, e->args.len, (const expr *[]){x.number, y.number}, e->loc));
  if (!is_arithmetic(e->op)) {
    diag_error(f->c->d, e->loc, "'%s' does not work on tensors", ast_operator_text(e->op));
    diag_hint(f->c->d, "tensors have + - * / and functions");
    return wrong;
  }
  if (e->kind == AST_UNARY) return tensor(ir_emit1(&f->b, IR_TNEG, x.value->type, x.value));
  if (y.number != NULL) return tensor_by_number(f, e, x.value, fe_literal_real(y.number));
  if (x.number != NULL) return number_by_tensor(f, e, fe_literal_real(x.number), y.value);
  return tensor_by_tensor(f, e, x.value, y.value);
}

static fe_operand operator_operand(fe_model *f, const ast_expr *e) {
  fe_operand x = fe_model_expr(f, e->args.data[0].value), y = x;
  if (e->kind == AST_BINARY) y = fe_model_expr(f, e->args.data[1].value);
  if (is_wrong(x) || is_wrong(y)) return wrong;
  f->b.loc = e->loc;
  return apply(f, e, x, y);
}

static fe_operand misplaced(fe_model *f, const ast_expr *e, const char *what) {
  diag_error(f->c->d, e->loc, "%s cannot be used here", what);
  diag_hint(f->c->d, "values of a model are tensors: inputs, functions of them, and numbers to calculate with");
  return wrong;
}

fe_operand fe_model_expr(fe_model *f, const ast_expr *e) {
  switch (e->kind) {
  case AST_INT:
  case AST_REAL: return number(fe_constant(f->c, &f->scope, e));
  case AST_NAME: return name_operand(f, e);
  case AST_UNARY:
  case AST_BINARY: return operator_operand(f, e);
  case AST_CALL: return tensor(fe_model_call(f, e));
  case AST_STRING: return misplaced(f, e, "a string");
  case AST_SELECT: return misplaced(f, e, "a choice '? :'");
  case AST_INDEX: return misplaced(f, e, "an index");
  case AST_LIST: return misplaced(f, e, "a list");
  case AST_STAR: break;
  case AST_ELSE: return misplaced(f, e, "an 'else'");
  case AST_RANGE: return misplaced(f, e, "a range");
  case AST_RING: return misplaced(f, e, "a ring");
  }
  return wrong;
}

ir_value *fe_model_tensor(fe_model *f, const ast_expr *e, const char *what) {
  fe_operand x = fe_model_expr(f, e);
  if (x.number == NULL) return x.value;
  diag_error(f->c->d, e->loc, "%s must be a tensor, and this is a number", what);
  return NULL;
}

bool fe_model_number(fe_model *f, const ast_expr *e, double *out) {
  const expr *value = fe_constant(f->c, &f->scope, e);
  if (value != NULL) *out = fe_literal_real(value);
  return value != NULL;
}
