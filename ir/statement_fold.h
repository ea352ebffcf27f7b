// What is known of an expression of ir/statement.h by its arguments.
#ifndef QCC_IR_STATEMENT_FOLD_H
#define QCC_IR_STATEMENT_FOLD_H

#include "ir/statement.h"

// The value of an operator over numbers that are known: its arguments' values in double or 64 bits.
typedef struct st_number {
  st_class kind;
  int64_t i; // integers and booleans
  double r;
} st_number;

// An operator without reads, branches and indices, on numbers of the kinds that st_make gives it. Integers that leave 64
// bits wrap around, and *wrapped is set.
st_number st_apply(st_op op, elem_type elem, st_class kind, const st_number *args, bool *wrapped);
// Whether st_apply knows the operator.
bool st_is_applied(st_op op);

// Computes an operator over constants; false when an integer leaves 64 bits or a divisor is 0.
bool st_fold(const st_expr *e, st_expr *out);
// Sets low and high.
void st_find_range(st_expr *e);

// The number that a tensor stores for a value: the nearest of a float type, the low bits of an integer type.
st_number st_stored(st_type type, st_number v);

#endif
