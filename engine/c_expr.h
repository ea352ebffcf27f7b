// Expressions of schemes as C, over the helpers of text/packer.c.
#ifndef QCC_ENGINE_C_EXPR_H
#define QCC_ENGINE_C_EXPR_H

#include "format/scheme.h"
#include "support/vec.h"

// What leaves become.
typedef struct c_names {
  const scheme *s;
  const char *tables;         // start of the names of constant tables: <tables>0, ..
  const char *vars[8];        // by expr_var
  const char *block;          // what BITS reads
  const char *const *tensors; // by layout tensor
} c_names;

// Appends the expression; its C type is int64_t when e->is_int, else double.
void c_expr_put(strbuf *out, const c_names *names, const expr *e);

// Appends a definition of a constant table of the scheme: `static const double <tables><index>[] = {..};`
void c_expr_put_table(strbuf *out, const c_names *names, size_t index);

// The type that holds raw elements: "uint8_t", "uint16_t", "uint32_t".
const char *c_raw_type(elem_type type);

#endif
