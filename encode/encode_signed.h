// Cells whose weights are magnitudes from a table times signs: the nearest of them, found without trying signs. See
// Note [Signs] in encode/encode_signed.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_SIGNED_H
#define QCC_ENCODE_ENCODE_SIGNED_H

#include "encode/encode_cell.h"

typedef struct signed_set signed_set;

// What the tables of `c`, as they are, have of this form; NULL for others. Owned by `a`.
signed_set *signed_set_new(arena *a, const cell_set *c);

// As cell_solve, and exact: codes of one cell for coefficients u. terms[j] are the values of all terms at weight j. False, with
// nothing written, for coefficients that leave the codes open.
// `by` says how much the squared error of each weight counts; NULL: all alike.
bool signed_solve(const signed_set *s, const double *w, const double *by, size_t count, const double *u,
                  uint32_t *slots, double (*terms)[PLAN_TERMS]);

#endif
