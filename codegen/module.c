// Modules: target machines, optimisation, output.
#include <string.h>

#include "codegen/context.h"

static const char *join_features(arena *a, const char *x, const char *y) {
  if (y == NULL || y[0] == '\0') return x;
  return x[0] == '\0' ? y : arena_printf(a, "%s,%s", x, y);
}

static LLVMTargetRef find_target(cg_context *cg, const char *triple) {
  LLVMTargetRef t = NULL;
  char *message = NULL;
  if (LLVMGetTargetFromTriple(triple, &t, &message) == 0) return t;
  LLVMDisposeMessage(message);
  diag_error_file(cg->diag, "qcc", "LLVM knows no target '%s'", triple);
  diag_hint(cg->diag, "'qcc --print-targets' lists the targets and their triples, processor-vendor-system");
  return NULL;
}

// Why models cannot run on a machine whose data LLVM lays out so, or NULL.
static const char *refuse_layout(LLVMTargetDataRef layout) {
  if (LLVMByteOrder(layout) != LLVMLittleEndian) return "is big-endian";
  if (LLVMPointerSize(layout) < 4) return "is 16-bit";
  char *text = LLVMCopyStringRepOfTargetData(layout);
  bool apart = strstr(text, "-A") != NULL;
  LLVMDisposeMessage(text);
  return apart ? "keeps variables apart from other memory" : NULL;
}

// Why no library can be written for what LLVM knows by this name, or NULL.
static const char *refuse_machine(LLVMTargetRef t, const char *triple) {
  if (!target_for_triple(triple)->gpu && !LLVMTargetHasAsmBackend(t)) return "has no object files in LLVM";
  LLVMTargetMachineRef machine =
      LLVMCreateTargetMachine(t, triple, "", "", LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
  const char *reason = refuse_layout(layout);
  LLVMDisposeTargetData(layout);
  LLVMDisposeTargetMachine(machine);
  return reason;
}

static bool check_machine(cg_context *cg, LLVMTargetRef t, const char *triple) {
  const char *reason = LLVMTargetHasTargetMachine(t) ? refuse_machine(t, triple) : "has no code generator in LLVM";
  if (reason == NULL) return true;
  diag_error_file(cg->diag, "qcc", "target '%s' %s", triple, reason);
  diag_hint(cg->diag, "models run on little-endian processors of 32 or 64 bits, and on the GPUs of --print-targets");
  return false;
}

bool cg_check_triple(cg_context *cg, const char *triple) {
  LLVMTargetRef t = find_target(cg, triple);
  return t != NULL && check_machine(cg, t, triple);
}

static LLVMCodeGenOptLevel machine_level(const cg_options *o) {
  static const LLVMCodeGenOptLevel levels[] = {LLVMCodeGenLevelNone, LLVMCodeGenLevelLess, LLVMCodeGenLevelDefault,
                                               LLVMCodeGenLevelAggressive};
  return levels[o->opt_level < 3 ? o->opt_level : 3];
}

static bool make_machine(cg_module *m, const target_tier *tier, const char *triple, const cg_options *o) {
  LLVMTargetRef t = find_target(m->cg, triple);
  if (t == NULL) return false;
  if (!LLVMTargetHasTargetMachine(t)) {
    diag_error(m->cg->diag, SRC_NOWHERE, "LLVM generates no code for target '%s'", triple);
    return false;
  }
  const char *cpu = o->cpu != NULL ? o->cpu : tier->cpu;
  const char *features = join_features(m->cg->mem, tier->features, o->features);
  m->machine = LLVMCreateTargetMachine(t, triple, cpu, features, machine_level(o), LLVMRelocPIC, LLVMCodeModelDefault);
  return true;
}

// The next "name" or "name=value" of a list of words; false at its end.
typedef struct hardening_word {
  const char *name;
  size_t name_length;
  const char *value;
  size_t value_length;
} hardening_word;

static bool next_word(const char **at, hardening_word *w) {
  if (*at == NULL || **at == '\0') return false;
  size_t length = strcspn(*at, " ");
  w->name = *at;
  w->name_length = strcspn(*at, " =");
  bool has_value = w->name_length < length;
  w->value = *at + w->name_length + has_value;
  w->value_length = length - w->name_length - has_value;
  *at += length;
  *at += strspn(*at, " ");
  return true;
}

static void set_hardening(cg_module *m) {
  const char *at = m->target->hardening;
  hardening_word w;
  LLVMMetadataRef one = LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(m->cg->llvm), 1, 0));
  while (next_word(&at, &w)) LLVMAddModuleFlag(m->llvm, LLVMModuleFlagBehaviorOverride, w.name, w.name_length, one);
}

void cg_module_harden(const cg_module *m, LLVMValueRef function) {
  const char *at = m->target->hardening;
  hardening_word w;
  while (next_word(&at, &w)) {
    LLVMAttributeRef a =
        LLVMCreateStringAttribute(m->cg->llvm, w.name, (unsigned)w.name_length, w.value, (unsigned)w.value_length);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
  }
}

bool cg_module_new(cg_context *cg, const target *t, const target_tier *tier, const char *triple, const cg_options *o,
                   const char *name, cg_module *out) {
  triple = llvm_take_message(cg->mem, LLVMNormalizeTargetTriple(triple)); // "arch-linux-gnu" has no vendor
  *out = (cg_module){.cg = cg, .target = t};
  if (!make_machine(out, tier, triple, o)) return false;
  out->llvm = LLVMModuleCreateWithNameInContext(name, cg->llvm);
  out->layout = LLVMCreateTargetDataLayout(out->machine);
  LLVMSetModuleDataLayout(out->llvm, out->layout);
  LLVMSetTarget(out->llvm, triple);
  set_hardening(out);
  return true;
}

void cg_module_free(cg_module *m) {
  if (m->layout != NULL) LLVMDisposeTargetData(m->layout);
  if (m->llvm != NULL) LLVMDisposeModule(m->llvm);
  if (m->machine != NULL) LLVMDisposeTargetMachine(m->machine);
}

static bool verify(cg_module *m) {
  char *message = NULL;
  bool broken = LLVMVerifyModule(m->llvm, LLVMReturnStatusAction, &message);
  const char *text = llvm_take_message(m->cg->mem, message);
  if (broken) diag_error(m->cg->diag, SRC_NOWHERE, "internal error: malformed LLVM IR: %s", text);
  return !broken;
}

// What kernels need of LLVM's pipeline -O2: a third of its time, for code of the same size. They are functions that call
// nothing, already in SSA form, with explicit vectors.
#define TIDY "instcombine<no-verify-fixpoint>"
static const char kernel_passes[] =
    "function(sroa,early-cse<memssa>,simplifycfg," TIDY ",reassociate,loop-mssa(loop-rotate,licm),loop(indvars),"
    "loop-unroll<O2;no-partial;no-runtime;no-peeling>,gvn," TIDY ",correlated-propagation,adce,loop-mssa(licm)," TIDY
    ",simplifycfg)";

static const char *choose_passes(const cg_module *m, const cg_options *o) {
  if (o->opt_level == 2 && !m->target->gpu) return kernel_passes;
  return arena_printf(m->cg->mem, "default<O%u>", o->opt_level < 3 ? o->opt_level : 3);
}

// Nothing may be vectorised again, and loops are unrolled only where they ask for it.
static bool optimise(cg_module *m, const cg_options *o) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(options, 0);
  LLVMPassBuilderOptionsSetSLPVectorization(options, 0);
  LLVMPassBuilderOptionsSetLoopInterleaving(options, 0);
  LLVMPassBuilderOptionsSetLoopUnrolling(options, 0);
  const char *passes = choose_passes(m, o);
  LLVMErrorRef error = LLVMRunPasses(m->llvm, passes, m->machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (error == NULL) return true;
  char *message = LLVMGetErrorMessage(error);
  diag_error(m->cg->diag, SRC_NOWHERE, "internal error: LLVM's optimiser: %s", message);
  LLVMDisposeErrorMessage(message);
  return false;
}

static cg_bytes print_ir(cg_module *m) {
  char *text = LLVMPrintModuleToString(m->llvm);
  cg_bytes out = {.size = strlen(text)};
  out.data = (const uint8_t *)llvm_take_message(m->cg->mem, text);
  return out;
}

static bool write_machine_code(cg_module *m, cg_kind kind, cg_bytes *out) {
  LLVMCodeGenFileType type = kind == CG_ASM ? LLVMAssemblyFile : LLVMObjectFile;
  LLVMMemoryBufferRef buffer = NULL;
  char *message = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(m->machine, m->llvm, type, &message, &buffer) != 0) {
    diag_error(m->cg->diag, SRC_NOWHERE, "LLVM cannot write this output: %s", llvm_take_message(m->cg->mem, message));
    return false;
  }
  *out = cg_take_buffer(m->cg, buffer);
  return true;
}

bool cg_module_finish(cg_module *m, const cg_options *o, cg_kind kind, cg_bytes *out) {
  size_t before = m->cg->errors;
  if (!verify(m) || !optimise(m, o)) return false;
  if (kind == CG_LLVM_IR)
    *out = print_ir(m);
  else if (!write_machine_code(m, kind, out))
    return false;
  return m->cg->errors == before;
}
