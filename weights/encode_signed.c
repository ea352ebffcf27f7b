#include "weights/encode_signed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 8, PATTERNS = 1 << WIDTH, BLOCKS = WIDTH, LANES = 64, MOST = 4096, SIGN_BITS = 12, NEAR = 64 };

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
  slot_list to;
} block;

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
  uint8_t *flips;
};

static const uint32_t NONE = UINT32_MAX;

// ---- making one ------------------------------------------------------------------------------------------

static unsigned ones(unsigned x) {
  unsigned count = 0;
  for (; x != 0; x &= x - 1) count++;
  return count;
}

// All minimal sets of flips for every pattern, small ones first.
static bool list_flips(arena *a, signed_set *s, const bool *exists) {
  size_t width = s->c->width, all = (size_t)1 << width, count = 0, limit = all * all;
  uint8_t *order = ARENA_ARRAY(a, uint8_t, all);
  for (unsigned bits = 0; bits <= width; bits++)
    for (unsigned f = 0; f < all; f++)
      if (ones(f) == bits) order[count++] = (uint8_t)f;
  s->flips = ARENA_ARRAY(a, uint8_t, limit);
  count = 0;
  for (unsigned p = 0; p < all; p++) {
    s->first[p] = count;
    for (size_t i = 0; i < all; i++) {
      unsigned f = order[i];
      bool minimal = exists[p ^ f];
      for (size_t other = s->first[p]; other < count && minimal; other++) minimal = (s->flips[other] & ~f) != 0;
      if (minimal) s->flips[count++] = (uint8_t)f;
    }
    if (count == s->first[p]) return false;
  }
  s->first[all] = count;
  return true;
}

static void make_room(arena *a, block *b, size_t vectors) {
  b->vectors = vectors;
  b->padded = (vectors + LANES - 1) / LANES * LANES;
  b->table = ARENA_ARRAY(a, float, b->padded * b->count);
  for (size_t i = 0; i < b->padded * b->count; i++) b->table[i] = INFINITY;
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
  for (unsigned zeros = 0; zeros < 1u << width; zeros++) {
    bool fits = true;
    for (size_t j = 0; j < width; j++) fits &= (zeros >> j & 1) == 0 || r->magnitudes[j] == 0;
    if (fits && codes[r->pattern ^ zeros] == NONE) codes[r->pattern ^ zeros] = r->id;
  }
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
  float distances[BLOCKS][MOST]; // squared, by block and vector
  size_t best[BLOCKS], near_count[BLOCKS];
  uint32_t near[BLOCKS][MOST]; // vectors that may become the best with flips
} cell;

// Four weights at a time, so that sums stay in registers.
static void add_distances(const float *restrict v, size_t padded, const float *t, size_t count, float *restrict out) {
  size_t j = 0;
  for (; j + 4 <= count; j += 4) {
    const float *p = v + j * padded, *q = p + padded, *r = q + padded, *s = r + padded;
    float a = t[j], b = t[j + 1], c = t[j + 2], d = t[j + 3];
    for (size_t m = 0; m < padded; m++)
      out[m] +=
          ((p[m] - a) * (p[m] - a) + (q[m] - b) * (q[m] - b)) + ((r[m] - c) * (r[m] - c) + (s[m] - d) * (s[m] - d));
  }
  for (; j < count; j++)
    for (size_t m = 0; m < padded; m++) out[m] += (v[j * padded + m] - t[j]) * (v[j * padded + m] - t[j]);
}

static void measure(const block *b, const float *t, size_t count, float *out) {
  memset(out, 0, b->padded * sizeof *out);
  add_distances(b->table, b->padded, t, count, out);
}

static void measure_by(const block *b, const float *t, const float *by, size_t count, float *restrict out) {
  memset(out, 0, b->padded * sizeof *out);
  for (size_t j = 0; j < count; j++)
    for (size_t m = 0; m < b->padded; m++) {
      float gap = b->table[j * b->padded + m] - t[j];
      out[m] += by[j] * gap * gap;
    }
}

// The first of the least ones.
static size_t least(const float *x, size_t padded) {
  float low[LANES], lowest = INFINITY;
  memcpy(low, x, sizeof low);
  for (size_t m = LANES; m < padded; m += LANES)
    for (size_t l = 0; l < LANES; l++) low[l] = x[m + l] < low[l] ? x[m + l] : low[l];
  for (size_t l = 0; l < LANES; l++) lowest = low[l] < lowest ? low[l] : lowest;
  size_t m = 0;
  while (m + 1 < padded && x[m] > lowest) m++;
  return m;
}

// What flipping weights of a block adds to the distance of one of its vectors.
static float flip_cost(const block *b, const cell *x, unsigned flips, size_t vector) {
  float cost = 0;
  for (size_t j = 0; j < b->count; j++)
    if (flips >> (b->first + j) & 1)
      cost += 4 * x->by[b->first + j] * x->far[b->first + j] * b->table[j * b->padded + vector];
  return cost;
}

static unsigned block_mask(const block *b) { return ((1u << b->count) - 1) << b->first; }

// The best vector of a block with some of its weights flipped.
static float best_flipped(const block *b, size_t at, const cell *x, unsigned flips, size_t *vector) {
  float lowest = INFINITY;
  *vector = x->best[at];
  if ((flips & block_mask(b)) == 0) return x->distances[at][x->best[at]];
  for (size_t i = 0; i < x->near_count[at]; i++) {
    size_t m = x->near[at][i];
    float d = x->distances[at][m] + flip_cost(b, x, flips, m);
    if (d < lowest) lowest = d, *vector = m;
  }
  return lowest;
}

// Vectors that are less than `slack` farther than the best.
static void list_near(const signed_set *s, cell *x, float slack) {
  for (size_t i = 0; i < s->block_count; i++) {
    const block *b = &s->blocks[i];
    float limit = x->distances[i][x->best[i]] + slack;
    size_t count = 0;
    for (size_t m = 0; m < b->vectors; m++) {
      x->near[i][count] = (uint32_t)m;
      count += x->distances[i][m] <= limit;
    }
    x->near_count[i] = count;
  }
}

// The best of the sets of flips: *vectors become the vectors of all blocks.
static unsigned choose_flips(const signed_set *s, cell *x, unsigned pattern, size_t *vectors) {
  const uint8_t *list = s->flips + s->first[pattern];
  size_t count = s->first[pattern + 1] - s->first[pattern];
  float slack = INFINITY, lowest = INFINITY;
  unsigned chosen = list[0];
  memcpy(vectors, x->best, s->block_count * sizeof *vectors);
  if (list[0] == 0) return 0;
  for (size_t f = 0; f < count; f++) {
    float cost = 0;
    for (size_t i = 0; i < s->block_count; i++) cost += flip_cost(&s->blocks[i], x, list[f], x->best[i]);
    if (cost < slack) slack = cost;
  }
  list_near(s, x, slack);
  for (size_t f = 0; f < count; f++) {
    size_t now[BLOCKS];
    float sum = 0;
    for (size_t i = 0; i < s->block_count; i++) sum += best_flipped(&s->blocks[i], i, x, list[f], &now[i]);
    if (!(sum < lowest)) continue;
    lowest = sum;
    chosen = list[f];
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
  *pattern = 0;
  for (size_t j = 0; j < c->width; j++) {
    double rest = j < count ? w[j] : 0;
    for (size_t t = 0; t < c->terms && j < count; t++)
      if (t != s->term) rest -= u[t] * constant_term(c, t, j);
    float target = (float)(rest / u[s->term]);
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
  for (size_t i = 0; i < s->block_count; i++) {
    const block *b = &s->blocks[i];
    size_t inside = count <= b->first ? 0 : count - b->first < b->count ? count - b->first : b->count;
    if (by == NULL)
      measure(b, x.far + b->first, inside, x.distances[i]);
    else
      measure_by(b, x.far + b->first, x.by + b->first, inside, x.distances[i]);
    x.best[i] = least(x.distances[i], b->padded);
  }
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
