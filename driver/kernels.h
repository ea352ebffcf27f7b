// What --emit=kernels writes: archive, header and packer. Private to kernels*.c.
#ifndef QCC_DRIVER_KERNELS_H
#define QCC_DRIVER_KERNELS_H

#include "codegen/codegen.h"
#include "driver/job.h"

// The start of all C names of a recipe: <prefix>_<recipe>.
const char *kernels_symbol(const job *j, const recipe *r);
const char *kernels_prefix(const job *j);

// The kernel's name in the module: "matmul" or "prepare" and the recipe.
const char *kernels_function(arena *a, const char *what, const recipe *r);

/* kernels_header.c */
void kernels_put_header(const job *j, const cg_options *co, strbuf *out);

/* kernels_pack.c: declarations for the header, and the packer's source. False (reported) for a format that it cannot do. */
void kernels_put_pack_declarations(const job *j, const recipe *r, strbuf *out);
bool kernels_put_pack_source(const job *j, strbuf *out);

#endif
