// Running kernels lane by lane on real memory.
#include <stdarg.h>
#include <string.h>

#include "interp/inside.h"
#include "ir/verify.h"

// More instructions than any test or model needs: a loop that was meant to end has not.
#define MAX_STEPS (UINT64_C(1) << 32)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads and stores copy lanes as little-endian words");

ir_memory ir_unwritten(arena *a, uint64_t size) {
  // 64-aligned, as the runtime promises.
  uint8_t *p = ARENA_ARRAY(a, uint8_t, size + 64);
  ir_memory m = {.data = p + (64 - (uintptr_t)p % 64) % 64, .size = size, .written = ARENA_ARRAY(a, uint8_t, size)};
  memset(m.data, IR_UNWRITTEN, size);
  return m;
}

uint64_t ir_first_unwritten(const ir_memory *m) {
  const uint8_t *found = m->written == NULL || m->size == 0 ? NULL : memchr(m->written, 0, m->size);
  return found == NULL ? m->size : (uint64_t)(found - m->written);
}

bool interp_is_wide(const ir_type *type) { return type->kind == IR_VECTOR && elem_get(type->elem)->bits == 64; }

static bool has_wide_lanes(const ir_op *op) {
  for (size_t i = 0; i < op->operand_count; i++)
    if (interp_is_wide(&op->operands[i]->type)) return true;
  return op->result_count == 1 && interp_is_wide(&op->results[0]->type);
}

insn_run interp_run_of(const ir_op *op) {
  ir_opcode code = op->code;
  if (interp_memory_runs[code] != NULL) return interp_memory_runs[code];
  if (interp_index_runs[code] != NULL) return interp_index_runs[code];
  bool any = has_wide_lanes(op) || interp_lane_runs[code] == NULL;
  return any ? interp_any_runs[code] : interp_lane_runs[code];
}

bool interp_fail(interp *vm, const insn *in, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(vm->mem, format, args);
  va_end(args);
  const ir_op *op = in->op;
  const char *result = op->result_count > 0 && op->results[0]->name != NULL ? op->results[0]->name : NULL;
  diag_error(vm->d, op->loc, "kernel '%s': '%s'%s%s: %s", vm->func->name, ir_op_get_info(op->code)->name,
             result == NULL ? "" : " of %", result == NULL ? "" : result, text);
  return false;
}

bool interp_run_list(interp *vm, const insn_list *list) {
  vm->steps += list->count + 1;
  if (vm->steps > vm->max_steps) {
    diag_error(vm->d, vm->func->loc, "kernel '%s' has not ended after %llu operations", vm->func->name,
               (unsigned long long)vm->max_steps);
    return false;
  }
  const insn *end = list->data + list->count;
  for (const insn *in = list->data; in < end; in++)
    if (!in->run(vm, in)) return false;
  return true;
}

static bool matches(diag *d, const ir_func *kernel, size_t buffer_count, size_t size_count) {
  size_t buffers = 0;
  while (buffers < kernel->body->param_count && kernel->body->params[buffers]->type.kind == IR_BUFFER) buffers++;
  size_t sizes = kernel->body->param_count - buffers - 2;
  if (buffers == buffer_count && sizes == size_count) return true;
  diag_error(d, kernel->loc, "kernel '%s' takes %zu buffers and %zu sizes, not %zu and %zu", kernel->name, buffers,
             sizes, buffer_count, size_count);
  return false;
}

static bool run(interp *vm, const ir_memory *buffers, size_t size_count, const uint64_t *sizes, uint64_t begin,
                uint64_t end) {
  uint64_t *indices = ARENA_ARRAY(vm->mem, uint64_t, size_count + 2);
  for (size_t i = 0; i < size_count; i++) indices[i] = sizes[i];
  indices[size_count] = begin;
  indices[size_count + 1] = end;
  insn_list list = {0};
  return interp_compile(vm, buffers, indices, &list) && interp_run_list(vm, &list);
}

bool interp_run_kernel(diag *d, const ir_func *kernel, size_t buffer_count, const ir_memory *buffers, size_t size_count,
                       const uint64_t *sizes, uint64_t begin, uint64_t end, uint64_t max_steps) {
  if (!verify_kernel(d, kernel) || !matches(d, kernel, buffer_count, size_count)) return false;
  arena *mem = arena_new();
  interp vm = {.mem = mem,
               .d = d,
               .func = kernel,
               .max_steps = max_steps,
               .slots = {.mem = mem},
               .scratch = ARENA_ARRAY(mem, uint64_t, VERIFY_MAX_LANES)};
  bool ok = run(&vm, buffers, size_count, sizes, begin, end);
  arena_free(mem);
  return ok;
}

bool ir_interpret(diag *d, const ir_func *kernel, size_t buffer_count, const ir_memory *buffers, size_t size_count,
                  const uint64_t *sizes, uint64_t begin, uint64_t end) {
  return interp_run_kernel(d, kernel, buffer_count, buffers, size_count, sizes, begin, end, MAX_STEPS);
}
