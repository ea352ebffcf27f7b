// Parts of the printer that other files of ir/ ask for.
#ifndef QCC_IR_PRINT_H
#define QCC_IR_PRINT_H

#include "ir/expr_scope.h"
#include "ir/ir.h"
#include "ir/records.h"

// "vector<16 x i8>", "tensor<batch x 64 x f32>", "index", ..
void print_type(strbuf *out, const ir_type *type);

/* print_scheme.c */
// An expression in prefix form; fields, tables and layout tensors by name where the name tells which, else by number.
void print_expr(strbuf *out, const expr_scope *scope, const expr *e);
// "@scale", or "2" where the name would not tell which field it is.
void print_field_ref(strbuf *out, const scheme *s, unsigned index);
void print_scheme(strbuf *out, const scheme *s);

/* print_record.c */
// A struct by its table, over several lines where the table says so.
void print_record(strbuf *out, const record_type *type, const void *record);

#endif
