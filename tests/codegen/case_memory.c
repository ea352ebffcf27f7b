// Cases of memory operations, indices, constants and loops.
#include <string.h>

#include "cases.h"

static ir_memory random_memory(case_list *list, uint64_t size, uint64_t seed) {
  ir_memory m = case_memory(list, size);
  for (uint64_t i = 0; i < size; i++) m.data[i] = (uint8_t)(case_random(&seed) >> 17);
  return m;
}

static uint64_t bytes_of(ir_type t) { return (uint64_t)t.lanes * (elem_get(t.elem)->bits / 8); }

static ir_value *index_op(ir_builder *b, ir_opcode code, ir_value *x, ir_value *y) {
  return ir_emit2(b, code, ir_index(), x, y);
}

static ir_value *times(ir_builder *b, ir_value *x, uint64_t n) { return index_op(b, IR_IMUL, x, ir_index_const(b, n)); }

static void store(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *v) {
  ir_emit(b, IR_STORE, NULL, 3, (ir_value *[]){buffer, offset, v}, 0, NULL);
}

static const char *type_name(case_list *list, const char *what, ir_type t) {
  return arena_printf(list->mem, "%s_%s_x%u", what, elem_get(t.elem)->name, t.lanes);
}

// A loop over the work range, one item a turn.
static ir_loop over_items(ir_builder *b, ir_func *kernel, size_t buffers) {
  ir_value **params = kernel->body->params;
  return ir_begin_for(b, params[buffers], params[buffers + 1], ir_index_const(b, 1), 0, NULL, NULL);
}

// Item i loads the first i lanes (more than there are, in the end) from the last i elements of the buffer, so that
// whatever reads beyond them leaves the buffer; and stores all lanes.
static void add_load_first(case_list *list, ir_type t) {
  uint64_t size = bytes_of(t) / t.lanes;
  ir_func *kernel;
  ir_builder b = case_begin(list, type_name(list, "load_first", t), 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 2);
  ir_value *some = index_op(&b, IR_IMIN, loop.index, ir_index_const(&b, t.lanes));
  ir_value *offset = index_op(&b, IR_ISUB, ir_index_const(&b, bytes_of(t)), times(&b, some, size));
  ir_value *v = ir_emit(&b, IR_LOAD_FIRST, &t, 3, (ir_value *[]){params[0], offset, loop.index}, 0, NULL);
  store(&b, params[1], times(&b, loop.index, bytes_of(t)), v);
  ir_end_for(&b, loop, 0, NULL, NULL);
  uint64_t work = t.lanes + 3;
  test_case c = {.kernel = kernel, .work = work, .buffer_count = 2, .compare = ELEM_I8};
  c.buffers[0] = random_memory(list, bytes_of(t), 1);
  c.buffers[1] = case_memory(list, work * bytes_of(t));
  case_add(list, c);
}

// Item i stores the first i lanes of input item i to the end of its own part of the output; the last part ends the buffer.
static void add_store_first(case_list *list, ir_type t) {
  uint64_t size = bytes_of(t) / t.lanes;
  ir_func *kernel;
  ir_builder b = case_begin(list, type_name(list, "store_first", t), 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 2);
  ir_value *v = ir_emit2(&b, IR_LOAD, t, params[0], times(&b, loop.index, bytes_of(t)));
  ir_value *some = index_op(&b, IR_IMIN, loop.index, ir_index_const(&b, t.lanes));
  ir_value *next = index_op(&b, IR_IADD, loop.index, ir_index_const(&b, 1));
  ir_value *offset = index_op(&b, IR_ISUB, times(&b, next, bytes_of(t)), times(&b, some, size));
  ir_emit(&b, IR_STORE_FIRST, NULL, 4, (ir_value *[]){params[1], offset, v, loop.index}, 0, NULL);
  ir_end_for(&b, loop, 0, NULL, NULL);
  uint64_t work = t.lanes + 3;
  test_case c = {.kernel = kernel, .work = work, .buffer_count = 2, .compare = ELEM_I8};
  c.buffers[0] = random_memory(list, work * bytes_of(t), 2);
  c.buffers[1] = random_memory(list, work * bytes_of(t), 3);
  case_add(list, c);
}

static void add_splat(case_list *list, ir_type t) {
  uint64_t size = bytes_of(t) / t.lanes;
  ir_func *kernel;
  ir_builder b = case_begin(list, type_name(list, "load_splat", t), 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 2);
  ir_value *v = ir_emit2(&b, IR_LOAD_SPLAT, t, params[0], times(&b, loop.index, size));
  store(&b, params[1], times(&b, loop.index, bytes_of(t)), v);
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = 9, .buffer_count = 2, .compare = ELEM_I8};
  c.buffers[0] = random_memory(list, 9 * size, 4);
  c.buffers[1] = case_memory(list, 9 * bytes_of(t));
  case_add(list, c);
}

// With a base, each item reads its own part of the buffer.
static void add_gather(case_list *list, ir_type t, bool based) {
  enum { ITEMS = 20, TABLE = 1000, STEP = 12 };
  ir_type offsets = ir_vector(ELEM_I32, t.lanes);
  ir_func *kernel;
  ir_builder b = case_begin(list, type_name(list, based ? "gather_base" : "gather", t), 3, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 3);
  ir_value *v = ir_emit2(&b, IR_LOAD, offsets, params[1], times(&b, loop.index, bytes_of(offsets)));
  v = based ? ir_emit3(&b, IR_GATHER, t, params[0], v, times(&b, loop.index, STEP))
            : ir_emit2(&b, IR_GATHER, t, params[0], v);
  store(&b, params[2], times(&b, loop.index, bytes_of(t)), v);
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 3, .compare = ELEM_I8};
  c.buffers[0] = random_memory(list, TABLE + (based ? (ITEMS - 1) * STEP : 0), 5);
  c.buffers[1] = case_memory(list, ITEMS * bytes_of(offsets));
  c.buffers[2] = case_memory(list, ITEMS * bytes_of(t));
  uint64_t seed = 6;
  uint64_t last = TABLE - elem_get(t.elem)->bits / 8;
  for (uint64_t i = 0; i < (uint64_t)ITEMS * t.lanes; i++) {
    uint32_t at = (uint32_t)(i % 7 == 0 ? last : case_random(&seed) % (last + 1));
    for (unsigned j = 0; j < 4; j++) c.buffers[1].data[4 * i + j] = (uint8_t)(at >> (8 * j));
  }
  case_add(list, c);
}

// Constant bytes of the kernel's own, read by whole words.
static void add_data(case_list *list) {
  enum { ITEMS = 16, LANES = 8, WORDS = 1000 };
  ir_type t = ir_vector(ELEM_I32, LANES), buffer = ir_buffer();
  uint8_t *bytes = case_memory(list, 4 * WORDS).data;
  uint64_t seed = 12;
  for (size_t i = 0; i < 4 * WORDS; i++) bytes[i] = (uint8_t)case_random(&seed);
  ir_attr table = ir_bytes(IR_ATTR_TABLE, bytes, 4 * WORDS), align = ir_int(IR_ATTR_ALIGN, 4);
  ir_func *kernel;
  ir_builder b = case_begin(list, "data", 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_value *own = ir_emit(&b, IR_DATA, &buffer, 0, NULL, 1, &table);
  ir_loop loop = over_items(&b, kernel, 2);
  ir_value *at = times(&b, loop.index, bytes_of(t));
  ir_value *operands[] = {own, ir_emit2(&b, IR_LOAD, t, params[0], at)};
  store(&b, params[1], at, ir_emit(&b, IR_GATHER, &t, 2, operands, 1, &align));
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 2, .compare = ELEM_I32};
  c.buffers[0] = case_memory(list, ITEMS * bytes_of(t));
  c.buffers[1] = case_memory(list, ITEMS * bytes_of(t));
  for (uint64_t i = 0; i < (uint64_t)ITEMS * LANES; i++) {
    uint32_t offset = 4 * (uint32_t)(i % 7 == 0 ? WORDS - 1 : case_random(&seed) % WORDS);
    for (unsigned j = 0; j < 4; j++) c.buffers[0].data[4 * i + j] = (uint8_t)(offset >> (8 * j));
  }
  case_add(list, c);
}

static void add_shapes(case_list *list) {
  static const elem_type elems[] = {ELEM_I8, ELEM_I16, ELEM_I32, ELEM_F16, ELEM_F32, ELEM_F64};
  static const uint32_t lanes[] = {1, 4, 7, 16, 64};
  for (size_t e = 0; e < sizeof elems / sizeof *elems; e++) {
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
      ir_type t = ir_vector(elems[e], lanes[i]);
      add_load_first(list, t);
      add_store_first(list, t);
      add_splat(list, t);
      add_gather(list, t, false);
      add_gather(list, t, true);
    }
  }
}

// Loads and stores whose offsets are multiples of 16 by a promise (item by item) and by what is known of them.
static void add_aligned(case_list *list) {
  enum { ITEMS = 12 };
  ir_type t = ir_vector(ELEM_F32, 4);
  ir_attr align = ir_int(IR_ATTR_ALIGN, 16);
  ir_func *kernel;
  ir_builder b = case_begin(list, "aligned_f32_x4", 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 2);
  ir_value *at = times(&b, loop.index, 32);
  ir_value *next = index_op(&b, IR_IADD, at, ir_index_const(&b, 16));
  ir_value *odd = index_op(&b, IR_ISUB, index_op(&b, IR_IADD, at, loop.index), loop.index);
  ir_value *promised = ir_emit(&b, IR_LOAD, &t, 2, (ir_value *[]){params[0], odd}, 1, &align);
  store(&b, params[1], at, ir_emit2(&b, IR_LOAD, t, params[0], next));
  ir_emit(&b, IR_STORE, NULL, 3, (ir_value *[]){params[1], next, promised}, 1, &align);
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 2, .compare = ELEM_I8};
  c.buffers[0] = random_memory(list, ITEMS * 32, 7);
  c.buffers[1] = case_memory(list, ITEMS * 32);
  case_add(list, c);
}

// A hint changes nothing, also far outside the buffer.
static void add_prefetch(case_list *list) {
  enum { ITEMS = 5 };
  ir_type t = ir_vector(ELEM_I32, 4);
  ir_func *kernel;
  ir_builder b = case_begin(list, "prefetch", 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 2);
  ir_value *far = times(&b, loop.index, UINT64_C(1) << 44);
  ir_emit(&b, IR_PREFETCH, NULL, 2, (ir_value *[]){params[0], far}, 0, NULL);
  ir_value *at = times(&b, loop.index, 16);
  store(&b, params[1], at, ir_emit2(&b, IR_LOAD, t, params[0], at));
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 2, .compare = ELEM_I32};
  c.buffers[0] = random_memory(list, ITEMS * 16, 10);
  c.buffers[1] = case_memory(list, ITEMS * 16);
  case_add(list, c);
}

// What a kernel puts into memory of its own it finds there again.
static void add_scratch(case_list *list) {
  enum { ITEMS = 6 };
  ir_type t = ir_vector(ELEM_I32, 4), buffer = ir_buffer();
  ir_attr bytes = ir_int(IR_ATTR_VALUE, 16 * ITEMS);
  ir_func *kernel;
  ir_builder b = case_begin(list, "scratch", 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_value *own = ir_emit(&b, IR_SCRATCH, &buffer, 0, NULL, 1, &bytes);
  ir_loop in = over_items(&b, kernel, 2);
  ir_value *at = times(&b, in.index, 16);
  store(&b, own, at, ir_emit2(&b, IR_LOAD, t, params[0], at));
  ir_end_for(&b, in, 0, NULL, NULL);
  ir_loop out = over_items(&b, kernel, 2);
  ir_value *to = times(&b, out.index, 16);
  ir_value *from = index_op(&b, IR_ISUB, ir_index_const(&b, 16 * (ITEMS - 1)), to);
  store(&b, params[1], to, ir_emit2(&b, IR_LOAD, t, own, from));
  ir_end_for(&b, out, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 2, .compare = ELEM_I32};
  c.buffers[0] = random_memory(list, ITEMS * 16, 11);
  c.buffers[1] = case_memory(list, ITEMS * 16);
  case_add(list, c);
}

// Dot products as matrix products have them: four activations are the same for all rows.
static void add_dot_splat(case_list *list, ir_opcode code, int64_t umax) {
  enum { ITEMS = 40 };
  ir_type bytes = ir_vector(ELEM_I8, 64);
  ir_type sums = ir_vector(ELEM_I32, 16);
  ir_attr bound = ir_int(IR_ATTR_UMAX, umax);
  ir_func *kernel;
  const char *name = arena_printf(list->mem, "%s_splat_%d", code == IR_DOT4 ? "dot4" : "dot4s", (int)umax);
  ir_builder b = case_begin(list, name, 3, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 3);
  ir_value *u = ir_emit2(&b, IR_LOAD, bytes, params[0], times(&b, loop.index, 64));
  ir_value *s = ir_emit2(&b, IR_LOAD_SPLAT, sums, params[1], times(&b, loop.index, 4));
  ir_value *args[] = {ir_vector_int(&b, sums, 1000), u, ir_emit1(&b, IR_BITCAST, bytes, s)};
  ir_value *r = ir_emit(&b, code, &sums, 3, args, code == IR_DOT4 ? 1 : 0, &bound);
  store(&b, params[2], times(&b, loop.index, 64), r);
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 3, .compare = ELEM_I32};
  c.buffers[0] = random_memory(list, ITEMS * 64, 8);
  for (size_t i = 0; i < ITEMS * 64; i++)
    c.buffers[0].data[i] = (uint8_t)(i % 5 == 0 ? umax : c.buffers[0].data[i] % (umax + 1));
  c.buffers[1] = random_memory(list, ITEMS * 4, 9);
  for (size_t i = 0; i < ITEMS * 2; i++) c.buffers[1].data[i] = i % 3 == 0 ? 127 : 128;
  c.buffers[2] = case_memory(list, ITEMS * 64);
  case_add(list, c);
}

// Products of tiles; no sum of pairs is so large or small that its order counts.
static void add_tiles(case_list *list, ir_opcode code, int64_t rows) {
  bool ints = code == IR_TILE_DOT;
  ir_func *kernel;
  ir_builder b = case_begin(list, arena_printf(list->mem, "tile_%s_%d", ints ? "dot" : "pairs", (int)rows), 3, &kernel);
  ir_value **params = kernel->body->params;
  ir_loop loop = over_items(&b, kernel, 3);
  ir_value *args[] = {params[2], times(&b, loop.index, 1024), params[0], ir_index_const(&b, 0),
                      params[1], times(&b, loop.index, 64)};
  ir_attr attr = ir_int(IR_ATTR_VALUE, rows);
  ir_emit(&b, code, NULL, 6, args, 1, &attr);
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = 2, .buffer_count = 3, .compare = ints ? ELEM_I32 : ELEM_F32};
  c.buffers[0] = random_memory(list, (uint64_t)64 * (uint64_t)rows, 21);
  c.buffers[1] = random_memory(list, (uint64_t)64 * (uint64_t)rows + 64, 22);
  for (size_t i = 0; !ints && i < c.buffers[0].size; i += 2) c.buffers[0].data[i] = 0, c.buffers[0].data[i + 1] = 0x40;
  for (size_t i = 0; !ints && i < c.buffers[1].size; i += 2)
    c.buffers[1].data[i] &= 0x80, c.buffers[1].data[i + 1] = 0x41;
  c.buffers[2] = case_memory(list, 2048);
  case_add(list, c);
}

// ---- indices, constants, loops ---------------------------------------------------------------------------

// Both halves of every index operation's result.
static void add_indices(case_list *list) {
  static const ir_opcode codes[] = {IR_IADD, IR_ISUB, IR_IMUL, IR_IDIV, IR_IREM, IR_IMIN};
  enum { COUNT = sizeof codes / sizeof *codes, ALL = COUNT + 4, ITEMS = 40 };
  ir_func *kernel;
  ir_builder b = case_begin(list, "indices", 1, &kernel);
  ir_loop loop = over_items(&b, kernel, 1);
  ir_value *x = index_op(&b, IR_IADD, times(&b, loop.index, UINT64_C(0x123456789abcd)), ir_index_const(&b, 99));
  ir_value *y = index_op(&b, IR_IADD, times(&b, loop.index, UINT64_C(0x100000003)), ir_index_const(&b, 1));
  ir_value *at = times(&b, loop.index, 8 * (ALL));
  for (size_t i = 0; i < ALL; i++) {
    ir_type index = ir_index();
    ir_value *lane = ir_emit1(&b, IR_FROM_INDEX, ir_vector(i == COUNT + 2 ? ELEM_I32 : ELEM_I64, 1), x);
    ir_value *r = i < COUNT        ? index_op(&b, codes[i], x, y)
                  : i >= COUNT + 2 ? ir_emit1(&b, IR_TO_INDEX, index, lane)
                                   : ir_emit(&b, i == COUNT ? IR_THREAD : IR_THREADS, &index, 0, NULL, 0, NULL);
    ir_value *high = index_op(&b, IR_IDIV, r, ir_index_const(&b, UINT64_C(1) << 32));
    ir_value *where = index_op(&b, IR_IADD, at, ir_index_const(&b, 8 * i));
    store(&b, kernel->body->params[0], where, ir_emit1(&b, IR_FROM_INDEX, ir_vector(ELEM_I32, 1), r));
    store(&b, kernel->body->params[0], index_op(&b, IR_IADD, ir_index_const(&b, 4), where),
          ir_emit1(&b, IR_FROM_INDEX, ir_vector(ELEM_I32, 1), high));
  }
  ir_end_for(&b, loop, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 1, .compare = ELEM_I32};
  c.buffers[0] = case_memory(list, ITEMS * 8 * (ALL));
  case_add(list, c);
}

static ir_value *iota(ir_builder *b, ir_type t) { return ir_emit(b, IR_IOTA, &t, 0, NULL, 0, NULL); }

static void add_constants(case_list *list) {
  ir_func *kernel;
  ir_builder b = case_begin(list, "constants", 1, &kernel);
  ir_value *values[] = {
      ir_vector_int(&b, ir_vector(ELEM_I8, 16), -3),
      ir_vector_int(&b, ir_vector(ELEM_I16, 16), 40000),
      ir_vector_int(&b, ir_vector(ELEM_I32, 16), -123456789),
      ir_vector_real(&b, ir_vector(ELEM_F32, 16), 0.1),
      ir_vector_real(&b, ir_vector(ELEM_F16, 16), 0.1),
      ir_vector_real(&b, ir_vector(ELEM_BF16, 16), -0.3),
      ir_vector_real(&b, ir_vector(ELEM_F32, 1), -1e-42),
      ir_vector_int(&b, ir_vector(ELEM_I64, 8), INT64_MIN + 1),
      ir_vector_real(&b, ir_vector(ELEM_F64, 8), 0.1),
      iota(&b, ir_vector(ELEM_I8, 32)),
      iota(&b, ir_vector(ELEM_I32, 16)),
      iota(&b, ir_vector(ELEM_I64, 8)),
  };
  enum { COUNT = sizeof values / sizeof *values };
  for (size_t i = 0; i < COUNT; i++) store(&b, kernel->body->params[0], ir_index_const(&b, 64 * i), values[i]);
  test_case c = {.kernel = kernel, .work = 1, .buffer_count = 1, .compare = ELEM_I8};
  c.buffers[0] = case_memory(list, 64 * COUNT);
  case_add(list, c);
}

// Carries a Fibonacci pair and a float vector through nested loops, inner ones with 0, 1, 2, .. turns and a step of 3;
// stores what comes out.
static void add_loops(case_list *list, int64_t unroll) {
  enum { ITEMS = 30 };
  ir_func *kernel;
  ir_builder b = case_begin(list, arena_printf(list->mem, "loops_unroll_%d", (int)unroll), 2, &kernel);
  ir_value **params = kernel->body->params;
  ir_type one = ir_vector(ELEM_I32, 1);
  ir_type floats = ir_vector(ELEM_F32, 16);
  ir_loop outer = over_items(&b, kernel, 2);
  ir_value *inits[] = {ir_vector_int(&b, one, 0), ir_vector_int(&b, one, 1), ir_vector_real(&b, floats, 1)};
  ir_value *carried[3];
  ir_loop inner = ir_begin_for(&b, ir_index_const(&b, 2), outer.index, ir_index_const(&b, 3), 3, inits, carried);
  inner.op->attrs = ARENA_NEW(list->mem, ir_attr);
  inner.op->attrs[0] = ir_int(IR_ATTR_UNROLL, unroll);
  inner.op->attr_count = 1;
  ir_value *x = ir_emit2(&b, IR_LOAD_SPLAT, floats, params[0], times(&b, inner.index, 4));
  ir_value *yields[] = {carried[1], ir_emit2(&b, IR_ADD, one, carried[0], carried[1]),
                        ir_emit2(&b, IR_FADD, floats, carried[2], x)};
  ir_value *results[3];
  ir_end_for(&b, inner, 3, yields, results);
  ir_value *at = times(&b, outer.index, 72);
  store(&b, params[1], at, results[2]);
  store(&b, params[1], index_op(&b, IR_IADD, at, ir_index_const(&b, 64)), results[0]);
  store(&b, params[1], index_op(&b, IR_IADD, at, ir_index_const(&b, 68)), results[1]);
  ir_end_for(&b, outer, 0, NULL, NULL);
  test_case c = {.kernel = kernel, .work = ITEMS, .buffer_count = 2, .compare = ELEM_F32};
  c.buffers[0] = case_memory(list, ITEMS * 4);
  for (unsigned i = 0; i < ITEMS; i++) memcpy(c.buffers[0].data + (size_t)4 * i, &(float){(float)i / 7}, 4);
  c.buffers[1] = case_memory(list, ITEMS * 72);
  case_add(list, c);
}

void cases_add_memory(case_list *list) {
  add_shapes(list);
  add_aligned(list);
  add_prefetch(list);
  add_scratch(list);
  add_data(list);
  static const int64_t bounds[] = {15, 63, 127, 128, 255};
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) add_dot_splat(list, IR_DOT4, bounds[i]);
  add_dot_splat(list, IR_DOT4S, 255);
  add_tiles(list, IR_TILE_DOT, 8);
  add_tiles(list, IR_TILE_DOT, 16);
  add_tiles(list, IR_TILE_PAIRS, 3);
  add_tiles(list, IR_TILE_PAIRS, 16);
  add_indices(list);
  add_constants(list);
  add_loops(list, 1);
  add_loops(list, 4);
}
