// Cases of elementary functions: many operations in one kernel, with a loop inside that some items enter.
#include <math.h>

#include "cases.h"
#include "kernel/emit_base.h"
#include "kernel/emit_functions.h"
#include "support/fp.h"

enum { LANES = 4, ITEMS = 40 };

static const char *const names[ST_OP_COUNT] = {
#define ST(id, text, arguments) [ST_##id] = (text),
#include "ir/statement.def"
#undef ST
};

// Special values and small, moderate and large numbers, item by item.
static void fill(ir_memory *m, uint64_t seed) {
  static const float edges[] = {0.0f,      -0.0f,           1.0f, -1.0f, INFINITY, -INFINITY, NAN,
                                0x1p-149f, 0x1.fffffep127f, 2.0f, -3.0f, 0.5f};
  for (size_t i = 0; i < (size_t)LANES * ITEMS; i++) {
    uint64_t r = case_random(&seed);
    size_t item = i / LANES;
    uint32_t exponent =
        item % 3 == 0 ? (uint32_t)(r >> 40) % 255 : 117 + (uint32_t)(r >> 40) % (item % 3 == 1 ? 14 : 20);
    uint32_t bits = ((uint32_t)r & 0x807fffff) | exponent << 23;
    if (item < 8) bits = fp_bits32(edges[r % (sizeof edges / sizeof *edges)]);
    for (size_t j = 0; j < 4; j++) m->data[4 * i + j] = (uint8_t)(bits >> (8 * j));
  }
}

static void add_function(case_list *list, st_op op) {
  ir_func *kernel;
  ir_builder b = case_begin(list, arena_printf(list->mem, "function_%s_x%d", names[op], LANES), 3, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = lo_begin_loop(&b, params[3], params[4], lo_index(&b, 1));
  ir_value *at = lo_index_scale(&b, loop.index, LANES * sizeof(float));
  ir_value *x = lo_load(&b, lo_f32(LANES), params[0], at, NULL);
  ir_value *y = op == ST_POW ? lo_load(&b, lo_f32(LANES), params[1], at, NULL) : NULL;
  lo_store(&b, params[2], at, lo_function(&b, op, x, y), NULL);
  lo_end_loop(&b, loop);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 3, .compare = ELEM_F32};
  for (size_t i = 0; i < 3; i++) {
    c.buffers[i] = case_memory(list, ITEMS * LANES * sizeof(float));
    if (i < 2) fill(&c.buffers[i], (uint64_t)op + 100 * i);
  }
  case_add(list, c);
}

void cases_add_functions(case_list *list) {
  for (int op = 0; op < ST_OP_COUNT; op++)
    if (lo_has_function((st_op)op, ELEM_F32)) add_function(list, (st_op)op);
}
