// Code generation: kernels and the plan of a lowered module -> LLVM IR, assembly, objects, PTX; the C header of a
// compiled model; archives; running kernels on the host at once. The only folder that includes LLVM.
//
// Kernels follow runtime/qrt.h: void name(const qrt_args *args, uint64_t begin, uint64_t end). What a kernel assumes of its
// caller: every buffer starts at a multiple of 4 bytes (16 on a GPU), and a buffer that it writes shares no byte with
// another buffer of the call, except with the same slot. On a GPU the arguments are passed by value.
#ifndef QCC_CODEGEN_CODEGEN_H
#define QCC_CODEGEN_CODEGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/plan_write.h"
#include "runtime/qrt.h"
#include "support/arena.h"
#include "support/diag.h"
#include "targets/target.h"

// LLVM's state for one compilation; not shared between threads. The arena must outlive it.
typedef struct cg_context cg_context;

// To be called once in a process that compiles for one target only, before cg_new: sets what LLVM lets be set for a whole
// process alone (target.llvm_options). Later calls do nothing.
void cg_start(const target *t);

// Never NULL. An internal error of LLVM ends the process with a message and status 70; everything else is reported to
// `d`. cg_free releases what LLVM allocated; results live in the arena.
cg_context *cg_new(diag *d, arena *a);
void cg_free(cg_context *cg);

typedef enum cg_kind { CG_LLVM_IR, CG_ASM, CG_OBJECT } cg_kind; // PTX is a GPU's CG_ASM

typedef struct cg_options {
  unsigned opt_level;   // 0 .. 3
  const char *cpu;      // instead of the tier's, or NULL
  const char *features; // LLVM features after the tier's, "+a,-b", or NULL
  const char *prefix;   // of all symbols, or NULL
  bool no_suffix;       // kernel symbols without "__tier" (one tier only)
  bool hidden;          // kernels are visible only in the program or shared object that they are linked into
} cg_options;

typedef struct cg_bytes {
  const uint8_t *data; // in the context's arena; text kinds are NUL-terminated behind `size`
  size_t size;
} cg_bytes;

// True when LLVM knows the triple, and it is a little-endian machine of at least 32 bits; otherwise reported.
bool cg_check_triple(cg_context *cg, const char *triple);

// The symbol of a kernel: prefix + name + "__" + tier, with every character that C does not allow replaced by '_'.
const char *cg_kernel_symbol(arena *a, const cg_options *o, const target_tier *tier, const char *kernel);

// The text of a kernel but for its name, in the arena: kernels of one target with equal texts are the same code.
const char *cg_kernel_text(arena *a, const ir_module *m, const ir_func *kernel);

// All kernel functions of the module, for one tier. Those with the same text are one function with several symbols, except
// on a GPU. False (reported) on failure.
bool cg_emit_kernels(cg_context *cg, const ir_module *kernels, const target *t, const target_tier *tier,
                     const char *triple, const cg_options *o, cg_kind kind, cg_bytes *out);

// ---- the model -------------------------------------------------------------------------------------------
// What a compiled model is called and made of. All symbols and macros are o->prefix + a name.
typedef struct cg_model {
  const ir_module *module; // with its plan,
  const plan_image *plan;  // and that as bytes
  const target *target;
  const char *triple;
  size_t tier_count; // best first
  const target_tier *const *tiers;
  uint64_t identity;       // of header and library: that, and the embedded weights
  const uint8_t *embedded; // a whole packed file to put into the library, or NULL
  size_t embedded_size;
} cg_model;

// The object that makes a library of kernels a model: the bytes of its plan and tables of kernels as `<prefix>plan`, and the functions
// that cg_header declares. It refers to the kernels of all tiers and to the runtime.
bool cg_emit_plan(cg_context *cg, const cg_model *m, const cg_options *o, cg_kind kind, cg_bytes *out);

// The model's header: C that also compiles as C++, with the runtime's header inside. In the arena.
const char *cg_header(arena *a, const cg_model *m, const cg_options *o);

// The text of runtime/qrt.h, in the arena.
const char *cg_runtime_header(arena *a);

// ---- archives --------------------------------------------------------------------------------------------
typedef struct cg_member {
  const char *name; // as a file's, without a folder
  cg_bytes bytes;
} cg_member;

// A GNU archive with an index of the global symbols that ELF members define. The same members give the same bytes. False
// (reported) when a member is no sound ELF file (members of other formats are not indexed) or a name cannot be stored.
bool cg_archive_write(diag *d, arena *a, size_t count, const cg_member *members, cg_bytes *out);

// The members of a GNU or BSD archive, which stay where they are in `bytes`; `path` is for messages. False (reported)
// when it is none.
bool cg_archive_read(diag *d, arena *a, const char *path, cg_bytes bytes, size_t *count, cg_member **members);

// Global symbols of an ELF object, in the order of its symbol table; `defined`: those it defines, else those it needs.
// False when the bytes are no sound ELF object; other formats have none.
typedef struct cg_names {
  size_t count;
  const char **data;
} cg_names;
bool cg_object_symbols(arena *a, cg_bytes object, bool defined, cg_names *out);

// ---- running on the host ---------------------------------------------------------------------------------
// The host's triple, in the arena.
const char *cg_host_triple(arena *a);
// LLVM's name of the host's processor, in the arena.
const char *cg_host_cpu(arena *a);

// Code of an object for the host, loaded into this process.
typedef struct cg_jit cg_jit;

// Loads an object (cg_emit_kernels for the host's triple, CG_OBJECT). NULL (reported) on failure.
cg_jit *cg_jit_new(cg_context *cg, cg_bytes object);
void cg_jit_free(cg_jit *jit); // NULL is allowed

// A kernel by its symbol, NULL (reported) if the object has none of that name. Valid until cg_jit_free.
qrt_kernel cg_jit_kernel(cg_jit *jit, const char *symbol);

#endif
