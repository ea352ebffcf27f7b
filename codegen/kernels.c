// The kernels of a module, for one tier.
#include <ctype.h>
#include <string.h>

#include "codegen/context.h"
#include "codegen/emit.h"

void cg_make_identifier(char *text) {
  for (char *c = text; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
}

const char *cg_kernel_symbol(arena *a, const cg_options *o, const target_tier *tier, const char *kernel) {
  const char *prefix = o->prefix != NULL ? o->prefix : "";
  char *symbol =
      o->no_suffix ? arena_printf(a, "%s%s", prefix, kernel) : arena_printf(a, "%s%s__%s", prefix, kernel, tier->name);
  cg_make_identifier(symbol);
  return symbol;
}

const char *cg_kernel_text(arena *a, const ir_module *m, const ir_func *kernel) {
  ir_func nameless = *kernel;
  nameless.name = "";
  return ir_print_func(a, m, &nameless);
}

// Kernels that were emitted.
typedef struct emitted {
  const char *text;
  LLVMValueRef function;
} emitted;

typedef VEC(emitted) emitted_list;

static LLVMValueRef find_same(const emitted_list *all, const char *text) {
  for (size_t i = 0; i < all->len; i++)
    if (strcmp(all->data[i].text, text) == 0) return all->data[i].function;
  return NULL;
}

static bool emit_function(emit *e, cg_module *m, const ir_func *f, const char *symbol, emitted *out) {
  out->function = emit_kernel(e, f, symbol);
  if (out->function != NULL) cg_module_harden(m, out->function);
  return out->function != NULL;
}

static bool emit_all(cg_module *m, const ir_module *kernels, const target_tier *tier, const cg_options *o) {
  cg_context *cg = m->cg;
  emit e = {.mem = cg->mem,
            .diag = cg->diag,
            .context = cg->llvm,
            .module = m->llvm,
            .builder = LLVMCreateBuilderInContext(cg->llvm),
            .target = m->target,
            .tier = tier,
            .patterns = &cg->patterns,
            .big_endian = LLVMByteOrder(m->layout) == LLVMBigEndian};
  emitted_list all = {0};
  bool ok = true;
  for (size_t i = 0; i < kernels->funcs.len; i++) {
    const ir_func *f = kernels->funcs.data[i];
    if (f->kind != IR_FUNC_KERNEL) continue;
    const char *symbol = cg_kernel_symbol(cg->mem, o, tier, f->name);
    emitted made = {.text = kernels->funcs.len > 1 ? cg_kernel_text(cg->mem, kernels, f) : ""};
    LLVMValueRef same = m->target->gpu ? NULL : find_same(&all, made.text);
    if (same != NULL)
      made.function = LLVMAddAlias2(m->llvm, LLVMGlobalGetValueType(same), 0, same, symbol);
    else if (emit_function(&e, m, f, symbol, &made))
      vec_push(cg->mem, &all, made);
    else
      ok = false;
    if (o->hidden && made.function != NULL) LLVMSetVisibility(made.function, LLVMHiddenVisibility);
  }
  LLVMDisposeBuilder(e.builder);
  return ok;
}

bool cg_emit_kernels(cg_context *cg, const ir_module *kernels, const target *t, const target_tier *tier,
                     const char *triple, const cg_options *o, cg_kind kind, cg_bytes *out) {
  cg_module m;
  bool ok = cg_module_new(cg, t, tier, triple, o, kernels->name, &m) && emit_all(&m, kernels, tier, o) &&
            cg_module_finish(&m, o, kind, out);
  cg_module_free(&m);
  return ok;
}
