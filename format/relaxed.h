// Expressions over real numbers: fields may have values between those that their type can store. The encoder searches
// there before it rounds. Internal to format/.
#ifndef QCC_FORMAT_RELAXED_H
#define QCC_FORMAT_RELAXED_H

#include "format/tensor_codes.h"

// fields[f] is the number of scalar field f; tables[f] the numbers of a field with elements.
typedef struct relaxed_env {
  const scheme *scheme;
  const double *fields;
  const double *const *tables;
  double k, n;
  double window; // what windows of codes are, where `codes` is NULL
  const tensor_codes *codes;
} relaxed_env;

// As eval_real of format/eval.h where all integer fields have integer values. Bit operations, integer division and look-ups
// round their arguments to integers.
double relaxed_eval(const relaxed_env *env, const expr *e);

#endif
