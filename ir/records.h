// Structs as tables, for the printer and the reader of the text form: a member that is in a table is printed and read,
// so the two cannot disagree. Text: `{name = value, ..}`.
#ifndef QCC_IR_RECORDS_H
#define QCC_IR_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum record_kind {
  RECORD_U64,
  RECORD_SPAN, // uint64_t; `row` for PREPARED_ROW
  RECORD_I64,
  RECORD_UINT,      // unsigned
  RECORD_CODE_BITS, // unsigned; says how many levels and bytes of planes there are from here on
  RECORD_INDEX,     // int; `none` for -1
  RECORD_BOOL,
  RECORD_REAL,
  RECORD_TEXT,   // const char *; NULL is left out
  RECORD_SYMBOL, // const char * as @name; NULL is left out
  RECORD_SOURCE, // const char *, one of the module's sources where it is among them; NULL is left out
  RECORD_ELEM,
  RECORD_ACT,
  RECORD_MODE,
  RECORD_TYPE,
  RECORD_SIZE,        // ir_size: 64 + 256 batch
  RECORD_SCHEME,      // const scheme *; sets the scheme that later members speak of; NULL is left out
  RECORD_LAYOUT,      // const scheme_layout * of that scheme, by name; NULL is left out
  RECORD_RECIPE,      // const recipe *; NULL is left out
  RECORD_FIELD,       // unsigned: a field of that scheme, by name where the name tells which
  RECORD_MAYBE_FIELD, // int: the same; `none` for -1
  RECORD_LEVELS,      // const double *, 2^code_bits of them; NULL is left out
  RECORD_PLANES,      // const uint8_t *[], 2^code_bits bytes each; `count` is an unsigned
  RECORD_EXPRS,       // const expr *const *
  RECORD_SIZES,       // ir_size *
  RECORD_REFS,        // ir_ref *: input 0 at 64, weights at 128, workspace at 0 + 64 batch, none
  RECORD_COUNTS,      // const uint64_t *; NULL is left out
  RECORD_MAYBE,       // a pointer to a struct of `type`; NULL is left out
  RECORD_NESTED,      // a struct of `type` in place
  RECORD_LIST,        // a pointer to `count` structs of `type`
  RECORD_ARRAY,       // up to `limit` structs of `type` in place
  RECORD_POINTERS     // a pointer to `count` pointers to structs of `type` (the data of a VEC)
} record_kind;

typedef struct record_type record_type;

typedef struct record_member {
  const char *name;
  record_kind kind;
  size_t offset;
  size_t count;            // offset of the member that counts (size_t, except for PLANES)
  size_t limit;            // of ARRAY and PLANES
  const record_type *type; // of NESTED, LIST, ARRAY, POINTERS
} record_member;

struct record_type {
  const char *name; // for messages
  size_t size;
  bool one_line;
  size_t member_count;
  const record_member *members;
};

extern const record_type record_weight; // ir_weight without its name
extern const record_type record_recipe; // recipe without its name
extern const record_type record_plan;

// Members that are left out of the text when they are NULL.
bool record_may_miss(record_kind kind);

#endif
