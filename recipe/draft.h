// A recipe while it is being made: each pass fills in its part.
#ifndef QCC_RECIPE_DRAFT_H
#define QCC_RECIPE_DRAFT_H

#include "recipe/make.h"

#define DRAFT_MAX_CANDIDATES 6

// A compute mode that was considered: refused with a reason, or priced in cycles per weight on the target's best tier.
typedef struct mode_candidate {
  compute_mode mode;
  const char *refused; // NULL: possible
  double cost;
  const target_tier *tier; // on which
  size_t core_count;
  recipe_core *cores;
  size_t term_count;
  recipe_term *terms;
} mode_candidate;

typedef struct draft {
  diag *d;
  arena *mem;
  const lower_options *options;
  recipe *r;
  const char *not_normal; // why the value is no sum of products, NULL: it is one
  bool thin;              // for parts of a few rows alone, which take no time worth a warning
  mode_candidate candidates[DRAFT_MAX_CANDIDATES];
  size_t candidate_count;
} draft;

// The passes in order; each needs what those before it filled in.
/* recipe.c: the code and the sum of products, by lower_normalise */
bool draft_normalise(draft *t);
/* mode.c: fills mode, cores, terms, cycles, reason; explains the candidates */
bool draft_choose_mode(draft *t);
/* factor.c: fills segment, float_span, the K mapping */
bool draft_factor(draft *t);
/* prove.c: largest |sum| of one accumulator over `positions`, and whether the chosen spans fit i32; may shorten them */
bool draft_prove(draft *t);
/* layout.c: fills packing and the prepared layout; explains them */
bool draft_layout(draft *t);
/* layout.c: whether the kernels have the field, shared by some columns but neither one's own nor all columns' */
bool draft_is_grouped(const recipe *r, size_t field);
/* layout.c: the narrowest storage that holds a coarse element and costs little to read: whole bytes */
elem_type draft_store_type(const scheme_field *f);
/* layout.c: the least block that all spans and groups divide; DRAFT_BLOCK_LIMIT when it would be longer than that */
#define DRAFT_BLOCK_LIMIT (UINT64_C(1) << 20)
uint64_t draft_least_block(const recipe *r);

/* bits.c: why a recipe's products cannot be counted bit by bit, for these cores and terms; NULL: they can. The packed
 * codes are then planes of single bits, whichever integer mode a target finds cheaper. And cycles per weight. */
const char *draft_bits_refused(const recipe *r, const mode_candidate *m);
double draft_bits_cost(const recipe *r, const target_tier *tier);

/* pairs.c: why the weights cannot be multiplied as pairs of bf16 numbers, NULL: they can (fills the candidate); cycles per
 * weight; the positions that are summed in one accumulator, given the span within which no coefficient changes */
const char *draft_try_pairs(draft *t, mode_candidate *m);
double draft_pairs_cost(const draft *t, const mode_candidate *m, const target_tier *tier);
uint64_t draft_pairs_segment(uint64_t span);
/* mode.c */
bool draft_byte_levels(draft *t, const double *levels,
                       recipe_core *core); // levels as whole numbers of a byte times a step
bool draft_affine(const double *levels, uint64_t count, double *step, double *shift); // levels[c] = step * (c + shift)
// Cycles per weight of taking codes out of their planes.
double draft_unpack_cost(const target_tier *tier, unsigned bits, uint32_t lanes, elem_type elem);
void draft_add_term(mode_candidate *m, const value_term *v, int core);
// The term times a constant that its coefficients do not have yet.
value_term draft_scaled_term(draft *t, const value_term *v, double factor);

/* explain.c: the report of --explain, and warnings of slow paths */
void draft_explain_mode(const draft *t);
void draft_explain_layout(const draft *t);

/* normalise.c: whether the code is one float of more than 8 bits, which is not cut into planes */
bool lower_has_float_code(const recipe *r);

/* factor.c: kernel positions of a group of n weights; granularity of a coefficient in positions, PREPARED_ROW if coarser
 * than any group. */
uint64_t draft_span(const recipe *r, uint64_t group);
// The greatest common divisor of every group of weights that shares something, in an integer mode or not; 0: none is.
uint64_t draft_common_group(const recipe *r, bool integer);
uint64_t draft_coefficient_span(const recipe *r, const expr *e);

// What an expression depends on.
enum expr_dependence { DEPENDS_WEIGHT = 1, DEPENDS_COARSE = 2, DEPENDS_POSITION = 4 };
unsigned lower_dependence(const scheme *s, const expr *e);

#endif
