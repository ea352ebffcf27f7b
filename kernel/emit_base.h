// Small helpers that kernel emitters share: index arithmetic, vectors of 16 f32 lanes, loads and stores of whole or cut
// vectors. Sixteen lanes are used whatever the tier has, so that the order of a sum, and with it every bit of it, is
// the same on every target.
#ifndef QCC_KERNEL_EMIT_BASE_H
#define QCC_KERNEL_EMIT_BASE_H

#include "ir/ir.h"

#define LO_LANES 16u

ir_type lo_f32(uint32_t lanes);
ir_type lo_i32(uint32_t lanes);

/* indices */
ir_value *lo_index(ir_builder *b, uint64_t value);
ir_value *lo_index_add(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_sub(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_mul(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_div(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_rem(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_min(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_max(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_index_scale(ir_builder *b, ir_value *x, uint64_t factor);   // x * factor
ir_value *lo_index_offset(ir_builder *b, ir_value *x, uint64_t addend);  // x + addend
ir_value *lo_index_floor(ir_builder *b, ir_value *x, uint64_t multiple); // x rounded down to a multiple
ir_value *lo_index_ceil_div(ir_builder *b, ir_value *x, uint64_t divisor);
ir_value *lo_index_minus(ir_builder *b, ir_value *x, ir_value *y); // x - y, 0 when y is larger

/* memory: `count` NULL means all lanes; offsets are bytes */
ir_value *lo_load(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset, ir_value *count);
ir_value *lo_load_aligned(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset, uint64_t align);
void lo_store(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *vector, ir_value *count);
ir_value *lo_load_splat(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset);

/* vectors */
ir_value *lo_splat(ir_builder *b, ir_value *one, uint32_t lanes); // a one-lane vector into `lanes` lanes
ir_value *lo_fadd(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_fsub(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_fmul(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_fdiv(ir_builder *b, ir_value *x, ir_value *y);
ir_value *lo_real(ir_builder *b, ir_value *like, double value); // f32 constant in as many lanes as `like`
ir_value *lo_int(ir_builder *b, ir_value *like, int64_t value); // i32 constant in as many lanes as `like`
ir_value *lo_bits(ir_builder *b, ir_value *x);                  // f32 lanes as i32
ir_value *lo_floats(ir_builder *b, ir_value *x);                // i32 lanes as f32

/* functions */
typedef struct lo_params {
  ir_value **buffers;
  ir_value **sizes;
  ir_value *begin;
  ir_value *end;
} lo_params;

// Starts a kernel: names end with NULL. The builder then appends to the function's body, until lo_end_kernel: after
// it nothing can be appended.
ir_func *lo_begin_kernel(ir_module *m, ir_builder *b, const char *name, const char *const *buffers,
                         const char *const *sizes, lo_params *out);
void lo_end_kernel(ir_builder *b);

// A loop without carried values.
ir_loop lo_begin_loop(ir_builder *b, ir_value *lo, ir_value *hi, ir_value *step);
void lo_end_loop(ir_builder *b, ir_loop loop);

#endif
