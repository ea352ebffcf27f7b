// Entries to the grammar that only the frontend itself uses.
#ifndef QCC_FRONTEND_TREE_H
#define QCC_FRONTEND_TREE_H

#include "frontend/ast.h"

// The reference (AST_CALL) in "q4_g(group = 64)"; NULL after errors. `name` is for messages.
const ast_expr *fe_parse_reference(diag *d, arena *a, const char *name, const char *text);

// A piece of a string: plain text, or an expression whose value stands there. One of them is NULL.
typedef struct fe_template_part {
  const char *text;
  const ast_expr *value;
} fe_template_part;

typedef VEC(fe_template_part) fe_template;

// Takes the string of a tree apart: "blk.{layer}.attn" is "blk.", the expression `layer`, and ".attn". In the tree's text
// a brace that begins no expression stands twice (it is written \{). Places are those in the file. False after errors.
bool fe_template_parts(diag *d, arena *a, ast_name string, fe_template *out);

// An expression as text, with as few parentheses as its operators allow.
const char *fe_expr_text(arena *a, const ast_expr *e);

// "(group = 32)", or "" without parameters.
const char *fe_parameters_text(arena *a, const ast_args *parameters);

// "(x : T[.., n], eps = 1e-05)" of an operator, a block or an entry.
const char *fe_params_text(arena *a, const ast_nodes *params);

#endif
