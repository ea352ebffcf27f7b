// What the files that build models share. Private to the frontend.
#ifndef QCC_FRONTEND_MODEL_H
#define QCC_FRONTEND_MODEL_H

#include "frontend/sema.h"

typedef struct fe_model {
  fe_context *c;
  ir_module *m;
  ir_builder b;
  const ast_node *node;
  const char *folder;
  fe_scope scope;
  fe_rules rules;
  ast_name batch; // the symbolic dimension; text NULL: none was declared
  bool batch_used;
  VEC(ir_value *) outputs;
  VEC(const char *) output_names;
  name_map by_output, by_source; // of outputs and of files of weights that are named already
} fe_model;

// What an expression of a model is: a number (a literal) or a tensor. Both NULL: wrong, and reported.
typedef struct fe_operand {
  const expr *number;
  ir_value *value;
} fe_operand;

/* model_shape.c */
// "f32[batch, 64]"
const char *fe_type_text(const fe_model *f, const ir_type *type);
// A shape from its sizes; the batch may come first.
bool fe_build_shape(fe_model *f, const ast_args *sizes, src_loc loc, ir_type *out);
// Whether the tensors of the whole model have a size that 64 bits can count, at the largest batch; reports it if not.
bool fe_check_memory(const fe_model *f);
bool fe_same_elements(const ir_type *a, const ir_type *b);

/* model_expr.c */
fe_operand fe_model_expr(fe_model *f, const ast_expr *e);
// An operand that must be a tensor; NULL (reported) otherwise.
ir_value *fe_model_tensor(fe_model *f, const ast_expr *e, const char *what);
bool fe_model_number(fe_model *f, const ast_expr *e, double *out);

/* model_call.c */
ir_value *fe_model_call(fe_model *f, const ast_expr *e);

/* model_weights.c */
typedef struct fe_stored {
  fe_answer answer;
  fe_tensor tensor;
  const char *source; // the file it is in; otherwise the first file, NULL without any
} fe_stored;
fe_stored fe_ask(fe_model *f, const char *name);
// After something was asked of weights file number `index`, which reports its failure once: tells where the text names it.
void fe_note_file(fe_model *f, size_t index, size_t errors_before);
// Whether a file of weights that may hold the tensor cannot be read. That was reported: what follows from it is not.
bool fe_file_failed(fe_model *f, const char *name);
// Reports that no file has the tensor.
void fe_missing_tensor(fe_model *f, src_loc loc, const char *name);
// "fc1" of "fc1.weight" and of "fc1".
const char *fe_layer_of(arena *a, const char *name);
// A stored f32 tensor as a value; NULL (reported) when it does not have the type's shape.
ir_value *fe_stored_const(fe_model *f, const char *name, const ir_type *type, src_loc loc);
// "<layer>.bias" with `count` numbers: by the option `bias = none | required`, or when the file has one. *out is NULL
// without a bias. False when something is wrong.
bool fe_bias(fe_model *f, const ast_expr *call, const char *layer, uint64_t count, ir_value **out);
ir_weight *fe_add_weight(fe_model *f, ir_weight weight);

/* model_linear.c */
ir_value *fe_linear(fe_model *f, const ast_expr *call, const ast_expr *input, const ast_expr *name);

#endif
