// Choosing the codes of one cell. See Note [Cells] in encode/encode_cell_plan.c.
#include "encode/inside.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 128, BEAM = 4, SWEEPS = 4, TRIED_BITS = 12 };

// A solution in the making. Slots whose bit in `open` is set have not been chosen.
typedef struct cell_state {
  double error;
  uint32_t slots[CELL_SLOTS];
  bool open[CELL_SLOTS];
} cell_state;

typedef struct solver {
  const cell_set *c;
  const double *w;
  const double *u;
  size_t count, phase;
  const cell_state *state;
  const cell_move *move; // NULL: none
  int fixed;             // a node that counts as `fixed_value`; -1: none
  double fixed_value;
} solver;

static bool moves_slot(const cell_move *m, size_t slot, unsigned *shift) {
  for (unsigned i = 0; m != NULL && i < m->slot_count; i++)
    if (m->slots[i] == slot) {
      *shift = m->shifts[i];
      return true;
    }
  return false;
}

// A table's values at weight j for joint numbers from, from + 1, .. of the move. Returns how many are different: 1 when
// the move does not matter.
static size_t table_values(const solver *s, const cell_node *n, size_t j, size_t from, size_t count, double *out) {
  size_t place = s->phase * s->c->width + j, base = 0;
  const double *table = n->table + (place << n->bits);
  unsigned moving = 0, from_shift[CELL_VARS], to_shift[CELL_VARS], mask[CELL_VARS];
  for (unsigned v = 0; v < n->var_count; v++) {
    const cell_var *var = &s->c->vars[n->vars[v]];
    size_t slot = var->slot[j];
    if (moves_slot(s->move, slot, &from_shift[moving])) {
      to_shift[moving] = n->shifts[v];
      mask[moving++] = (1u << var->bits) - 1;
    } else if (s->state->open[slot]) {
      out[0] = n->mean[place];
      return 1;
    } else {
      base += (size_t)s->state->slots[slot] << n->shifts[v];
    }
  }
  if (moving == 0) {
    out[0] = table[base];
    return 1;
  }
  if (moving == 1) {
    for (size_t i = 0; i < count; i++) out[i] = table[base + (((from + i) >> from_shift[0] & mask[0]) << to_shift[0])];
    return count;
  }
  if (s->move != NULL && moving == n->var_count && moving == s->move->slot_count &&
      s->move->node == (int)(n - s->c->nodes)) {
    memcpy(out, table + from, count * sizeof *out);
    return count;
  }
  for (size_t i = 0; i < count; i++) {
    size_t at = base;
    for (unsigned v = 0; v < moving; v++) at += ((from + i) >> from_shift[v] & mask[v]) << to_shift[v];
    out[i] = table[at];
  }
  return count;
}

static void combine(cell_op op, const double *a, size_t a_step, const double *b, size_t b_step, size_t count,
                    double *out) {
  if (op == CELL_ADD)
    for (size_t i = 0; i < count; i++) out[i] = a[i * a_step] + b[i * b_step];
  else if (op == CELL_SUB)
    for (size_t i = 0; i < count; i++) out[i] = a[i * a_step] - b[i * b_step];
  else
    for (size_t i = 0; i < count; i++) out[i] = a[i * a_step] * b[i * b_step];
}

// A part's values at weight j, as table_values.
static size_t node_values(const solver *s, int node, size_t j, size_t from, size_t count, double *out) {
  const cell_node *n = &s->c->nodes[node];
  double other[CHUNK];
  if (node == s->fixed) {
    out[0] = s->fixed_value;
    return 1;
  }
  if (n->op == CELL_TABLE) return table_values(s, n, j, from, count, out);
  size_t a = node_values(s, n->args[0], j, from, count, out);
  if (n->op == CELL_NEG) {
    for (size_t i = 0; i < a; i++) out[i] = -out[i];
    return a;
  }
  size_t b = node_values(s, n->args[1], j, from, count, other), most = a > b ? a : b;
  if (a == 1 && b == 1) {
    combine(n->op, out, 1, other, 1, 1, out);
    return 1;
  }
  double single = out[0];
  combine(n->op, a == 1 ? &single : out, a != 1, other, b != 1, most, out);
  return most;
}

// Adds the squared errors at weight j for joint numbers from, from + 1, ..
static void add_errors(const solver *s, size_t j, size_t from, size_t count, double *errors) {
  double rest[CHUNK], x[CHUNK];
  for (size_t i = 0; i < count; i++) rest[i] = -s->w[j];
  for (size_t t = 0; t < s->c->terms; t++) {
    double u = s->u[t];
    if (u == 0) continue;
    size_t n = node_values(s, s->c->roots[t], j, from, count, x);
    if (n == 1)
      for (size_t i = 0; i < count; i++) rest[i] += u * x[0];
    else
      for (size_t i = 0; i < count; i++) rest[i] += u * x[i];
  }
  for (size_t i = 0; i < count; i++) errors[i] += rest[i] * rest[i];
}

static double range_error(const solver *s, size_t from, size_t end) {
  double error = 0;
  for (size_t j = from; j < end && j < s->count; j++) add_errors(s, j, 0, 1, &error);
  return error;
}

// The best numbers of a move, best first.
typedef struct choice {
  double error; // of the weights that the move touches
  uint32_t joint;
} choice;

static void offer(choice *best, size_t *have, size_t want, double error, uint32_t joint) {
  if (!(error < INFINITY) || (*have == want && !(error < best[want - 1].error))) return;
  size_t at = *have < want ? (*have)++ : want - 1;
  for (; at > 0 && error < best[at - 1].error; at--) best[at] = best[at - 1];
  best[at] = (choice){.error = error, .joint = joint};
}

static size_t try_all(const solver *s, size_t want, choice *best) {
  const cell_move *m = s->move;
  size_t total = (size_t)1 << m->bits, have = 0;
  for (size_t from = 0; from < total; from += CHUNK) {
    double errors[CHUNK] = {0};
    size_t n = total - from < CHUNK ? total - from : CHUNK;
    for (size_t j = m->first; j < m->first + m->count && j < s->count; j++) add_errors(s, j, from, n, errors);
    for (size_t i = 0; i < n; i++) offer(best, &have, want, errors[i], (uint32_t)(from + i));
  }
  return have;
}

// The value at weight j with the move's table at `number`, less the weight.
static double value_with(solver *s, double number, size_t j) {
  double sum = -s->w[j], x;
  s->fixed_value = number;
  for (size_t t = 0; t < s->c->terms; t++) {
    if (s->u[t] == 0) continue;
    node_values(s, s->c->roots[t], j, 0, 1, &x);
    sum += s->u[t] * x;
  }
  return sum;
}

// What the nearest vector should be, and the slope of the value by it. False when slopes differ or vanish.
static bool find_target(const solver *s, float *target, double *slope) {
  const cell_move *m = s->move;
  solver without = *s;
  without.move = NULL;
  without.fixed = m->node;
  for (size_t i = 0; i < m->count; i++) {
    target[i] = 0;
    if (m->first + i >= s->count) continue; // past the end of the row: anything will do
    double base = value_with(&without, 0, m->first + i), by = value_with(&without, 1, m->first + i) - base;
    if (i == 0) *slope = fabs(by);
    // Sums of coefficients round; what is as good as equal counts as equal.
    if (!(fabs(fabs(by) - *slope) <= 1e-9 * *slope)) return false;
    target[i] = (float)(-base / by);
    if (!isfinite(target[i])) return false;
  }
  return true;
}

static size_t find_nearest(const solver *s, unsigned effort, size_t want, choice *best) {
  const cell_move *m = s->move;
  float target[CELL_WEIGHTS];
  double slope = 0;
  near_answer answers[NEAR_BEST];
  if (!find_target(s, target, &slope)) return 0;
  size_t have = near_find(m->near[s->phase], target, effort == 0 ? 4 : 16, want, answers);
  for (size_t i = 0; i < have; i++)
    best[i] = (choice){.error = (double)answers[i].distance * slope * slope, .joint = answers[i].id};
  return have;
}

static size_t make_choices(const solver *s, unsigned effort, size_t want, choice *best) {
  size_t have = 0;
  const cell_move *m = s->move;
  // Past the end of a row other vectors may be better, but trying all takes its time.
  bool whole = m->first + m->count <= s->count, many = m->first < s->count && m->bits > TRIED_BITS;
  if (m->near != NULL && m->near[s->phase] != NULL && (whole || many)) have = find_nearest(s, effort, want, best);
  return have > 0 ? have : try_all(s, want, best);
}

static void apply(const cell_set *c, const cell_move *m, uint32_t joint, cell_state *state) {
  for (unsigned i = 0; i < m->slot_count; i++) {
    size_t slot = m->slots[i];
    state->slots[slot] = joint >> m->shifts[i] & (uint32_t)(((uint64_t)1 << c->slots[slot].bits) - 1);
    state->open[slot] = false;
  }
}

static bool same_slots(const cell_set *c, const cell_state *a, const cell_state *b) {
  return memcmp(a->slots, b->slots, c->slot_count * sizeof *a->slots) == 0;
}

static void copy_state(const cell_set *c, cell_state *to, const cell_state *from) {
  to->error = from->error;
  memcpy(to->slots, from->slots, c->slot_count * sizeof *to->slots);
  memcpy(to->open, from->open, c->slot_count * sizeof *to->open);
}

typedef struct beam {
  size_t count, width;
  cell_state states[BEAM];
} beam;

static void keep_state(const cell_set *c, beam *b, const cell_state *x) {
  for (size_t i = 0; i < b->count; i++)
    if (same_slots(c, &b->states[i], x)) return;
  if (b->count == b->width && !(x->error < b->states[b->count - 1].error)) return;
  size_t at = b->count < b->width ? b->count++ : b->width - 1;
  for (; at > 0 && x->error < b->states[at - 1].error; at--) copy_state(c, &b->states[at], &b->states[at - 1]);
  copy_state(c, &b->states[at], x);
}

// Makes one move in all states: the best of what they lead to remain.
static void make_move(solver *s, const cell_move *m, unsigned effort, beam *b, beam *next) {
  next->count = 0;
  next->width = b->width;
  for (size_t i = 0; i < b->count; i++) {
    cell_state x;
    choice best[BEAM];
    s->state = &b->states[i];
    s->move = NULL;
    double others = b->states[i].error - range_error(s, m->first, m->first + m->count);
    s->move = m;
    size_t have = make_choices(s, effort, b->width, best);
    copy_state(s->c, &x, &b->states[i]);
    for (size_t k = 0; k < have; k++) {
      apply(s->c, m, best[k].joint, &x);
      x.error = others + best[k].error;
      if (x.error < 0) x.error = 0;
      keep_state(s->c, next, &x);
    }
    if (have == 0) {
      apply(s->c, m, 0, &x);
      keep_state(s->c, next, &x);
    }
  }
}

static void copy_beam(const cell_set *c, beam *to, const beam *from) {
  to->count = from->count;
  for (size_t i = 0; i < from->count; i++) copy_state(c, &to->states[i], &from->states[i]);
}

// From a state in which the outer slots are chosen: every move once, then again while that helps.
static void solve_from(solver *s, unsigned effort, const cell_state *start, cell_state *out) {
  const cell_set *c = s->c;
  beam b, next; // large: only what is used is set
  b.count = 1;
  b.width = effort == 0 || c->move_count == 1 ? 1 : BEAM;
  copy_state(c, &b.states[0], start);
  s->state = start;
  s->move = NULL;
  b.states[0].error = range_error(s, 0, c->width);
  for (size_t i = 0; i < c->move_count; i++) {
    make_move(s, &c->moves[i], effort, &b, &next);
    copy_beam(c, &b, &next);
  }
  for (int sweep = 0; sweep < (effort == 0 ? 2 : SWEEPS) && c->move_count > 1 && b.states[0].error > 0; sweep++) {
    double before = b.states[0].error;
    for (size_t i = 0; i < c->move_count; i++) {
      make_move(s, &c->moves[i], effort, &b, &next);
      copy_beam(c, &b, &next);
    }
    if (!(b.states[0].error < before * (1 - 1e-6))) break;
  }
  copy_state(c, out, &b.states[0]);
  s->state = out;
  s->move = NULL;
  out->error = range_error(s, 0, c->width);
}

static void set_outer(const cell_set *c, uint32_t joint, cell_state *state) {
  for (size_t i = 0; i < c->outer_count; i++) {
    size_t slot = c->outer[i];
    state->slots[slot] = joint & ((1u << c->slots[slot].bits) - 1);
    state->open[slot] = false;
    joint >>= c->slots[slot].bits;
  }
}

// One move that decides all: its best choice, whatever the error.
static void solve_only_move(solver *s, unsigned effort, const cell_state *start, uint32_t *slots) {
  const cell_set *c = s->c;
  choice best;
  cell_state x;
  s->state = start;
  s->move = &c->moves[0];
  size_t have = make_choices(s, effort, 1, &best);
  copy_state(c, &x, start);
  apply(c, s->move, have > 0 ? best.joint : 0, &x);
  memcpy(slots, x.slots, c->slot_count * sizeof *slots);
}

void cell_solve(const cell_set *c, const double *w, size_t count, uint64_t k, const double *u, unsigned effort,
                uint32_t *slots) {
  solver s = {.c = c, .w = w, .u = u, .count = count, .fixed = -1};
  cell_state start, found, best;
  start.error = 0;
  s.phase = (size_t)(k / c->width % c->phases);
  for (size_t i = 0; i < c->slot_count; i++) start.open[i] = true, start.slots[i] = 0;
  if (c->move_count == 1 && c->outer_bits == 0) {
    solve_only_move(&s, effort, &start, slots);
    return;
  }
  for (uint32_t joint = 0; joint < 1u << c->outer_bits; joint++) {
    set_outer(c, joint, &start);
    solve_from(&s, effort, &start, &found);
    if (joint == 0 || found.error < best.error) copy_state(c, &best, &found);
  }
  memcpy(slots, best.slots, c->slot_count * sizeof *slots);
}

void cell_terms(const cell_set *c, const uint32_t *slots, size_t count, uint64_t k, double (*out)[PLAN_TERMS]) {
  cell_state state;
  state.error = 0;
  memcpy(state.slots, slots, c->slot_count * sizeof *slots);
  memset(state.open, 0, c->slot_count * sizeof *state.open);
  solver s = {.c = c, .state = &state, .fixed = -1, .phase = (size_t)(k / c->width % c->phases)};
  for (size_t j = 0; j < count; j++)
    for (size_t t = 0; t < c->terms; t++) {
      double x[CHUNK];
      node_values(&s, c->roots[t], j, 0, 1, x);
      out[j][t] = x[0];
    }
}
