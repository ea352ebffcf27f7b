// Indices and loops.
#include <string.h>

#include "interp/inside.h"

static uint64_t left(const insn *in) { return *in->arg[0].index; }
static uint64_t right(const insn *in) { return *in->arg[1].index; }

static bool set(const insn *in, uint64_t value) {
  *in->dst.index = value;
  return true;
}

static bool run_index(interp *vm, const insn *in) { return (void)vm, set(in, in->index); }
static bool run_iadd(interp *vm, const insn *in) { return (void)vm, set(in, left(in) + right(in)); }
static bool run_isub(interp *vm, const insn *in) { return (void)vm, set(in, left(in) - right(in)); }
static bool run_imul(interp *vm, const insn *in) { return (void)vm, set(in, left(in) * right(in)); }

static bool run_imin(interp *vm, const insn *in) {
  (void)vm;
  return set(in, left(in) < right(in) ? left(in) : right(in));
}

static bool run_idiv(interp *vm, const insn *in) {
  if (right(in) == 0) return interp_fail(vm, in, "%llu is divided by zero", (unsigned long long)left(in));
  return set(in, left(in) / right(in));
}

static bool run_irem(interp *vm, const insn *in) {
  if (right(in) == 0) return interp_fail(vm, in, "%llu is divided by zero", (unsigned long long)left(in));
  return set(in, left(in) % right(in));
}

static bool run_thread(interp *vm, const insn *in) { return (void)vm, set(in, 0); }
static bool run_threads(interp *vm, const insn *in) { return (void)vm, set(in, 1); }

static bool run_to_index(interp *vm, const insn *in) {
  (void)vm;
  return set(in, in->arg_wide[0] ? in->arg[0].wide[0] : in->arg[0].lanes[0]);
}

static void move_all(const move_list *list) {
  for (size_t i = 0; i < list->count; i++)
    memcpy(list->data[i].to.bytes, list->data[i].from.bytes, list->data[i].bytes);
}

static bool run_for(interp *vm, const insn *in) {
  const insn_loop *loop = in->loop;
  uint64_t hi = *in->arg[1].index;
  uint64_t step = *in->arg[2].index;
  if (step == 0) return interp_fail(vm, in, "the step is zero");
  move_all(&loop->enter);
  for (uint64_t i = left(in); i < hi;) {
    *loop->index = i;
    if (!interp_run_list(vm, &loop->body)) return false;
    move_all(&loop->save);
    move_all(&loop->restore);
    if (step >= hi - i) break; // also where i + step would wrap
    i += step;
  }
  move_all(&loop->leave);
  return true;
}

const insn_run interp_index_runs[IR_OPCODE_COUNT] = {
    [IR_INDEX_CONST] = run_index, [IR_IADD] = run_iadd, [IR_ISUB] = run_isub,         [IR_IMUL] = run_imul,
    [IR_IDIV] = run_idiv,         [IR_IREM] = run_irem, [IR_IMIN] = run_imin,         [IR_THREAD] = run_thread,
    [IR_THREADS] = run_threads,   [IR_FOR] = run_for,   [IR_TO_INDEX] = run_to_index,
};
