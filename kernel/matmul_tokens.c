// The loops over tokens, for the rows that are set. Few tokens pass over each row from end to end and decode it as they go.
// Many tokens take K in stretches: a stretch's weights are decoded into the panel, then all tokens multiply them, turn by
// turn, while their unfinished sums wait in the kernel's own memory.
#include "kernel/matmul.h"

#define SMALL_TILE 4      // tokens
#define GROUP_BYTES 16896 // of sums that wait: of 132 tokens by two vectors of 16 f32

static unsigned chain_count(const matmul *e, unsigned tokens) {
  if (matmul_is_along(e)) return 1;
  if (schedule_fixed_chains(e->r) > 0) return schedule_fixed_chains(e->r);
  if (tokens == 1) return e->schedules[SCHEDULE_ONE].chains;
  return e->schedules[tokens == e->schedules[SCHEDULE_MANY].tokens ? SCHEDULE_MANY : SCHEDULE_FEW].chains;
}

// Sums that wait have as many chains in every turn.
static unsigned waiting_chains(const matmul *e) {
  return schedule_fixed_chains(e->r) > 0 && !matmul_is_along(e) ? schedule_fixed_chains(e->r) : 1;
}

// Tokens from `first` on; what would lie behind `last` is the last one again.
static void set_tokens(matmul *e, ir_value *first, unsigned count, unsigned chains, ir_value *last) {
  e->tokens = count;
  e->chains = chains;
  for (unsigned m = 0; m < count; m++) {
    e->token[m] = lo_index_offset(&e->b, first, m);
    if (m > 0 && last != NULL) e->token[m] = lo_index_min(&e->b, e->token[m], last);
    e->x_row[m] = lo_index_mul(&e->b, e->token[m], e->x_row_bytes);
  }
}

static void clear_totals(matmul *e) {
  for (unsigned m = 0; m < e->tokens; m++)
    for (unsigned v = 0; v < e->vectors; v++) e->total[m][v] = ir_vector_real(&e->b, ir_vector(ELEM_F32, e->lanes), 0);
}

// ---- few tokens ------------------------------------------------------------------------------------------

// A turn may have one token less than its places, which is then there twice: faster than two smaller turns after each other.
static bool may_miss_one(unsigned tokens) { return tokens >= SMALL_TILE; }

static void whole_rows(matmul *e, ir_value *first, ir_value *end, unsigned tokens) {
  ir_loop loop = lo_begin_loop(&e->b, first, end, lo_index(&e->b, tokens));
  ir_value *last = lo_index_minus(&e->b, e->token_count, lo_index(&e->b, 1));
  set_tokens(e, loop.index, tokens, chain_count(e, tokens), may_miss_one(tokens) ? last : NULL);
  clear_totals(e);
  matmul_emit_blocks(e, lo_index(&e->b, 0), e->block_count);
  matmul_finish_row(e);
  matmul_store_results(e);
  lo_end_loop(&e->b, loop);
}

// Where turns of tokens from `first` on end.
static ir_value *tiles_end(matmul *e, ir_value *first, unsigned tokens) {
  ir_value *left = lo_index_minus(&e->b, e->token_count, first);
  if (!may_miss_one(tokens)) return lo_index_add(&e->b, first, lo_index_floor(&e->b, left, tokens));
  ir_value *end = lo_index_add(&e->b, first, lo_index_floor(&e->b, lo_index_offset(&e->b, left, 1), tokens));
  return lo_index_min(&e->b, end, e->token_count);
}

// Turns of these sizes, largest first; what is left stays.
void matmul_few_tokens(matmul *e, ir_value *first, size_t size_count, const unsigned *sizes) {
  for (size_t i = 0; i < size_count; i++) {
    ir_value *end = tiles_end(e, first, sizes[i]);
    whole_rows(e, first, end, sizes[i]);
    first = end;
  }
}

ir_value *matmul_tokens_done(matmul *e, ir_value *first, size_t size_count, const unsigned *sizes) {
  for (size_t i = 0; i < size_count; i++) first = tiles_end(e, first, sizes[i]);
  return first;
}

// The largest turn is for panels alone, unless it is small. No size is 1.
size_t matmul_few_sizes(const matmul *e, unsigned *sizes) {
  size_t count = 0;
  unsigned last = schedule_tokens(e->r, e->tier, e->schedules[SCHEDULE_MANY].tokens);
  if (last > 1 && (e->panel_blocks == 0 || last < SMALL_TILE)) sizes[count++] = last;
  for (size_t i = 0; i < e->tier->token_tile_count; i++) {
    unsigned tokens = schedule_tokens(e->r, e->tier, e->tier->token_tiles[i]);
    if (tokens < last && tokens > 1) sizes[count++] = last = tokens;
  }
  return count;
}

// ---- sums that wait --------------------------------------------------------------------------------------

static bool is_row_span(const matmul *e) { return e->r->float_span == PREPARED_ROW; }

// What waits between stretches.
static size_t waiting_grids(matmul *e, matmul_grid **out) {
  unsigned live = matmul_live_between_blocks(e);
  size_t n = 0;
  if (live == LIVE_TOTAL) out[n++] = &e->total;
  for (size_t t = 0; live == LIVE_NESTED && t < e->r->term_count; t++) out[n++] = &e->nested[t];
  for (unsigned d = 0; live == LIVE_DOTS && d < e->dot_count; d++)
    for (unsigned c = 0; c < e->chains; c++) out[n++] = &e->dots[d][c];
  return n;
}

static uint64_t token_bytes(const matmul *e, unsigned vectors) {
  unsigned live = matmul_live_between_blocks(e);
  uint64_t sums = live == LIVE_NESTED ? e->r->term_count : e->dot_count * waiting_chains(e);
  uint64_t grids = live == LIVE_TOTAL ? 1 : 1 + sums;
  return grids * vectors * 4 * e->lanes;
}

// Tokens of a group: whole turns.
static uint64_t group_tokens(const matmul *e, unsigned tokens, unsigned vectors) {
  uint64_t turns = GROUP_BYTES / token_bytes(e, vectors) / tokens;
  return (turns > 0 ? turns : 1) * tokens;
}

uint64_t matmul_waiting_bytes(const matmul *e, unsigned vectors) {
  unsigned tokens = e->schedules[SCHEDULE_MANY].tokens;
  return group_tokens(e, tokens, vectors) * token_bytes(e, vectors);
}

static void move_grid(matmul *e, size_t number, matmul_grid *grid, elem_type type, bool load) {
  ir_type t = ir_vector(type, e->lanes);
  uint64_t bytes = 4ull * e->lanes;
  for (unsigned m = 0; m < e->tokens; m++) {
    ir_value *local = lo_index_sub(&e->b, e->token[m], e->first_token);
    ir_value *at = lo_index_scale(&e->b, local, token_bytes(e, e->vectors));
    at = lo_index_offset(&e->b, at, number * bytes * e->vectors);
    for (unsigned v = 0; v < e->vectors; v++, at = lo_index_offset(&e->b, at, bytes)) {
      if (load) {
        (*grid)[m][v] = lo_load(&e->b, t, e->waiting, at, NULL);
      } else {
        lo_store(&e->b, e->waiting, at, (*grid)[m][v], NULL);
      }
    }
  }
}

static void move_totals(matmul *e, bool load) { move_grid(e, 0, &e->total, ELEM_F32, load); }

static void move_sums(matmul *e, bool load) {
  matmul_grid *grids[RECIPE_MAX_DOTS * MATMUL_MAX_CHAINS + RECIPE_MAX_TERMS];
  size_t count = waiting_grids(e, grids), first = is_row_span(e) ? 1 : 0;
  bool real = !is_row_span(e) || !matmul_is_integer(e->r);
  for (size_t i = 0; i < count; i++) move_grid(e, first + i, grids[i], real ? ELEM_F32 : ELEM_I32, load);
}

// ---- many tokens -----------------------------------------------------------------------------------------

// A group of tokens: `split` is where the smaller of the two turns begin.
typedef struct group {
  ir_value *split, *end, *last;
  unsigned large, small;
} group;

// ---- the next stretch's weights --------------------------------------------------------------------------
// Tiles of tokens ask for them while they multiply, a cache line for each chunk, so that the memory works all the time.
// What a few turns leave over they ask for at their beginning.

static unsigned vectors_of_tile(const matmul *e, unsigned v) {
  unsigned n = v + 1;
  while (n < e->vectors && e->tile[n] == e->tile[v]) n++;
  return n - v;
}

static uint64_t stretch_bytes(const matmul *e) { return e->panel_blocks * e->r->pack.block_bytes; }

// Of lines that a turn asks for while it multiplies.
static uint64_t steady_bytes(const matmul *e) {
  return e->panel_blocks * (e->r->pack.block / PACK_CHUNK) * MATMUL_LINE;
}

// After the last stretch of a row comes the first one of the rows computed next.
static void find_next_stretch(matmul *e, const group *g, ir_value *hi) {
  ir_builder *b = &e->b;
  const packing *p = &e->r->pack;
  unsigned tiles = e->vectors / vectors_of_tile(e, 0);
  ir_value *row_ends = lo_index_div(b, hi, e->block_count);
  ir_value *block = lo_index_sub(b, hi, lo_index_mul(b, row_ends, hi)); // in its tile
  ir_value *skip = lo_index_mul(b, row_ends, lo_index_scale(b, e->tile_bytes, tiles));
  e->next_from =
      lo_index_add(b, lo_index_offset(b, lo_index_scale(b, block, p->block_bytes), p->tile_head_bytes), skip);

  ir_value *count = lo_index_add(b, lo_index_ceil_div(b, lo_index_sub(b, g->split, e->first_token), g->large),
                                 lo_index_ceil_div(b, lo_index_sub(b, g->end, g->split), g->small > 0 ? g->small : 1));
  e->next_rest = lo_index_min(b, lo_index_scale(b, count, steady_bytes(e)), lo_index(b, stretch_bytes(e)));
  ir_value *rest = lo_index_sub(b, lo_index(b, stretch_bytes(e)), e->next_rest);
  ir_value *share = lo_index_div(b, lo_index_add(b, rest, lo_index_minus(b, count, lo_index(b, 1))), count);
  e->next_share = lo_index_scale(b, lo_index_ceil_div(b, share, MATMUL_LINE), MATMUL_LINE);
}

// `at`: bytes within the stretch.
static void ask_for_line(matmul *e, ir_value *at) {
  ir_builder *b = &e->b;
  at = lo_index_add(b, e->next_from, at);
  for (unsigned v = 0; v < e->vectors; v += vectors_of_tile(e, v)) {
    ir_value *args[] = {e->weights, lo_index_add(b, e->tile[v], at)};
    ir_emit(b, IR_PREFETCH, NULL, 2, args, 0, NULL);
  }
}

void matmul_ask_for_chunk(matmul *e, ir_value *position, uint64_t first) {
  ir_builder *b = &e->b;
  if (e->schedules[SCHEDULE_ONE].prefetch == 0) return;
  ir_value *k = lo_index_offset(b, lo_index_add(b, e->panel_position, position), first);
  ir_value *at = lo_index_add(b, e->next_steady, lo_index_scale(b, k, MATMUL_LINE / PACK_CHUNK));
  ask_for_line(e, lo_index_min(b, at, lo_index(b, stretch_bytes(e) - MATMUL_LINE)));
}

// `turn`: its number.
static void ask_for_share(matmul *e, ir_value *turn) {
  ir_builder *b = &e->b;
  if (e->schedules[SCHEDULE_ONE].prefetch == 0) return;
  e->next_steady = lo_index_scale(b, turn, steady_bytes(e));
  ir_value *from = lo_index_add(b, e->next_rest, lo_index_mul(b, turn, e->next_share));
  ir_value *end = lo_index_min(b, lo_index_add(b, from, e->next_share), lo_index(b, stretch_bytes(e)));
  ir_loop loop = lo_begin_loop(b, from, end, lo_index(b, MATMUL_LINE));
  ask_for_line(e, loop.index);
  lo_end_loop(b, loop);
}

// A stretch of K, or all of it between flushes.
typedef void tokens_body(matmul *e, ir_value *lo, ir_value *hi);

static void start_totals(matmul *e, ir_value *lo, ir_value *hi) {
  (void)lo;
  (void)hi;
  clear_totals(e);
  move_totals(e, false);
}

static void begin_row_span(matmul *e, ir_value *lo, ir_value *hi) {
  (void)hi;
  matmul_begin_row_span(e, lo);
  move_sums(e, false);
}

static void add_stretch(matmul *e, ir_value *lo, ir_value *hi) {
  move_sums(e, true);
  matmul_emit_stretch(e, lo, hi);
  move_sums(e, false);
}

static void end_row_span(matmul *e, ir_value *lo, ir_value *hi) {
  (void)hi;
  move_totals(e, true);
  move_sums(e, true);
  matmul_end_row_span(e, lo);
  move_totals(e, false);
}

static void finish_totals(matmul *e, ir_value *lo, ir_value *hi) {
  (void)lo;
  (void)hi;
  matmul_ask_for_results(e);
  move_totals(e, true);
  matmul_finish_row(e);
  matmul_store_results(e);
}

// Turns of `tokens` tokens; `turns` came before them.
static void tokens_in_turns(matmul *e, const group *g, ir_value *first, ir_value *end, unsigned tokens, ir_value *turns,
                            ir_value *lo, ir_value *hi, tokens_body *body) {
  ir_loop loop = lo_begin_loop(&e->b, first, end, lo_index(&e->b, tokens));
  set_tokens(e, loop.index, tokens, waiting_chains(e), g->last);
  if (e->use == PANEL_READ) {
    ir_value *turn = lo_index_div(&e->b, lo_index_sub(&e->b, loop.index, first), lo_index(&e->b, tokens));
    ask_for_share(e, lo_index_add(&e->b, turns, turn));
  }
  body(e, lo, hi);
  lo_end_loop(&e->b, loop);
}

static void one_by_one(matmul *e, const group *g, ir_value *lo, ir_value *hi, tokens_body *body) {
  tokens_in_turns(e, g, e->first_token, g->end, 1, NULL, lo, hi, body);
}

static void fill_panel(matmul *e, ir_value *lo, ir_value *hi) {
  e->use = PANEL_FILL;
  e->tokens = 0;
  e->chains = 1;
  e->panel_first = lo;
  matmul_emit_stretch(e, lo, hi);
  e->use = PANEL_NONE;
}

static void in_stretches(matmul *e, const group *g, ir_value *lo, ir_value *hi) {
  ir_loop loop = lo_begin_loop(&e->b, lo, hi, lo_index(&e->b, e->panel_blocks));
  ir_value *end = lo_index_min(&e->b, lo_index_offset(&e->b, loop.index, e->panel_blocks), hi);
  fill_panel(e, loop.index, end);
  e->use = PANEL_READ;
  find_next_stretch(e, g, end);
  ir_value *none = lo_index(&e->b, 0);
  tokens_in_turns(e, g, e->first_token, g->split, g->large, none, loop.index, end, add_stretch);
  if (g->small > 0) {
    ir_value *turns = lo_index_ceil_div(&e->b, lo_index_sub(&e->b, g->split, e->first_token), g->large);
    tokens_in_turns(e, g, g->split, g->end, g->small, turns, loop.index, end, add_stretch);
  }
  e->use = PANEL_NONE;
  lo_end_loop(&e->b, loop);
}

static void between_flushes(matmul *e, const group *g) {
  ir_loop loop = lo_begin_loop(&e->b, lo_index(&e->b, 0), e->block_count, lo_index(&e->b, e->r->flush));
  ir_value *end = lo_index_min(&e->b, lo_index_offset(&e->b, loop.index, e->r->flush), e->block_count);
  one_by_one(e, g, loop.index, end, begin_row_span);
  in_stretches(e, g, loop.index, end);
  one_by_one(e, g, loop.index, end, end_row_span);
  lo_end_loop(&e->b, loop);
}

static void whole_group(matmul *e, const group *g) {
  ir_value *zero = lo_index(&e->b, 0);
  one_by_one(e, g, zero, e->block_count, start_totals);
  if (is_row_span(e)) {
    between_flushes(e, g);
  } else {
    in_stretches(e, g, zero, e->block_count);
  }
  one_by_one(e, g, zero, e->block_count, finish_totals);
}

// So many turns of two tokens less, at the group's end, that hardly a place in them is empty: 8 tokens are 4 + 4 rather than
// 6 and a third of 6.
static void split_group(matmul *e, group *g) {
  ir_builder *b = &e->b;
  ir_value *large = lo_index(b, g->large);
  ir_value *count = lo_index_sub(b, g->end, e->first_token);
  ir_value *empty = lo_index_rem(b, lo_index_sub(b, large, lo_index_rem(b, count, large)), large);
  ir_value *small = lo_index_scale(b, lo_index_div(b, empty, lo_index(b, 2)), g->small);
  ir_value *turns = lo_index_ceil_div(b, lo_index_minus(b, count, small), g->large);
  ir_value *split = lo_index_add(b, e->first_token, lo_index_scale(b, turns, g->large));
  g->split = lo_index_min(b, split, g->end);
}

void matmul_many_tokens(matmul *e, ir_value *end) {
  group g = {.large = e->schedules[SCHEDULE_MANY].tokens};
  g.small = g.large > 2 && !matmul_lays_tiles(e) ? g.large - 2 : 0;
  uint64_t tokens = group_tokens(e, g.large, e->vectors);
  ir_loop loop = lo_begin_loop(&e->b, lo_index(&e->b, 0), end, lo_index(&e->b, tokens));
  e->first_token = loop.index;
  g.end = lo_index_min(&e->b, lo_index_offset(&e->b, loop.index, tokens), end);
  g.last = lo_index_sub(&e->b, g.end, lo_index(&e->b, 1));
  g.split = g.end;
  if (g.small > 0) split_group(e, &g);
  whole_group(e, &g);
  lo_end_loop(&e->b, loop);
}

// Below this number decoding as they go is cheaper than filling a panel. Where registers are few, so are the tokens that
// share what is decoded as they go.
static unsigned many_at_least(const matmul *e) {
  unsigned large = e->schedules[SCHEDULE_MANY].tokens;
  if (matmul_lays_tiles(e)) return large;
  return large <= SMALL_TILE ? 2 * large : 4 * large;
}

ir_value *matmul_panel_tokens(matmul *e) {
  ir_value *none = lo_index(&e->b, 0);
  if (e->panel_blocks == 0) return none;
  unsigned least = many_at_least(e);
  ir_value *are_many =
      lo_index_div(&e->b, lo_index_min(&e->b, e->token_count, lo_index(&e->b, least)), lo_index(&e->b, least));
  return lo_index_mul(&e->b, are_many, e->token_count);
}
