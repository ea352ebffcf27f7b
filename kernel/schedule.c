#include "kernel/schedule.h"

#include "kernel/matmul.h"

#define DEFAULT_STRETCH 16384 // bytes: a third of a first-level cache; activations and sums that wait have the rest
#define MAX_PREFETCH (UINT64_C(1) << 20)
#define MAX_STRETCH (UINT64_C(1) << 16) // it lies on the stack

const char *schedule_class_name(schedule_class c) {
  static const char *const names[SCHEDULE_CLASS_COUNT] = {
      [SCHEDULE_ONE] = "one", [SCHEDULE_FEW] = "few", [SCHEDULE_MANY] = "many"};
  return names[c];
}

unsigned lower_dot_count(const recipe *r) {
  unsigned count = 0;
  for (size_t i = 0; i < r->core_count; i++) count += r->cores[i].plane_count > 0 ? r->cores[i].plane_count : 1;
  return count;
}

unsigned schedule_fixed_chains(const recipe *r) {
  if (r->mode == MODE_PAIR_DOT) return 1;
  return mode_is_integer(r->mode) ? 0 : MATMUL_MAX_CHAINS;
}

// Accumulators take half of the registers at most in f32, where each sum has four.
unsigned schedule_tokens(const recipe *r, const target_tier *tier, unsigned wanted) {
  unsigned dots = lower_dot_count(r);
  if (schedule_fixed_chains(r) > 1 && wanted > 1) {
    unsigned room = tier->registers / (2 * MATMUL_MAX_CHAINS * (dots > 0 ? dots : 1));
    while (wanted > 1 && wanted > room) wanted /= 2;
  } else if (dots > 1) {
    bool two = wanted > 1 && 2 * dots * tier->row_vectors < tier->registers;
    wanted = wanted / dots > 1 ? wanted / dots : two ? 2 : 1;
  }
  return wanted < MATMUL_MAX_TOKENS ? wanted : MATMUL_MAX_TOKENS;
}

// Tokens that pass over decoded weights. Where hardly any have room for all chains of their f32 sums, chain after chain is
// taken, and only one of them needs registers, at most half of them.
static unsigned many_tokens(const recipe *r, const target_tier *tier, unsigned vectors) {
  unsigned wanted = tier->token_tile_count > 0 ? tier->token_tiles[0] : 1, dots = lower_dot_count(r);
  unsigned fit = schedule_tokens(r, tier, wanted);
  if (mode_is_integer(r->mode) || fit > 2 || wanted < 2 || matmul_run(r).length > 0) return fit;
  unsigned room = tier->registers / (2 * vectors * (dots > 0 ? dots : 1));
  wanted = wanted < room ? wanted : room > 0 ? room : 1;
  return wanted < MATMUL_MAX_TOKENS ? wanted : MATMUL_MAX_TOKENS;
}

// Rows of a vector.
static unsigned lanes_of(const recipe *r, const target_tier *tier) {
  value_run run = matmul_run(r);
  if (run.length > 0) return run.down ? run.length : 1;
  return tier->lanes < r->pack.rows ? tier->lanes : r->pack.rows;
}

static unsigned chains_of(const recipe *r, unsigned accumulators) {
  if (schedule_fixed_chains(r) > 0) return schedule_fixed_chains(r);
  return accumulators >= 4 ? 1 : 2;
}

// Whether the tier multiplies matrix tiles of so many tokens at once.
static bool has_tiles(const recipe *r, const target_tier *tier) {
  const target_tiles *t = tier->tiles;
  if (t == NULL || tier->lanes != MATMUL_MAX_TOKENS || r->mode == MODE_BIT_DOT) return false;
  return r->mode == MODE_PAIR_DOT ? t->pairs != NULL
                                  : mode_is_integer(r->mode) && t->dot != NULL && !act_has_zeros(&r->act);
}

schedule schedule_default(const recipe *r, const target_tier *tier, schedule_class c) {
  unsigned whole = r->pack.rows / lanes_of(r, tier); // vectors of all interleaved rows
  schedule t = {.vectors = tier->rows_in_loop ? 1 : whole, .tokens = 1};
  if (c != SCHEDULE_ONE) {
    unsigned most = tier->token_tile_count > 0 ? tier->token_tiles[0] : 1;
    t.vectors = tier->row_vectors > 0 ? tier->row_vectors : 1;
    t.tokens = c == SCHEDULE_MANY ? many_tokens(r, tier, t.vectors) : schedule_tokens(r, tier, most < 2 ? most : 2);
  }
  if (c == SCHEDULE_MANY && has_tiles(r, tier)) t.tokens = MATMUL_MAX_TOKENS;
  if (c != SCHEDULE_MANY) t.prefetch = tier->prefetch_bytes;
  if (c == SCHEDULE_MANY) t.stretch = DEFAULT_STRETCH;
  if (lanes_of(r, tier) == 1 && matmul_run(r).length > 0) t.vectors = matmul_run_rows(r, tier, t.tokens);
  t.chains = chains_of(r, t.tokens * t.vectors * lower_dot_count(r));
  return t;
}

static bool vectors_possible(const recipe *r, const target_tier *tier, schedule_class c, unsigned vectors) {
  unsigned rows = vectors * lanes_of(r, tier);
  if (vectors == 0 || vectors > MATMUL_MAX_VECTORS) return false;
  if (rows <= r->pack.rows) return r->pack.rows % rows == 0;
  return c != SCHEDULE_ONE && rows % r->pack.rows == 0;
}

bool schedule_possible(const recipe *r, const target_tier *tier, schedule_class c, const schedule *t) {
  unsigned fixed = schedule_fixed_chains(r);
  if (!vectors_possible(r, tier, c, t->vectors) || t->tokens == 0 || t->tokens > MATMUL_MAX_TOKENS) return false;
  if (c == SCHEDULE_ONE && t->tokens != 1) return false;
  if (t->chains == 0 || t->chains > MATMUL_MAX_CHAINS || (fixed > 0 && t->chains != fixed)) return false;
  return t->prefetch <= MAX_PREFETCH && t->stretch <= MAX_STRETCH;
}
