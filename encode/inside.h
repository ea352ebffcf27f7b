// What the files of the encoder ask of each other. The notes that are named are in the files.
#ifndef QCC_ENCODE_INSIDE_H
#define QCC_ENCODE_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encode/encode.h"
#include "format/relaxed.h"
#include "format/scheme.h"
#include "format/tensor_codes.h"
#include "support/arena.h"

/* encode_plan.c */
// What the encoder derives from a value expression before it sees a weight: which fields are solved for at which
// granularity, and the value as a chain of linear forms. See Note [Levels] in encode/encode_plan.c.

enum {
  PLAN_TERMS = 8,      // outputs of a level
  PLAN_LEVELS = 8,     // granularities
  PLAN_FIELDS = 8,     // scalar fields of one level
  PLAN_CODE_BITS = 16, // per-weight fields together, where they are all the codes there are
};

// What a field is to the encoder.
typedef enum field_role {
  ROLE_CODE,     // per weight: nearest representable value
  ROLE_SELECTOR, // a code of several weights: an index of a vector, signs of a group, which of two tables
  ROLE_LEVEL,    // coarser scalar in the linear forms
  ROLE_TABLE,    // stored table: alternately fixed, and refitted to the codes
} field_role;

// rows outputs = core[rows][terms] x outputs of the next level. Cores depend on this level's fields only.
typedef struct plan_level {
  granularity gran;
  size_t field_count;
  unsigned fields[PLAN_FIELDS];
  bool affine[PLAN_FIELDS];       // all cores are of degree one in the field
  unsigned partners[PLAN_FIELDS]; // bit set of fields that some core has together with the field
  size_t rows, terms;
  const expr *core[PLAN_TERMS][PLAN_TERMS]; // NULL: zero
  // What the outputs of the next level can be: fixed to 1, below zero, above zero.
  bool fixed[PLAN_TERMS], negative[PLAN_TERMS], positive[PLAN_TERMS];
} plan_level;

typedef struct encode_plan {
  const scheme *scheme;
  field_role *roles;
  bool *inverse; // fields that divide only: for the levels their numbers are 1 / field, and `value` multiplies
  const expr *value;
  bool structured;    // else only the general search can encode this
  bool has_tables;    // ROLE_TABLE fields
  size_t period;      // of cores along k; 1: they do not depend on it; 0: not periodic
  size_t level_count; // levels[0] is per weight; the last one's terms are the constant 1
  plan_level levels[PLAN_LEVELS];
  uint64_t cell;       // weights that share selectors (encode/encode_cell.c); 0: there are none
  uint64_t span;       // weights within which windows wrap; 0: there are none
  const expr *blocked; // where structure ended, if a part of the value is to blame
} encode_plan;

// Whether scalar field f occurs in e.
bool encode_plan_uses(const expr *e, unsigned f);

encode_plan *encode_plan_new(arena *a, const scheme *s);

/* encode_probe.c */
// Weights that a format has exactly are found again: numbers that are all multiples of levels. See Note [Exact weights] in
// encode/encode_probe.c.

enum { PROBE_LEVELS = 1 << 16, PROBE_PAIRS = 32, PROBE_RATIOS = 256, PROBE_FOUND = 64 };

// The numbers that something can be a multiple of, ascending, each once.
typedef struct level_list {
  size_t count;
  const double *values;
  bool uniform; // equal distances
  // One level by another, ascending: what two numbers on a line through 0 can be to each other. Only where they are few and
  // not uniform.
  size_t ratio_count;
  const double *ratios;
} level_list;

// Sorts `count` numbers and drops those that are not finite or there already; the rest are the list's.
level_list level_list_make(double *values, size_t count);

// Adds the ratios, which save time where many questions are asked.
void level_list_prepare(arena *a, level_list *l);

// slope * level + offset. offset is 0 where there is none.
typedef struct probe_line {
  double slope, offset;
} probe_line;

// Lines on which all of x[0 .. count - 1] are, within the error that single precision (`slack` units of it) leaves; at most
// PROBE_FOUND. Without `with_offset` they go through 0. Signs that slopes may have are given by `negative` and `positive`.
size_t probe_lines(const level_list *l, const double *x, size_t count, bool with_offset, bool negative, bool positive,
                   double slack, probe_line *out);

/* encode_near.c */
// The nearest of many fixed vectors, for codes that stand for several weights at once.

enum { NEAR_BEST = 8 }; // most answers of one question

typedef struct near_index near_index;

// Vectors 0 .. count - 1 of `dim` numbers: number j of vector i is table[j * count + i]. Vectors with a number that is not
// finite are never found. `questions` is how many are about to be asked: few are not worth much preparation. Owned by `a`;
// the table is copied.
near_index *near_index_new(arena *a, const double *table, size_t count, size_t dim, uint64_t questions);

// One that was found, with its squared distance.
typedef struct near_answer {
  uint32_t id;
  float distance;
} near_answer;

// The `want` (at most NEAR_BEST) nearest vectors to `t`, nearest first, of equal ones the lower number first. At most
// `probes` of the index's lists are looked through: a vector that is equal to t is always found, and others nearly always.
// Returns how many were found.
size_t near_find(const near_index *x, const float *t, size_t probes, size_t want, near_answer *out);

/* encode_cell.c */
// Level 0 of the encoder where codes belong to several weights: vectors of a codebook, signs of a group, positions within a
// group. See Note [Cells] in encode/encode_cell_plan.c.

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

/* encode_signed.c */
// Cells whose weights are magnitudes from a table times signs: the nearest of them, found without trying signs. See
// Note [Signs] in encode/encode_signed.c.

typedef struct signed_set signed_set;

// What the tables of `c`, as they are, have of this form; NULL for others. Owned by `a`.
signed_set *signed_set_new(arena *a, const cell_set *c);

// As cell_solve, and exact: codes of one cell for coefficients u. terms[j] are the values of all terms at weight j. False, with
// nothing written, for coefficients that leave the codes open.
// `by` says how much the squared error of each weight counts; NULL: all alike.
bool signed_solve(const signed_set *s, const double *w, const double *by, size_t count, const double *u,
                  uint32_t *slots, double (*terms)[PLAN_TERMS]);

/* encode_trellis.c */
// Level 0 of the encoder where a weight's value depends on a window of the code stream (trellis codes): the best codes of a
// whole span are a shortest path. See Note [Trellis] in encode/encode_trellis.c.

typedef struct trellis {
  const encode_plan *plan;
  unsigned field, bits; // the codes', bits of one
  unsigned width;       // bits of a window
  size_t span;          // weights within which windows wrap
  size_t terms, varying;
  double *values; // [term][window]
  float *path;    // of the varying term, in single precision
  double rms, min[PLAN_TERMS], max[PLAN_TERMS];
  struct trellis_room *room; // scratch
} trellis;

// NULL when the value depends on more than one window and constants; then *blocked is that part.
trellis *trellis_new(arena *a, const encode_plan *plan, const expr **blocked);

// The same with scratch of its own, for another thread.
trellis *trellis_copy(arena *a, const trellis *t);

void trellis_update(trellis *t, const double *const *tables);

// Chooses the codes of `count` <= span weights that wrap around, for coefficients u.
void trellis_solve(const trellis *t, const double *w, size_t count, const double *u, uint32_t *codes);

// The terms' values at each of `count` weights.
void trellis_terms(const trellis *t, const uint32_t *codes, size_t count, size_t j, double *out);

/* encode_fit.c */
// Level 0 of the encoder: codes of weights for given coefficients, and the best coefficients for a granule of weights.
// See Note [Levels] in encode/encode_plan.c.

// The squared error of outputs u: power - 2 b.u + u.H.u.
typedef struct quadratic {
  double h[PLAN_TERMS][PLAN_TERMS];
  double b[PLAN_TERMS];
  double power;
} quadratic;

double quadratic_error(const quadratic *q, size_t terms, const double *u);
// Moves u to a minimum; directions without influence and those marked `fixed` (may be NULL) stay as they are.
void quadratic_solve(const quadratic *q, size_t terms, const bool *fixed, double *u);

// Solves the positive semidefinite system h x = r (h: n x n, n <= PLAN_FIELDS; both are overwritten). Unknowns whose
// pivots vanish become 0.
void solve_symmetric(size_t n, double h[PLAN_FIELDS][PLAN_FIELDS], double *r, double *x);

// Where a search among limits begins: by the leading bits of a number (exponent and some of the mantissa).
enum { LEAP_MANTISSA = 4, LEAP_EXPONENTS = 48, LEAP_STEPS = 2, LEAPS = LEAP_EXPONENTS << LEAP_MANTISSA };
typedef struct level_leap {
  bool usable;             // from each beginning it is LEAP_STEPS to the end at most
  int lowest;              // the leading bits of all smaller magnitudes count as these
  uint16_t from[2][LEAPS]; // by sign
} level_leap;

// The values of the cores for every code. With cells or a trellis only these, `terms`, `min` and `max` count.
typedef struct core_set {
  const encode_plan *plan;
  arena *level_mem; // of `levels`
  cell_set *cells;  // at most one of these two;
  trellis *trellis; // both NULL: codes of single weights
  size_t terms, codes, positions;
  double *v; // [position][term][code]
  double min[PLAN_TERMS], max[PLAN_TERMS];
  unsigned direct_field; // a float per weight that is rounded rather than looked up; field_count when there is none
  // One varying core and at most one constant one: nearest values are found by sorted search.
  bool simple, uniform;
  size_t slope, offset;       // terms; offset == terms when there is none
  size_t level_count, padded; // padded: power of two
  double per_step;            // of uniform levels: the inverse of their distance
  double *sorted, *middle;    // the varying core's values in order, and the limits between them
  uint16_t *code_of;          // of each sorted value
  level_leap leap;            // into `middle`
  // All values of the one core that varies, where at most one constant one is beside it; count 0 elsewhere.
  level_list levels;
  size_t level_slope, level_offset; // terms; level_offset == terms when there is none
} core_set;

// `tables` are the current numbers of stored tables, by field; `weights` how many are encoded with them. False when a table of all values would be too large or a
// part of the value joins too many codes; then *blocked is that part.
bool core_set_init(arena *a, const encode_plan *plan, const double *const *tables, uint64_t weights, core_set *out,
                   const expr **blocked);
// Computes the values again after tables have changed.
void core_set_update(core_set *c, const double *const *tables);

// Frees what core_set_init and core_set_update have beside the arena.
void core_set_free(core_set *c);

// Weights of one cell (1 where codes are of single weights), and numbers that are kept for its codes.
size_t core_set_cell(const core_set *c);
size_t core_set_slots(const core_set *c);

// Sums over the weights w of a span, each times what it counts: of 1, w, w * w, and with its level c of c, c * c, c * w.
typedef struct line_sums {
  double n, w, ww;
  double c, cc, cw;
} line_sums;

// Of a span: the sums that do not depend on levels, and the least and the greatest weight.
typedef struct line_weights {
  line_sums sums;
  double min, max;
} line_weights;

// Weights of a granule: `rows` segments of `columns` weights, `stride` apart, the first at column k of its row. codes[]
// has a number for each slot of each cell, code_stride for a row.
typedef struct fit_span {
  const double *w;
  const double *by; // how much the squared error of each column counts; NULL: all alike
  uint32_t *codes;
  size_t rows, columns, stride, code_stride;
  uint64_t k;
  unsigned effort;           // of cells: 0 fast, 1 thorough
  double limit;              // above 0: a larger error is not wanted exactly
  const line_weights *known; // NULL where they have not been computed
} fit_span;

// Chooses the nearest codes of all weights for coefficients u, stores them, and gives the error as a function of u for
// these codes.
void fit_assign(const core_set *c, const fit_span *s, const double *u, quadratic *out);

// The same without storing codes where that saves time; they are undefined afterwards.
void fit_measure(const core_set *c, const fit_span *s, const double *u, quadratic *out);

// Coefficients for which every weight has an exact code, if there are such: at most PROBE_FOUND. Codes are not written.
size_t fit_exact(const core_set *c, const fit_span *s, double (*u)[PLAN_TERMS]);

// Searches the coefficients of least error. Codes are overwritten.
void fit_search(const core_set *c, const fit_span *s, double *u, quadratic *out);

/* encode_line.c */
// Codes of single weights whose value is slope * level + offset: all sums that a least-squares fit of the two needs, for the
// nearest levels. This is where the encoder spends its time, so that it works on several weights at once.

// What does not depend on levels: `sums` has n, w and ww only.
line_weights line_weights_of(const fit_span *s);

// The sums over the nearest levels for coefficients u of a simple core_set; n, w and ww stay as they are. `store`: the codes
// are written, too. The order of additions is the same on every machine.
void line_measure(const core_set *c, const fit_span *s, const double *u, bool store, line_sums *out);

// The error as a function of u; only the terms that there are become defined.
void line_quad(const core_set *c, const line_sums *s, quadratic *out);

/* encode_grid.c */
// Weights that lie on a grid that a format has exactly, found by arithmetic without rounding. See Note [Grids] in
// encode/encode_grid.c.

// What one coefficient of the value can be: an integer field's number, of level 1, times a real field of the level above;
// or, without the integers, a real field of level 1.
typedef struct grid_row {
  size_t term;     // of level 0
  size_t level;    // of the real field
  size_t slot;     // of it, in its level
  size_t fine;     // slot of the integer field in level 1; PLAN_FIELDS when there is none
  size_t count;    // numbers that the integers make of the real field, least magnitude first: {1} without integers
  double *values;  // without 0
  double *numbers; // of the integer field, for each
  double quantum;  // all values are multiples
  double most;     // of these, in magnitude
} grid_row;

typedef struct grid_form {
  bool usable, with_offset;
  bool tied; // the offset is an integer of level 1 times the slope: a zero point
  bool wide; // products with the real field are rounded to floats
  grid_row slope, offset;
  double quantum, most; // of the levels of the codes
} grid_form;

// Whether a plan's weights can be found this way, and how. With cells, trellises and tables they cannot.
grid_form grid_form_of(arena *a, const core_set *c);

/* encode_item_form.c */
// Granules above the weights whose fields are solved for without evaluating expressions. See Note [Item forms] in
// encode/encode_item_form.c.

// A core whose value is listed for all numbers of its fields, integers of few bits together, or is a field.
typedef struct core_form {
  bool usable, is_field;
  size_t field_count;
  unsigned fields[PLAN_FIELDS]; // of the scheme
  double min[PLAN_FIELDS];      // the least number of each
  size_t counts[PLAN_FIELDS];   // of numbers
  double *values;               // the last field's numbers follow one another
} core_form;

core_form core_form_of(arena *a, const encode_plan *plan, size_t level, const expr *core);

// Its value for numbers of all fields; false where only the expression says it.
static inline bool core_form_value(const core_form *c, const double *fields, double *out) {
  if (c->is_field) return *out = fields[c->fields[0]], true;
  if (!c->usable) return false;
  size_t index = 0;
  for (size_t i = 0; i < c->field_count; i++) {
    double at = fields[c->fields[i]] - c->min[i];
    if (!(at >= 0 && at < (double)c->counts[i]) || at != (double)(size_t)at) return false;
    index = index * c->counts[i] + (size_t)at;
  }
  *out = c->values[index];
  return true;
}

// What a field's numbers are, without asking for its type every time.
typedef struct field_form {
  elem_type type;
  bool is_real, inverse, is_small; // is_small: an integer that a double has with bits to spare
  double low, high;
} field_form;

field_form field_form_of(const encode_plan *plan, unsigned field);

// The number that is used for x: integers are always rounded, real numbers only to be stored.
double field_form_storable(const field_form *f, double x, bool store);

// Of fields that multiply each other, one integer is best tried from all sides: its position; field_count when there is none.
size_t item_pivot(const encode_plan *plan, size_t level);

// An output that is a term times base + by * field.
typedef struct item_entry {
  size_t row, term;
  double base, by;
} item_entry;

// Outputs as base + the sum of a slope times each field, for all numbers of some integer fields, the pivots: variants.
typedef struct item_form {
  bool usable;
  size_t field_count, rows, terms;
  size_t pivot_count;
  size_t pivots[PLAN_FIELDS];       // positions among the level's fields
  double pivot_min[PLAN_FIELDS];    // the least number of each
  size_t pivot_counts[PLAN_FIELDS]; // of numbers; those of the last pivot follow one another
  size_t variants;                  // together; 1 without pivots
  size_t free_count;                // other fields
  size_t free[PLAN_FIELDS];         // their positions, integers first
  field_form fields[PLAN_FIELDS];   // of `free`
  double *base;                     // [variant][row][term]
  double *slopes;                   // [variant][free][row][term]
  // One output of one term without other fields: `base` in order, and the variant of each.
  size_t sorted_count;
  double *sorted;
  size_t *variant_of;
  // Without pivots, where each output is one term times something of one field at most: entries 0 .. free_count - 1 are of the
  // fields, those after them constant.
  bool is_split;
  size_t entry_count;
  item_entry entries[PLAN_TERMS];
} item_form;

item_form item_form_of(arena *a, const encode_plan *plan, size_t level);

// Chooses vals[] of one granule for outputs `above` of the next level. Of a single pivot numbers within `reach` of the present
// one are tried. As unit_solve_item.
void item_form_solve(const item_form *x, const quadratic *q, const double *above, bool store, double reach,
                     double *vals);

// Adds a granule's error as a function of the next level's outputs: its own with its cores put in. Needs is_split.
void item_form_add(const item_form *x, const quadratic *q, const double *vals, quadratic *sum);

/* encode_unit.c */
// A unit of the structured encoder: the weights of one granule of the outermost level, which share all coarse fields.
// See Note [Levels] in encode/encode_plan.c.

// What is decided for one level: the fields' numbers (exactly as stored), and what follows from them.
typedef struct unit_level {
  size_t count, per_row; // granules in the unit, in one of its rows
  size_t capacity;
  quadratic *quadratics; // error as a function of this level's outputs, by granule
  double *vals;          // [granule][field]
  double *best_vals;     // of the best solution so far
  double *outs;          // [granule][PLAN_TERMS]: outputs for vals
} unit_level;

typedef struct unit {
  const encode_plan *plan;
  const core_set *cores;
  unsigned refinements;
  bool settled; // fields have been chosen once: integers that are tried move only a little from now on
  size_t rows, columns;
  uint64_t k; // of the first column
  double *w;  // rows x columns
  bool has_importance;
  double *importance;             // of each column, where has_importance
  uint32_t *codes, *best_codes;   // numbers for the slots of each cell, row by row
  size_t row_codes;               // of a row
  unsigned effort;                // of cells, see fit_span
  unit_level levels[PLAN_LEVELS]; // 0 is not used
  grid_form grid;
  double *errors, *best_errors; // by granule of level 1
  bool any_exact;               // some granule's weights are exact for some coefficients
  // By granule of level 1: the weights' own sums, where codes are levels of a line; and the outputs that there are codes for,
  // [granule][PLAN_TERMS], NAN where there are none.
  bool has_known;
  line_weights *known;
  double *assigned;
  bool *open_exact; // by granule of level 1: several exact coefficients are left to choose from
  double *fields;   // scratch, by scheme field
  item_form forms[PLAN_LEVELS];
  field_form *field_forms; // by scheme field, of those of levels
  core_form cores_listed[PLAN_LEVELS][PLAN_TERMS][PLAN_TERMS];
  double core_min[PLAN_LEVELS][PLAN_TERMS][PLAN_TERMS], core_max[PLAN_LEVELS][PLAN_TERMS][PLAN_TERMS];
} unit;

// A unit with room for at most rows x columns weights. `cores` may be updated between encodings.
unit *unit_new(arena *a, const encode_plan *plan, const core_set *cores, unsigned refinements, size_t rows,
               size_t columns);

// Sets the shape before w is filled and unit_encode is called; not larger than unit_new's.
void unit_shape(unit *u, size_t rows, size_t columns, uint64_t k);

// Encodes u->w: the solution is in best_codes and best_vals. Returns its squared error. `warm`: best_vals are good numbers to
// begin with.
double unit_encode(unit *u, bool warm);

// The number of field `f` (ROLE_LEVEL, at plan level `level`, its position there `slot`) of granule i.
static inline double unit_value(const unit *u, size_t level, size_t i, size_t slot) {
  return u->levels[level].best_vals[i * u->plan->levels[level].field_count + slot];
}

// Some granules of a level: `bands` runs of `run` granules, `step` apart.
typedef struct granules {
  size_t first, bands, run, step;
} granules;

static inline size_t granules_total(granules g) { return g.bands * g.run; }
static inline size_t granule_at(granules g, size_t i) { return g.first + i / g.run * g.step + i % g.run; }

static inline size_t unit_top_level(const unit *u) { return u->plan->level_count - 1; }

// Granules of `level` that granule `parent` of the next level holds; for the top level all there are.
granules unit_children(const unit *u, size_t level, size_t parent);

// The weights of a granule of level 1.
fit_span unit_span(const unit *u, size_t granule);

// The terms of output `row`: `slope` varies with the fields, `offset` (if any) does not. False for other shapes.
bool unit_row_terms(const unit *u, size_t level, size_t row, size_t *slope, size_t *offset);

// Part of unit_encode, in encode/encode_grid.c. Chooses the fields of all levels where the weights are then exact; codes are
// not written. False when that is not found.
bool unit_solve_grid(unit *u);

// Part of unit_encode, in encode/encode_exact.c.

// Whether granule i of level 1 has weights that are exact for some coefficients; then its form is that of such. Where these
// are several and only the levels above can tell them apart, open_exact is set.
bool unit_exact_fit(unit *u, size_t i);

// Chooses among the several, by what the others say of the levels above.
void unit_settle_exact(unit *u);

// The ideal values of one output as multiples of what its one integer field can be: by what. False when they are none.
bool unit_exact_slope(const unit *u, size_t level, size_t parent, size_t row, size_t slope, double *out);

// Part of unit_encode, in encode/encode_item.c.

// Chooses the fields of granule i of a level so that its outputs, given outputs `above` of the next level, have the
// least error by its quadratic form. `store`: only numbers that the fields' types can store.
void unit_solve_item(unit *u, size_t level, size_t i, const double *above, bool store);

// Outputs of granule i for its present numbers.
void unit_outputs(unit *u, size_t level, size_t i, const double *above, double *out);

// The cores of granule i as numbers.
void unit_cores(unit *u, size_t level, size_t i, double core[PLAN_TERMS][PLAN_TERMS]);

// What is computed once for a level. That is also the least and greatest value of every core over the numbers that its integer
// fields can store; a float field makes them infinite.
void unit_prepare_level(arena *a, unit *u, size_t level);

/* encode_state.c */
// What the parts of the encoder share while a tensor is being encoded.

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

/* encode_transposed.c */
// Formats whose vectors lie down the columns are those whose vectors lie along the rows, of the transposed matrix.

// The scheme of the transposed matrix: rows and columns change places in granularities and in the value. NULL when it has
// windows of codes, which run along rows only.
const scheme *transposed_scheme(arena *a, const scheme *s);

// The matrix w[rows][columns] as [columns][rows].
float *transposed_weights(arena *a, const float *w, uint64_t rows, uint64_t columns);

// Puts the numbers of `from`, of the transposed matrix and scheme, into `to`.
void transposed_codes(const tensor_codes *from, tensor_codes *to);

/* low_rank.c */
// The best product of two thin matrices: a truncated singular value decomposition.

// left[rows][rank] and right[rank][columns] with left right ~ a[rows][columns] in least squares, found by block power
// iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4, with a fixed start). Each pair shares its singular value
// equally. What a has no rank for is zero. The same numbers give the same result on every machine.
void low_rank_fit(const double *a, uint64_t rows, uint64_t columns, size_t rank, double *left, double *right);

#endif
