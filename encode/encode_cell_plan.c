// What is prepared for codes of cells: slots, parts of the value, moves.
#include <math.h>
#include <string.h>

#include "encode/inside.h"
#include "format/relaxed.h"
#include "support/num.h"

enum { TABLE_LIMIT = 1 << 22, NEAR_LEAST_BITS = 7, OUTER_BITS = 6, OUTER_SLOT_BITS = 4, SAMPLES = 512 };

typedef struct cell_builder {
  arena *a;
  cell_set *c;
  const expr *blocked;
} cell_builder;

static bool is_code_field(const cell_set *c, unsigned f) {
  return c->plan->roles[f] == ROLE_CODE || c->plan->roles[f] == ROLE_SELECTOR;
}

static uint64_t granule_weights(const scheme_field *f) { return f->gran.kind == GRAN_WEIGHT ? 1 : f->gran.group; }

// All numbers of all code fields in a cell, field by field.
static bool list_slots(cell_builder *b) {
  cell_set *c = b->c;
  for (unsigned f = 0; f < c->plan->scheme->field_count; f++) {
    const scheme_field *field = &c->plan->scheme->fields[f];
    uint64_t size = 1, wide = granule_weights(field);
    if (!is_code_field(c, f)) continue;
    if (wide < c->finest) c->finest = (size_t)wide;
    scheme_field_size(field, &size);
    for (uint64_t at = 0; at < c->width; at += wide)
      for (uint64_t e = 0; e < size; e++) {
        if (c->slot_count == CELL_SLOTS) return false;
        c->slots[c->slot_count++] = (cell_slot){.field = f,
                                                .bits = elem_get(field->type)->bits,
                                                .element = (uint32_t)e,
                                                .first = (uint32_t)at,
                                                .count = (uint32_t)wide};
      }
  }
  return true;
}

static size_t find_slot(const cell_set *c, unsigned field, uint64_t element, size_t weight) {
  for (size_t i = 0; i < c->slot_count; i++) {
    const cell_slot *s = &c->slots[i];
    if (s->field == field && s->element == element && weight >= s->first && weight - s->first < s->count) return i;
  }
  return c->slot_count;
}

static bool is_code(const cell_set *c, const expr *e) {
  return (e->op == EXPR_FIELD || e->op == EXPR_ELEMENT) && is_code_field(c, e->index);
}

static bool add_var(cell_builder *b, const expr *e) {
  cell_set *c = b->c;
  for (size_t i = 0; i < c->var_count; i++)
    if (expr_equal(c->vars[i].e, e)) return true;
  if (c->var_count == CELL_VARS) return false;
  cell_var *v = &c->vars[c->var_count++];
  *v = (cell_var){.e = e, .bits = elem_get(c->plan->scheme->fields[e->index].type)->bits};
  for (size_t j = 0; j < c->width; j++) {
    relaxed_env env = {.scheme = c->plan->scheme, .k = (double)j};
    double element = e->op == EXPR_ELEMENT ? relaxed_eval(&env, e->args[0]) : 0;
    size_t slot = element >= 0 ? find_slot(c, e->index, (uint64_t)element, j) : c->slot_count;
    if (slot == c->slot_count) return false;
    v->slot[j] = (uint16_t)slot;
  }
  return true;
}

static bool list_vars(cell_builder *b, const expr *e) {
  if (is_code(b->c, e)) return add_var(b, e);
  for (unsigned i = 0; i < e->arg_count; i++)
    if (!list_vars(b, e->args[i])) return false;
  return true;
}

static uint32_t vars_of(const cell_set *c, const expr *e) {
  uint32_t set = 0;
  for (size_t i = 0; i < c->var_count; i++)
    if (expr_equal(c->vars[i].e, e)) return 1u << i;
  for (unsigned i = 0; i < e->arg_count; i++) set |= vars_of(c, e->args[i]);
  return set;
}

static unsigned set_bits(const cell_set *c, uint32_t vars) {
  unsigned bits = 0;
  for (size_t i = 0; i < c->var_count; i++)
    if (vars >> i & 1) bits += c->vars[i].bits;
  return bits;
}

static int add_node(cell_builder *b, cell_op op, const expr *e, int first, int second) {
  cell_set *c = b->c;
  if (first < 0 || second < 0 || c->node_count == CELL_NODES) return -1;
  c->nodes[c->node_count] = (cell_node){.op = op, .e = e, .args = {first, second}};
  return (int)c->node_count++;
}

// The first variable of the text has the highest bits, so that of equal vectors the one with the least first code wins.
static int add_table(cell_builder *b, const expr *e, uint32_t vars) {
  cell_set *c = b->c;
  int at = add_node(b, CELL_TABLE, e, 0, 0);
  if (at < 0) return at;
  cell_node *node = &c->nodes[at];
  for (size_t i = c->var_count; i-- > 0;) {
    if ((vars >> i & 1) == 0) continue;
    node->vars[node->var_count] = (uint8_t)i;
    node->shifts[node->var_count++] = (uint8_t)node->bits;
    node->bits += c->vars[i].bits;
  }
  size_t places = c->phases * c->width;
  node->table = ARENA_ARRAY(b->a, double, places << node->bits);
  node->mean = ARENA_ARRAY(b->a, double, places);
  return at;
}

// Whether all weights of the cell use the same slots for these variables.
static bool all_shared(const cell_set *c, uint32_t vars) {
  for (size_t i = 0; i < c->var_count; i++)
    for (size_t j = 1; (vars >> i & 1) != 0 && j < c->width; j++)
      if (c->vars[i].slot[j] != c->vars[i].slot[0]) return false;
  return true;
}

// Parts over few codes become tables, the largest such parts; sums and products of them stay as they are. So do those of
// codes that are shared by different weights, which would only be in each other's way.
static int build_node(cell_builder *b, const expr *e) {
  cell_set *c = b->c;
  uint32_t vars = vars_of(c, e);
  unsigned bits = set_bits(c, vars);
  int first = -1, second = 0;
  static const cell_op ops[EXPR_COUNT] = {
      [EXPR_ADD] = CELL_ADD, [EXPR_SUB] = CELL_SUB, [EXPR_MUL] = CELL_MUL, [EXPR_NEG] = CELL_NEG};
  bool fits = bits <= CELL_TABLE_BITS && (c->phases * c->width) << bits <= TABLE_LIMIT;
  if (fits && (ops[e->op] == CELL_TABLE || (vars & (vars - 1)) == 0 || all_shared(c, vars)))
    return add_table(b, e, vars);
  if (ops[e->op] != CELL_TABLE) {
    first = build_node(b, e->args[0]);
    if (first >= 0 && e->op != EXPR_NEG) second = build_node(b, e->args[1]);
    if (first < 0 || second < 0) return -1;
    return add_node(b, ops[e->op], e, first, second);
  }
  if (b->blocked == NULL) b->blocked = e;
  return -1;
}

// ---- numbers ---------------------------------------------------------------------------------------------

// The part with the codes' numbers put in: `fields` by scheme field for plain fields, elements by the stand-ins below.
typedef struct filler {
  const cell_set *c;
  double *fields;         // by scheme field, then one for every variable
  const expr **stand_ins; // of nodes: codes replaced by fields past the scheme's
} filler;

static const expr *with_stand_ins(arena *a, const cell_set *c, const expr *e) {
  for (size_t i = 0; i < c->var_count; i++)
    if (expr_equal(c->vars[i].e, e)) {
      expr *x = arena_memdup(a, e, sizeof *e);
      x->op = EXPR_FIELD;
      x->index = (unsigned)(c->plan->scheme->field_count + i);
      x->arg_count = 0;
      return x;
    }
  if (e->arg_count == 0) return e;
  const expr **args = ARENA_ARRAY(a, const expr *, e->arg_count);
  for (unsigned i = 0; i < e->arg_count; i++) args[i] = with_stand_ins(a, c, e->args[i]);
  expr *x = arena_memdup(a, e, sizeof *e);
  x->args = args;
  return x;
}

static void fill_table(arena *a, cell_set *c, cell_node *node, const double *const *tables) {
  const scheme *s = c->plan->scheme;
  double *fields = ARENA_ARRAY(a, double, s->field_count + c->var_count);
  const expr *e = with_stand_ins(a, c, node->e);
  relaxed_env env = {.scheme = s, .fields = fields, .tables = tables};
  for (size_t joint = 0; joint < (size_t)1 << node->bits; joint++) {
    for (unsigned v = 0; v < node->var_count; v++) {
      const cell_var *var = &c->vars[node->vars[v]];
      fields[s->field_count + node->vars[v]] = elem_decode(s->fields[var->e->index].type, joint >> node->shifts[v]);
    }
    for (size_t at = 0; at < c->phases * c->width; at++) {
      env.k = (double)at;
      node->table[(at << node->bits) + joint] = relaxed_eval(&env, e);
    }
  }
  for (size_t at = 0; at < c->phases * c->width; at++) {
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < (size_t)1 << node->bits; i++) {
      double x = node->table[(at << node->bits) + i];
      if (isfinite(x)) sum += x, count++;
    }
    node->mean[at] = count > 0 ? sum / (double)count : 0;
  }
}

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Least, greatest and typical values of a term. A learned table that is just begun has zeros that mean nothing yet.
typedef struct value_range {
  double min, max, power;
  size_t count;
} value_range;

static void widen(const cell_set *c, value_range *r, double x) {
  if (!isfinite(x) || (x == 0 && c->plan->has_tables)) return;
  r->min = x < r->min ? x : r->min;
  r->max = x > r->max ? x : r->max;
  r->power += x * x;
  r->count++;
}

// Over random codes and every weight.
static void sample_term(const cell_set *c, size_t t, value_range *r) {
  uint32_t slots[CELL_SLOTS];
  double v[CELL_WEIGHTS][PLAN_TERMS];
  for (uint64_t i = 0; i < SAMPLES; i++) {
    for (size_t s = 0; s < c->slot_count; s++)
      slots[s] = (uint32_t)(mix(i * CELL_SLOTS + s + 1) & (((uint64_t)1 << c->slots[s].bits) - 1));
    cell_terms(c, slots, c->width, i % c->phases * c->width, v);
    for (size_t j = 0; j < c->width; j++) widen(c, r, v[j][t]);
  }
}

static void measure_terms(cell_set *c) {
  for (size_t t = 0; t < c->terms; t++) {
    const cell_node *root = &c->nodes[c->roots[t]];
    value_range r = {.min = INFINITY, .max = -INFINITY};
    if (root->op != CELL_TABLE)
      sample_term(c, t, &r);
    else
      for (size_t i = 0; i < (c->phases * c->width) << root->bits; i++) widen(c, &r, root->table[i]);
    c->min[t] = r.min;
    c->max[t] = r.max;
    c->rms[t] = r.count == 0 ? 0 : sqrt(r.power / (double)r.count);
  }
}

// ---- moves -----------------------------------------------------------------------------------------------

static int parent_of(const cell_set *c, int node, int from) {
  for (int i = from; i < (int)c->node_count; i++)
    if (c->nodes[i].op != CELL_TABLE && (c->nodes[i].args[0] == node || c->nodes[i].args[1] == node)) return i;
  return -1;
}

// Whether the node reaches its root once, so that the value is a linear function of it; in which term.
static bool is_linear(const cell_set *c, int node, size_t *term) {
  for (int up = parent_of(c, node, node + 1); up >= 0; up = parent_of(c, node, node + 1)) {
    const cell_node *n = &c->nodes[up];
    if (parent_of(c, node, up + 1) >= 0 || (n->op != CELL_NEG && n->args[0] == n->args[1])) return false;
    node = up;
  }
  size_t found = 0;
  for (size_t t = 0; t < c->terms; t++)
    if (c->roots[t] == node) *term = t, found++;
  return found == 1;
}

static bool node_uses_slot(const cell_set *c, const cell_node *n, size_t slot, size_t j) {
  for (unsigned v = 0; n->op == CELL_TABLE && v < n->var_count; v++)
    if (c->vars[n->vars[v]].slot[j] == slot) return true;
  return false;
}

// Whether all weights that use one of the node's slots at weight j use the same ones, and no other table uses them.
static bool moves_alone(const cell_set *c, int node, size_t j) {
  const cell_node *n = &c->nodes[node];
  for (unsigned v = 0; v < n->var_count; v++) {
    size_t slot = c->vars[n->vars[v]].slot[j];
    for (unsigned w = 0; w < v; w++)
      if (c->vars[n->vars[w]].slot[j] == slot) return false;
    for (size_t i = 0; i < c->width; i++)
      for (size_t m = 0; m < c->node_count; m++) {
        if (!node_uses_slot(c, &c->nodes[m], slot, i)) continue;
        if ((int)m != node) return false;
        for (unsigned w = 0; w < n->var_count; w++)
          if (c->vars[n->vars[w]].slot[i] != c->vars[n->vars[w]].slot[j]) return false;
      }
  }
  return true;
}

static bool is_outer(const cell_set *c, size_t slot) {
  for (size_t i = 0; i < c->outer_count; i++)
    if (c->outer[i] == slot) return true;
  return false;
}

static void cover_slot(const cell_set *c, cell_move *m, size_t slot) {
  const cell_slot *s = &c->slots[slot];
  uint32_t end = m->first + m->count, slot_end = s->first + s->count;
  if (m->count == 0) m->first = s->first, end = slot_end;
  if (s->first < m->first) m->first = s->first;
  if (slot_end > end) end = slot_end;
  if (end > c->width) end = (uint32_t)c->width;
  m->count = end - m->first;
}

static void add_slot(const cell_set *c, cell_move *m, size_t slot) {
  m->slots[m->slot_count] = (uint16_t)slot;
  m->shifts[m->slot_count++] = (uint8_t)m->bits;
  m->bits += c->slots[slot].bits;
  cover_slot(c, m, slot);
}

// A whole table's codes at once, where that is possible.
static void add_node_moves(cell_builder *b, int node, bool *done) {
  cell_set *c = b->c;
  const cell_node *n = &c->nodes[node];
  for (size_t j = 0; n->op == CELL_TABLE && n->var_count > 0 && j < c->width; j++) {
    bool fresh = moves_alone(c, node, j);
    for (unsigned v = 0; v < n->var_count; v++) {
      size_t slot = c->vars[n->vars[v]].slot[j];
      fresh &= !done[slot] && !is_outer(c, slot);
    }
    if (!fresh) continue;
    cell_move *m = &c->moves[c->move_count++];
    *m = (cell_move){.node = node};
    for (unsigned v = 0; v < n->var_count; v++) {
      add_slot(c, m, c->vars[n->vars[v]].slot[j]);
      done[c->vars[n->vars[v]].slot[j]] = true;
    }
    if (n->bits < NEAR_LEAST_BITS || !is_linear(c, node, &m->term)) continue;
    m->near = ARENA_ARRAY(b->a, near_index *, c->phases);
  }
}

static void list_moves(cell_builder *b) {
  cell_set *c = b->c;
  arena *a = arena_new();
  bool *done = ARENA_ARRAY(a, bool, c->slot_count);
  c->moves = ARENA_ARRAY(b->a, cell_move, c->slot_count);
  for (int i = 0; i < (int)c->node_count; i++) add_node_moves(b, i, done);
  for (size_t s = 0; s < c->slot_count; s++) {
    if (done[s] || is_outer(c, s)) continue;
    cell_move *m = &c->moves[c->move_count++];
    *m = (cell_move){.node = -1};
    add_slot(c, m, s);
  }
  arena_free(a);
}

// Slots of few bits that all weights of the cell use, while others are used by some only.
static void find_outer(cell_set *c) {
  bool finer = false;
  for (size_t s = 0; s < c->slot_count; s++) finer |= c->slots[s].count < c->width;
  for (size_t s = 0; finer && s < c->slot_count; s++) {
    const cell_slot *x = &c->slots[s];
    if (x->count < c->width || x->bits > OUTER_SLOT_BITS || c->outer_bits + x->bits > OUTER_BITS) continue;
    c->outer[c->outer_count++] = (uint16_t)s;
    c->outer_bits += x->bits;
  }
}

// How much a move alone changes the value, everything else at its mean: the order in which moves are first made.
static double spread_of(const cell_set *c, const cell_move *m) {
  double spread = 0;
  int node = m->node;
  if (node < 0)
    for (size_t i = 0; node < 0 && i < c->node_count; i++)
      if (node_uses_slot(c, &c->nodes[i], m->slots[0], m->first)) node = (int)i;
  if (node < 0) return 0;
  const cell_node *n = &c->nodes[node];
  for (size_t at = m->first; at < m->first + m->count; at++) {
    double power = 0, factor = 1;
    const double *x = n->table + (at << n->bits);
    for (size_t i = 0; i < (size_t)1 << n->bits; i++)
      if (isfinite(x[i])) power += (x[i] - n->mean[at]) * (x[i] - n->mean[at]);
    // Factors of products count with their means.
    for (int child = node, up = parent_of(c, node, node + 1); up >= 0; child = up, up = parent_of(c, up, up + 1)) {
      const cell_node *p = &c->nodes[up];
      const cell_node *other = &c->nodes[p->args[p->args[0] == child]];
      if (p->op == CELL_MUL && other->op == CELL_TABLE) factor *= other->mean[at] * other->mean[at];
    }
    spread += power / (double)((size_t)1 << n->bits) * factor;
  }
  return spread / m->count;
}

static void order_moves(cell_set *c) {
  for (size_t i = 0; i < c->move_count; i++) c->moves[i].spread = spread_of(c, &c->moves[i]);
  for (size_t i = 1; i < c->move_count; i++) {
    cell_move m = c->moves[i];
    size_t at = i;
    for (; at > 0 && c->moves[at - 1].spread < m.spread; at--) c->moves[at] = c->moves[at - 1];
    c->moves[at] = m;
  }
}

void cell_set_free(cell_set *c) { arena_free(c->near_mem); }

void cell_set_update(cell_set *c, const double *const *tables) {
  arena *temporary = arena_new();
  for (size_t i = 0; i < c->node_count; i++)
    if (c->nodes[i].op == CELL_TABLE) fill_table(temporary, c, &c->nodes[i], tables);
  arena_free(temporary);
  arena_free(c->near_mem);
  c->near_mem = arena_new();
  c->signs = signed_set_new(c->near_mem, c);
  for (size_t i = 0; i < c->move_count; i++) {
    cell_move *m = &c->moves[i];
    if (m->near == NULL || c->signs != NULL) continue;
    const cell_node *n = &c->nodes[m->node];
    for (size_t p = 0; p < c->phases; p++)
      m->near[p] = near_index_new(c->near_mem, n->table + ((p * c->width + m->first) << n->bits), (size_t)1 << n->bits,
                                  m->count, c->questions);
  }
  order_moves(c);
  measure_terms(c);
}

// All numbers of a part, at any weight. Sums and products combine their parts' lists, as far as that is few enough.
static level_list node_levels(arena *a, const cell_set *c, int node) {
  enum { MOST = 4096 };
  const cell_node *n = &c->nodes[node];
  size_t places = (c->phases * c->width) << n->bits;
  if (n->op == CELL_TABLE) {
    double *all = arena_memdup(a, n->table, places * sizeof *all);
    level_list l = level_list_make(all, places);
    return l.count <= MOST ? l : (level_list){.count = 0};
  }
  level_list x = node_levels(a, c, n->args[0]), y = n->op == CELL_NEG ? x : node_levels(a, c, n->args[1]);
  size_t count = n->op == CELL_NEG ? x.count : x.count * y.count;
  if (count > (size_t)MOST * 16) return (level_list){.count = 0};
  double *all = ARENA_ARRAY(a, double, count + 1);
  for (size_t i = 0; i < count; i++) {
    double p = x.values[n->op == CELL_NEG ? i : i / y.count], q = y.values[n->op == CELL_NEG ? 0 : i % y.count];
    all[i] = n->op == CELL_NEG ? -p : n->op == CELL_ADD ? p + q : n->op == CELL_SUB ? p - q : p * q;
  }
  level_list l = level_list_make(all, count);
  return l.count <= MOST ? l : (level_list){.count = 0};
}

level_list cell_levels(arena *a, const cell_set *c, size_t term) { return node_levels(a, c, c->roots[term]); }

static bool build(cell_builder *b, const plan_level *l) {
  cell_set *c = b->c;
  if (!list_slots(b)) return false;
  for (size_t t = 0; t < c->terms; t++)
    if (!list_vars(b, l->core[0][t])) return false;
  for (size_t t = 0; t < c->terms; t++) {
    c->varies[t] = vars_of(c, l->core[0][t]) != 0;
    c->roots[t] = build_node(b, l->core[0][t]);
    if (c->roots[t] < 0) return false;
  }
  find_outer(c);
  list_moves(b);
  return true;
}

cell_set *cell_set_new(arena *a, const encode_plan *plan, uint64_t questions, const expr **blocked) {
  cell_builder b = {.a = a, .c = ARENA_NEW(a, cell_set)};
  const plan_level *l = &plan->levels[0];
  *b.c = (cell_set){.plan = plan,
                    .questions = questions,
                    .width = (size_t)plan->cell,
                    .finest = (size_t)plan->cell,
                    .terms = l->terms};
  b.c->phases = plan->period / (size_t)num_gcd(plan->period, b.c->width);
  if (b.c->terms == 0 || !build(&b, l)) {
    *blocked = b.blocked != NULL ? b.blocked : plan->scheme->value;
    return NULL;
  }
  return b.c;
}

/* Note [Cells]

A cell is the least run of weights that shares no code with others: 8 weights for `u8 per 8` with signs in a `u7 per 8`.
Its stored numbers are slots. The value of each weight is cut into parts: the largest parts that depend on at most 16 bits
of codes become tables over these codes, one for each weight of the cell, and sums, differences and products of them stay
arithmetic. For `grid[code, k % 8] * sign[s, k % 8]` with 15 bits that is a single table of 32768 vectors; for a sum of
three books of 16 bits, three tables.

A move chooses the codes of one table, everything else as it is. If the value is the table plus something, the best choice
is the nearest vector to what is left of the weights, which an index finds (encode/encode_near.c); otherwise all numbers
are tried. A cell is solved by making each move once, those with the most effect first, codes that have not been chosen yet
counting as their mean, then making them again while that helps; several unlike solutions are carried along. With a single
table this is exact as far as the index is; otherwise it is a good solution and not always the best.

Slots of few bits over a whole cell whose other codes belong to fewer weights (a bit that chooses between two tables) are
tried with all their numbers around all this. */
