// Operators in index notation: from the tree of their text to computations, in which every name is resolved, lists of indices
// are written out, ranges and shapes are inferred and proved, and operators that are called are put in place.
#ifndef QCC_FRONTEND_OPERATORS_H
#define QCC_FRONTEND_OPERATORS_H

#include "frontend/ast.h"
#include "ir/statement.h"

// The operators and constants of several texts.
typedef struct ex_library ex_library;
ex_library *ex_library_new(diag *d, arena *a);
// Adds what a text declares. An operator that is declared already is an error, unless `override`: then it stays what it
// is, so that a user's operators go before the standard ones that are added after them.
bool ex_library_add(ex_library *l, const ast *tree, bool override);
size_t ex_library_count(const ex_library *l);
const ast_node *ex_library_at(const ex_library *l, size_t i);

// The computation of the entry `name` (NULL: the only one) of a network (an AST_MODEL node of a tree in the library). NULL
// after errors, which are reported with the place in the operator and where it was called.
st_computation *ex_entry(ex_library *l, const ast_node *network, const char *name);

#endif
