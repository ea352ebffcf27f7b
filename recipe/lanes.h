// What of value expressions kernels can compute in lanes, one for each row or for each of a few neighbouring weights. Recipes
// are chosen by it, and the emitters keep to it.
#ifndef QCC_RECIPE_LANES_H
#define QCC_RECIPE_LANES_H

#include "format/recipe.h"
#include "support/arena.h"

// Neighbouring weights that look up neighbouring elements: `length` positions of one row, which are the lanes; or, down,
// so many rows, lanes being rows as ever. Length 0: lanes are rows, and there is nothing to gain.
typedef struct value_run {
  uint32_t length;
  bool down;
} value_run;

// What is known of the weight at hand while a kernel is emitted: its kernel position in the block is a multiple of `aligned`,
// plus `ahead`.
typedef struct lane_place {
  const scheme *scheme;
  uint64_t aligned;
  uint64_t ahead;
  uint32_t first_row; // what the first row is a multiple of, where it is the only one; 0: nothing is known
  bool emitted;       // false: any place of a chunk is meant, and nothing is concluded that holds at some of them only
} lane_place;

static inline lane_place lane_nowhere(const scheme *s) { return (lane_place){.scheme = s, .aligned = PACK_CHUNK}; }

/* lanes.c */
// Whether the expression can be computed in vectors: every operator has a vector form, and integers fit the lanes
// wherever their bits matter (sums and products beyond 32 bits are computed in f32, unless only their low 32 bits are
// asked for). If not, *reason says why.
bool lo_expr_possible(arena *a, const scheme *s, const expr *e, const char **reason);
// Whether the code can be looked up in a stored table.
bool lo_stored_possible(arena *a, const scheme *s, unsigned field, const char **reason);
// Whether the expression is a number known at the place: constants, and k modulo a divisor of `aligned`.
bool lo_known_at(const lane_place *p, const expr *e, int64_t *out);
// Whether the low 32 bits of an integer expression can be computed in i32 lanes.
bool lo_has_low_bits(const scheme *s, const expr *e);
// Whether the values of an integer expression lie in -2^bits .. 2^bits - 1; in 0 .. 2^bits - 1.
bool lo_fits_signed(const scheme *s, const expr *e, unsigned bits);
bool lo_fits_unsigned(const scheme *s, const expr *e, unsigned bits);
bool lo_is_at_least(const scheme *s, const expr *e, int64_t least);
// Whether an integer expression is computed in i32 lanes, as a signed or an unsigned number; whether its operator is computed
// in f32: exact for the integers that codes and sub-scales are.
bool lo_is_signed_lane(const scheme *s, const expr *e);
bool lo_is_unsigned_lane(const scheme *s, const expr *e);
bool lo_computes_in_real(expr_op op);
// Expressions of k and constants alone are computed as indices, once for all lanes.
bool lo_is_index(const expr *e);
// n modulo a divisor of a tile's rows: the same in every tile.
bool lo_is_row_remainder(const expr *e);
// Quotients by constants that are no powers of two are products, of dividends of so many bits.
#define LANES_DIVIDEND_BITS 15
static inline bool lo_is_power_of_two(int64_t x) { return x > 0 && (x & (x - 1)) == 0; }

/* runs.c */
// The run that is best for a scheme's value; of length 0 when there is none.
value_run lo_run_of(const scheme *s);
// Whether a look-up finds neighbouring elements for the weights of an aligned run.
bool lo_is_run_lookup(const scheme *s, const expr *e, value_run run);
// Whether an expression is the same for all weights of an aligned run.
bool lo_is_steady(const scheme *s, const expr *e, value_run run);

#endif
