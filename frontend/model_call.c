// Functions of models, a row each.
#include "frontend/model.h"

enum { MAX_ARGS = 2, MAX_OPTIONS = 2 };

typedef struct call_row call_row;

// The arguments without a name; missing ones are NULL.
typedef ir_value *(*call_builder)(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args);

struct call_row {
  const char *name;
  call_builder build;
  ir_opcode op;
  size_t min_args;
  size_t max_args;
  const char *options[MAX_OPTIONS];
  const char *form; // for messages
};

// ---- elementwise functions and softmax ----

static ir_value *build_unary(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args) {
  ir_value *x = fe_model_tensor(f, args[0], "the argument");
  if (x == NULL) return NULL;
  f->b.loc = e->loc;
  return ir_emit1(&f->b, row->op, x->type, x);
}

// ---- layers with weights ----

static bool check_string(fe_model *f, const ast_expr *e, const char *what) {
  if (e->kind == AST_STRING && e->name.text[0] != '\0') return true;
  diag_error(f->c->d, e->loc, "%s must be a string: the name of a tensor in the weights file", what);
  return false;
}

static ir_value *build_linear(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args) {
  (void)row;
  return check_string(f, args[1], "the layer") ? fe_linear(f, e, args[0], args[1]) : NULL;
}

static bool build_eps(fe_model *f, const ast_expr *e, double *out) {
  const ast_arg *arg = fe_find_arg(&e->args, "eps");
  *out = 1e-5;
  if (arg == NULL) return true;
  if (!fe_model_number(f, arg->value, out)) return false;
  if (*out >= 0) return true;
  diag_error(f->c->d, arg->value->loc, "eps must not be negative, and is %g", *out);
  return false;
}

// The gain and, for layernorm, the bias as further operands.
static bool build_gains(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *name, ir_value **operands,
                        size_t *count) {
  const ir_type *x = &operands[0]->type;
  ir_type type = ir_tensor(ELEM_F32, 1, &x->dims[x->rank - 1]);
  if (!check_string(f, name, "the layer")) return false;
  const char *layer = fe_layer_of(f->c->mem, name->name.text);
  operands[1] = fe_stored_const(f, arena_printf(f->c->mem, "%s.weight", layer), &type, name->loc);
  if (operands[1] == NULL) return false;
  *count = 2;
  if (row->op != IR_LAYERNORM) return true;
  bool ok = fe_bias(f, e, layer, (uint64_t)type.dims[0], &operands[2]);
  if (operands[2] != NULL) *count = 3;
  return ok;
}

static bool has_last_dimension(fe_model *f, const ir_value *x, src_loc loc) {
  if (x->type.dims[x->type.rank - 1] != IR_BATCH) return true;
  diag_error(f->c->d, loc, "this works on the last dimension, and %s has only '%s'", fe_type_text(f, &x->type),
             f->batch.text);
  return false;
}

static ir_value *build_norm(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args) {
  ir_value *operands[3] = {fe_model_tensor(f, args[0], "the argument"), NULL, NULL};
  size_t count = 1;
  double eps;
  if (!build_eps(f, e, &eps) || operands[0] == NULL || !has_last_dimension(f, operands[0], e->loc)) return NULL;
  if (args[1] != NULL && !build_gains(f, row, e, args[1], operands, &count)) return NULL;
  f->b.loc = e->loc;
  ir_attr attr = ir_real(IR_ATTR_EPS, eps);
  return ir_emit(&f->b, row->op, &operands[0]->type, count, operands, 1, &attr);
}

static ir_value *build_softmax(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args) {
  ir_value *x = fe_model_tensor(f, args[0], "the argument");
  if (x == NULL || !has_last_dimension(f, x, e->loc)) return NULL;
  f->b.loc = e->loc;
  return ir_emit1(&f->b, row->op, x->type, x);
}

// ---- shapes and constants ----

static bool build_list_shape(fe_model *f, const ast_expr *e, ir_type *out) {
  if (e->kind == AST_LIST) return fe_build_shape(f, &e->args, e->loc, out);
  diag_error(f->c->d, e->loc, "a shape is a list of sizes, such as [8, 64]");
  return false;
}

static ir_value *build_reshape(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args) {
  ir_value *x = fe_model_tensor(f, args[0], "the argument");
  ir_type type;
  if (!build_list_shape(f, args[1], &type) || x == NULL) return NULL;
  if (!fe_same_elements(&x->type, &type)) {
    diag_error(f->c->d, e->loc, "%s cannot become %s: they have different numbers of elements",
               fe_type_text(f, &x->type), fe_type_text(f, &type));
    return NULL;
  }
  f->b.loc = e->loc;
  return ir_emit1(&f->b, row->op, type, x);
}

static bool shape_from_file(fe_model *f, const char *name, src_loc loc, ir_type *out) {
  fe_stored stored = fe_ask(f, name);
  if (stored.answer == FE_TENSOR_ABSENT) {
    fe_missing_tensor(f, loc, name);
    return false;
  }
  if (fe_file_failed(f, name)) return false;
  if (stored.answer == FE_TENSOR_UNKNOWN || stored.tensor.rank == 0) {
    diag_error(f->c->d, loc, "the shape of the tensor \"%s\" is not known", name);
    diag_hint(f->c->d, "give it: constant(\"%s\", shape = [..])", name);
    return false;
  }
  int64_t dims[IR_MAX_RANK] = {0};
  for (unsigned i = 0; i < stored.tensor.rank; i++) dims[i] = (int64_t)stored.tensor.dims[i];
  *out = ir_tensor(ELEM_F32, stored.tensor.rank, dims);
  return true;
}

static ir_value *build_constant(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr *const *args) {
  (void)row;
  const ast_arg *shape = fe_find_arg(&e->args, "shape");
  ir_type type;
  if (!check_string(f, args[0], "the constant")) return NULL;
  const char *name = args[0]->name.text;
  bool ok = shape != NULL ? build_list_shape(f, shape->value, &type) : shape_from_file(f, name, args[0]->loc, &type);
  if (!ok) return NULL;
  if (type.dims[0] != IR_BATCH) return fe_stored_const(f, name, &type, args[0]->loc);
  diag_error(f->c->d, e->loc, "a stored tensor has no dimension '%s'", f->batch.text);
  return NULL;
}

// ---- the table ----

#define ELEMENTWISE(text, code) \
  {.name = text, .build = build_unary, .op = (code), .min_args = 1, .max_args = 1, .form = text "(x)"}

static const call_row rows[] = {
    ELEMENTWISE("relu", IR_RELU),
    ELEMENTWISE("gelu", IR_GELU),
    ELEMENTWISE("silu", IR_SILU),
    ELEMENTWISE("tanh", IR_TANH),
    ELEMENTWISE("sigmoid", IR_SIGMOID),
    {.name = "softmax", .build = build_softmax, .op = IR_SOFTMAX, .min_args = 1, .max_args = 1, .form = "softmax(x)"},
    {.name = "layernorm",
     .build = build_norm,
     .op = IR_LAYERNORM,
     .min_args = 1,
     .max_args = 2,
     .options = {"eps", "bias"},
     .form = "layernorm(x, \"name\", eps = 1e-5)"},
    {.name = "rmsnorm",
     .build = build_norm,
     .op = IR_RMSNORM,
     .min_args = 1,
     .max_args = 2,
     .options = {"eps"},
     .form = "rmsnorm(x, \"name\", eps = 1e-5)"},
    {.name = "linear",
     .build = build_linear,
     .op = IR_LINEAR,
     .min_args = 2,
     .max_args = 2,
     .options = {"out", "bias"},
     .form = "linear(x, \"name\")"},
    {.name = "reshape",
     .build = build_reshape,
     .op = IR_RESHAPE,
     .min_args = 2,
     .max_args = 2,
     .form = "reshape(x, [8, 64])"},
    {.name = "constant",
     .build = build_constant,
     .op = IR_CONST,
     .min_args = 1,
     .max_args = 1,
     .options = {"shape"},
     .form = "constant(\"name\")"},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const call_row *find_row(fe_model *f, ast_name name) {
  const char *names[ROW_COUNT];
  for (size_t i = 0; i < ROW_COUNT; i++) {
    names[i] = rows[i].name;
    if (fe_same_text(rows[i].name, name.text)) return &rows[i];
  }
  diag_error(f->c->d, name.loc, "there is no function '%s'", name.text);
  fe_suggest_or_list(f->c, name.text, names, ROW_COUNT, "");
  return NULL;
}

static bool collect_args(fe_model *f, const call_row *row, const ast_expr *e, const ast_expr **args) {
  size_t count = 0, option_count = 0;
  while (option_count < MAX_OPTIONS && row->options[option_count] != NULL) option_count++;
  if (!fe_check_args(f->c, &e->args, row->name, row->options, option_count)) return false;
  for (size_t i = 0; i < e->args.len; i++) {
    if (e->args.data[i].name.text != NULL) continue;
    if (count < MAX_ARGS) args[count] = e->args.data[i].value;
    count++;
  }
  if (count >= row->min_args && count <= row->max_args) return true;
  diag_error(f->c->d, e->loc, "'%s' takes %zu argument%s, not %zu", row->name, row->max_args,
             row->max_args == 1 ? "" : "s", count);
  diag_hint(f->c->d, "it is used as %s", row->form);
  return false;
}

ir_value *fe_model_call(fe_model *f, const ast_expr *e) {
  const call_row *row = find_row(f, e->name);
  const ast_expr *args[MAX_ARGS] = {0};
  return row != NULL && collect_args(f, row, e, args) ? row->build(f, row, e, args) : NULL;
}
