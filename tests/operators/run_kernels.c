#include "tests/operators/run_kernels.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "interp/interp.h"
#include "kernel/nest.h"

typedef struct runner {
  diag *d;
  arena *mem;
  const st_computation *c;
  const int64_t *symbols;
  ir_memory *inputs, *constants, *locals;
} runner;

static ir_memory *memory_of(runner *r, const st_tensor *t) {
  return t->role == ST_INPUT      ? &r->inputs[t->number]
         : t->role == ST_CONSTANT ? &r->constants[t->number]
                                  : &r->locals[t->number];
}

static bool evaluate(const runner *r, const extent *e, int64_t *out) {
  return extent_evaluate(e, r->symbols == NULL ? 0 : extent_symbol_count(r->c->sizes), r->symbols, out) == EXTENT_OK;
}

static size_t elements_of(runner *r, const st_tensor *t) {
  size_t count = 1;
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t size = 0;
    evaluate(r, t->dims[i], &size);
    count *= (size_t)size;
  }
  return count;
}

static ir_memory *make_memory(runner *r, const st_tensor *t) {
  ir_memory *m = memory_of(r, t);
  if (m->data == NULL) *m = ir_unwritten(r->mem, elements_of(r, t) * nest_storage_bytes(nest_storage(r->c, t)));
  return m;
}

static void store_elements(runner *r, const st_tensor *t, const double *reals, const int64_t *integers) {
  ir_memory *m = make_memory(r, t);
  elem_type storage = nest_storage(r->c, t);
  size_t bytes = nest_storage_bytes(storage);
  unsigned bits = elem_get(storage)->bits;
  for (size_t i = 0; i < elements_of(r, t); i++) {
    uint64_t raw = t->type.kind == ST_CLASS_REAL ? elem_encode(storage, reals[i]) : (uint64_t)integers[i];
    if (storage == ELEM_F64) memcpy(&raw, &reals[i], 8);
    if (bits < 64) raw &= ((uint64_t)1 << bits) - 1;
    memcpy(m->data + i * bytes, &raw, bytes);
  }
  if (m->written != NULL) memset(m->written, 1, m->size);
}

static st_array load_elements(runner *r, const st_tensor *t) {
  const ir_memory *m = make_memory(r, t);
  elem_type storage = nest_storage(r->c, t);
  size_t bytes = nest_storage_bytes(storage);
  int64_t *dims = ARENA_ARRAY(r->mem, int64_t, t->rank);
  st_array x = {.type = t->type, .rank = t->rank, .dims = dims, .count = elements_of(r, t)};
  for (unsigned i = 0; i < t->rank; i++) evaluate(r, t->dims[i], &dims[i]);
  x.reals = ARENA_ARRAY(r->mem, double, x.count);
  x.integers = ARENA_ARRAY(r->mem, int64_t, x.count);
  for (size_t i = 0; i < x.count; i++) {
    uint64_t raw = 0;
    memcpy(&raw, m->data + i * bytes, bytes);
    if (storage == ELEM_F64) {
      memcpy(&x.reals[i], &raw, 8);
    } else if (t->type.kind == ST_CLASS_REAL) {
      x.reals[i] = elem_decode(storage, raw);
    } else {
      x.integers[i] = elem_decode_int(storage, raw);
    }
  }
  return x;
}

typedef struct step {
  nest_kernel kernel;
  uint64_t *sizes;
  uint64_t work;
} step;

static bool make_step(runner *r, ir_module *m, const st_statement *s, unsigned number, step *out) {
  int64_t work;
  nest_kernel *k = &out->kernel;
  if (!nest_emit(r->d, m, r->c, s, arena_printf(r->mem, "k%u", number), k)) return false;
  out->sizes = ARENA_ARRAY(r->mem, uint64_t, k->size_count);
  for (size_t i = 0; i < k->size_count; i++) {
    int64_t size;
    if (!evaluate(r, k->sizes[i], &size)) return false;
    out->sizes[i] = (uint64_t)size;
  }
  if (!evaluate(r, k->work, &work)) return false;
  out->work = (uint64_t)work;
  return true;
}

// In two pieces, as two threads would.
static bool interpret(runner *r, const step *s) {
  const nest_kernel *k = &s->kernel;
  ir_memory *buffers = ARENA_ARRAY(r->mem, ir_memory, k->buffer_count);
  for (size_t i = 0; i < k->buffer_count; i++) buffers[i] = *make_memory(r, k->buffers[i]);
  uint64_t half = s->work / 2;
  return ir_interpret(r->d, k->func, k->buffer_count, buffers, k->size_count, s->sizes, 0, half) &&
         ir_interpret(r->d, k->func, k->buffer_count, buffers, k->size_count, s->sizes, half, s->work);
}

static bool call(runner *r, const step *s, qrt_kernel code) {
  const nest_kernel *k = &s->kernel;
  qrt_args args = {0};
  if (code == NULL) return false;
  if (k->buffer_count > QRT_MAX_BUFFERS || k->size_count > QRT_MAX_SIZES) {
    diag_error(r->d, SRC_NOWHERE, "a kernel of %zu buffers and %zu sizes", k->buffer_count, k->size_count);
    return false;
  }
  for (size_t i = 0; i < k->buffer_count; i++) args.buffers[i] = make_memory(r, k->buffers[i])->data;
  for (size_t i = 0; i < k->size_count; i++) args.sizes[i] = s->sizes[i];
  code(&args, 0, s->work / 2);
  code(&args, s->work / 2, s->work);
  return true;
}

static const target_tier *choose_tier(const target *t) {
  const char *name = getenv("QCC_TIER");
  if (name != NULL) return target_find_tier(t, name);
  for (size_t i = 0; i < t->tier_count; i++) {
    if ((t->tiers[i].cpu_features & ~qrt_cpu_features()) == 0) return &t->tiers[i];
  }
  return NULL;
}

static bool run_code(runner *r, const ir_module *m, const step *steps, size_t count) {
  const char *triple = cg_host_triple(r->mem);
  const target *t = target_for_triple(triple);
  const target_tier *tier = choose_tier(t);
  cg_options o = {.opt_level = 2};
  cg_bytes object;
  cg_start(t);
  cg_context *cg = cg_new(r->d, r->mem);
  bool ok = tier != NULL && cg_emit_kernels(cg, m, t, tier, triple, &o, CG_OBJECT, &object);
  cg_jit *jit = ok ? cg_jit_new(cg, object) : NULL;
  ok = ok && jit != NULL;
  for (size_t i = 0; i < count && ok; i++) {
    ok = call(r, &steps[i], cg_jit_kernel(jit, cg_kernel_symbol(r->mem, &o, tier, steps[i].kernel.func->name)));
  }
  cg_jit_free(jit);
  cg_free(cg);
  return ok;
}

static bool run(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                st_array *results, bool compiled) {
  runner r = {.d = d, .mem = a, .c = c, .symbols = symbols};
  r.inputs = ARENA_ARRAY(a, ir_memory, c->inputs.len);
  r.constants = ARENA_ARRAY(a, ir_memory, c->constants.len);
  r.locals = ARENA_ARRAY(a, ir_memory, c->locals.len);
  for (size_t i = 0; i < c->inputs.len; i++) {
    store_elements(&r, c->inputs.data[i], inputs[i].reals, inputs[i].integers);
  }
  for (size_t i = 0; i < c->constants.len; i++) {
    const st_tensor *t = c->constants.data[i];
    store_elements(&r, t, t->reals, t->integers);
  }
  ir_module *m = ir_module_new(a, "kernels");
  step *steps = ARENA_ARRAY(a, step, c->statements.len);
  for (size_t i = 0; i < c->statements.len; i++) {
    if (!make_step(&r, m, c->statements.data[i], (unsigned)i, &steps[i])) return false;
  }
  if (getenv("QCC_SHOW") != NULL) fputs(ir_print(a, m), stderr);
  if (!ir_verify(d, m)) return false;
  for (size_t i = 0; i < c->statements.len && !compiled; i++) {
    if (!interpret(&r, &steps[i])) return false;
  }
  if (compiled && c->statements.len > 0 && !run_code(&r, m, steps, c->statements.len)) return false;
  for (size_t i = 0; i < c->results.len; i++) results[i] = load_elements(&r, c->results.data[i]);
  return true;
}

bool run_kernels(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                 st_array *results) {
  return run(d, a, c, symbols, inputs, results, false);
}

bool run_compiled(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
                  st_array *results) {
  return run(d, a, c, symbols, inputs, results, true);
}
