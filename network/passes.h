// The tensor-level passes and what they share.
#ifndef QCC_NETWORK_PASSES_H
#define QCC_NETWORK_PASSES_H

#include "kernel/emit_rows.h"
#include "network/lower.h"
#include "support/map.h"

/* pass_split.c: products with weights that are sums, or have sections, become several */
bool pass_split(diag *d, ir_module *m, const lower_options *o);
/* pass_recipes.c: every matrix gets the recipe of its scheme and activations; the steps are in draft.h */
bool pass_normalise(diag *d, ir_module *m, const lower_options *o);
bool pass_mode(diag *d, ir_module *m, const lower_options *o);
bool pass_factor(diag *d, ir_module *m, const lower_options *o);
bool pass_prove(diag *d, ir_module *m, const lower_options *o);
bool pass_layout(diag *d, ir_module *m, const lower_options *o);
/* pass_transform.c: the steps of a scheme's input and output become operations around the product */
bool pass_transform(diag *d, ir_module *m, const lower_options *o);
/* pass_prepare.c: linear -> prepare + matmul; layers that read the same activations in the same form share one prepare */
bool pass_prepare(diag *d, ir_module *m, const lower_options *o);
/* pass_fuse.c: an activation function and a residual sum join the matmul before them */
bool pass_fuse(diag *d, ir_module *m, const lower_options *o);
/* pass_clean.c: operations that nobody uses go */
bool pass_clean(diag *d, ir_module *m, const lower_options *o);
/* pass_plan.c: storage for every value, offsets for every weight, one step per operation */
bool pass_plan(diag *d, ir_module *m, const lower_options *o);

/* kernels.c: which kernel computes an operation; name NULL: none does (constants, reshapes, return) */
typedef struct kernel_choice {
  const char *name;
  const recipe *recipe;         // prepare, matmul
  const sparse_packing *sparse; // sparse
  matmul_shape shape;           // matmul, sparse
  rows_kernel rows;             // the others
} kernel_choice;
kernel_choice lower_choose_kernel(arena *a, const ir_module *m, const ir_op *op);
// A kernel that copies rows.
kernel_choice lower_copy_kernel(arena *a);

/* explain_plan.c */
void lower_explain_plan(const ir_module *m, const lower_options *o);

/* uses.c */
// How many operands of a block each of its values is; 0 for one that the map does not have.
ptr_map lower_count_uses(arena *a, const ir_block *block);
size_t lower_use_count(const ptr_map *uses, const ir_value *v);
// Takes operations that are NULL out of the block.
void lower_drop_null(ir_block *block);
// Values that stand for others, which a pass has replaced. As operations come after what they use, each is told once, when
// the pass comes to it.
typedef struct renaming {
  ptr_map values;
} renaming;
void lower_rename(renaming *r, const ir_value *from, ir_value *to);
void lower_rename_operands(const renaming *r, ir_op *op);

// A tensor as rows: the product of all dimensions but the last, times the batch where the first one is it; and the last
// dimension. A tensor of the batch alone has rows of one number.
ir_size lower_leading(const ir_type *t);
uint64_t lower_last_dim(const ir_type *t);

#endif
