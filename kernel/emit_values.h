// Constructors of vector operations for what index notation computes: integers and floats of 32 and 64 bits, and masks, which
// are vectors of u1. The element of the operands decides which operation it is; operands have one type, which is the
// result's unless something else is said. Semantics: docs/ir.md.
#ifndef QCC_KERNEL_EMIT_VALUES_H
#define QCC_KERNEL_EMIT_VALUES_H

#include "ir/ir.h"

bool lo_is_float(const ir_value *x);
bool lo_is_mask(const ir_value *x);

/* constants and moves */
ir_value *lo_constant(ir_builder *b, ir_type type, double value); // floats: rounded; integers up to 2^53
ir_value *lo_integer(ir_builder *b, ir_type type, int64_t value);
ir_value *lo_truth(ir_builder *b, uint32_t lanes, bool value);
ir_value *lo_iota(ir_builder *b, ir_type type); // 0, 1, 2, ..
// An index, and the lanes after it: x, x + step, x + 2 step, ..; integer lanes.
ir_value *lo_index_lanes(ir_builder *b, ir_type type, ir_value *x, int64_t step);
ir_value *lo_to_index(ir_builder *b, ir_value *one); // one lane of i32, i64 or a mask; i32 is taken as unsigned

/* arithmetic of integers and floats. Integers wrap; div and mod round down, and are 0 where the divisor is 0; of floats mod has the
 * divisor's sign, too, and is exact for f32 while the quotient is below 2^29, and min and max are NaN where one of them is. */
ir_value *lo_add(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_sub(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_mul(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_div(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_mod(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_min(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_max(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_neg(ir_builder *b, ir_value *x);
ir_value *lo_abs(ir_builder *b, ir_value *x);

/* bits: of integers, and of masks but for shifts. Shift counts are lanes, taken as unsigned: all of them are defined. */
ir_value *lo_and(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_or(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_xor(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_not(ir_builder *b, ir_value *x);
ir_value *lo_shl(ir_builder *b, ir_value *x, ir_value *count);
ir_value *lo_sar(ir_builder *b, ir_value *x, ir_value *count);
ir_value *lo_shl_by(ir_builder *b, ir_value *x, unsigned count); // count < bits of the lanes
ir_value *lo_shr_by(ir_builder *b, ir_value *x, unsigned count);
ir_value *lo_sar_by(ir_builder *b, ir_value *x, unsigned count);

/* comparisons give masks; of floats they are false with NaN */
ir_value *lo_lt(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_le(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_eq(ir_builder *b, ir_value *x, ir_value *y); // of masks, too
ir_value *lo_isnan(ir_builder *b, ir_value *x);
ir_value *lo_isinf(ir_builder *b, ir_value *x);
ir_value *lo_select(ir_builder *b, ir_value *mask, ir_value *x, ir_value *y); // any type

/* rounding of floats to integers that stay floats */
ir_value *lo_floor(ir_builder *b, ir_value *x);
ir_value *lo_ceil(ir_builder *b, ir_value *x);
ir_value *lo_trunc(ir_builder *b, ir_value *x);
ir_value *lo_round(ir_builder *b, ir_value *x); // ties to even
ir_value *lo_round_away(ir_builder *b, ir_value *x);
ir_value *lo_sqrt(ir_builder *b, ir_value *x);

// To another element, as numbers: between integers of different widths with their sign (or cut), from a mask 0 and 1, to a mask
// what is not zero, from integers to floats to nearest even, from floats to integers towards zero, saturating, NaN as 0;
// between floats to nearest even, once, whatever lies between. i8 and i16 are signed.
ir_value *lo_convert(ir_builder *b, ir_value *x, elem_type elem);
// The same from integers that are taken as unsigned, to wider ones.
ir_value *lo_convert_unsigned(ir_builder *b, ir_value *x, elem_type elem);

// f64 as the f32 towards zero whose last bit is set where something was lost: rounded once more it gives what the double would.
ir_value *lo_round_to_odd(ir_builder *b, ir_value *x);

/* truth values in memory are bytes 0 and 1; `count` NULL means all lanes */
ir_value *lo_load_mask(ir_builder *b, uint32_t lanes, ir_value *buffer, ir_value *offset, ir_value *count);
void lo_store_mask(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *mask, ir_value *count);

/* to one lane, by halves */
ir_value *lo_sum_lanes(ir_builder *b, ir_value *x);
ir_value *lo_product_lanes(ir_builder *b, ir_value *x);
ir_value *lo_least_lane(ir_builder *b, ir_value *x); // NaN where one is
ir_value *lo_greatest_lane(ir_builder *b, ir_value *x);
ir_value *lo_any_lane(ir_builder *b, ir_value *mask);
ir_value *lo_all_lanes(ir_builder *b, ir_value *mask);
// The least of the positions (integer lanes) at which x is the greatest (least) lane. No lane of x is NaN.
ir_value *lo_position_of(ir_builder *b, ir_value *x, ir_value *extreme, ir_value *positions);

#endif
