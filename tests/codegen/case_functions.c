// Cases of elementary functions: many operations in one kernel, with a loop inside that some items enter.
#include <math.h>

#include "cases.h"
#include "kernel/emit_base.h"
#include "kernel/emit_functions.h"

enum { ITEMS = 40 };

static const char *const names[ST_OP_COUNT] = {
#define ST(id, text, arguments) [ST_##id] = (text),
#include "ir/statement.def"
#undef ST
};

// Special values and small, moderate and large numbers, item by item.
static double number(size_t item, uint64_t r, int most) {
  static const double edges[] = {0.0,      -0.0,           1.0, -1.0, INFINITY, -INFINITY, NAN,
                                 0x1p-149, 0x1.fffffep127, 2.0, -3.0, 0.5};
  if (item < 8) return edges[r % (sizeof edges / sizeof *edges)];
  int exponent = item % 3 == 0 ? (int)(r >> 40) % most : (int)(r >> 40) % (item % 3 == 1 ? 14 : 20) - 10;
  double x = ldexp(1 + (double)(r & 0xfffffffff) * 0x1p-36, exponent);
  return r >> 63 ? -x : x;
}

static void fill(ir_memory *m, elem_type elem, uint32_t lanes, uint64_t seed) {
  size_t size = elem_get(elem)->bits / 8;
  for (size_t i = 0; i < (size_t)lanes * ITEMS; i++) {
    uint64_t bits = elem_encode(elem, number(i / lanes, case_random(&seed), elem == ELEM_F32 ? 128 : 1024));
    for (size_t j = 0; j < size; j++) m->data[size * i + j] = (uint8_t)(bits >> (8 * j));
  }
}

static void add_function(case_list *list, st_op op, elem_type elem, uint32_t lanes) {
  const char *name = arena_printf(list->mem, "function_%s_%s_x%u", names[op], elem_get(elem)->name, lanes);
  ir_type t = ir_vector(elem, lanes);
  size_t bytes = lanes * (elem_get(elem)->bits / 8);
  ir_func *kernel;
  ir_builder b = case_begin(list, name, 3, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = lo_begin_loop(&b, params[3], params[4], lo_index(&b, 1));
  ir_value *at = lo_index_scale(&b, loop.index, bytes);
  ir_value *x = lo_load(&b, t, params[0], at, NULL);
  ir_value *y = op == ST_POW ? lo_load(&b, t, params[1], at, NULL) : NULL;
  lo_store(&b, params[2], at, lo_function(&b, op, x, y), NULL);
  lo_end_loop(&b, loop);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 3, .compare = elem};
  for (size_t i = 0; i < 3; i++) {
    c.buffers[i] = case_memory(list, ITEMS * bytes);
    if (i < 2) fill(&c.buffers[i], elem, lanes, (uint64_t)op + 100 * i);
  }
  case_add(list, c);
}

void cases_add_functions(case_list *list) {
  for (int op = 0; op < ST_OP_COUNT; op++) {
    if (lo_has_function((st_op)op, ELEM_F32)) add_function(list, (st_op)op, ELEM_F32, 4);
    if (lo_has_function((st_op)op, ELEM_F64)) add_function(list, (st_op)op, ELEM_F64, 2);
  }
}
