#include "encode/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/wide.h"

enum { WIDTH = 8, PATTERNS = 1 << WIDTH, BLOCKS = WIDTH, LANES = 64, MOST = 4096, SIGN_BITS = 12 };

// The least of every fourth of LANES distances is kept, so that few of them have to be looked at again.
enum { LOWS = LANES / 4 };

// Slots that a joint number fills.
typedef struct slot_list {
  size_t count;
  uint16_t slots[CELL_VARS];
  uint8_t shifts[CELL_VARS];
} slot_list;

// Weights that share one vector of magnitudes.
typedef struct block {
  size_t first, count;
  size_t vectors, padded; // padded to lanes with infinities
  float *table;           // [weight][padded]
  float *norms;           // of each vector, squared
  float *rows;            // the table by vectors: [vector][WIDTH]
  slot_list to;
} block;

// Weights to flip.
typedef struct flip_set {
  uint8_t mask, count, weights[WIDTH];
} flip_set;

struct signed_set {
  const cell_set *c;
  size_t term, block_count;
  block blocks[BLOCKS];
  // Which signs of the cell's weights there are: bit i of a pattern is set where weight i is below zero.
  bool joint;      // one number says magnitudes and signs: codes[vector << WIDTH | pattern]
  uint32_t *codes; // otherwise of a pattern, for `signs`
  slot_list signs;
  // For each pattern the sets of weights to flip to come to one that there is, none of which contains another.
  size_t first[PATTERNS + 1];
  flip_set *flips;
  bool single[PATTERNS]; // all are of one weight
};

static const uint32_t NONE = UINT32_MAX;

// ---- making one ------------------------------------------------------------------------------------------

static unsigned ones(unsigned x) {
  unsigned count = 0;
  for (; x != 0; x &= x - 1) count++;
  return count;
}

static flip_set flip_set_of(unsigned mask) {
  flip_set f = {.mask = (uint8_t)mask};
  for (unsigned j = 0; j < WIDTH; j++)
    if (mask >> j & 1) f.weights[f.count++] = (uint8_t)j;
  return f;
}

// All minimal sets of flips for every pattern, small ones first.
static bool list_flips(arena *a, signed_set *s, const bool *exists) {
  size_t width = s->c->width, all = (size_t)1 << width, count = 0, limit = all * all;
  uint8_t *order = ARENA_ARRAY(a, uint8_t, all);
  for (unsigned bits = 0; bits <= width; bits++)
    for (unsigned f = 0; f < all; f++)
      if (ones(f) == bits) order[count++] = (uint8_t)f;
  s->flips = ARENA_ARRAY(a, flip_set, limit);
  count = 0;
  for (unsigned p = 0; p < all; p++) {
    s->first[p] = count;
    for (size_t i = 0; i < all; i++) {
      unsigned f = order[i];
      bool minimal = exists[p ^ f];
      for (size_t other = s->first[p]; other < count && minimal; other++) minimal = (s->flips[other].mask & ~f) != 0;
      if (minimal) s->flips[count++] = flip_set_of(f);
    }
    if (count == s->first[p]) return false;
    s->single[p] = s->flips[count - 1].count == 1 && s->flips[s->first[p]].count == 1;
  }
  s->first[all] = count;
  return true;
}

static void make_room(arena *a, block *b, size_t vectors) {
  b->vectors = vectors;
  b->padded = (vectors + LANES - 1) / LANES * LANES;
  b->table = ARENA_ARRAY(a, float, b->padded * b->count);
  b->norms = ARENA_ARRAY(a, float, b->padded);
  b->rows = ARENA_ARRAY(a, float, vectors *WIDTH);
}

// What follows from the table. What comes after the vectors is farther than any.
static void finish_block(block *b) {
  for (size_t m = 0; m < b->vectors; m++)
    for (size_t j = 0; j < b->count; j++) b->rows[m * WIDTH + j] = b->table[j * b->padded + m];
  for (size_t m = 0; m < b->padded; m++) {
    double sum = 0;
    for (size_t j = 0; j < b->count; j++)
      sum += (double)b->table[j * b->padded + m] * (double)b->table[j * b->padded + m];
    b->norms[m] = m < b->vectors ? (float)sum : INFINITY;
  }
}

static void list_slots(const cell_node *n, const cell_set *c, size_t weight, slot_list *out) {
  out->count = n->var_count;
  for (unsigned v = 0; v < n->var_count; v++) {
    out->slots[v] = c->vars[n->vars[v]].slot[weight];
    out->shifts[v] = n->shifts[v];
  }
}

static bool same_slots(const cell_node *n, const cell_set *c, size_t i, size_t j) {
  for (unsigned v = 0; v < n->var_count; v++)
    if (c->vars[n->vars[v]].slot[i] != c->vars[n->vars[v]].slot[j]) return false;
  return true;
}

// A vector of the table: magnitudes, and which are below zero.
typedef struct row {
  float magnitudes[WIDTH];
  uint32_t id;
  unsigned pattern;
} row;

static int compare_magnitudes(const row *x, const row *y) {
  for (size_t j = 0; j < WIDTH; j++)
    if (x->magnitudes[j] != y->magnitudes[j]) return x->magnitudes[j] < y->magnitudes[j] ? -1 : 1;
  return 0;
}

static int by_magnitudes(const void *a, const void *b) {
  const row *x = a, *y = b;
  int order = compare_magnitudes(x, y);
  return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

// The sign of a zero is any.
static void note_code(uint32_t *codes, const row *r, size_t width) {
  unsigned zeros = 0, some = 0;
  for (size_t j = 0; j < width; j++) zeros |= (unsigned)(r->magnitudes[j] == 0) << j;
  do {
    if (codes[r->pattern ^ some] == NONE) codes[r->pattern ^ some] = r->id;
    some = (some - zeros) & zeros; // the next of its subsets
  } while (some != 0);
}

// One table of all codes of the cell, as vectors of magnitudes that all have the same signs.
static bool split_table(arena *a, signed_set *s, const cell_node *n) {
  const cell_set *c = s->c;
  size_t count = (size_t)1 << n->bits, vectors = 0;
  block *b = &s->blocks[0];
  for (size_t j = 1; j < c->width; j++)
    if (!same_slots(n, c, 0, j)) return false;
  arena *room = arena_new();
  row *rows = ARENA_ARRAY(room, row, count);
  bool sound = true, exists[PATTERNS] = {false};
  for (size_t i = 0; i < count; i++) {
    rows[i].id = (uint32_t)i;
    for (size_t j = 0; j < c->width; j++) {
      float x = (float)n->table[(j << n->bits) + i];
      sound &= isfinite(x);
      rows[i].magnitudes[j] = fabsf(x);
      rows[i].pattern |= (unsigned)(x < 0) << j;
    }
  }
  if (sound) qsort(rows, count, sizeof *rows, by_magnitudes);
  for (size_t i = 0; i < count; i++) vectors += i == 0 || compare_magnitudes(&rows[i], &rows[i - 1]) != 0;
  sound &= vectors <= count / 4 && vectors <= MOST;
  if (sound) {
    *b = (block){.count = c->width};
    make_room(a, b, vectors);
    s->codes = ARENA_ARRAY(a, uint32_t, vectors *PATTERNS);
    memset(s->codes, 0xff, vectors * PATTERNS * sizeof *s->codes);
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
      at += i == 0 || compare_magnitudes(&rows[i], &rows[i - 1]) != 0;
      for (size_t j = 0; j < c->width; j++) b->table[j * b->padded + at] = rows[i].magnitudes[j];
      note_code(s->codes + at * PATTERNS, &rows[i], c->width);
    }
    finish_block(b);
    for (size_t p = 0; p < PATTERNS; p++) exists[p] = s->codes[p] != NONE;
    for (size_t i = 0; i < vectors * PATTERNS; i++) sound &= (s->codes[i] != NONE) == exists[i % PATTERNS];
  }
  arena_free(room);
  s->joint = true;
  s->block_count = 1;
  list_slots(n, c, 0, &b->to);
  return sound && list_flips(a, s, exists);
}

// ---- a product of magnitudes and signs -------------------------------------------------------------------

// Whether all numbers of a table have one magnitude, which is 1.
static bool is_sign_table(const cell_set *c, const cell_node *n) {
  if (n->op != CELL_TABLE || n->var_count == 0) return false;
  for (size_t i = 0; i < c->width << n->bits; i++)
    if (fabs(n->table[i]) != 1) return false;
  return true;
}

static bool is_magnitude_table(const cell_set *c, const cell_node *n) {
  if (n->op != CELL_TABLE || n->var_count == 0 || (size_t)1 << n->bits > MOST) return false;
  for (size_t i = 0; i < c->width << n->bits; i++)
    if (!(n->table[i] >= 0) || !isfinite((float)n->table[i])) return false;
  return true;
}

// All slots of the sign table, for whole cells.
static bool list_sign_slots(signed_set *s, const cell_node *n, unsigned *bits) {
  const cell_set *c = s->c;
  *bits = 0;
  for (size_t j = 0; j < c->width; j++)
    for (unsigned v = 0; v < n->var_count; v++) {
      uint16_t slot = c->vars[n->vars[v]].slot[j];
      bool known = false;
      for (size_t i = 0; i < s->signs.count; i++) known |= s->signs.slots[i] == slot;
      if (known) continue;
      if (s->signs.count == CELL_VARS || *bits + c->slots[slot].bits > SIGN_BITS) return false;
      s->signs.slots[s->signs.count] = slot;
      s->signs.shifts[s->signs.count++] = (uint8_t)*bits;
      *bits += c->slots[slot].bits;
    }
  return true;
}

static uint32_t slot_number(const signed_set *s, size_t slot, uint32_t joint) {
  for (size_t i = 0; i < s->signs.count; i++)
    if (s->signs.slots[i] == slot) return joint >> s->signs.shifts[i] & ((1u << s->c->slots[slot].bits) - 1);
  return 0;
}

static unsigned pattern_of(const signed_set *s, const cell_node *n, uint32_t joint) {
  unsigned pattern = 0;
  for (size_t j = 0; j < s->c->width; j++) {
    size_t index = 0;
    for (unsigned v = 0; v < n->var_count; v++)
      index += (size_t)slot_number(s, s->c->vars[n->vars[v]].slot[j], joint) << n->shifts[v];
    pattern |= (unsigned)(n->table[(j << n->bits) + index] < 0) << j;
  }
  return pattern;
}

static bool list_blocks(arena *a, signed_set *s, const cell_node *n) {
  const cell_set *c = s->c;
  for (size_t j = 0; j < c->width;) {
    block *b = &s->blocks[s->block_count++];
    *b = (block){.first = j};
    while (j < c->width && same_slots(n, c, b->first, j)) j++, b->count++;
    make_room(a, b, (size_t)1 << n->bits);
    list_slots(n, c, b->first, &b->to);
    for (size_t i = 0; i < b->count; i++)
      for (size_t m = 0; m < b->vectors; m++)
        b->table[i * b->padded + m] = (float)n->table[((b->first + i) << n->bits) + m];
    finish_block(b);
  }
  // No two blocks may share a slot.
  for (size_t i = 0; i < s->block_count; i++)
    for (size_t j = 0; j < i; j++)
      for (size_t x = 0; x < s->blocks[i].to.count; x++)
        for (size_t y = 0; y < s->blocks[j].to.count; y++)
          if (s->blocks[i].to.slots[x] == s->blocks[j].to.slots[y]) return false;
  return true;
}

static bool split_product(arena *a, signed_set *s, const cell_node *n) {
  const cell_set *c = s->c;
  const cell_node *x = &c->nodes[n->args[0]], *y = &c->nodes[n->args[1]];
  bool swap = is_sign_table(c, x);
  const cell_node *signs = swap ? x : y, *magnitudes = swap ? y : x;
  unsigned bits;
  bool exists[PATTERNS] = {false};
  if (!is_sign_table(c, signs) || !is_magnitude_table(c, magnitudes)) return false;
  if (!list_sign_slots(s, signs, &bits) || !list_blocks(a, s, magnitudes)) return false;
  for (size_t i = 0; i < s->signs.count; i++)
    for (size_t b = 0; b < s->block_count; b++)
      for (size_t k = 0; k < s->blocks[b].to.count; k++)
        if (s->blocks[b].to.slots[k] == s->signs.slots[i]) return false;
  s->codes = ARENA_ARRAY(a, uint32_t, PATTERNS);
  memset(s->codes, 0xff, PATTERNS * sizeof *s->codes);
  for (uint32_t joint = 0; joint < 1u << bits; joint++) {
    unsigned p = pattern_of(s, signs, joint);
    if (!exists[p]) s->codes[p] = joint;
    exists[p] = true;
  }
  return list_flips(a, s, exists);
}

signed_set *signed_set_new(arena *a, const cell_set *c) {
  signed_set *s = ARENA_NEW(a, signed_set);
  size_t varying = 0;
  if (c->width > WIDTH || c->phases != 1 || c->plan->has_tables) return NULL;
  *s = (signed_set){.c = c};
  for (size_t t = 0; t < c->terms; t++) {
    if (c->varies[t])
      s->term = t, varying++;
    else if (c->nodes[c->roots[t]].op != CELL_TABLE)
      return NULL;
  }
  const cell_node *n = &c->nodes[c->roots[s->term]];
  if (varying != 1) return NULL;
  bool sound = n->op == CELL_TABLE ? split_table(a, s, n) : n->op == CELL_MUL && split_product(a, s, n);
  // All codes must be among those that are chosen here.
  size_t slots = s->signs.count;
  for (size_t b = 0; b < s->block_count; b++) slots += s->blocks[b].to.count;
  return sound && slots == c->slot_count ? s : NULL;
}

// ---- solving ---------------------------------------------------------------------------------------------

// The cell at hand.
typedef struct cell {
  float by[WIDTH];               // how much each weight counts
  float far[WIDTH];              // magnitudes of what the weights should be
  float distances[BLOCKS][MOST]; // squared, less the weights' own squares; by block and vector
  float lows[BLOCKS][MOST / 4];  // the least of distances i, i + LOWS, .. of each LANES
  float lowest[BLOCKS];
  size_t best[BLOCKS], near_count[BLOCKS];
  uint32_t near[BLOCKS][MOST]; // vectors that may become the best with flips
} cell;

// Distances to all vectors: their norms less twice their products with t. A fixed number of weights keeps sums in registers.
QCC_WIDE static void measure_four(const block *b, const float *restrict t, float *restrict out) {
  const float *p = b->table, *q = p + b->padded, *r = q + b->padded, *s = r + b->padded, *norms = b->norms;
  for (size_t m = 0; m < b->padded; m++)
    out[m] = norms[m] - 2 * ((p[m] * t[0] + q[m] * t[1]) + (r[m] * t[2] + s[m] * t[3]));
}

QCC_WIDE static void measure_eight(const block *b, const float *restrict t, float *restrict out) {
  const float *p = b->table, *q = p + b->padded, *r = q + b->padded, *s = r + b->padded, *norms = b->norms;
  const float *p2 = s + b->padded, *q2 = p2 + b->padded, *r2 = q2 + b->padded, *s2 = r2 + b->padded;
  for (size_t m = 0; m < b->padded; m++)
    out[m] = norms[m] - 2 * (((p[m] * t[0] + q[m] * t[1]) + (r[m] * t[2] + s[m] * t[3])) +
                             ((p2[m] * t[4] + q2[m] * t[5]) + (r2[m] * t[6] + s2[m] * t[7])));
}

// Any number of weights, each of which counts.
QCC_WIDE static void measure_by(const block *b, const float *t, const float *by, size_t count, float *restrict out) {
  for (size_t m = 0; m < b->padded; m++) out[m] = m < b->vectors ? 0 : INFINITY;
  for (size_t j = 0; j < count; j++)
    for (size_t m = 0; m < b->padded; m++) {
      float gap = b->table[j * b->padded + m] - t[j];
      out[m] += by[j] * gap * gap;
    }
}

// Fills `lows`; the least of all.
QCC_WIDE static float find_lows(const float *restrict x, size_t padded, float *restrict lows) {
  float low[LOWS], lowest = INFINITY;
  for (size_t l = 0; l < LOWS; l++) low[l] = INFINITY;
  for (size_t m = 0; m < padded; m += LANES) {
    float *out = lows + m / 4;
    for (size_t l = 0; l < LOWS; l++) {
      const float *p = x + m + l, *q = p + LOWS, *r = q + LOWS, *s = r + LOWS;
      float a = *p < *q ? *p : *q, b = *r < *s ? *r : *s;
      out[l] = a < b ? a : b;
      low[l] = out[l] < low[l] ? out[l] : low[l];
    }
  }
  for (size_t l = 0; l < LOWS; l++) lowest = low[l] < lowest ? low[l] : lowest;
  return lowest;
}

typedef float four __attribute__((vector_size(4 * sizeof(float))));
typedef uint32_t four_bits __attribute__((vector_size(4 * sizeof(uint32_t))));

// Vectors that are no farther than `limit`.
static size_t list_within(const float *x, const float *restrict lows, size_t padded, float limit,
                          uint32_t *restrict out) {
  size_t count = 0;
  for (size_t first = 0; first < padded; first += LANES, lows += LOWS) {
    four_bits set = {0}, bits = {1, 2, 4, 8};
    for (size_t l = 0; l < LOWS; l += 4, bits <<= 4) {
      four low;
      memcpy(&low, lows + l, sizeof low);
      set |= (four_bits)(low <= limit) & bits;
    }
    uint32_t hits = (set[0] | set[1]) | (set[2] | set[3]);
    for (; hits != 0; hits &= hits - 1) {
      size_t m = first + (size_t)__builtin_ctz(hits);
      for (size_t i = 0; i < LANES; i += LOWS)
        if (x[m + i] <= limit) out[count++] = (uint32_t)(m + i);
    }
  }
  return count;
}

static void measure(const signed_set *s, cell *x, size_t at, size_t count, bool has_by) {
  const block *b = &s->blocks[at];
  const float *t = x->far + b->first;
  size_t inside = count <= b->first ? 0 : count - b->first < b->count ? count - b->first : b->count;
  if (!has_by && inside == 8)
    measure_eight(b, t, x->distances[at]);
  else if (!has_by && inside == 4)
    measure_four(b, t, x->distances[at]);
  else
    measure_by(b, t, x->by + b->first, inside, x->distances[at]);
  x->lowest[at] = find_lows(x->distances[at], b->padded, x->lows[at]);
  size_t found = list_within(x->distances[at], x->lows[at], b->padded, x->lowest[at], x->near[at]);
  x->best[at] = 0;
  for (size_t i = 0; i < found; i++)
    if (i == 0 || x->near[at][i] < x->best[at]) x->best[at] = x->near[at][i]; // the first of equal ones
}

// What flipping weights of a block adds to the distance of one of its vectors.
static float flip_cost(const block *b, const cell *x, const flip_set *flips, size_t vector) {
  float cost = 0;
  for (size_t i = 0; i < flips->count; i++) {
    size_t j = flips->weights[i];
    if (j >= b->first && j < b->first + b->count)
      cost += 4 * x->by[j] * x->far[j] * b->table[(j - b->first) * b->padded + vector];
  }
  return cost;
}

static unsigned block_mask(const block *b) { return ((1u << b->count) - 1) << b->first; }

// The best vector of a block with some of its weights flipped.
static float best_flipped(const block *b, size_t at, const cell *x, const flip_set *flips, size_t *vector) {
  float lowest = INFINITY;
  *vector = x->best[at];
  if ((flips->mask & block_mask(b)) == 0) return x->lowest[at];
  for (size_t i = 0; i < x->near_count[at]; i++) {
    size_t m = x->near[at][i];
    if (!(x->distances[at][m] < lowest)) continue; // flips add to it
    float d = x->distances[at][m] + flip_cost(b, x, flips, m);
    if (d < lowest) lowest = d, *vector = m;
  }
  return lowest;
}

// What it costs to flip each weight of a block with one of its vectors; no less than infinity where it may not be flipped.
static float single_costs(const block *b, const float *by, const float *extra, size_t vector, float *costs) {
  const float *magnitudes = b->rows + vector * WIDTH;
  float lowest = INFINITY;
  for (size_t j = 0; j < b->count; j++) {
    costs[j] = by[b->first + j] * magnitudes[j] + extra[b->first + j];
    lowest = costs[j] < lowest ? costs[j] : lowest;
  }
  return lowest;
}

// One weight is flipped: as choose_flips.
static unsigned choose_single(const signed_set *s, cell *x, unsigned pattern, size_t *vectors) {
  float by[WIDTH], extra[WIDTH], costs[WIDTH], slack = INFINITY, least = INFINITY;
  size_t at = 0, flipped = 0, vector = 0;
  for (size_t j = 0; j < WIDTH; j++) by[j] = 4 * x->by[j] * x->far[j], extra[j] = INFINITY;
  for (size_t f = s->first[pattern]; f < s->first[pattern + 1]; f++) extra[s->flips[f].weights[0]] = 0;
  for (size_t i = 0; i < s->block_count; i++) {
    float cost = single_costs(&s->blocks[i], by, extra, x->best[i], costs);
    slack = cost < slack ? cost : slack;
  }
  for (size_t i = 0; i < s->block_count; i++) {
    const block *b = &s->blocks[i];
    size_t count = list_within(x->distances[i], x->lows[i], b->padded, x->lowest[i] + slack, x->near[i]);
    for (size_t n = 0; n < count; n++) {
      size_t m = x->near[i][n];
      float more = x->distances[i][m] - x->lowest[i] + single_costs(b, by, extra, m, costs);
      if (!(more < least)) continue;
      least = more;
      at = i;
      vector = m;
      flipped = 0;
      for (size_t j = 1; j < b->count; j++)
        if (costs[j] < costs[flipped]) flipped = j;
      flipped += b->first;
    }
  }
  vectors[at] = vector;
  return 1u << flipped;
}

// The best of the sets of flips: *vectors become the vectors of all blocks.
static unsigned choose_flips(const signed_set *s, cell *x, unsigned pattern, size_t *vectors) {
  const flip_set *list = s->flips + s->first[pattern];
  size_t count = s->first[pattern + 1] - s->first[pattern];
  float slack = INFINITY, lowest = INFINITY;
  unsigned chosen = list[0].mask;
  memcpy(vectors, x->best, s->block_count * sizeof *vectors);
  if (chosen == 0) return 0;
  if (s->single[pattern]) return choose_single(s, x, pattern, vectors);
  for (size_t f = 0; f < count; f++) {
    float cost = 0;
    for (size_t i = 0; i < s->block_count; i++) cost += flip_cost(&s->blocks[i], x, &list[f], x->best[i]);
    if (cost < slack) slack = cost;
  }
  for (size_t i = 0; i < s->block_count; i++)
    x->near_count[i] = list_within(x->distances[i], x->lows[i], s->blocks[i].padded, x->lowest[i] + slack, x->near[i]);
  for (size_t f = 0; f < count; f++) {
    size_t now[BLOCKS];
    float sum = 0;
    for (size_t i = 0; i < s->block_count; i++) sum += best_flipped(&s->blocks[i], i, x, &list[f], &now[i]);
    if (!(sum < lowest)) continue;
    lowest = sum;
    chosen = list[f].mask;
    memcpy(vectors, now, s->block_count * sizeof *now);
  }
  return chosen;
}

static void fill_slots(const cell_set *c, const slot_list *to, uint32_t joint, uint32_t *slots) {
  for (size_t i = 0; i < to->count; i++)
    slots[to->slots[i]] = joint >> to->shifts[i] & (uint32_t)(((uint64_t)1 << c->slots[to->slots[i]].bits) - 1);
}

static void write_codes(const signed_set *s, unsigned pattern, const size_t *vectors, uint32_t *slots) {
  if (s->joint) {
    fill_slots(s->c, &s->blocks[0].to, s->codes[vectors[0] * PATTERNS + pattern], slots);
    return;
  }
  fill_slots(s->c, &s->signs, s->codes[pattern], slots);
  for (size_t i = 0; i < s->block_count; i++) fill_slots(s->c, &s->blocks[i].to, (uint32_t)vectors[i], slots);
}

static double constant_term(const cell_set *c, size_t t, size_t j) { return c->nodes[c->roots[t]].table[j]; }

// What the weights should be as values of the varying term; false where the coefficient says nothing.
static bool find_targets(const signed_set *s, const double *w, size_t count, const double *u, cell *x,
                         unsigned *pattern) {
  const cell_set *c = s->c;
  double scale = 1 / u[s->term];
  *pattern = 0;
  for (size_t j = 0; j < c->width; j++) {
    double rest = j < count ? w[j] : 0;
    for (size_t t = 0; t < c->terms && j < count; t++)
      if (t != s->term) rest -= u[t] * constant_term(c, t, j);
    float target = (float)(rest * scale);
    if (!isfinite(target)) return false;
    x->far[j] = fabsf(target);
    *pattern |= (unsigned)(target < 0) << j;
  }
  return true;
}

bool signed_solve(const signed_set *s, const double *w, const double *by, size_t count, const double *u,
                  uint32_t *slots, double (*terms)[PLAN_TERMS]) {
  cell x;
  unsigned pattern;
  size_t vectors[BLOCKS] = {0};
  if (!find_targets(s, w, count, u, &x, &pattern)) return false;
  for (size_t j = 0; j < WIDTH; j++) x.by[j] = by != NULL && j < count ? (float)by[j] : 1;
  for (size_t i = 0; i < s->block_count; i++) measure(s, &x, i, count, by != NULL);
  pattern ^= choose_flips(s, &x, pattern, vectors);
  write_codes(s, pattern, vectors, slots);
  for (size_t i = 0; i < s->block_count; i++) {
    const block *b = &s->blocks[i];
    for (size_t j = 0; j < b->count && b->first + j < count; j++) {
      double value = (double)b->table[j * b->padded + vectors[i]];
      for (size_t t = 0; t < s->c->terms; t++)
        if (t != s->term) terms[b->first + j][t] = constant_term(s->c, t, b->first + j);
      terms[b->first + j][s->term] = pattern >> (b->first + j) & 1 ? -value : value;
    }
  }
  return true;
}

/* Note [Signs]

Many vectors of codes are magnitudes times signs: of 32768 vectors 256 with 128 patterns of signs each. Whatever the signs are,
the vector nearest to t has that of the magnitudes that is nearest to |t|, if each weight may have its sign. So magnitudes alone
are compared, which are fewer by two orders. Where the format does not have the pattern of t's signs (an even number of them,
say), some weights must be flipped, each of which adds 4 |t| times its magnitude to the squared distance: for each pattern the
minimal sets of flips that lead to one that there is are listed once, and only vectors that are no farther than the best one
with flips can win. The result is the nearest vector, always.

That a table has this form is seen in its numbers, not in its text: its vectors fall into groups of equal magnitudes, which all
have the same patterns. Where signs are of more weights than a vector (8 and 4), the value is a product of two tables, and all
vectors that share signs are chosen together. */
