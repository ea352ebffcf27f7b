// The functions of a model's C interface: each calls one of the runtime's with the model's plan.
#include <string.h>

#include "codegen/plan.h"

// What a function's parameters are, a letter each: p pointer, z size_t, i the identity that the caller's header has, which
// is the last; the result: s status, z size_t, p pointer, v none. `call`: the runtime's arguments; P is the plan, a digit a
// parameter.
typedef struct api_row {
  const char *name;
  const char *callee;
  char result;
  const char *params;
  const char *call;
} api_row;

static const api_row rows[] = {
    {"open", "qrt_open_file", 's', "pp", "0P1"},
    {"open_memory", "qrt_open_memory", 's', "ppz", "0P12"},
    {"open_checked", "qrt_open_file", 's', "ppi", "0P1"},
    {"open_memory_checked", "qrt_open_memory", 's', "ppzi", "0P12"},
    {"close", "qrt_close", 'v', "p", "0"},
    {"workspace_size", "qrt_workspace_size", 'z', "z", "P0"},
    {"isa", "qrt_tier_name", 'p', "p", "0"},
};
static const api_row embedded_rows[] = {
    {"open_embedded", "qrt_open_embedded", 's', "p", "0P"},
    {"open_embedded_checked", "qrt_open_embedded", 's', "pi", "0P"},
};

static LLVMTypeRef type_of(const plan_emit *p, char letter) {
  switch (letter) {
  case 's': return LLVMInt32TypeInContext(p->llvm);
  case 'i': return LLVMInt64TypeInContext(p->llvm);
  case 'z': return LLVMIntPtrTypeInContext(p->llvm, p->module.layout);
  case 'v': return LLVMVoidTypeInContext(p->llvm);
  default: return p->pointer;
  }
}

// Some machines want a status extended to a register. All are small and not negative: either extension does.
static void extend_result(const plan_emit *p, LLVMValueRef function_or_call, bool is_call, char result) {
  if (result != 's') return;
  LLVMAttributeRef a = LLVMCreateEnumAttribute(p->llvm, LLVMGetEnumAttributeKindForName("signext", 7), 0);
  if (is_call)
    LLVMAddCallSiteAttribute(function_or_call, LLVMAttributeReturnIndex, a);
  else
    LLVMAddAttributeAtIndex(function_or_call, LLVMAttributeReturnIndex, a);
}

typedef struct signature {
  LLVMTypeRef type;
  char result;
} signature;

static LLVMValueRef declare(const plan_emit *p, const char *symbol, signature s) {
  LLVMValueRef f = LLVMGetNamedFunction(p->module.llvm, symbol);
  if (f == NULL) f = LLVMAddFunction(p->module.llvm, symbol, s.type);
  extend_result(p, f, false, s.result);
  return f;
}

static LLVMValueRef define(const plan_emit *p, LLVMBuilderRef ir, const char *name, signature s) {
  LLVMValueRef f = declare(p, cg_symbol(p->mem, p->options, name), s);
  cg_module_harden(&p->module, f);
  // Exported by a shared object, but never another one's inside it.
  LLVMSetVisibility(f, LLVMProtectedVisibility);
  unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
  LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(p->llvm, nounwind, 0));
  LLVMPositionBuilderAtEnd(ir, LLVMAppendBasicBlockInContext(p->llvm, f, ""));
  return f;
}

static void call_and_return(const plan_emit *p, LLVMBuilderRef ir, const char *callee, signature s, LLVMValueRef *args,
                            unsigned count) {
  LLVMValueRef r = LLVMBuildCall2(ir, s.type, declare(p, callee, s), args, count, "");
  extend_result(p, r, true, s.result);
  if (s.result == 'v')
    LLVMBuildRetVoid(ir);
  else
    LLVMBuildRet(ir, r);
}

// Returns qrt_open_other(model) when the identity is not this library's.
static void check_identity(const plan_emit *p, LLVMBuilderRef ir, LLVMValueRef f, LLVMValueRef identity) {
  LLVMValueRef own = LLVMConstInt(LLVMTypeOf(identity), p->model->identity, 0), model = LLVMGetParam(f, 0);
  LLVMBasicBlockRef other = LLVMAppendBasicBlockInContext(p->llvm, f, "");
  LLVMBasicBlockRef same = LLVMAppendBasicBlockInContext(p->llvm, f, "");
  LLVMBuildCondBr(ir, LLVMBuildICmp(ir, LLVMIntEQ, identity, own, ""), same, other);
  LLVMPositionBuilderAtEnd(ir, other);
  LLVMTypeRef parameter = p->pointer;
  signature s = {LLVMFunctionType(type_of(p, 's'), &parameter, 1, 0), 's'};
  call_and_return(p, ir, "qrt_open_other", s, &model, 1);
  LLVMPositionBuilderAtEnd(ir, same);
}

static void emit_row(const plan_emit *p, LLVMBuilderRef ir, const api_row *row, LLVMValueRef plan) {
  LLVMTypeRef types[8];
  LLVMValueRef args[8];
  unsigned count = (unsigned)strlen(row->params);
  for (unsigned i = 0; i < count; i++) types[i] = type_of(p, row->params[i]);
  LLVMTypeRef result = type_of(p, row->result);
  LLVMValueRef f = define(p, ir, row->name, (signature){LLVMFunctionType(result, types, count, 0), row->result});
  if (row->params[count - 1] == 'i') check_identity(p, ir, f, LLVMGetParam(f, count - 1));
  unsigned passed = (unsigned)strlen(row->call);
  for (unsigned i = 0; i < passed; i++) {
    args[i] = row->call[i] == 'P' ? plan : LLVMGetParam(f, (unsigned)(row->call[i] - '0'));
    types[i] = LLVMTypeOf(args[i]);
  }
  call_and_return(p, ir, row->callee, (signature){LLVMFunctionType(result, types, passed, 0), row->result}, args,
                  passed);
}

// The parameters from `first` on as an array on the stack.
static LLVMValueRef pointer_array(const plan_emit *p, LLVMBuilderRef ir, LLVMValueRef f, unsigned first, size_t count) {
  LLVMTypeRef type = LLVMArrayType2(p->pointer, count);
  LLVMValueRef array = LLVMBuildAlloca(ir, type, "");
  for (unsigned i = 0; i < count; i++) {
    LLVMValueRef path[] = {LLVMConstInt(LLVMInt32TypeInContext(p->llvm), 0, 0),
                           LLVMConstInt(LLVMInt32TypeInContext(p->llvm), i, 0)};
    LLVMBuildStore(ir, LLVMGetParam(f, first + i), LLVMBuildInBoundsGEP2(ir, type, array, path, 2, ""));
  }
  return array;
}

// run(model, batch, inputs.., outputs.., workspace, workspace_size, pool)
static void emit_run(const plan_emit *p, LLVMBuilderRef ir) {
  unsigned inputs = (unsigned)p->plan->input_count;
  unsigned ports = inputs + (unsigned)p->plan->output_count;
  unsigned count = ports + 5;
  LLVMTypeRef size = type_of(p, 'z');
  LLVMTypeRef *types = ARENA_ARRAY(p->mem, LLVMTypeRef, count);
  for (unsigned i = 0; i < count; i++) types[i] = i == 1 || i == ports + 3 ? size : p->pointer;
  LLVMTypeRef result = type_of(p, 's');
  LLVMValueRef f = define(p, ir, "run", (signature){LLVMFunctionType(result, types, count, 0), 's'});
  LLVMValueRef args[] = {LLVMGetParam(f, 0),
                         LLVMGetParam(f, 1),
                         pointer_array(p, ir, f, 2, inputs),
                         pointer_array(p, ir, f, 2 + inputs, p->plan->output_count),
                         LLVMGetParam(f, ports + 2),
                         LLVMGetParam(f, ports + 3),
                         LLVMGetParam(f, ports + 4)};
  LLVMTypeRef called[] = {p->pointer, size, p->pointer, p->pointer, p->pointer, size, p->pointer};
  call_and_return(p, ir, "qrt_run", (signature){LLVMFunctionType(result, called, 7, 0), 's'}, args, 7);
}

void plan_emit_functions(plan_emit *p, LLVMValueRef plan) {
  LLVMBuilderRef ir = LLVMCreateBuilderInContext(p->llvm);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) emit_row(p, ir, &rows[i], plan);
  for (size_t i = 0; p->model->embedded != NULL && i < sizeof embedded_rows / sizeof *embedded_rows; i++)
    emit_row(p, ir, &embedded_rows[i], plan);
  emit_run(p, ir);
  LLVMDisposeBuilder(ir);
}
