// The inner body of the matmul kernel: a chunk of packed weights as it is taken apart (matmul_body.c), and the operands of
// dot products that are made of it.
#ifndef QCC_KERNEL_MATMUL_BODY_H
#define QCC_KERNEL_MATMUL_BODY_H

#include "kernel/matmul.h"

typedef struct chunk_view {
  ir_value *at[MATMUL_MAX_VECTORS]; // bytes: start of the chunk in each vector's tile
  ir_value *planes[MATMUL_MAX_VECTORS][PACK_MAX_PLANES][MATMUL_QUADS]; // loaded vectors, NULL: not yet
  ir_value *levels[MATMUL_MAX_VECTORS][MATMUL_QUADS][2];               // of even and odd bytes, see matmul_small.c
} chunk_view;

// What one quad of every vector of rows is multiplied as: a vector for each sum of products; of pairs two, those of
// positions 0 and 2, then those of 1 and 3.
typedef ir_value *quad_operands[RECIPE_MAX_DOTS][MATMUL_MAX_VECTORS];

/* matmul_body.c */
// The vector of a plane that holds quad q: i8 lanes.
ir_value *matmul_plane(matmul *e, chunk_view *c, unsigned v, size_t plane, unsigned q);
// The joint codes of quad q in i8 lanes.
ir_value *matmul_codes(matmul *e, chunk_view *c, unsigned v, unsigned q);
// `width` bits of x from bit `from` on, moved to bit `to`; a join of two such, x may be NULL.
ir_value *matmul_move_bits(matmul *e, ir_value *x, unsigned from, unsigned width, unsigned to);
ir_value *matmul_join(matmul *e, ir_value *x, ir_value *y);

/* matmul_small.c */
// The level of position k of the chunk, where e->small.
ir_value *matmul_small_level(matmul *e, chunk_view *c, unsigned v, unsigned k);

/* matmul_pairs.c */
// The products of quads, where matmul_has_pairs. Elsewhere they are f32 products in the same order, which gives the same sums.
void matmul_emit_pairs(matmul *e, chunk_view *c, ir_value *position, uint64_t first, uint64_t count);
// f32 products: the position, of each quad, that is added i-th; the activation there.
uint64_t matmul_pair_position(uint64_t i);
ir_value *matmul_pair_number(matmul *e, unsigned m, ir_value *position, uint64_t k);

#endif
