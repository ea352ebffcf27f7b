// The object of a model: the bytes of its plan, the tables of its kernels, and the functions of its C interface.
#include <string.h>

#include "codegen/plan.h"

// ---- constants -------------------------------------------------------------------------------------------

static LLVMTypeRef int_type(const plan_emit *p, unsigned bits) { return LLVMIntTypeInContext(p->llvm, bits); }

static LLVMValueRef u32(const plan_emit *p, uint64_t value) { return LLVMConstInt(int_type(p, 32), value, 0); }

static LLVMValueRef u64(const plan_emit *p, uint64_t value) { return LLVMConstInt(int_type(p, 64), value, 0); }

static LLVMValueRef structure(const plan_emit *p, LLVMValueRef *members, unsigned count) {
  return LLVMConstStructInContext(p->llvm, members, count, 0);
}

static LLVMValueRef private_constant(const plan_emit *p, LLVMValueRef value) {
  LLVMValueRef g = LLVMAddGlobal(p->module.llvm, LLVMTypeOf(value), "");
  LLVMSetInitializer(g, value);
  LLVMSetGlobalConstant(g, 1);
  LLVMSetLinkage(g, LLVMPrivateLinkage);
  return g;
}

static LLVMValueRef text(const plan_emit *p, const char *s) {
  LLVMValueRef g = private_constant(p, LLVMConstStringInContext2(p->llvm, s, strlen(s), 0));
  LLVMSetUnnamedAddress(g, LLVMGlobalUnnamedAddr);
  return g;
}

// An array in memory; NULL when it is empty.
static LLVMValueRef table(const plan_emit *p, LLVMValueRef *rows, size_t count) {
  if (count == 0) return LLVMConstNull(p->pointer);
  return private_constant(p, LLVMConstArray2(LLVMTypeOf(rows[0]), rows, count));
}

// ---- tiers -----------------------------------------------------------------------------------------------

static LLVMValueRef kernel_table(const plan_emit *p, const target_tier *tier) {
  LLVMTypeRef i64 = int_type(p, 64);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(p->llvm), (LLVMTypeRef[]){p->pointer, i64, i64}, 3, 0);
  LLVMValueRef *rows = ARENA_ARRAY(p->mem, LLVMValueRef, p->model->plan->kernel_count);
  for (size_t i = 0; i < p->model->plan->kernel_count; i++) {
    const char *symbol = cg_kernel_symbol(p->mem, p->options, tier, p->model->plan->kernels[i]);
    rows[i] = LLVMAddFunction(p->module.llvm, symbol, type);
    if (p->options->hidden) LLVMSetVisibility(rows[i], LLVMHiddenVisibility);
  }
  return table(p, rows, p->model->plan->kernel_count);
}

static LLVMValueRef tiers(const plan_emit *p) {
  LLVMValueRef *rows = ARENA_ARRAY(p->mem, LLVMValueRef, p->model->tier_count);
  for (size_t i = 0; i < p->model->tier_count; i++) {
    const target_tier *t = p->model->tiers[i];
    LLVMValueRef members[] = {text(p, t->name), u64(p, t->cpu_features), kernel_table(p, t)};
    rows[i] = structure(p, members, 3);
  }
  return table(p, rows, p->model->tier_count);
}

// ---- the plan --------------------------------------------------------------------------------------------

static LLVMValueRef byte_table(const plan_emit *p, const uint8_t *bytes, size_t size, unsigned align) {
  if (bytes == NULL) return LLVMConstNull(p->pointer);
  LLVMValueRef g = private_constant(p, llvm_const_bytes(p->llvm, bytes, size));
  LLVMSetAlignment(g, align);
  return g;
}

// struct qrt_plan, member by member.
static LLVMValueRef plan(const plan_emit *p) {
  LLVMValueRef members[] = {u32(p, QRT_ABI_VERSION),
                            u32(p, p->model->tier_count),
                            u32(p, p->model->plan->kernel_count),
                            u32(p, 0),
                            tiers(p),
                            byte_table(p, p->model->plan->bytes, p->model->plan->size, 1),
                            u64(p, p->model->plan->size),
                            byte_table(p, p->model->embedded, p->model->embedded_size, 64),
                            u64(p, p->model->embedded == NULL ? 0 : p->model->embedded_size)};
  LLVMValueRef value = structure(p, members, sizeof members / sizeof *members);
  LLVMValueRef g = private_constant(p, value);
  LLVMSetAlignment(g, 8);
  // The functions use the plan itself: another library's of the same name may stand in for what is exported.
  LLVMAddAlias2(p->module.llvm, LLVMTypeOf(value), 0, g, cg_symbol(p->mem, p->options, "plan"));
  return g;
}

const char *cg_symbol(arena *a, const cg_options *o, const char *name) {
  char *symbol = arena_printf(a, "%s%s", o->prefix != NULL ? o->prefix : "", name);
  cg_make_identifier(symbol);
  return symbol;
}

bool cg_emit_plan(cg_context *cg, const cg_model *m, const cg_options *o, cg_kind kind, cg_bytes *out) {
  plan_emit p = {.mem = cg->mem, .llvm = cg->llvm, .model = m, .options = o, .plan = m->module->plan};
  const target_tier *baseline = &m->target->tiers[m->target->tier_count - 1];
  bool ok = cg_module_new(cg, m->target, baseline, m->triple, o, m->module->name, &p.module);
  if (ok) {
    p.pointer = LLVMPointerTypeInContext(cg->llvm, 0);
    plan_emit_functions(&p, plan(&p));
    ok = cg_module_finish(&p.module, o, kind, out);
  }
  cg_module_free(&p.module);
  return ok;
}
