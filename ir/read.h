// From the parse tree to a module. Internal to ir/.
#ifndef QCC_IR_READ_H
#define QCC_IR_READ_H

#include "ir/expr_scope.h"
#include "ir/ir.h"
#include "ir/node.h"
#include "ir/records.h"
#include "support/map.h"

typedef struct reader {
  parse_context *p;
  arena *mem;
  ir_module *m;
  const scheme *scheme; // that the record being read belongs to
  unsigned code_bits;
  name_map values; // name -> ir_value of the function being read
} reader;

// Reports at a place in the text. Always false.
bool read_fail(reader *r, src_loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* read_value.c: single values; false (reported) when the text holds something else */
bool read_u64(reader *r, const node *n, uint64_t *out);
bool read_i64(reader *r, const node *n, int64_t *out);
bool read_uint(reader *r, const node *n, unsigned *out);
bool read_real(reader *r, const node *n, double *out); // integers too
bool read_text(reader *r, const node *n, const char **out);
bool read_symbol(reader *r, const node *n, const char **out);
bool read_elem(reader *r, const node *n, elem_type *out);
bool read_act(reader *r, const node *n, act_spec *out);
bool read_type(reader *r, const node *n, ir_type *out);
bool read_size(reader *r, const node *n, ir_size *out);
bool read_reals(reader *r, const node *n, const double **out, size_t *count);
bool read_list(reader *r, const node *n);
// Whether a node is that word.
bool node_is_word(const node *n, const char *word);

/* read_scheme.c */
bool read_expr(reader *r, const expr_scope *scope, const node *n, const expr **out);
bool read_field_ref(reader *r, const scheme *s, const node *n, unsigned *out);
bool read_scheme(reader *r, const node *n);

/* read_record.c */
// Fills a zeroed struct from a record; members that the text lacks are an error unless they may be NULL.
bool read_record(reader *r, const record_type *type, const node *n, void *out);

/* read_func.c */
bool read_func(reader *r, const node *n);

#endif
