#include "tests/operators/program.h"

#include <string.h>

#include "codegen/codegen.h"
#include "kernel/nest.h"
#include "support/file.h"

static void put(program *p, uint64_t value) {
  for (int i = 0; i < 8; i++) vec_push(p->mem, &p->bytes, (uint8_t)(value >> (8 * i)));
}

// Shapes of tests are constants.
static size_t constant(const extent *e) {
  int64_t value = 0;
  extent_is_constant(e, &value);
  return (size_t)value;
}

static size_t count_of(const st_tensor *t) {
  size_t count = 1;
  for (unsigned i = 0; i < t->rank; i++) count *= constant(t->dims[i]);
  return count;
}

static void put_elements(program *p, const st_computation *c, const st_tensor *t, const double *reals,
                         const int64_t *integers) {
  elem_type storage = nest_storage(c, t);
  unsigned bits = elem_get(storage)->bits;
  for (size_t i = 0; i < count_of(t); i++) {
    uint64_t raw = t->type.kind == ST_CLASS_REAL ? elem_encode(storage, reals[i]) : (uint64_t)integers[i];
    if (storage == ELEM_F64) memcpy(&raw, &reals[i], 8);
    if (bits < 64) raw &= ((uint64_t)1 << bits) - 1;
    for (size_t k = 0; k < nest_storage_bytes(storage); k++) vec_push(p->mem, &p->bytes, (uint8_t)(raw >> (8 * k)));
  }
}

// Inputs, then constants, then locals.
static size_t number_of(const st_computation *c, const st_tensor *t) {
  if (t->role == ST_INPUT) return t->number;
  return c->inputs.len + t->number + (t->role == ST_CONSTANT ? 0 : c->constants.len);
}

static void put_tensor(program *p, const st_computation *c, const st_tensor *t, bool given) {
  put(p, count_of(t) * nest_storage_bytes(nest_storage(c, t)));
  put(p, given);
}

static void put_step(program *p, const st_computation *c, const nest_kernel *k, size_t kernel) {
  put(p, kernel);
  put(p, constant(k->work));
  put(p, k->buffer_count);
  for (size_t i = 0; i < k->buffer_count; i++) put(p, number_of(c, k->buffers[i]));
  put(p, k->size_count);
  for (size_t i = 0; i < k->size_count; i++) put(p, constant(k->sizes[i]));
}

bool program_add(program *p, const st_computation *c, const st_array *inputs) {
  size_t first = p->module->funcs.len;
  nest_kernel *kernels = ARENA_ARRAY(p->mem, nest_kernel, c->statements.len);
  for (size_t i = 0; i < c->statements.len; i++) {
    const char *name = arena_printf(p->mem, "c%u_k%zu", p->case_count, i);
    bool made = nest_emit(p->d, p->module, c, c->statements.data[i], name, &kernels[i]);
    if (!made || kernels[i].buffer_count > QRT_MAX_BUFFERS) {
      p->module->funcs.len = first;
      return false;
    }
  }
  if (!ir_verify(p->d, p->module)) return false;
  p->case_count++;
  put(p, c->inputs.len + c->constants.len + c->locals.len);
  for (size_t i = 0; i < c->inputs.len; i++) {
    put_tensor(p, c, c->inputs.data[i], true);
    put_elements(p, c, c->inputs.data[i], inputs[i].reals, inputs[i].integers);
  }
  for (size_t i = 0; i < c->constants.len; i++) {
    put_tensor(p, c, c->constants.data[i], true);
    put_elements(p, c, c->constants.data[i], c->constants.data[i]->reals, c->constants.data[i]->integers);
  }
  for (size_t i = 0; i < c->locals.len; i++) put_tensor(p, c, c->locals.data[i], false);
  put(p, c->statements.len);
  for (size_t i = 0; i < c->statements.len; i++) put_step(p, c, &kernels[i], first + i);
  put(p, c->results.len);
  for (size_t i = 0; i < c->results.len; i++) put(p, number_of(c, c->results.data[i]));
  return true;
}

static bool write_file(program *p, const char *dir, const char *name, const void *data, size_t size) {
  FILE *f = fopen(arena_printf(p->mem, "%s/%s", dir, name), "wb");
  bool ok = f != NULL && fwrite(data, 1, size, f) == size;
  return f != NULL && fclose(f) == 0 && ok;
}

bool program_write(program *p, const char *triple, const char *tier_name, const char *dir) {
  const target *t = target_for_triple(triple);
  const target_tier *tier = target_find_tier(t, tier_name);
  cg_options o = {.opt_level = 2};
  cg_bytes object;
  strbuf table = {.mem = p->mem};
  if (tier == NULL) return false;
  cg_start(t);
  cg_context *cg = cg_new(p->d, p->mem);
  bool ok = cg_emit_kernels(cg, p->module, t, tier, triple, &o, CG_OBJECT, &object);
  strbuf_printf(&table, "#include \"runtime/qrt.h\"\n");
  for (size_t i = 0; i < p->module->funcs.len; i++) {
    const char *symbol = cg_kernel_symbol(p->mem, &o, tier, p->module->funcs.data[i]->name);
    strbuf_printf(&table, "void %s(const qrt_args *args, uint64_t begin, uint64_t end);\n", symbol);
  }
  strbuf_printf(&table, "const qrt_kernel kernels[] = {\n");
  for (size_t i = 0; i < p->module->funcs.len; i++) {
    strbuf_printf(&table, "  %s,\n", cg_kernel_symbol(p->mem, &o, tier, p->module->funcs.data[i]->name));
  }
  strbuf_printf(&table, "};\n");
  program head = {.mem = p->mem};
  put(&head, p->case_count);
  for (size_t i = 0; i < p->bytes.len; i++) vec_push(p->mem, &head.bytes, p->bytes.data[i]);
  ok = ok && write_file(p, dir, "kernels.o", object.data, object.size) &&
       write_file(p, dir, "table.c", table.data, table.len) &&
       write_file(p, dir, "program.bin", head.bytes.data, head.bytes.len);
  cg_free(cg);
  return ok;
}
