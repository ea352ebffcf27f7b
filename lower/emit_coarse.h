// Value expressions as vector operations: coefficients over coarse fields, and whole values in MODE_DECODE.
#ifndef QCC_LOWER_EMIT_COARSE_H
#define QCC_LOWER_EMIT_COARSE_H

#include "lower/emit_base.h"
#include "lower/lower.h"

// Where the rows of a vector find their coarse elements.
typedef struct coarse_place {
  ir_builder *b;
  const recipe *recipe;
  uint32_t lanes;
  ir_value *weights;   // the buffer
  ir_value *tile;      // bytes: start of the tile
  ir_value *block;     // bytes: start of the block
  ir_value *position;  // kernel position within the block
  ir_value *row;       // first row of the vector within the tile
  ir_value *code;      // the joint code in i32 lanes (MODE_DECODE only)
  ir_value *code_real; // a float code in f32 lanes (MODE_DECODE only)
} coarse_place;

// The value as f32, or as i32 (only of integer expressions).
ir_value *lo_expr_real(const coarse_place *p, const expr *e);
ir_value *lo_expr_int(const coarse_place *p, const expr *e);

// Whether the expression can be computed in vectors: every operator has a vector form, and integers fit the lanes
// wherever their bits matter (beyond 32 bits sums and products are computed in f32). If not, *reason says why.
bool lo_expr_possible(arena *a, const scheme *s, const expr *e, const char **reason);

// Number `element` of a coarse field's granule (0 for plain fields), one per row, as f32.
ir_value *lo_field_element(const coarse_place *p, unsigned field, uint64_t element);

#endif
