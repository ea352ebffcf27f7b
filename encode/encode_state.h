// What the parts of the encoder share while a tensor is being encoded. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_STATE_H
#define QCC_ENCODE_ENCODE_STATE_H

#include "encode/encode.h"
#include "encode/encode_plan.h"
#include "format/relaxed.h"

// Part of the tensor: all weights of one granule of some field.
typedef struct region {
  uint64_t n, rows;    // from row n on
  uint64_t k, columns; // from column k on
} region;

typedef struct encoder {
  diag *d;
  arena *mem; // temporary
  const scheme *s;
  const encode_plan *plan;
  const float *w;
  tensor_codes *out;
  unsigned refinements;
  const float *importance; // of encode_options
  uint64_t importance_rows;
  double **tables;            // numbers of each stored table for the whole tensor, as `out` has them; by field
  const double **unit_tables; // the ones for the weights at hand
  uint64_t table_changes;     // how often one of their numbers has been stored
  double *fields;             // scratch, by field
  double **pretended;         // scratch of encode_tables_start
  unsigned code_bits;         // per weight, all codes together
  encode_progress progress;
} encoder;

static inline double encoder_weight(const encoder *e, uint64_t n, uint64_t k) {
  return (double)e->w[n * e->out->columns + k];
}

// The region of the granule of `g` that weight (n, k) belongs to.
region encoder_region(const encoder *e, granularity g, uint64_t n, uint64_t k);

// Sets e->unit_tables for weight (n, k).
void encoder_use_tables(encoder *e, uint64_t n, uint64_t k);

// Sets e->fields and e->unit_tables to what `out` has for weight (n, k).
void encoder_load(encoder *e, uint64_t n, uint64_t k);

// Stores number x, rounded to the type of field f (never infinite), as element i; tables also in e->tables.
void encoder_store(encoder *e, unsigned f, uint64_t i, double x);

// Stored tables (encode/encode_tables.c): first numbers for a region, and least squares for the codes in `out`. Tables that
// are looked up several times, or several tables, start one after the other, so that each can begin with what those before
// it leave: stage 0, then 1, .., with the codes of the stage before. False when there is no such stage.
bool encode_tables_start(encoder *e, region r, unsigned stage);
void encode_tables_refit(encoder *e, region r);

// The general search (encode/encode_search.c): any expression, much slower. Works on a region that holds whole
// granules of all scalar fields. The first call for a region chooses starting values.
void encode_search(encoder *e, region r, bool first);

// The squared error of a region with the codes in `out`.
double encoder_error(encoder *e, region r);

#endif
