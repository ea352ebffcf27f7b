#include "tests/lower_rows/function_kit.h"

#include "kernel/emit_base.h"
#include "kernel/emit_functions.h"
#include "tests/check_main.h"

static const char *const names[ST_OP_COUNT] = {
#define ST(id, text, arguments) [ST_##id] = (text),
#include "ir/statement.def"
#undef ST
};

const char *function_name(st_op op) { return names[op]; }

ir_func *function_kernel(ir_module *m, st_op op, elem_type elem, uint32_t lanes) {
  static const char *const buffers[] = {"x", "y", "out", NULL}, *const sizes[] = {NULL};
  ir_type t = ir_vector(elem, lanes);
  ir_builder b;
  lo_params p;
  ir_func *f = lo_begin_kernel(m, &b, names[op], buffers, sizes, &p);
  ir_loop loop = lo_begin_loop(&b, p.begin, p.end, lo_index(&b, lanes));
  ir_value *at = lo_index_scale(&b, loop.index, elem_get(elem)->bits / 8);
  ir_value *x = lo_load(&b, t, p.buffers[0], at, NULL);
  ir_value *y = op == ST_POW ? lo_load(&b, t, p.buffers[1], at, NULL) : NULL;
  lo_store(&b, p.buffers[2], at, lo_function(&b, op, x, y), NULL);
  lo_end_loop(&b, loop);
  lo_end_kernel(&b);
  return f;
}

const target_tier *function_host_tier(const target *t) {
  const target_tier *tier = t->tiers;
  while ((tier->cpu_features & ~qrt_cpu_features()) != 0) tier++;
  return tier;
}

function_run function_compile(st_op op, elem_type elem, const target *t, const target_tier *tier) {
  function_run c = {.run = kernel_run_new()};
  cg_options o = {.opt_level = 2};
  cg_bytes object;
  const ir_func *kernel = function_kernel(c.run.module, op, elem, FUNCTION_LANES);
  c.cg = cg_new(c.run.d, c.run.mem);
  ck_assert(cg_emit_kernels(c.cg, c.run.module, t, tier, cg_host_triple(c.run.mem), &o, CG_OBJECT, &object));
  c.jit = cg_jit_new(c.cg, object);
  ck_assert_ptr_nonnull(c.jit);
  c.call = cg_jit_kernel(c.jit, cg_kernel_symbol(c.run.mem, &o, tier, kernel->name));
  ck_assert(c.call != NULL);
  return c;
}

void function_finish(function_run *c) {
  cg_jit_free(c->jit);
  cg_free(c->cg);
  kernel_run_free(&c->run);
}
