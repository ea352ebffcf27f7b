// What a scheme does to the activations before, and to the results after, the product: layer(x) = output(V input(x)) + bias
// with the value matrix V. Input and output are linear: V with both multiplied in is the matrix that the layer computes
// with. All here is in double; factors are the f32 numbers that kernels use.
#ifndef QCC_FORMAT_TRANSFORM_H
#define QCC_FORMAT_TRANSFORM_H

#include "format/tensor_codes.h"

const char *transform_kind_name(transform_kind kind);
transform_kind transform_kind_by_name(const char *name); // TRANSFORM_COUNT if there is none

// Whether the blocks of all steps fit rows x columns weights; otherwise reports for the layer and returns false.
bool transform_check_shape(diag *d, const scheme *s, const char *layer, uint64_t rows, uint64_t columns, src_loc loc);

// Elements of a block of a HADAMARD step over n elements.
uint64_t transform_block(const transform_step *step, uint64_t n);

// Whether all indices of the tensor's gathers are elements that there are; otherwise reports for the layer.
bool transform_check_codes(diag *d, const tensor_codes *t, const char *layer);

// Whether a step's factor is the same for all tensors of a shape: it uses no field.
bool transform_is_constant(const scheme *s, const transform_step *step);

// The factor of a step for the columns (of the input) or the rows: out[0 .. columns or rows - 1]. MUL, DIV: f32 numbers.
void transform_factor(const tensor_codes *t, const transform_step *step, bool input, double *out);

// x := input(x), `columns` numbers; or x := output(x), `rows` numbers. Gathers have been checked.
void transform_apply(const tensor_codes *t, bool input, double *x);

// w[rows][columns] := output * w * input: from the value matrix to the weights that the layer has.
void transform_unfold(const tensor_codes *t, double *w);
// All weights that the layer has, of `a`; NULL where the scheme has no steps, so that they are those of scheme_row.
double *transform_weights(arena *a, const tensor_codes *t);
// The inverse of transform_unfold: from weights to the value matrix. False (reported for the layer) when a gather is no permutation or a
// factor is zero or not finite.
bool transform_fold(diag *d, const tensor_codes *t, const char *layer, double *w);

#endif
