// The matmul kernel: loops over row tiles and tokens around the row in matmul_row.c, then bias, activation, residual.
#include "lower/matmul.h"

#include <string.h>

#include "lower/emit_math.h"

#define TILE_ROWS 16

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

// Integer sums may be split in any way; f32 sums always in the same four, so that results do not depend on the batch.
static unsigned chain_count(const matmul *e) {
  if (!matmul_is_integer(e->r)) return MATMUL_MAX_CHAINS;
  return e->tokens * e->vectors >= 4 ? 1 : 2;
}

// ---- what becomes of the total ---------------------------------------------------------------------------------------------

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

static void finish(matmul *e) {
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
      if (epilogue != IR_OPCODE_COUNT) x = lower_emit_unary(&e->b, epilogue, x);
      if (e->shape->residual) {
        ir_value *at = at_token(e, m, e->residual_stride, offset);
        x = lo_fadd(&e->b, x, lo_load(&e->b, f, e->residual, at, count));
      }
      lo_store(&e->b, e->y, at_token(e, m, e->y_stride, offset), x, count);
    }
  }
}

// ---- loops over tokens and rows ----------------------------------------------------------------------------------

static ir_value *tile_start(matmul *e, ir_value *number) {
  const packing *p = &e->r->pack;
  ir_value *blocks = lo_index_scale(&e->b, e->block_count, p->block_bytes);
  ir_value *bytes = lo_index_offset(&e->b, blocks, p->tile_head_bytes);
  return lo_index_offset(&e->b, lo_index_mul(&e->b, number, bytes), p->tensor_head_bytes);
}

static void compute(matmul *e, unsigned vectors) {
  e->vectors = vectors;
  e->chains = chain_count(e);
  matmul_emit_row(e);
  finish(e);
}

// `vectors` vectors of rows from `first_row` of one tile on.
static void part_of_tile(matmul *e, ir_value *number, ir_value *first_row, unsigned vectors) {
  ir_value *start = tile_start(e, number);
  for (unsigned v = 0; v < vectors; v++) {
    e->tile_number[v] = number;
    e->tile[v] = start;
    e->row[v] = lo_index_offset(&e->b, first_row, (uint64_t)v * e->lanes);
  }
  compute(e, vectors);
}

// One tile in parts of `vectors` vectors.
static void tile_in_parts(matmul *e, ir_value *number, unsigned vectors) {
  if (vectors * e->lanes == TILE_ROWS) {
    part_of_tile(e, number, lo_index(&e->b, 0), vectors);
    return;
  }
  ir_loop loop = lo_begin_loop(&e->b, lo_index(&e->b, 0), lo_index(&e->b, TILE_ROWS),
                               lo_index(&e->b, (uint64_t)vectors * e->lanes));
  part_of_tile(e, number, loop.index, vectors);
  lo_end_loop(&e->b, loop);
}

// `tiles` whole tiles at once. The last of a range may be named twice: its results are then written twice.
static void tiles_at_once(matmul *e, ir_value *first, ir_value *end, unsigned tiles) {
  unsigned per_tile = TILE_ROWS / e->lanes;
  ir_value *last = lo_index_minus(&e->b, end, lo_index(&e->b, 1));
  for (unsigned t = 0; t < tiles; t++) {
    ir_value *number = lo_index_min(&e->b, lo_index_offset(&e->b, first, t), last);
    ir_value *start = tile_start(e, number);
    for (unsigned i = 0; i < per_tile; i++) {
      e->tile_number[t * per_tile + i] = number;
      e->tile[t * per_tile + i] = start;
      e->row[t * per_tile + i] = lo_index(&e->b, (uint64_t)i * e->lanes);
    }
  }
  compute(e, tiles * per_tile);
}

static void set_tokens(matmul *e, ir_value *first, unsigned count) {
  e->tokens = count;
  for (unsigned m = 0; m < count; m++) {
    e->token[m] = lo_index_offset(&e->b, first, m);
    e->x_row[m] = lo_index_mul(&e->b, e->token[m], e->x_row_bytes);
  }
}

// Accumulators take half of the registers at most in f32, where each sum has four.
static unsigned token_tile(const matmul *e, unsigned wanted) {
  if (!matmul_is_integer(e->r) && wanted > 1) {
    unsigned room = e->tier->registers / (2 * MATMUL_MAX_CHAINS * (e->dot_count > 0 ? e->dot_count : 1));
    while (wanted > 1 && wanted > room) wanted /= 2;
  } else if (e->dot_count > 1) {
    wanted = wanted / e->dot_count > 0 ? wanted / e->dot_count : 1;
  }
  return wanted < MATMUL_MAX_TOKENS ? wanted : MATMUL_MAX_TOKENS;
}

// Several tokens: the tier's number of row vectors at once, so that each activation is loaded once for all of them.
static void many_tokens(matmul *e, ir_value *first_tile, ir_value *end_tile, unsigned tiles) {
  unsigned vectors = e->tier->row_vectors;
  if (tiles > 1) {
    tiles_at_once(e, first_tile, end_tile, tiles);
  } else {
    tile_in_parts(e, first_tile, vectors * e->lanes > TILE_ROWS ? TILE_ROWS / e->lanes : vectors);
  }
}

// One token: a tile's rows all at once, so that each cache line of the weights is read once.
static void one_token(matmul *e, ir_value *first_tile, ir_value *end_tile, unsigned tiles) {
  unsigned vectors = e->tier->rows_in_loop ? 1 : TILE_ROWS / e->lanes;
  if (tiles == 1) {
    tile_in_parts(e, first_tile, vectors);
    return;
  }
  ir_value *end = lo_index_min(&e->b, lo_index_offset(&e->b, first_tile, tiles), end_tile);
  ir_loop loop = lo_begin_loop(&e->b, first_tile, end, lo_index(&e->b, 1));
  tile_in_parts(e, loop.index, vectors);
  lo_end_loop(&e->b, loop);
}

typedef void token_body(matmul *e, ir_value *first_tile, ir_value *end_tile, unsigned tiles);

// Tokens in tiles of the tier's sizes, largest first; whatever is left goes one by one.
static void over_tokens(matmul *e, ir_value *first_tile, ir_value *end_tile, unsigned tiles, token_body *many,
                        token_body *one) {
  ir_value *first = lo_index(&e->b, 0);
  unsigned last = 0;
  for (size_t i = 0; i < e->tier->token_tile_count; i++) {
    unsigned tokens = token_tile(e, e->tier->token_tiles[i]);
    if (tokens == last) continue;
    last = tokens;
    ir_value *left = lo_index_minus(&e->b, e->token_count, first);
    ir_value *end = lo_index_add(&e->b, first, lo_index_floor(&e->b, left, tokens));
    ir_loop loop = lo_begin_loop(&e->b, first, end, lo_index(&e->b, tokens));
    set_tokens(e, loop.index, tokens);
    (tokens > 1 ? many : one)(e, first_tile, end_tile, tiles);
    lo_end_loop(&e->b, loop);
    first = end;
  }
}

static void on_cpu(matmul *e, ir_value *begin, ir_value *end) {
  unsigned tiles = e->tier->row_vectors * e->lanes / TILE_ROWS;
  if (tiles == 0) tiles = 1;
  ir_loop loop = lo_begin_loop(&e->b, begin, end, lo_index(&e->b, tiles));
  over_tokens(e, loop.index, end, tiles, many_tokens, one_token);
  lo_end_loop(&e->b, loop);
}

static void gpu_piece(matmul *e, ir_value *tile, ir_value *end_tile, unsigned tiles) {
  (void)end_tile;
  (void)tiles;
  part_of_tile(e, tile, e->first_row, 1);
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
  ir_value *tile = lo_index_div(&e->b, loop.index, n);
  e->first_row = lo_index_scale(&e->b, lo_index_rem(&e->b, loop.index, n), e->lanes);
  over_tokens(e, tile, end, 1, gpu_piece, gpu_piece);
  lo_end_loop(&e->b, loop);
}

ir_func *lower_emit_matmul(ir_module *m, const recipe *r, const target_tier *tier, bool gpu, const matmul_shape *shape,
                           const char *name) {
  matmul *e = ARENA_NEW(m->mem, matmul);
  e->r = r;
  e->tier = tier;
  e->shape = shape;
  e->lanes = divisor_at_most(tier->lanes);
  number_dots(e);
  const char *buffers[6] = {"weights", "x", "y"};
  size_t n = 3;
  if (shape->bias) buffers[n++] = "bias";
  if (shape->residual) buffers[n++] = "residual";
  const char *sizes[10] = {"tokens",      "rows",      "blocks",
                           "x_row_bytes", "scales_at", "isums_at",
                           "fsums_at",    "y_stride",  shape->residual ? "residual_stride" : NULL};
  lo_params p;
  ir_func *f = lo_begin_kernel(m, &e->b, name, buffers, sizes, &p);
  e->weights = p.buffers[0];
  e->x = p.buffers[1];
  e->y = p.buffers[2];
  if (shape->bias) e->bias = p.buffers[3];
  if (shape->residual) e->residual = p.buffers[n - 1];
  ir_value **const targets[] = {&e->token_count, &e->row_count, &e->block_count, &e->x_row_bytes,    &e->scales_at,
                                &e->isums_at,    &e->fsums_at,  &e->y_stride,    &e->residual_stride};
  for (size_t i = 0; sizes[i] != NULL; i++) *targets[i] = p.sizes[i];
  (gpu ? on_gpu : on_cpu)(e, p.begin, p.end);
  lo_end_kernel(&e->b);
  return f;
}
