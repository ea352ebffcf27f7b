// The tree of a `.q` text, as written: names are not looked up, constants not computed. Made by the grammar
// (q_parse.y), printed by ast_print.c, given meaning by the other files of this folder.
#ifndef QCC_FRONTEND_AST_H
#define QCC_FRONTEND_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/diag.h"
#include "support/vec.h"

// Expressions nested deeper than this are refused, so that recursion over a tree is bounded.
#define AST_MAX_DEPTH 200
// So are statements; each `else if` counts one level.
#define AST_MAX_NESTING 100
#define AST_MAX_INDICES 8

// A name or a string with its place. `text` is NULL where the text has none.
typedef struct ast_name {
  const char *text;
  src_loc loc;
} ast_name;

typedef enum ast_operator {
#define BINARY(id, text, precedence, op, swap, negate) AST_OP_##id,
#define UNARY(id, text, op) AST_OP_##id,
#include "frontend/operators.def"
  AST_OPERATOR_COUNT
} ast_operator;

typedef enum ast_expr_kind {
  AST_INT,
  AST_REAL,
  AST_STRING, // name.text
  AST_NAME,
  AST_UNARY,
  AST_BINARY,
  AST_SELECT, // condition ? then : else
  AST_CALL,   // name(args)
  AST_INDEX,  // args[0] is what is indexed, the others are the indices: a[i][j] is the same as a[i, j]
  AST_LIST,   // [a, b]
  AST_STAR,   // the axis that a line of elements runs along: tensor[*, n]; a dimension of any size, or all of it
  AST_ELSE,   // args[0] else args[1]
  AST_RANGE,  // args[0] .. args[1] < args[2], each NULL where it is not written: `..`, `s..`, `a .. b`, `i.. < out`
  AST_RING    // ring args[0]: a dimension of a state that wraps around
} ast_expr_kind;

typedef struct ast_expr ast_expr;

// An argument: `value` or `name = value`.
typedef struct ast_arg {
  ast_name name;
  const ast_expr *value;
} ast_arg;

typedef VEC(ast_arg) ast_args;
typedef VEC(ast_name) ast_names;

struct ast_expr {
  ast_expr_kind kind;
  ast_operator op;
  unsigned depth; // 1 for a leaf
  int64_t i;
  double r;
  ast_name name;
  ast_args args;
  src_loc loc;
};

// `f16`, `u(bits)`, `f32[16]`; of a stored tensor also `f16|f32[N]`. Of a type that is computed, `(c ? f32 : f16)[n]`,
// the name is "" and `width` the expression.
typedef struct ast_type {
  ast_name name;
  const ast_expr *width; // NULL without
  ast_names others;      // the types after the first
  ast_args dims;
  src_loc loc;
} ast_type;

// Declarations and statements. One shape serves all; which members a kind uses:
typedef enum ast_kind {
  AST_INCLUDE,  // name: the file
  AST_CONST,    // name, value
  AST_SCHEME,   // name, args (parameters), body, doc
  AST_FIELD,    // name, type, per (NULL: per weight), word ("sparse" or NULL), value (its share or NULL)
  AST_SECTION,  // name: the axis; per .. value: the bounds; type.width: the scheme (AST_CALL)
  AST_TABLE,    // name, type, args (elements)
  AST_VALUE,    // value
  AST_STEPS,    // name (input or output), value
  AST_LAYOUT,   // name, args (options), body
  AST_TENSOR,   // name, type, suffix
  AST_PLACE,    // name (the field), suffix (what of a list, or NULL), binders, value
  AST_MODEL,    // name, word ("network" or NULL), body
  AST_WEIGHTS,  // name: the file or NULL, suffix: what it is called or NULL, args (prefix = ..)
  AST_INPUT,    // name, type, per (bound of its numbers or NULL)
  AST_DIM,      // name, args (its least value, or none), word ("<" or NULL), value: the bound, per (its step or NULL)
  AST_LET,      // name, value: a statement that gives one name
  AST_OUTPUT,   // name, type or NULL, value or NULL
  AST_PRESET,   // name, args (parameters), value: the scheme (AST_CALL), body: options, doc
  AST_QUANTIZE, // body
  AST_RULE,     // name: the glob, word (role, "state", or NULL), value: the scheme (AST_CALL) or NULL, body: options
  AST_OPTION,   // name, word (first word of its value), per or NULL, suffix (second word), args
  // Index notation, networks:
  AST_OPERATOR, // name, params, args (results: AST_NAME, or AST_INDEX of several), body, doc
  AST_PARAM, // name, args (how many tensors: x[m]), type or none, per (bound of its numbers or NULL), value (default)
  AST_STATEMENT, // any other: args (targets: AST_NAME or AST_INDEX), type or none, word (= := += *= max= min=), value
  AST_REQUIRE,   // value, word (the message)
  AST_IF,        // value, body, otherwise (of `else if`: one AST_IF)
  AST_FOR,    // binders, per (how often) or value (the list), word ("[" where elements are lists to take apart), body
  AST_LOOP,   // name, per (how often), body
  AST_BLOCK,  // name, params, body, doc
  AST_ENTRY,  // name, params, body, doc
  AST_STATE,  // binders (names), args (a family: layer < layers), type, value or NULL
  AST_RETURN, // body (AST_RESULT)
  AST_RESULT  // name or none, type or none, value
} ast_kind;

typedef struct ast_node ast_node;
typedef VEC(ast_node *) ast_nodes;

struct ast_node {
  ast_kind kind;
  ast_name name;
  ast_name word;
  ast_name suffix;
  ast_type type; // type.name.text is NULL where there is none
  const ast_expr *per;
  const ast_expr *value;
  ast_args args;
  ast_names binders;
  ast_nodes body;
  ast_nodes params;
  ast_nodes otherwise;
  const char *doc; // the comment right above, without its slashes; NULL if there is none
  unsigned depth;  // 1 for a statement without others in it
  bool broken;     // a part of it could not be read, which was reported, and is left out
  src_loc loc;
};

typedef struct ast {
  ast_nodes items;
  const char *path; // as given to fe_parse
  unsigned file;    // of locations
  bool has_errors;  // something could not be read; what could is in `items`
} ast;

const char *ast_operator_text(ast_operator op);
// How tightly a binary operator binds; larger is tighter.
int ast_operator_precedence(ast_operator op);

/* ast.c: constructors, one call for each action of the grammar. `d` is told of trees that are too deep. */
ast_expr *ast_int(arena *a, int64_t value, src_loc loc);
ast_expr *ast_real(arena *a, double value, src_loc loc);
ast_expr *ast_leaf(arena *a, ast_expr_kind kind, ast_name name, src_loc loc);
ast_expr *ast_unary(diag *d, arena *a, ast_operator op, const ast_expr *x, src_loc loc);
ast_expr *ast_binary(diag *d, arena *a, ast_operator op, const ast_expr *x, const ast_expr *y, src_loc loc);
ast_expr *ast_select(diag *d, arena *a, const ast_expr *c, const ast_expr *x, const ast_expr *y, src_loc loc);
ast_expr *ast_call(diag *d, arena *a, ast_name name, const ast_args *args, src_loc loc);
ast_expr *ast_index(diag *d, arena *a, const ast_expr *base, const ast_args *indices, src_loc loc);
ast_expr *ast_list(diag *d, arena *a, const ast_args *elements, src_loc loc);
ast_expr *ast_else(diag *d, arena *a, const ast_expr *x, const ast_expr *otherwise, src_loc loc);
ast_expr *ast_range(diag *d, arena *a, const ast_expr *from, const ast_expr *to, const ast_expr *bound, src_loc loc);
ast_expr *ast_ring(diag *d, arena *a, const ast_expr *size, src_loc loc);

ast_node *ast_declare(arena *a, ast_node node); // a copy in the arena
// AST_LET where one plain name is given, else AST_STATEMENT.
ast_node *ast_statement(arena *a, const ast_args *targets, const ast_name *sign, const ast_type *type,
                        const ast_expr *value, src_loc loc);
// The same for a node with statements in it. NULL when they are nested too deeply.
ast_node *ast_nest(diag *d, arena *a, ast_node node);

// Empty lists; lists grow by one element and are given back, so that a rule of the grammar is one call.
ast_args *ast_no_args(arena *a);
ast_names *ast_no_names(arena *a);
ast_nodes *ast_no_nodes(arena *a);
ast_args *ast_join_args(arena *a, ast_args *list, const ast_args *more);
ast_args *ast_add_arg(arena *a, ast_args *list, ast_name name, const ast_expr *value);
ast_names *ast_add_name(arena *a, ast_names *list, ast_name name);
ast_nodes *ast_add_node(arena *a, ast_nodes *list, ast_node *node); // NULL nodes are left out
ast_nodes *ast_join_nodes(arena *a, ast_nodes *list, const ast_nodes *more);

#endif
