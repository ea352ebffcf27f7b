// What --emit=kernels writes: archive, header and packer. Private to kernels*.c.
#ifndef QCC_DRIVER_KERNELS_H
#define QCC_DRIVER_KERNELS_H

#include "codegen/codegen.h"
#include "driver/job.h"
#include "kernel/emit_rows.h"
#include "support/vec.h"

// The start of all C names of a recipe: <prefix>_<recipe>.
const char *kernels_symbol(const job *j, const recipe *r);

// The kernel's name in the module: "matmul" or "prepare" and the recipe.
const char *kernels_function(arena *a, const char *what, const recipe *r);

/* kernels_steps.c: what formats do to input and output */
typedef struct steps_kernel {
  const char *name;
  rows_kernel kernel;
} steps_kernel;
typedef VEC(steps_kernel) steps_kernels;

// The kernels that the steps of all recipes' formats need, each once.
steps_kernels kernels_of_steps(const job *j);
// Whether kernels for any size can do them; false, reported, when not.
bool kernels_check_steps(const job *j);
// The header's part about a recipe's steps; functions that make their factors, behind the getters of its fields.
void kernels_put_steps(const job *j, const cg_options *co, const recipe *r, strbuf *out);
void kernels_put_factors(const job *j, const recipe *r, strbuf *out);

/* kernels_header.c */
void kernels_put_header(const job *j, const cg_options *co, strbuf *out);

/* kernels_pack.c: declarations for the header, and the packer's source. False (reported) for a format that it cannot do. */
void kernels_put_pack_declarations(const job *j, const recipe *r, strbuf *out);
bool kernels_put_pack_source(const job *j, strbuf *out);

#endif
