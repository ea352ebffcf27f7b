// The matmul kernel: loops over tiles of rows around the tokens in matmul_tokens.c; bias, activation, residual at the end.
#include "kernel/matmul.h"

#include <string.h>

#include "kernel/emit_math.h"
#include "recipe/make.h"

#define TILE_ROWS 16

// Tiles computed at once.
static unsigned tiles_at_once(const matmul *e) {
  unsigned tiles = e->schedules[SCHEDULE_MANY].vectors * e->lanes / TILE_ROWS;
  return tiles == 0 ? 1 : tiles;
}

// Vectors of rows that several tokens are multiplied with at once.
static unsigned vectors_at_once(const matmul *e) {
  unsigned tiles = tiles_at_once(e), whole = TILE_ROWS / e->lanes * tiles, wanted = e->schedules[SCHEDULE_MANY].vectors;
  return tiles == 1 && wanted < whole ? wanted : whole;
}

static uint32_t divisor_at_most(uint32_t lanes) {
  uint32_t n = TILE_ROWS;
  while (n > lanes) n /= 2;
  return n;
}

static void number_dots(matmul *e) {
  const recipe *r = e->r;
  e->dot_count = 0;
  for (size_t i = 0; i < r->core_count; i++) {
    e->first_dot[i] = e->dot_count;
    e->dot_count += r->cores[i].plane_count > 0 ? r->cores[i].plane_count : 1;
  }
}

// ---- what becomes of the total ---------------------------------------------------------------------------

static ir_value *rows_left(matmul *e, unsigned v) {
  ir_value *first = lo_index_add(&e->b, lo_index_scale(&e->b, e->tile_number[v], TILE_ROWS), e->row[v]);
  return lo_index_min(&e->b, lo_index_minus(&e->b, e->row_count, first), lo_index(&e->b, e->lanes));
}

static ir_value *row_bytes(matmul *e, unsigned v) {
  ir_value *first = lo_index_add(&e->b, lo_index_scale(&e->b, e->tile_number[v], TILE_ROWS), e->row[v]);
  return lo_index_scale(&e->b, first, 4);
}

static ir_value *at_token(matmul *e, unsigned m, ir_value *stride, ir_value *offset) {
  return lo_index_add(&e->b, lo_index_scale(&e->b, lo_index_mul(&e->b, e->token[m], stride), 4), offset);
}

void matmul_store_results(matmul *e) {
  ir_type f = ir_vector(ELEM_F32, e->lanes);
  ir_opcode epilogue = e->shape->epilogue == NULL || *e->shape->epilogue == '\0'
                           ? IR_OPCODE_COUNT
                           : ir_opcode_by_name(e->shape->epilogue);
  for (unsigned v = 0; v < e->vectors; v++) {
    ir_value *count = rows_left(e, v), *offset = row_bytes(e, v);
    ir_value *bias = e->shape->bias ? lo_load(&e->b, f, e->bias, offset, count) : NULL;
    for (unsigned m = 0; m < e->tokens; m++) {
      ir_value *x = e->total[m][v];
      if (bias != NULL) x = lo_fadd(&e->b, x, bias);
      if (e->shape->addend) {
        ir_value *at = at_token(e, m, e->addend_stride, offset);
        x = lo_fadd(&e->b, x, lo_load(&e->b, f, e->addend, at, count));
      }
      if (epilogue != IR_OPCODE_COUNT) x = lower_emit_unary(&e->b, epilogue, x);
      if (e->shape->residual) {
        ir_value *at = at_token(e, m, e->residual_stride, offset);
        x = lo_fadd(&e->b, x, lo_load(&e->b, f, e->residual, at, count));
      }
      lo_store(&e->b, e->y, at_token(e, m, e->y_stride, offset), x, count);
    }
  }
}

// Lines that are not in the cache would hold up the stores behind them.
#define RESULTS_AHEAD 12 // tokens

void matmul_ask_for_results(matmul *e) {
  if (e->schedules[SCHEDULE_ONE].prefetch == 0) return;
  ir_value *ahead = lo_index_scale(&e->b, e->y_stride, UINT64_C(4) * RESULTS_AHEAD);
  for (unsigned v = 0; v < e->vectors; v++) {
    ir_value *args[] = {e->y, lo_index_add(&e->b, at_token(e, 0, e->y_stride, row_bytes(e, v)), ahead)};
    ir_emit(&e->b, IR_PREFETCH, NULL, 2, args, 0, NULL);
  }
}

// ---- loops over tokens and rows --------------------------------------------------------------------------

static ir_value *tile_start(matmul *e, ir_value *number) {
  return lo_index_offset(&e->b, lo_index_mul(&e->b, number, e->tile_bytes), e->r->pack.tensor_head_bytes);
}

// Which rows are computed at once: `vectors` vectors from `first_row` of a tile on.
static void set_rows(matmul *e, ir_value *number, ir_value *first_row, unsigned vectors) {
  ir_value *start = tile_start(e, number);
  e->vectors = vectors;
  for (unsigned v = 0; v < vectors; v++) {
    e->tile_number[v] = number;
    e->tile[v] = start;
    e->row[v] = lo_index_offset(&e->b, first_row, (uint64_t)v * e->lanes);
  }
}

// `tiles` whole tiles from `first` on; the last of the range may be named twice, its results are then written twice.
static void set_tiles(matmul *e, ir_value *first, ir_value *end, unsigned tiles) {
  unsigned per_tile = TILE_ROWS / e->lanes;
  ir_value *last = lo_index_minus(&e->b, end, lo_index(&e->b, 1));
  e->vectors = tiles * per_tile;
  for (unsigned v = 0; v < e->vectors; v++) {
    bool same = v % per_tile != 0;
    e->tile_number[v] =
        same ? e->tile_number[v - 1] : lo_index_min(&e->b, lo_index_offset(&e->b, first, v / per_tile), last);
    e->tile[v] = same ? e->tile[v - 1] : tile_start(e, e->tile_number[v]);
    e->row[v] = lo_index(&e->b, (uint64_t)(v % per_tile) * e->lanes);
  }
}

// The rows of a tile in parts of `vectors` vectors, and what is done with each.
typedef void rows_body(matmul *e, ir_value *first, ir_value *end);

static void tile_in_parts(matmul *e, ir_value *number, unsigned vectors, rows_body *body, ir_value *first,
                          ir_value *end) {
  ir_value *zero = lo_index(&e->b, 0);
  if (vectors * e->lanes >= TILE_ROWS) {
    set_rows(e, number, zero, TILE_ROWS / e->lanes);
    body(e, first, end);
    return;
  }
  ir_loop loop = lo_begin_loop(&e->b, zero, lo_index(&e->b, TILE_ROWS), lo_index(&e->b, (uint64_t)vectors * e->lanes));
  set_rows(e, number, loop.index, vectors);
  body(e, first, end);
  lo_end_loop(&e->b, loop);
}

static void few_tokens(matmul *e, ir_value *first, ir_value *end) {
  (void)end;
  unsigned sizes[MATMUL_MAX_TOKENS];
  matmul_few_tokens(e, first, matmul_few_sizes(e, sizes), sizes);
}

static void many_tokens(matmul *e, ir_value *first, ir_value *end) {
  (void)first;
  matmul_many_tokens(e, end);
}

// Several tokens: the tier's number of row vectors at once, so that each activation is loaded once for all of them.
static void several_tokens(matmul *e, ir_value *first_tile, ir_value *end_tile, unsigned tiles, rows_body *body,
                           ir_value *first, ir_value *end) {
  if (tiles > 1) {
    set_tiles(e, first_tile, end_tile, tiles);
    body(e, first, end);
  } else {
    tile_in_parts(e, first_tile, e->schedules[SCHEDULE_MANY].vectors, body, first, end);
  }
}

static void one_token(matmul *e, ir_value *first, ir_value *end) {
  static const unsigned one[] = {1};
  (void)end;
  matmul_few_tokens(e, first, 1, one);
}

// A single token takes all rows of a tile, so that each cache line of the weights is read once.
static void single_tokens(matmul *e, ir_value *first_tile, ir_value *end_tile, unsigned tiles, ir_value *done) {
  ir_value *end = lo_index_min(&e->b, lo_index_offset(&e->b, first_tile, tiles), end_tile);
  ir_loop loop = lo_begin_loop(&e->b, first_tile, end, lo_index(&e->b, 1));
  tile_in_parts(e, loop.index, e->schedules[SCHEDULE_ONE].vectors, one_token, done, NULL);
  lo_end_loop(&e->b, loop);
}

static void on_cpu(matmul *e, ir_value *begin, ir_value *end) {
  unsigned tiles = tiles_at_once(e);
  ir_loop loop = lo_begin_loop(&e->b, begin, end, lo_index(&e->b, tiles));
  ir_value *done = lo_index(&e->b, 0);
  unsigned sizes[MATMUL_MAX_TOKENS];
  size_t count = e->is_large ? 0 : matmul_few_sizes(e, sizes);
  ir_value *many = e->is_large && e->panel_blocks > 0 ? e->token_count : matmul_panel_tokens(e);
  if (e->panel_blocks > 0) several_tokens(e, loop.index, end, tiles, many_tokens, done, many);
  if (count > 0) several_tokens(e, loop.index, end, tiles, few_tokens, many, NULL);
  done = matmul_tokens_done(e, many, count, sizes);
  if (many != e->token_count) single_tokens(e, loop.index, end, tiles, done);
  lo_end_loop(&e->b, loop);
}

// ---- the size of the code --------------------------------------------------------------------------------
// The inner body is emitted for every number of tokens at once and for every vector of rows. Where weights take very many
// operations, or spans make it long, it is emitted once: weights are decoded into the panel even for a single token.

#define LARGE_BODY 2048 // operations on a vector

#define SCALAR_GATHER 64 // operations of a look-up that is done lane by lane

static uint64_t looked_up(const expr *e) {
  uint64_t count = e->op == EXPR_ELEMENT;
  for (unsigned i = 0; i < e->arg_count; i++) count += looked_up(e->args[i]);
  return count;
}

// Of one position; to look up a number that is stored takes as many, whether it is compared or gathered.
static uint64_t position_size(const matmul *e) {
  const recipe *r = e->r;
  bool gathers = target_find_pattern(e->tier, IR_GATHER, ELEM_I32, e->lanes, 0) != NULL;
  if (r->mode == MODE_DECODE)
    return lower_expr_size(r->scheme->value) + (gathers ? 0 : SCALAR_GATHER * looked_up(r->scheme->value));
  uint64_t size = 0;
  for (size_t i = 0; i < r->term_count; i++)
    if (r->terms[i].value.table_field >= 0) size += 16;
  return size;
}

static void find_size(matmul *e) {
  bool real = e->r->mode == MODE_DECODE || e->r->mode == MODE_FLOAT;
  uint64_t body = matmul_body(e->r->segment, e->r->float_span);
  e->is_large = real && !matmul_is_along(e) && body * position_size(e) > LARGE_BODY;
  if (e->is_large) e->schedules[SCHEDULE_MANY].vectors = 1;
}

// One thread per vector of rows, the grid over all of them.
static void on_gpu(matmul *e, ir_value *begin, ir_value *end) {
  uint64_t parts = TILE_ROWS / e->lanes;
  ir_type index = ir_index();
  ir_value *thread = ir_emit(&e->b, IR_THREAD, &index, 0, NULL, 0, NULL);
  ir_value *threads = ir_emit(&e->b, IR_THREADS, &index, 0, NULL, 0, NULL);
  ir_value *first = lo_index_add(&e->b, lo_index_scale(&e->b, begin, parts), thread);
  ir_loop loop = lo_begin_loop(&e->b, first, lo_index_scale(&e->b, end, parts), threads);
  ir_value *n = lo_index(&e->b, parts);
  ir_value *row = lo_index_scale(&e->b, lo_index_rem(&e->b, loop.index, n), e->lanes);
  set_rows(e, lo_index_div(&e->b, loop.index, n), row, 1);
  unsigned sizes[MATMUL_MAX_TOKENS + 1];
  size_t count = e->is_large ? 0 : matmul_few_sizes(e, sizes);
  sizes[count++] = 1;
  matmul_few_tokens(e, lo_index(&e->b, 0), count, sizes);
  lo_end_loop(&e->b, loop);
}

static ir_func *begin_kernel(matmul *e, ir_module *m, const char *name, lo_params *p) {
  const matmul_shape *shape = e->shape;
  const char *buffers[7] = {"weights", "x", "y"};
  const char *sizes[12] = {"tokens",    "rows",     "positions", "tile_bytes", "x_row_bytes",
                           "scales_at", "isums_at", "fsums_at",  "y_stride"};
  ir_value **const fixed[] = {&e->token_count, &e->row_count, &e->positions, &e->tile_bytes, &e->x_row_bytes,
                              &e->scales_at,   &e->isums_at,  &e->fsums_at,  &e->y_stride};
  size_t n = 3, s = sizeof fixed / sizeof *fixed;
  if (shape->bias) buffers[n++] = "bias";
  if (shape->addend) buffers[n++] = "addend", sizes[s++] = "addend_stride";
  if (shape->residual) buffers[n++] = "residual", sizes[s++] = "residual_stride";
  ir_func *f = lo_begin_kernel(m, &e->b, name, buffers, sizes, p);
  e->weights = p->buffers[0];
  e->x = p->buffers[1];
  e->y = p->buffers[2];
  for (s = 0; s < sizeof fixed / sizeof *fixed; s++) *fixed[s] = p->sizes[s];
  n = 3;
  if (shape->bias) e->bias = p->buffers[n++];
  if (shape->addend) e->addend = p->buffers[n++], e->addend_stride = p->sizes[s++];
  if (shape->residual) e->residual = p->buffers[n], e->residual_stride = p->sizes[s];
  e->block_count = lo_index_ceil_div(&e->b, e->positions, e->r->pack.block);
  return f;
}

// Whether an expression of numbers is the same in all of a row.
static bool is_of_row(const scheme *s, const expr *e) {
  static const expr_op ops[] = {EXPR_FIELD, EXPR_REAL, EXPR_INT, EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV};
  bool found = false;
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) found = found || e->op == ops[i];
  if (!found || (e->op == EXPR_FIELD && s->fields[e->index].gran.kind != GRAN_ROW &&
                 s->fields[e->index].gran.kind != GRAN_TENSOR))
    return false;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!is_of_row(s, e->args[i])) return false;
  return true;
}

// A factor that all weights of a row share multiplies their sum.
static void set_value(matmul *e) {
  const scheme *s = e->r->scheme;
  e->run = matmul_run(e->r);
  e->value = s->value;
  if (s->value->op != EXPR_MUL || s->value->is_int) return;
  for (unsigned i = 0; i < 2 && e->factor == NULL; i++) {
    if (!is_of_row(s, s->value->args[i])) continue;
    e->factor = s->value->args[i];
    e->value = s->value->args[1 - i];
  }
}

// Whether levels are stored in tables that rows have of their own.
static bool has_row_levels(const recipe *r) {
  for (size_t i = 0; i < r->term_count; i++) {
    int field = r->terms[i].value.table_field;
    if (field >= 0 && r->scheme->fields[field].gran.kind != GRAN_TENSOR) return true;
  }
  return false;
}

static bool make_lookup(matmul *e, const expr *x) {
  lo_make_tables(&e->b, e->r->scheme, x, e->run.length > 0, e->tables);
  return lo_uses_row(e->r->scheme, x);
}

// What look-ups need besides the weights: those of the value where weights are decoded one by one, else those of coefficients
// and of levels that are stored.
static void make_lookups(matmul *e) {
  const recipe *r = e->r;
  bool rows = has_row_levels(r);
  e->tables = ARENA_ARRAY(e->b.mem, ir_value *, r->scheme->table_count + 1);
  if (r->mode == MODE_DECODE) rows |= make_lookup(e, r->scheme->value);
  for (size_t i = 0; i < r->term_count; i++)
    for (size_t j = 0; j < r->terms[i].value.coefficient_count; j++)
      rows |= make_lookup(e, r->terms[i].value.coefficients[j]);
  if (rows) e->row_numbers = lo_make_row_numbers(&e->b, r->pack.rows);
}

ir_func *lower_emit_matmul(ir_module *m, const recipe *r, const target_tier *tier, bool gpu, const matmul_shape *shape,
                           const char *name) {
  matmul *e = ARENA_NEW(m->mem, matmul);
  e->r = r;
  e->tier = tier;
  e->shape = shape;
  if (r->mode == MODE_DECODE) set_value(e);
  e->lanes = matmul_is_along(e) ? 1 : divisor_at_most(e->run.down ? e->run.length : tier->lanes);
  number_dots(e);
  matmul_choose_forms(e);
  for (schedule_class c = SCHEDULE_ONE; c < SCHEDULE_CLASS_COUNT; c++)
    e->schedules[c] = shape->schedules != NULL ? shape->schedules[c] : schedule_default(r, tier, c);
  lo_params p;
  ir_func *f = begin_kernel(e, m, name, &p);
  if (!gpu) matmul_find_small_floats(e);
  find_size(e);
  if (!gpu && e->schedules[SCHEDULE_MANY].tokens > 1) matmul_make_panel(e, vectors_at_once(e));
  make_lookups(e);
  (gpu ? on_gpu : on_cpu)(e, p.begin, p.end);
  lo_end_kernel(&e->b);
  return f;
}
