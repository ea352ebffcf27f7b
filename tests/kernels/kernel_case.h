// One differential case: random codes of a scheme, random activations, the kernel's result against the interpreter of the
// value expression in double on the same quantized activations.
#ifndef QCC_TESTS_KERNEL_CASE_H
#define QCC_TESTS_KERNEL_CASE_H

#include "encode/encode.h"
#include "format/tensor_codes.h"
#include "interp/interp.h"
#include "network/lower.h"

typedef struct kernel_case {
  arena *mem;
  diag *d;
  const recipe *recipe;
  uint64_t tokens, rows, columns;
  tensor_codes *codes;
  float *x;     // tokens x columns
  double *used; // tokens x columns: the activations that the kernel means after quantization
  ir_memory packed;
  ir_memory prepared;
  prepared_sizes sizes;
  double *expected; // tokens x rows
  double *bound;    // tokens x rows: what |result - expected| may be
} kernel_case;

// Everything but the kernel's run: packs, prepares (by a plain C reference), computes the expected results and bounds.
kernel_case *case_new(diag *d, arena *a, const recipe *r, uint64_t tokens, uint64_t rows, uint64_t columns,
                      uint64_t seed, sample_data data);

// What a static zero point, which is taken off at the end, adds to the magnitude of an activation.
double case_zero_share(const kernel_case *c);
// How far off y[m][n] may be because table levels are held to some bits.
double case_level_bound(const kernel_case *c, uint64_t m, uint64_t n);

// Scales that are powers of two at all ends of their codes, times tokens with one number each that quantizes to itself: the
// results are exact. NULL when the scheme has none (nothing is reported) or the case cannot be made.
kernel_case *case_scales(diag *d, arena *a, const recipe *r, uint64_t columns, uint64_t seed);

// A case for timing: random packed and prepared bytes (scales sane), nothing expected.
kernel_case *case_timing(diag *d, arena *a, const recipe *r, uint64_t tokens, uint64_t rows, uint64_t columns);

// The arguments of the matmul kernel: buffers weights, x, y; the sizes in their order. Returns the size count.
size_t case_sizes(const kernel_case *c, uint64_t *sizes);
uint64_t case_tiles(const kernel_case *c);

// The results of the case's layer: the tier's `prepare` and matmul kernels, interpreted one after the other in memory that
// nobody has written. NULL (reported) when they read what they should not, or leave a result out.
const float *case_layer(kernel_case *c, const target_tier *tier);

// Compares y[tokens][rows]; describes the first difference in *message.
bool case_check(const kernel_case *c, const float *y, const char **message);

#endif
