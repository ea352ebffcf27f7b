// Level 0 of the encoder where codes belong to several weights: vectors of a codebook, signs of a group, positions within a
// group. See Note [Cells] in encode/encode_cell_plan.c. Internal to encode/.
#ifndef QCC_ENCODE_ENCODE_CELL_H
#define QCC_ENCODE_ENCODE_CELL_H

#include "encode/encode_near.h"
#include "encode/encode_plan.h"
#include "encode/encode_probe.h"

enum {
  CELL_WEIGHTS = 256,  // weights of a cell
  CELL_SLOTS = 320,    // codes of a cell
  CELL_VARS = 24,      // different codes that one weight uses
  CELL_NODES = 64,     // parts of the value
  CELL_TABLE_BITS = 16 // codes that are tabulated together
};

// One stored number of a cell: element `element` of the granule of field `field` that begins at weight `first` and has
// `count` weights.
typedef struct cell_slot {
  unsigned field;
  unsigned bits;
  uint32_t element;
  uint32_t first, count;
} cell_slot;

// A code as the value's text names it, and which slot that is for each weight of the cell.
typedef struct cell_var {
  const expr *e;
  unsigned bits;
  uint16_t slot[CELL_WEIGHTS];
} cell_var;

typedef enum cell_op { CELL_TABLE, CELL_ADD, CELL_SUB, CELL_MUL, CELL_NEG } cell_op;

// A part of the value: a table over the codes that it depends on, or arithmetic on two parts.
typedef struct cell_node {
  cell_op op;
  int args[2];
  const expr *e;
  unsigned var_count, bits;
  uint8_t vars[CELL_VARS], shifts[CELL_VARS]; // of the table's index
  double *table;                              // [phase * width + weight][index]
  double *mean;                               // [phase * width + weight]: over all indices
} cell_node;

// Codes that are chosen together, with everything else as it is.
typedef struct cell_move {
  unsigned slot_count, bits;
  uint16_t slots[CELL_VARS];
  uint8_t shifts[CELL_VARS]; // where each slot's bits are in the joint number
  uint32_t first, count;     // the weights that may change
  int node;                  // the table whose index is the joint number; -1 when there is none
  // The value is a linear function of the node, which is in term `term` only, and the move decides all of it: where the
  // slope has one magnitude the best joint number is the nearest vector. NULL elsewhere; by phase.
  near_index **near;
  size_t term;
  double spread; // how much this move alone can do
} cell_move;

typedef struct cell_set {
  const struct signed_set *signs; // a better way to solve them; NULL: none
  const encode_plan *plan;
  arena *near_mem;    // of the indices
  uint64_t questions; // cells that are going to be solved, more or less
  size_t width;       // weights of a cell
  size_t finest;      // weights of the finest code
  size_t phases;      // cells until the value's dependence on the column repeats
  size_t terms;
  bool varies[PLAN_TERMS]; // by codes
  size_t slot_count, var_count, node_count, move_count, outer_count;
  cell_slot slots[CELL_SLOTS];
  cell_var vars[CELL_VARS];
  cell_node nodes[CELL_NODES];
  int roots[PLAN_TERMS];
  cell_move *moves;          // in the order in which they are tried
  uint16_t outer[CELL_VARS]; // slots of few bits over the whole cell, all of whose numbers are tried
  unsigned outer_bits;
  double min[PLAN_TERMS], max[PLAN_TERMS], rms[PLAN_TERMS]; // over sampled codes
} cell_set;

// What the terms need for codes of cells, about `questions` of them; cell_set_update comes next. NULL when a part of the value joins too many codes;
// then *blocked is that part.
cell_set *cell_set_new(arena *a, const encode_plan *plan, uint64_t questions, const expr **blocked);

// Computes all numbers, for the stored tables as they are.
void cell_set_update(cell_set *c, const double *const *tables);

// Frees what cell_set_update has made.
void cell_set_free(cell_set *c);

// All numbers that a term can be; none when they are too many to be listed.
level_list cell_levels(arena *a, const cell_set *c, size_t term);

// Chooses the codes of one cell: w[0 .. count - 1] with count <= width, the first weight at column k, coefficients u of the
// terms. `effort` 0 is fast, 1 thorough. slots[] gets slot_count raw numbers.
void cell_solve(const cell_set *c, const double *w, size_t count, uint64_t k, const double *u, unsigned effort,
                uint32_t *slots);

// The terms' values at weights 0 .. count - 1 of a cell that begins at column k.
void cell_terms(const cell_set *c, const uint32_t *slots, size_t count, uint64_t k, double (*out)[PLAN_TERMS]);

#endif
