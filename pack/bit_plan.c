// A word of the destination is two neighbouring half words, or two at the same place of neighbouring vectors of a tile,
// whichever takes fewer moves. A move takes eight neighbouring bytes of a source, shifts and masks them, which brings all
// bits that go the same way; or it looks one byte up in a table of words, which brings all bits of that byte. The plan
// takes whichever brings most bits, until none is left.
#include "pack/inside.h"

#include <string.h>

#include "support/vec.h"

typedef struct bit_move {
  const uint64_t *table; // of a look-up; NULL: shift and mask
  uint64_t offset;       // bytes, in the first instance
  uint64_t mask;
  int left; // what it is shifted by; negative: to the right
  unsigned stream;
} bit_move;

typedef struct bit_word {
  size_t low, high; // where its halves go, bytes; high is `bytes` of the plan and more: nowhere
  uint32_t first_move;
  uint32_t move_count;
  uint64_t flip;
} bit_word;

struct bit_plan {
  size_t bytes;
  size_t word_count;
  bit_word *words;
  const bit_move *moves;
  size_t move_count;
  size_t stream_count;
  const bit_stream *streams;
  const uint64_t *reach; // of the streams: bytes from an instance's place to the end of its farthest load; 0: none
};

// ---- finding the moves of a word -------------------------------------------------------------------------

enum { WORD = 64, HALF = 32, BYTE_VALUES = 256 };

// A word that was planned; others whose bits lie alike, but elsewhere, have the same moves.
typedef struct known_word {
  bit_ref bits[WORD]; // of the first stream from bit 0 .. 7 on
  uint32_t move_count;
  const bit_move *moves;
} known_word;

typedef struct planner {
  arena *mem;  // of the plan
  arena *room; // while it is made
  VEC(bit_move) moves;
  VEC(bit_word) words;
  VEC(uint64_t *) tables;
  VEC(const known_word *) known;
} planner;

// The bits of a word that a move would bring.
typedef struct candidate {
  uint64_t bits;
  unsigned count;
  uint64_t offset;
  bool lookup;
} candidate;

static bool is_open(uint64_t open, unsigned bit) { return (open >> bit & 1) != 0; }

// All open bits that move as far as bit `anchor` and lie in one load with it and above it.
static candidate shifted(const bit_ref *word, uint64_t open, unsigned anchor) {
  const bit_ref *a = &word[anchor];
  candidate c = {.offset = a->at / 8};
  for (unsigned d = anchor; d < WORD; d++) {
    if (!is_open(open, d) || word[d].stream != a->stream || word[d].at != a->at + (d - anchor)) continue;
    if (word[d].at - 8 * c.offset >= WORD) break;
    c.bits |= UINT64_C(1) << d;
    c.count++;
  }
  return c;
}

// All open bits that come from the same byte as bit `anchor`.
static candidate looked_up(const bit_ref *word, uint64_t open, unsigned anchor) {
  const bit_ref *a = &word[anchor];
  candidate c = {.offset = a->at / 8, .lookup = true};
  for (unsigned d = 0; d < WORD; d++) {
    if (!is_open(open, d) || word[d].stream != a->stream || word[d].at / 8 != c.offset) continue;
    c.bits |= UINT64_C(1) << d;
    c.count++;
  }
  return c;
}

static candidate best_candidate(const bit_ref *word, uint64_t open) {
  candidate best = {.count = 0};
  uint64_t fresh[2] = {open, open}; // bits that are in no candidate of a kind yet
  for (unsigned d = 0; d < WORD; d++)
    for (unsigned kind = 0; kind < 2; kind++) {
      if (!is_open(fresh[kind], d)) continue;
      candidate c = (kind == 0 ? shifted : looked_up)(word, open, d);
      fresh[kind] &= ~c.bits;
      if (c.count > best.count) best = c;
    }
  return best;
}

static const uint64_t *make_table(planner *p, const bit_ref *word, uint64_t bits) {
  uint64_t entries[BYTE_VALUES] = {0};
  for (unsigned d = 0; d < WORD; d++)
    for (unsigned v = 0; is_open(bits, d) && v < BYTE_VALUES; v++)
      entries[v] |= (uint64_t)(v >> word[d].at % 8 & 1) << d;
  for (size_t i = 0; i < p->tables.len; i++)
    if (memcmp(p->tables.data[i], entries, sizeof entries) == 0) return p->tables.data[i];
  vec_push(p->room, &p->tables, arena_memdup(p->mem, entries, sizeof entries));
  return p->tables.data[p->tables.len - 1];
}

static bit_move make_move(planner *p, const bit_ref *word, const candidate *c) {
  unsigned d = 0;
  while (!is_open(c->bits, d)) d++;
  bit_move m = {.offset = c->offset, .mask = c->bits, .stream = word[d].stream};
  if (c->lookup)
    m.table = make_table(p, word, c->bits);
  else
    m.left = (int)d - (int)(word[d].at - 8 * c->offset);
  return m;
}

static const known_word *plan_bits(planner *p, const bit_ref *word) {
  known_word *k = ARENA_NEW(p->room, known_word);
  VEC(bit_move) moves = {0};
  uint64_t open = 0;
  memcpy(k->bits, word, sizeof k->bits);
  for (unsigned d = 0; d < WORD; d++)
    if (word[d].stream != BIT_NO_STREAM) open |= UINT64_C(1) << d;
  while (open != 0) {
    candidate c = best_candidate(word, open);
    vec_push(p->room, &moves, make_move(p, word, &c));
    open &= ~c.bits;
  }
  k->move_count = (uint32_t)moves.len;
  k->moves = moves.data;
  vec_push(p->room, &p->known, k);
  return k;
}

// Moves the bits of all streams down by whole bytes, as far as the first one of each goes; `down` gets the bytes by bit.
static void move_down(const bit_ref *word, bit_ref *out, uint64_t *down) {
  for (unsigned d = 0; d < WORD; d++) {
    uint64_t least = word[d].at / 8;
    out[d] = word[d];
    for (unsigned e = 0; e < WORD; e++)
      if (word[e].stream == word[d].stream && word[e].at / 8 < least) least = word[e].at / 8;
    down[d] = word[d].stream == BIT_NO_STREAM ? 0 : least;
    out[d].at = word[d].stream == BIT_NO_STREAM ? 0 : word[d].at - 8 * least;
  }
}

static bool same_bits(const bit_ref *a, const bit_ref *b) {
  for (unsigned d = 0; d < WORD; d++)
    if (a[d].stream != b[d].stream || a[d].at != b[d].at) return false;
  return true;
}

// The moves of a word, but for how far its streams were moved down.
static const known_word *know_word(planner *p, const bit_ref *word, uint64_t *down) {
  bit_ref low[WORD];
  move_down(word, low, down);
  for (size_t i = p->known.len; i > 0; i--)
    if (same_bits(p->known.data[i - 1]->bits, low)) return p->known.data[i - 1];
  return plan_bits(p, low);
}

// ---- words -----------------------------------------------------------------------------------------------

// The half words at two places of the destination, as one word; what lies beyond the end is zero.
static void join_halves(const bit_ref *bits, size_t bytes, size_t low, size_t high, bit_ref *out) {
  for (unsigned d = 0; d < WORD; d++) {
    size_t at = 8 * (d < HALF ? low : high) + d % HALF;
    out[d] = at < 8 * bytes ? bits[at] : (bit_ref){.stream = BIT_NO_STREAM};
  }
}

static void add_word(planner *p, const bit_ref *bits, size_t bytes, size_t low, size_t high) {
  bit_ref word[WORD];
  uint64_t down[WORD];
  join_halves(bits, bytes, low, high, word);
  const known_word *k = know_word(p, word, down);
  bit_word w = {.low = low, .high = high, .first_move = (uint32_t)p->moves.len, .move_count = k->move_count};
  for (unsigned d = 0; d < WORD; d++)
    if (word[d].invert) w.flip |= UINT64_C(1) << d;
  for (uint32_t i = 0; i < k->move_count; i++) {
    bit_move m = k->moves[i];
    m.offset += down[__builtin_ctzll(m.mask)];
    vec_push(p->mem, &p->moves, m);
  }
  vec_push(p->mem, &p->words, w);
}

static uint32_t count_moves(planner *p, const bit_ref *bits, size_t bytes, size_t low, size_t high) {
  bit_ref word[WORD];
  uint64_t down[WORD];
  join_halves(bits, bytes, low, high, word);
  return know_word(p, word, down)->move_count;
}

// Halves find their partners in the order of the destination: the next half, or the one that is `gap` bytes further.
static void plan_words(planner *p, size_t bytes, const bit_ref *bits, size_t gap) {
  size_t halves = (bytes + 3) / 4, far = gap / 4;
  bool *taken = ARENA_ARRAY(p->room, bool, halves + 1);
  for (size_t h = 0; h < halves; h++) {
    if (taken[h]) continue;
    bool near = h + 1 < halves && !taken[h + 1], distant = far > 1 && h + far < halves && !taken[h + far];
    size_t with = near ? h + 1 : halves;
    if (distant &&
        (!near || count_moves(p, bits, bytes, 4 * h, 4 * (h + far)) < count_moves(p, bits, bytes, 4 * h, 4 * (h + 1))))
      with = h + far;
    taken[with] = true;
    add_word(p, bits, bytes, 4 * h, 4 * with);
  }
}

// Those streams that moves use, numbered anew, and how far each move loads.
static void keep_streams(bit_plan *plan, planner *p, const bit_stream *streams, size_t count) {
  VEC(bit_stream) used = {0};
  uint64_t *reach = ARENA_ARRAY(p->mem, uint64_t, count + 1);
  unsigned *number = ARENA_ARRAY(p->room, unsigned, count + 1); // and one
  for (size_t i = 0; i < p->moves.len; i++) {
    bit_move *m = &p->moves.data[i];
    if (number[m->stream] == 0) {
      vec_push(p->mem, &used, streams[m->stream]);
      number[m->stream] = (unsigned)used.len;
    }
    m->stream = number[m->stream] - 1;
    if (m->table == NULL && m->offset + 8 > reach[m->stream]) reach[m->stream] = m->offset + 8;
  }
  plan->stream_count = used.len;
  plan->streams = used.data;
  plan->reach = reach;
}

bit_plan *bit_plan_new(arena *a, size_t bytes, const bit_ref *bits, size_t gap, size_t stream_count,
                       const bit_stream *streams) {
  bit_plan *plan = ARENA_NEW(a, bit_plan);
  planner p = {.mem = a, .room = arena_new()};
  plan_words(&p, bytes, bits, gap);
  *plan = (bit_plan){.bytes = bytes,
                     .word_count = p.words.len,
                     .words = p.words.data,
                     .moves = p.moves.data,
                     .move_count = p.moves.len};
  keep_streams(plan, &p, streams, stream_count);
  arena_free(p.room);
  return plan;
}

size_t bit_plan_streams(const bit_plan *p) { return p->stream_count; }

size_t bit_plan_moves(const bit_plan *p) { return p->move_count; }

static uint64_t magnitude(int64_t x) { return x < 0 ? 0 - (uint64_t)x : (uint64_t)x; }

unsigned bit_plan_direction(const bit_plan *p) {
  size_t votes[2] = {0};
  for (size_t i = 0; i < p->move_count; i++) {
    const int64_t *step = p->streams[p->moves[i].stream].step;
    if (step[0] != step[1]) votes[magnitude(step[0]) < magnitude(step[1]) ? 0 : 1]++;
  }
  return votes[0] > votes[1] ? 0 : 1;
}

// ---- running ---------------------------------------------------------------------------------------------

// Words are little-endian, as this machine's are: others pack weight by weight.
static inline uint64_t load(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline void store_half(uint8_t *p, uint32_t half) { memcpy(p, &half, sizeof half); }

static stream_at place_stream(const bit_plan *p, size_t i, const bit_source *sources, const bit_run *run) {
  const bit_stream *stream = &p->streams[i];
  const bit_source *s = &sources[stream->source];
  return (stream_at){.source = s,
                     .at =
                         s->base + stream->step[0] * (int64_t)run->first[0] + stream->step[1] * (int64_t)run->first[1],
                     .step = stream->step[run->along]};
}

// ---- instances one by one --------------------------------------------------------------------------------

// Near the end of a source: what is beyond it counts as zero, and no bit of it is used.
static uint64_t load_end(const bit_source *s, int64_t at) {
  uint64_t word = 0;
  for (unsigned b = 0; b < 8 && (uint64_t)at + b < s->size; b++) word |= (uint64_t)s->data[(uint64_t)at + b] << 8 * b;
  return word;
}

static uint64_t careful_word(const bit_plan *p, const bit_word *word, const stream_at *streams, int64_t instance) {
  uint64_t value = word->flip;
  for (uint32_t k = 0; k < word->move_count; k++) {
    const bit_move *m = &p->moves[word->first_move + k];
    const stream_at *s = &streams[m->stream];
    int64_t at = s->at + instance * s->step + (int64_t)m->offset;
    uint64_t from = m->table != NULL ? m->table[s->source->data[at]] : load_end(s->source, at);
    if (m->table == NULL) from = m->left < 0 ? from >> -m->left : from << m->left;
    value ^= from & m->mask;
  }
  return value;
}

static void put_bytes(uint8_t *out, size_t at, size_t end, uint32_t half) {
  for (size_t b = 0; b < 4 && at + b < end; b++) out[at + b] = (uint8_t)(half >> 8 * b);
}

static void put_word(const bit_plan *p, const bit_word *word, uint64_t value, uint8_t *out) {
  put_bytes(out, word->low, p->bytes, (uint32_t)value);
  put_bytes(out, word->high, p->bytes, (uint32_t)(value >> HALF));
}

static void run_carefully(const bit_plan *p, const stream_at *streams, const bit_run *run, size_t first) {
  for (size_t i = first; i < run->count; i++)
    for (size_t w = 0; w < p->word_count; w++)
      put_word(p, &p->words[w], careful_word(p, &p->words[w], streams, (int64_t)i), run->out + i * run->out_step);
}

// ---- eight instances at once -----------------------------------------------------------------------------

typedef uint64_t pair __attribute__((vector_size(16)));
enum { LANES = 8 };

// The sums of a word, by instance.
typedef struct lanes {
  pair a, b, c, d;
} lanes;

static inline pair load_pair(const uint8_t *p, int64_t step) { return (pair){load(p), load(p + step)}; }

static inline pair look_up_pair(const uint64_t *table, const uint8_t *p, int64_t step) {
  return (pair){table[*p], table[p[step]]};
}

static inline lanes look_up(lanes x, const uint64_t *table, const uint8_t *p, int64_t step) {
  x.a ^= look_up_pair(table, p, step);
  x.b ^= look_up_pair(table, p + 2 * step, step);
  x.c ^= look_up_pair(table, p + 4 * step, step);
  x.d ^= look_up_pair(table, p + 6 * step, step);
  return x;
}

static inline lanes move_left(lanes x, const uint8_t *p, int64_t step, int by, pair mask) {
  x.a ^= load_pair(p, step) << by & mask;
  x.b ^= load_pair(p + 2 * step, step) << by & mask;
  x.c ^= load_pair(p + 4 * step, step) << by & mask;
  x.d ^= load_pair(p + 6 * step, step) << by & mask;
  return x;
}

static inline lanes move_right(lanes x, const uint8_t *p, int64_t step, int by, pair mask) {
  x.a ^= load_pair(p, step) >> by & mask;
  x.b ^= load_pair(p + 2 * step, step) >> by & mask;
  x.c ^= load_pair(p + 4 * step, step) >> by & mask;
  x.d ^= load_pair(p + 6 * step, step) >> by & mask;
  return x;
}

static inline void store_pair(uint8_t *low, uint8_t *high, size_t step, pair x) {
  const uint64_t first = x[0], second = x[1];
  store_half(low, (uint32_t)first);
  store_half(high, (uint32_t)(first >> HALF));
  store_half(low + step, (uint32_t)second);
  store_half(high + step, (uint32_t)(second >> HALF));
}

static inline void store_lanes(uint8_t *low, uint8_t *high, size_t step, lanes x) {
  store_pair(low, high, step, x.a);
  store_pair(low + 2 * step, high + 2 * step, step, x.b);
  store_pair(low + 4 * step, high + 4 * step, step, x.c);
  store_pair(low + 6 * step, high + 6 * step, step, x.d);
}

// The last bytes of the instances.
static void store_rest(const bit_plan *p, const bit_word *word, uint8_t *out, size_t step, lanes x) {
  const uint64_t all[LANES] = {x.a[0], x.a[1], x.b[0], x.b[1], x.c[0], x.c[1], x.d[0], x.d[1]};
  for (size_t i = 0; i < LANES; i++) put_word(p, word, all[i], out + i * step);
}

// Where the streams are in the first of some instances.
static void place_lanes(const bit_plan *p, stream_at *streams, size_t first) {
  for (size_t i = 0; i < p->stream_count; i++)
    streams[i].from = streams[i].source->data + (streams[i].at + (int64_t)first * streams[i].step);
}

// LANES instances from `first` on, all loads of which lie inside of their sources.
static void run_lanes(const bit_plan *p, stream_at *streams, const bit_run *run, size_t first) {
  const bit_move *m = p->moves;
  const size_t out_step = run->out_step, bytes = p->bytes;
  uint8_t *out = run->out + first * out_step;
  place_lanes(p, streams, first);
  for (const bit_word *word = p->words, *last = word + p->word_count; word < last; word++) {
    const pair flip = {word->flip, word->flip};
    lanes x = {flip, flip, flip, flip};
    for (const bit_move *end = m + word->move_count; m < end; m++) {
      const stream_at *s = &streams[m->stream];
      const uint8_t *from = s->from + m->offset;
      const pair mask = {m->mask, m->mask};
      if (m->table != NULL)
        x = look_up(x, m->table, from, s->step);
      else if (m->left >= 0)
        x = move_left(x, from, s->step, m->left, mask);
      else
        x = move_right(x, from, s->step, -m->left, mask);
    }
    const size_t low = word->low, high = word->high;
    if (low + 4 <= bytes && high + 4 <= bytes)
      store_lanes(out + low, out + high, out_step, x);
    else
      store_rest(p, word, out, out_step, x);
  }
}

// How many instances, from the first on, have all their loads inside of the sources.
static size_t safe_instances(const bit_plan *p, const stream_at *streams, size_t count) {
  for (size_t i = 0; i < p->stream_count; i++) {
    if (p->reach[i] == 0) continue;
    int64_t limit = (int64_t)streams[i].source->size - (int64_t)p->reach[i], step = streams[i].step;
    if (streams[i].at <= limit && streams[i].at + step * ((int64_t)count - 1) <= limit) continue;
    if (streams[i].at > limit || step <= 0) return 0;
    count = (size_t)((limit - streams[i].at) / step + 1);
  }
  return count;
}

// The last lanes overlap those before them, if there are any: they store the same bytes once more.
void bit_plan_run(const bit_plan *p, const bit_source *sources, const bit_run *run) {
  stream_at *streams = run->streams;
  for (size_t i = 0; i < p->stream_count; i++) streams[i] = place_stream(p, i, sources, run);
  size_t safe = safe_instances(p, streams, run->count);
  if (safe < LANES) safe = 0;
  for (size_t i = 0; i < safe; i += LANES) run_lanes(p, streams, run, i + LANES <= safe ? i : safe - LANES);
  run_carefully(p, streams, run, safe);
}
