#include "encode/inside.h"

#include <math.h>
#include <string.h>

#include "format/relaxed.h"

enum { WIDTH_LIMIT = 16, CHUNK = 256, AHEAD = 64, BLOCK = 512 };

// Scratch for one path: costs of all states before and after a step, and which state each class came from.
struct trellis_room {
  float *cost, *next, *best;
  uint8_t *from; // [step][class]
};

// ---- what a trellis is -----------------------------------------------------------------------------------

typedef struct finder {
  const encode_plan *plan;
  const expr *window, *wrong; // `wrong`: a second window, or a code outside of windows
} finder;

static void find_window(finder *f, const expr *e) {
  if (e->op == EXPR_WINDOW) {
    if (f->window == NULL) f->window = e;
    if (!expr_equal(f->window, e)) f->wrong = e;
    return;
  }
  bool code = (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) &&
              (f->plan->roles[e->index] == ROLE_CODE || f->plan->roles[e->index] == ROLE_SELECTOR);
  if (code) f->wrong = e;
  for (unsigned i = 0; i < e->arg_count; i++) find_window(f, e->args[i]);
}

static void make_room(arena *a, trellis *t) {
  size_t states = (size_t)1 << t->width, classes = states >> t->bits;
  t->room = ARENA_NEW(a, struct trellis_room);
  t->room->cost = ARENA_ARRAY(a, float, states);
  t->room->next = ARENA_ARRAY(a, float, states);
  t->room->best = ARENA_ARRAY(a, float, classes);
  t->room->from = ARENA_ARRAY(a, uint8_t, (CHUNK + AHEAD) * classes);
}

trellis *trellis_copy(arena *a, const trellis *t) {
  trellis *copy = arena_memdup(a, t, sizeof *t);
  make_room(a, copy);
  return copy;
}

trellis *trellis_new(arena *a, const encode_plan *plan, const expr **blocked) {
  const plan_level *l = &plan->levels[0];
  finder f = {.plan = plan};
  size_t varying = l->terms, number = 0;
  for (size_t t = 0; t < l->terms; t++) {
    finder own = {.plan = plan};
    find_window(&own, l->core[0][t]);
    find_window(&f, l->core[0][t]);
    if (own.window != NULL) varying = t, number++;
  }
  *blocked = f.wrong != NULL ? f.wrong : plan->scheme->value;
  if (f.window != NULL && f.window->args[2]->i != 1) f.wrong = f.window;
  if (f.wrong != NULL || number != 1 || plan->period != 1 || f.window->args[0]->i > WIDTH_LIMIT) return NULL;
  trellis *t = ARENA_NEW(a, trellis);
  *t = (trellis){.plan = plan, .field = f.window->index, .terms = l->terms, .varying = varying};
  t->bits = elem_get(plan->scheme->fields[t->field].type)->bits;
  t->width = (unsigned)f.window->args[0]->i;
  t->span = (size_t)f.window->args[1]->i;
  if (t->bits >= t->width) return NULL;
  size_t states = (size_t)1 << t->width;
  t->values = ARENA_ARRAY(a, double, l->terms *states);
  t->path = ARENA_ARRAY(a, float, states);
  make_room(a, t);
  return t;
}

void trellis_update(trellis *t, const double *const *tables) {
  size_t states = (size_t)1 << t->width;
  double power = 0;
  relaxed_env env = {.scheme = t->plan->scheme, .tables = tables};
  for (size_t i = 0; i < t->terms; i++) {
    t->min[i] = INFINITY, t->max[i] = -INFINITY;
    for (size_t s = 0; s < states; s++) {
      env.window = (double)s;
      double x = relaxed_eval(&env, t->plan->levels[0].core[0][i]);
      t->values[i * states + s] = x;
      t->min[i] = x < t->min[i] ? x : t->min[i];
      t->max[i] = x > t->max[i] ? x : t->max[i];
    }
  }
  for (size_t s = 0; s < states; s++) {
    double x = t->values[t->varying * states + s];
    t->path[s] = isfinite(x) ? (float)x : INFINITY;
    power += x * x;
  }
  t->rms = sqrt(power / (double)states);
}

// ---- paths -----------------------------------------------------------------------------------------------

// The best way into every class of states: those that become the same when the next code comes in. Costs are not negative,
// so their bits are ordered as they are; integers are what compilers compare in parallel, in blocks of one width.
static void step_classes(const float *cost, size_t classes, unsigned ways, float *best, uint8_t *from) {
  size_t block = classes < BLOCK ? classes : BLOCK;
  for (size_t first = 0; first < classes; first += block) {
    int32_t least[BLOCK] = {0}, way[BLOCK] = {0}, way_of[BLOCK] = {0};
    memcpy(least, cost + first, block * sizeof *least);
    for (unsigned h = 1; h < ways; h++) {
      memcpy(way, cost + h * classes + first, block * sizeof *way);
      for (size_t q = 0; q < BLOCK; q++) {
        way_of[q] = way[q] < least[q] ? (int32_t)h : way_of[q];
        least[q] = way[q] < least[q] ? way[q] : least[q];
      }
    }
    memcpy(best + first, least, block * sizeof *least);
    for (size_t q = 0; q < block; q++) from[first + q] = (uint8_t)way_of[q];
  }
}

// The cost of every state after a step to target x.
static void step_states(const float *restrict value, float x, const float *restrict best, size_t classes, unsigned bits,
                        float *restrict next) {
  enum { LANES = 4 };
  size_t ways = (size_t)1 << bits;
  for (size_t q = 0; q < classes; q++) {
    const float *v = value + (q << bits);
    float *to = next + (q << bits), start = best[q];
    if (ways < LANES) {
      for (size_t c = 0; c < ways; c++) to[c] = start + (v[c] - x) * (v[c] - x);
      continue;
    }
    for (size_t c = 0; c < ways; c += LANES)
      for (size_t l = 0; l < LANES; l++) to[c + l] = start + (v[c + l] - x) * (v[c + l] - x);
  }
}

static size_t least_state(const float *cost, size_t states) {
  size_t best = 0;
  for (size_t s = 1; s < states; s++)
    if (cost[s] < cost[best]) best = s;
  return best;
}

// A path through targets x[0 .. count - 1], count <= CHUNK + AHEAD. *state is the state before the first and becomes the one
// after number `keep` - 1, as many codes are written; SIZE_MAX: any. `end` is the last state, SIZE_MAX: any.
static void find_path(const trellis *t, const float *x, size_t count, size_t keep, size_t *state, size_t end,
                      uint32_t *codes) {
  struct trellis_room *r = t->room;
  size_t states = (size_t)1 << t->width, classes = states >> t->bits;
  for (size_t s = 0; s < states; s++) r->cost[s] = *state == SIZE_MAX || s == *state ? 0 : INFINITY;
  for (size_t i = 0; i < count; i++) {
    step_classes(r->cost, classes, 1u << t->bits, r->best, r->from + i * classes);
    step_states(t->path, x[i], r->best, classes, t->bits, r->next);
    float *swap = r->cost;
    r->cost = r->next;
    r->next = swap;
  }
  size_t s = end != SIZE_MAX ? end : least_state(r->cost, states);
  for (size_t i = count; i-- > 0;) {
    if (i < keep) codes[i] = (uint32_t)(s & ((1u << t->bits) - 1));
    if (i + 1 == keep) *state = s;
    size_t class = s >> t->bits;
    s = class | (size_t)r->from[i * classes + class] << (t->width - t->bits);
  }
}

// Long spans in pieces: each is followed by a look ahead whose codes are not kept.
static void find_long_path(const trellis *t, const float *x, size_t count, size_t state, size_t end, uint32_t *codes) {
  for (size_t i = 0; i < count;) {
    size_t left = count - i, keep = left <= CHUNK + AHEAD ? left : CHUNK;
    size_t length = left <= CHUNK + AHEAD ? left : CHUNK + AHEAD;
    find_path(t, x + i, length, keep, &state, keep == left ? end : SIZE_MAX, codes + i);
    i += keep;
  }
}

static size_t window_at(const trellis *t, const uint32_t *codes, size_t count, size_t j) {
  size_t window = 0;
  for (unsigned done = 0, back = 0; done < t->width; done += t->bits, back++)
    window |= (size_t)codes[(j + count * t->width - back) % count] << done;
  return window & (((size_t)1 << t->width) - 1);
}

// Very short spans, in which a window holds a code twice: one code after the other.
static void improve_codes(const trellis *t, const float *x, size_t count, uint32_t *codes) {
  enum { ROUNDS = 4 };
  for (size_t i = 0; i < ROUNDS * count; i++) {
    uint32_t best = 0;
    float least = INFINITY;
    for (uint32_t c = 0; c < 1u << t->bits; c++) {
      float sum = 0;
      codes[i % count] = c;
      for (size_t j = 0; j < count; j++) {
        float e = t->path[window_at(t, codes, count, j)] - x[j];
        sum += e * e;
      }
      if (sum < least) least = sum, best = c;
    }
    codes[i % count] = best;
  }
}

// The targets of the varying term; false when there is nothing to choose.
static bool find_targets(const trellis *t, const double *w, size_t count, const double *u, float *x) {
  for (size_t j = 0; j < count; j++) {
    double rest = w[j];
    for (size_t i = 0; i < t->terms; i++)
      if (i != t->varying) rest -= u[i] * t->min[i];
    x[j] = (float)(rest / u[t->varying]);
    if (!isfinite(x[j])) return false;
  }
  return true;
}

void trellis_solve(const trellis *t, const double *w, size_t count, const double *u, uint32_t *codes) {
  arena *a = arena_new();
  float *x = ARENA_ARRAY(a, float, count), *turned = ARENA_ARRAY(a, float, count);
  uint32_t *found = ARENA_ARRAY(a, uint32_t, count);
  memset(codes, 0, count * sizeof *codes);
  if (find_targets(t, w, count, u, x)) {
    if (count * t->bits < t->width) {
      improve_codes(t, x, count, codes);
    } else {
      // A path from the middle around to the middle says what the state at the seam should be; it is then the first and
      // the last of the path that counts.
      size_t half = count / 2, seam;
      for (size_t j = 0; j < count; j++) turned[j] = x[(j + half) % count];
      find_long_path(t, turned, count, SIZE_MAX, SIZE_MAX, found);
      for (size_t j = 0; j < count; j++) codes[(j + half) % count] = found[j];
      seam = window_at(t, codes, count, count - 1);
      find_long_path(t, x, count, seam, seam, codes);
    }
  }
  arena_free(a);
}

void trellis_terms(const trellis *t, const uint32_t *codes, size_t count, size_t j, double *out) {
  size_t window = window_at(t, codes, count, j);
  for (size_t i = 0; i < t->terms; i++) out[i] = t->values[(i << t->width) + window];
}

/* Note [Trellis]

With `window(code, width, span)` the value of a weight is a function of the codes of several weights: the newest `width` bits
of the stream. The window is the state of a machine, each code moves it on, and the codes of least squared error are the
shortest path through states (Viterbi's algorithm): for every state after a weight the cheapest way there. States that
differ only in the bits that the next code drives out are a class, so a step looks at each state twice.

The stream wraps around within a span, so the path must begin in the state in which it ends. That state is taken from a
path that begins in the middle of the span, goes around the end and is free where it begins; then the best path between
two such states is found. All windows are exactly those of the codes; only the choice of the state is a little less than
optimal. The end of a long span, that is cut into pieces, can fail to reach the seam by a cheap way, as its last piece has
at least as many weights as a window it always can by some way. */
