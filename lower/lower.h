// Lowering: IR -> IR passes, from tensor operations and value expressions to kernels and a plan. One file a pass.
#ifndef QCC_LOWER_LOWER_H
#define QCC_LOWER_LOWER_H

#include "ir/ir.h"
#include "support/diag.h"
#include "targets/target.h"

// What a lowering is for. Recipes, packed layouts and the plan do not depend on the tier: one weights file serves all
// tiers of all targets. Kernels do.
typedef struct lower_options {
  const target *target;
  FILE *explain;    // --explain goes here; NULL: not wanted
  bool exact_size;  // codes are never re-encoded into more bits than their fields take
  const char *dump; // -d: comma-separated pass names, or NULL
  FILE *dump_stream;
  bool verify;                 // run the verifier between passes
  const struct tuning *tuning; // what was measured (lower/tuning.h), or NULL
  // That kernels are made for, best first; none: all that the target has. Only what is told depends on them.
  size_t tier_count;
  const target_tier *const *tiers;
} lower_options;

// A pass over the module; false when it reported an error.
typedef struct lower_pass {
  const char *name;
  const char *help;
  bool (*run)(diag *d, ir_module *m, const lower_options *o);
  bool complete; // recipes are whole afterwards, so that the module verifies
} lower_pass;

/* pipeline.c: the passes in order */
size_t lower_pass_count(void);
const lower_pass *lower_pass_get(size_t index);

// Runs all tensor-level passes: afterwards the module has recipes and a plan, and m->funcs still has no kernels.
bool lower_module(diag *d, ir_module *m, const lower_options *o);

// Adds to `kernels` (a module that shares schemes and recipes with m) the kernels of the plan for one tier, in the
// plan's kernel order (lower_kernel_names).
bool lower_kernels(diag *d, const ir_module *m, const target_tier *tier, const lower_options *o, ir_module *kernels);

// Names of the kernels that the plan's steps use, each once, in order of first use.
size_t lower_kernel_names(arena *a, const ir_module *m, const char *const **names);

/* normalise.c: value expression -> sum of products. The joint code is always described; when the value is no sum of
 * products over it, *reason says why, term_count is 0 and only MODE_DECODE remains. False (reported) when the scheme's
 * codes cannot be packed at all. */
bool lower_normalise(diag *d, arena *a, const scheme *s, normal_form *out, const char **reason);
// The same, where codes that would take more bits than what they are made from are a reason, too.
bool lower_normalise_exact(diag *d, arena *a, const scheme *s, normal_form *out, const char **reason);

/* mode.c: operations of an expression, as often as they are written */
uint64_t lower_expr_size(const expr *e);

/* recipe.c: scheme x activations -> recipe (normalise, mode, factor, prove, layout), or NULL (reported). `columns`: the
 * largest K it will be used with, 0: any. */
const recipe *lower_make_recipe(diag *d, arena *a, const scheme *s, const act_spec *act, const char *name,
                                const lower_options *o);

/* emit_matmul.c and its neighbours: one kernel */
// y[m][n] = sum over k of w[n][k] x[m][k], epilogue: "" or an elementwise operation's name.
typedef struct matmul_shape {
  const char *epilogue;
  bool bias;
  bool residual;                   // is added after the epilogue
  bool addend;                     // is added before it
  bool whole_blocks;               // rows of all weights end where a block of the packing does
  const struct matmul_tile *tiles; // one of each tile_class (lower/tile.h); NULL: what lower_choose_tile says
} matmul_shape;
// Buffers: weights, activations, y [, bias] [, addend] [, residual]. Sizes: tokens, rows, kernel positions
// of a row, bytes of a tile of weights and of an activation row, scales, isums and fsums offsets, y stride (floats)
// [, addend stride] [, residual stride]. Work: row tiles.
ir_func *lower_emit_matmul(ir_module *m, const recipe *r, const target_tier *tier, bool gpu, const matmul_shape *shape,
                           const char *name);
/* emit_sparse.c: the same for a list of entries, with x as it is */
// Buffers: weights, x (f32), y [, bias] [, addend] [, residual]. Sizes: tokens, x stride, y stride (floats), offsets of
// starts, columns and values [, addend stride] [, residual stride]. Work: rows.
ir_func *lower_emit_sparse(ir_module *m, const sparse_packing *p, bool gpu, const matmul_shape *shape,
                           const char *name);
/* uses.c: whether kernels of a recipe use the operation of which a tier makes a point (target_tier.special) */
bool lower_recipe_uses(const recipe *r, ir_opcode special);
/* uses.c: the best tier that kernels are made for, of which the recipe's kernels are not those of the next one */
const target_tier *lower_best_tier(const lower_options *o, const recipe *r);
/* emit_prepare.c */
// Buffers: x (f32), prepared. Sizes: columns, x stride (floats), prepared row bytes, offsets of scales, isums, fsums,
// positions. Work: tokens. What is computed, bit for bit: emit_prepare.c.
ir_func *lower_emit_prepare(ir_module *m, const prepared_layout *l, const target_tier *tier, bool gpu,
                            const char *name);
// Elementwise, softmax, norms: see emit_rows.h for buffers and sizes.

#endif
