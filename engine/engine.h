// --emit=kernels, a product of its own: for every format and activation mode that a text's `quantize` block names (or --kernels
// gives), the matmul kernel and the one that prepares activations, as a library of C functions with a header and a packer.
#ifndef QCC_ENGINE_ENGINE_H
#define QCC_ENGINE_ENGINE_H

#include "codegen/codegen.h"
#include "frontend/frontend.h"
#include "kernel/emit_rows.h"
#include "support/vec.h"

/* model.c */
// Formats instead of a model.
typedef struct engine_request {
  ast *tree; // of a text with a quantize block, or schemes
  size_t rule_count;
  const char *const *rules; // of --kernels
  const char *input;        // the text's path, NULL: there is none
} engine_request;
// Gives the tree a model that uses every format that is asked for, in place of the one it may have. False, reported, when
// there is none, or a rule is wrong.
bool engine_make_model(diag *d, arena *a, const engine_request *asked);
// fe_options.find_tensor for such a model: its layers have a shape, which ends up in no kernel.
fe_answer engine_find_layer(void *context, const char *file, const char *name, fe_tensor *out);

// What is compiled.
typedef struct engine {
  arena *mem;
  diag *d;
  const ir_module *m; // lowered: its recipes are the product
  const char *prefix; // of all C names
  const target *target;
  size_t tier_count;
  const target_tier *const *tiers; // best first
  const struct tuning *tuning;     // or NULL
} engine;

// Whether kernels for any size can do what the formats say, one for each; reported when not.
bool engine_check(const engine *g);

/* lower.c */
// Fills the module with the kernels of a tier. Called from several threads.
bool engine_lower(const engine *g, diag *d, const target_tier *tier, ir_module *kernels);

/* c_header.c */
void engine_put_header(const engine *g, const cg_options *co, strbuf *out);

/* c_packer.c */
// The packer's source. False (reported) for a format that it cannot do.
bool engine_put_pack_source(const engine *g, strbuf *out);

// ---- between these files ---------------------------------------------------------------------------------

// The start of all C names of a recipe: <prefix>_<recipe>.
const char *engine_symbol(const engine *g, const recipe *r);

// The kernel's name in the module: "matmul" or "prepare" and the recipe.
const char *engine_function(arena *a, const char *what, const recipe *r);

/* c_steps.c: what formats do to input and output */
typedef struct steps_kernel {
  const char *name;
  rows_kernel kernel;
} steps_kernel;
typedef VEC(steps_kernel) steps_kernels;

// The kernels that the steps of all recipes' formats need, each once.
steps_kernels engine_of_steps(const engine *g);
// Whether kernels for any size can do them; false, reported, when not.
bool engine_check_steps(const engine *g);
// The header's part about a recipe's steps; functions that make their factors, behind the getters of its fields.
void engine_put_steps(const engine *g, const cg_options *co, const recipe *r, strbuf *out);
void engine_put_factors(const engine *g, const recipe *r, strbuf *out);

/* c_packer.c: declarations for the header */
void engine_put_pack_declarations(const engine *g, const recipe *r, strbuf *out);

#endif
