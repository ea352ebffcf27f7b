// Entries to the grammar that only the frontend itself uses.
#ifndef QCC_FRONTEND_TREE_H
#define QCC_FRONTEND_TREE_H

#include "frontend/ast.h"

// The reference (AST_CALL) in "q4_g(group = 64)"; NULL after errors. `name` is for messages.
const ast_expr *fe_parse_reference(diag *d, arena *a, const char *name, const char *text);

// An expression as text, with as few parentheses as its operators allow.
const char *fe_expr_text(arena *a, const ast_expr *e);

// "(group = 32)", or "" without parameters.
const char *fe_parameters_text(arena *a, const ast_args *parameters);

#endif
