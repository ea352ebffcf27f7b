// The object of a model: its plan as the tables of runtime/qrt.h, and the functions of its C interface.
#include <string.h>

#include "codegen/plan.h"
#include "support/map.h"

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

static LLVMValueRef size_pair(const plan_emit *p, ir_size s) {
  return structure(p, (LLVMValueRef[]){u64(p, s.fixed), u64(p, s.per_batch)}, 2);
}

// ---- steps -----------------------------------------------------------------------------------------------

static const uint32_t spaces[] = {[IR_SPACE_NONE] = QRT_NONE,
                                  [IR_SPACE_INPUT] = QRT_INPUT,
                                  [IR_SPACE_OUTPUT] = QRT_OUTPUT,
                                  [IR_SPACE_WEIGHTS] = QRT_WEIGHTS,
                                  [IR_SPACE_WORKSPACE] = QRT_WORKSPACE};

static LLVMValueRef reference(const plan_emit *p, const ir_ref *r) {
  LLVMValueRef members[] = {u32(p, spaces[r->space]), u32(p, r->index), size_pair(p, r->offset)};
  return structure(p, members, 3);
}

static uint64_t kernel_number(const plan_emit *p, const char *name) {
  uint64_t i = 0;
  while (i < p->kernels.count && strcmp(p->kernels.data[i], name) != 0) i++;
  return i;
}

static LLVMValueRef step(const plan_emit *p, const ir_step *s) {
  LLVMValueRef buffers[QRT_MAX_BUFFERS];
  LLVMValueRef sizes[QRT_MAX_SIZES];
  for (size_t i = 0; i < QRT_MAX_BUFFERS; i++)
    buffers[i] = reference(p, i < s->buffer_count ? &s->buffers[i] : &(ir_ref){0});
  for (size_t i = 0; i < QRT_MAX_SIZES; i++) sizes[i] = size_pair(p, i < s->size_count ? s->sizes[i] : (ir_size){0});
  LLVMValueRef members[] = {u32(p, kernel_number(p, s->kernel)),
                            u32(p, s->buffer_count),
                            u32(p, s->size_count),
                            u32(p, 0),
                            size_pair(p, s->work),
                            u64(p, s->grain),
                            LLVMConstArray2(LLVMTypeOf(buffers[0]), buffers, QRT_MAX_BUFFERS),
                            LLVMConstArray2(LLVMTypeOf(sizes[0]), sizes, QRT_MAX_SIZES)};
  return structure(p, members, 8);
}

static LLVMValueRef steps(const plan_emit *p) {
  size_t count = p->plan->steps.len;
  LLVMValueRef *rows = ARENA_ARRAY(p->mem, LLVMValueRef, count);
  for (size_t i = 0; i < count; i++) rows[i] = step(p, p->plan->steps.data[i]);
  return table(p, rows, count);
}

// ---- tiers and ports -------------------------------------------------------------------------------------

static LLVMValueRef kernel_table(const plan_emit *p, const target_tier *tier) {
  LLVMTypeRef i64 = int_type(p, 64);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(p->llvm), (LLVMTypeRef[]){p->pointer, i64, i64}, 3, 0);
  LLVMValueRef *rows = ARENA_ARRAY(p->mem, LLVMValueRef, p->kernels.count);
  for (size_t i = 0; i < p->kernels.count; i++) {
    const char *symbol = cg_kernel_symbol(p->mem, p->options, tier, p->kernels.data[i]);
    rows[i] = LLVMAddFunction(p->module.llvm, symbol, type);
    if (p->options->hidden) LLVMSetVisibility(rows[i], LLVMHiddenVisibility);
  }
  return table(p, rows, p->kernels.count);
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

ir_size cg_port_numbers(const ir_port *port) {
  uint64_t count = 1;
  bool batch = false;
  for (unsigned i = 0; i < port->type.rank; i++) {
    if (port->type.dims[i] == IR_BATCH)
      batch = true;
    else
      count *= (uint64_t)port->type.dims[i];
  }
  return batch ? (ir_size){.per_batch = count} : (ir_size){.fixed = count};
}

static LLVMValueRef ports(const plan_emit *p, const ir_port *ports, size_t count) {
  LLVMValueRef *rows = ARENA_ARRAY(p->mem, LLVMValueRef, count);
  for (size_t i = 0; i < count; i++) {
    ir_size n = cg_port_numbers(&ports[i]);
    ir_size bytes = {.fixed = 4 * n.fixed, .per_batch = 4 * n.per_batch};
    LLVMValueRef members[] = {text(p, ports[i].name), size_pair(p, bytes)};
    rows[i] = structure(p, members, 2);
  }
  return table(p, rows, count);
}

// ---- the plan --------------------------------------------------------------------------------------------

static LLVMValueRef embedded(const plan_emit *p) {
  if (p->model->embedded == NULL) return LLVMConstNull(p->pointer);
  LLVMValueRef g = private_constant(p, llvm_const_bytes(p->llvm, p->model->embedded, p->model->embedded_size));
  LLVMSetAlignment(g, 64);
  return g;
}

// struct qrt_plan, member by member.
static LLVMValueRef plan(const plan_emit *p) {
  const ir_plan *plan = p->plan;
  LLVMValueRef members[] = {u32(p, QRT_ABI_VERSION),
                            u32(p, p->model->tier_count),
                            u32(p, plan->steps.len),
                            u32(p, plan->input_count),
                            u32(p, plan->output_count),
                            u32(p, 0),
                            u64(p, plan->max_batch),
                            u64(p, p->model->model_id),
                            u64(p, plan->weights_size),
                            size_pair(p, plan->workspace),
                            text(p, p->model->module->name),
                            tiers(p),
                            steps(p),
                            ports(p, plan->inputs, plan->input_count),
                            ports(p, plan->outputs, plan->output_count),
                            embedded(p),
                            u64(p, p->model->embedded == NULL ? 0 : p->model->embedded_size)};
  LLVMValueRef value = structure(p, members, sizeof members / sizeof *members);
  LLVMValueRef g = private_constant(p, value);
  LLVMSetAlignment(g, 8);
  // The functions use the plan itself: another library's of the same name may stand in for what is exported.
  LLVMAddAlias2(p->module.llvm, LLVMTypeOf(value), 0, g, cg_symbol(p->mem, p->options, "plan"));
  return g;
}

cg_names cg_plan_kernels(arena *a, const ir_plan *plan) {
  cg_names names = {.data = ARENA_ARRAY(a, const char *, plan->steps.len)};
  name_map seen = {.mem = a};
  for (size_t i = 0; i < plan->steps.len; i++) {
    const char *name = plan->steps.data[i]->kernel;
    if (name_map_get(&seen, name) != NULL) continue;
    name_map_set(&seen, name, &names);
    names.data[names.count++] = name;
  }
  return names;
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
    p.kernels = cg_plan_kernels(cg->mem, p.plan);
    plan_emit_functions(&p, plan(&p));
    ok = cg_module_finish(&p.module, o, kind, out);
  }
  cg_module_free(&p.module);
  return ok;
}
