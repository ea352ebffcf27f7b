// The parse tree of the IR's text: what ir_parse.y builds and the readers (read_*.c) turn into a module.
#ifndef QCC_IR_NODE_H
#define QCC_IR_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/arena.h"
#include "support/diag.h"
#include "support/vec.h"

typedef enum node_kind {
  NODE_INT,     // number, negative
  NODE_REAL,    // real
  NODE_STRING,  // text
  NODE_BYTES,   // text, `number` bytes
  NODE_SYMBOL,  // text, without "@"
  NODE_VALUE,   // text, without "%"
  NODE_WORD,    // text
  NODE_LIST,    // its items
  NODE_RECORD,  // entries
  NODE_ENTRY,   // word, value
  NODE_TYPE,    // word, list of dimensions and the element
  NODE_NAMED,   // word, symbol or int [, axis]; `bang`: the other kind of number than stored
  NODE_CALL,    // word or NAMED, list of arguments
  NODE_SIZE,    // int, int: fixed + per batch
  NODE_REF,     // word, int or NULL, offset
  NODE_ACT,     // number of an act_form, then its numbers
  NODE_PARAM,   // value, type
  NODE_CARRY,   // value, value
  NODE_OP,      // list of results, word, list of operands, record or NULL, list of types
  NODE_FOR,     // list of results, head, record or NULL, list of types, list of operations
  NODE_HEAD,    // of a loop: index, lo, hi, step, list of carries
  NODE_FUNC,    // word, symbol, list of parameters, list of outputs or NULL, list of operations
  NODE_MODULE,  // string, int, list of items
  NODE_SOURCE,  // string
  NODE_WEIGHT,  // symbol, record
  NODE_RECIPE,  // symbol, record
  NODE_PLAN,    // record
  NODE_SCHEME,  // symbol, list of items
  NODE_FIELD,   // symbol, word, list of dimensions; int, word or list of int [; real]
  NODE_TABLE,   // symbol, word, list
  NODE_SECTION, // word, list of two expressions, symbol
  NODE_MEANING, // the value expression
  NODE_STEPS,   // word, list of steps
  NODE_LAYOUT,  // string, int, int, int, list of items [, word]
  NODE_TENSOR,  // symbol, string, word, list of sizes, list of stored types
  NODE_PLACE    // symbol or int, list of binders, expression [, record of expressions]
} node_kind;

typedef enum act_form { ACT_FORM_GROUP, ACT_FORM_TOKEN, ACT_FORM_STATIC } act_form;

typedef struct node node;
struct node {
  node_kind kind;
  src_loc loc;
  const char *text;
  uint64_t number;
  bool negative;
  bool bang;
  double real;
  VEC(node *) items;
};

// What one parse shares: lexer, parser and error messages.
typedef struct parse_context {
  diag *d;
  arena *mem;
  unsigned file;
  node *root; // the module, once parsed
  bool failed;
} parse_context;

// A node of `count` parts (node *, NULL allowed).
node *node_new(parse_context *p, node_kind kind, src_loc loc, size_t count, ...);
node *node_act(parse_context *p, src_loc loc, act_form form, node *type, node *first, node *second);
node *node_bang(node *named);
// Appends to a list and returns it. The list's place grows with it.
node *node_append(parse_context *p, node *list, node *item);

/* tokens */
node *node_int(parse_context *p, src_loc loc, const char *text);
node *node_real(parse_context *p, src_loc loc, const char *text);
// The quoted text from `text`, `length` bytes with quotes and without what comes before them.
node *node_quoted(parse_context *p, node_kind kind, src_loc loc, const char *text, size_t length);
node *node_bytes(parse_context *p, src_loc loc, const char *text, size_t length);
node *node_name(parse_context *p, node_kind kind, src_loc loc, const char *text, size_t length);

// Reports an error in the text.
void node_error(parse_context *p, src_loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
