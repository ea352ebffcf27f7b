// Statements: memory for every tensor, and the elements in order.
#include "interp/reference.h"

#include <string.h>

#include "interp/reference_inside.h"
#include "support/num.h"

// No tensor of a test or a network that is interpreted has more elements.
#define MOST_ELEMENTS ((uint64_t)1 << 31)

// ---- memory

static bool make_memory(machine *m, const st_tensor *t, memory *out) {
  uint64_t count = 1;
  int64_t *dims = ARENA_ARRAY(m->mem, int64_t, t->rank);
  for (unsigned i = 0; i < t->rank; i++) {
    if (!ref_size(m, t->dims[i], t->loc, &dims[i])) return false;
    if (dims[i] < 0 || !num_mul(count, (uint64_t)dims[i], &count) || count > MOST_ELEMENTS) {
      ref_fail(m, t->loc, "'%s' has too many elements, or a negative size", t->name);
      return false;
    }
  }
  out->array = (st_array){.type = t->type, .rank = t->rank, .dims = dims, .count = (size_t)count};
  if (t->type.kind == ST_CLASS_REAL) {
    out->array.reals = ARENA_ARRAY(m->mem, double, count);
  } else {
    out->array.integers = ARENA_ARRAY(m->mem, int64_t, count);
  }
  return true;
}

static bool check_input(machine *m, const st_tensor *t, const st_array *given, memory *out) {
  if (!make_memory(m, t, out)) return false;
  bool fits = given->rank == t->rank && given->count == out->array.count && given->type.kind == t->type.kind;
  for (unsigned i = 0; i < t->rank && fits; i++) fits = given->dims[i] == out->array.dims[i];
  if (!fits) {
    ref_fail(m, t->loc, "the input '%s' has another type or shape than the network says", t->name);
    return false;
  }
  for (size_t i = 0; i < given->count; i++) {
    if (given->type.kind == ST_CLASS_REAL) {
      out->array.reals[i] = given->reals[i];
    } else if (given->integers[i] < t->low || given->integers[i] > t->high) {
      ref_fail(m, t->loc, "element %zu of the input '%s' is %lld, outside of %lld .. %lld", i, t->name,
               (long long)given->integers[i], (long long)t->low, (long long)t->high);
      return false;
    } else {
      out->array.integers[i] = given->integers[i];
    }
  }
  return true;
}

static bool take_constant(machine *m, const st_tensor *t, memory *out) {
  if (!make_memory(m, t, out)) return false;
  if (t->type.kind == ST_CLASS_REAL) {
    if (out->array.count > 0) memcpy(out->array.reals, t->reals, out->array.count * sizeof(double));
  } else if (out->array.count > 0) {
    memcpy(out->array.integers, t->integers, out->array.count * sizeof(int64_t));
  }
  return true;
}

// ---- statements

static void store(machine *m, memory *x, int64_t place, st_number v) {
  v = st_stored(x->array.type, v);
  if (x->array.type.kind == ST_CLASS_REAL) {
    x->array.reals[place] = v.kind == ST_CLASS_REAL ? v.r : (double)v.i;
  } else {
    x->array.integers[place] = v.i;
  }
  if (x->written != NULL) x->written[place] = 1;
  (void)m;
}

static st_number current(const memory *x, int64_t place) {
  st_number v = {.kind = x->array.type.kind};
  if (v.kind == ST_CLASS_REAL) {
    v.r = x->array.reals[place];
  } else {
    v.i = x->array.integers[place];
  }
  return v;
}

static st_number as_target(st_number v, st_class kind) {
  if (kind == ST_CLASS_REAL && v.kind != ST_CLASS_REAL) v.r = (double)v.i;
  if (kind == ST_CLASS_BOOL && v.kind != ST_CLASS_BOOL) v.i = v.kind == ST_CLASS_REAL ? v.r != 0 : v.i != 0;
  v.kind = kind;
  return v;
}

static void make_element(machine *m, const st_statement *s) {
  static const st_op ops[] = {[ST_PLUS] = ST_ADD, [ST_TIMES] = ST_MUL, [ST_RAISE] = ST_MAX, [ST_LOWER] = ST_MIN};
  memory *x = ref_memory(m, s->target);
  st_number v = as_target(ref_value(m, s->value), s->target->type.kind);
  int64_t place = ref_place(m, s->target, s->left);
  if (m->failed) return;
  if (place < 0) {
    ref_fail(m, s->loc, "a write is outside of '%s'", s->target->name);
    return;
  }
  if (s->kind == ST_UPDATE && s->update != ST_SET) {
    st_number pair[] = {current(x, place), v};
    st_class kind = v.kind == ST_CLASS_BOOL ? ST_CLASS_INT : v.kind;
    bool wrapped = false;
    v = as_target(st_apply(ops[s->update], ELEM_F32, kind, pair, &wrapped), v.kind);
  }
  store(m, x, place, v);
}

static void elements(machine *m, const st_statement *s, size_t i) {
  int64_t count;
  if (m->failed) return;
  if (i == s->index_count) {
    make_element(m, s);
    return;
  }
  if (!ref_size(m, s->indices[i]->count, s->loc, &count)) return;
  for (int64_t k = 0; k < count && !m->failed; k++) {
    ref_set_index(m, s->indices[i], k);
    elements(m, s, i + 1);
  }
}

// Arguments come before what uses them, so each expression is looked at once.
static bool reads(machine *m, const st_expr *e, const st_tensor *t) {
  if (m->counted[e->id] == m->time) return false;
  m->counted[e->id] = m->time;
  if (e->op == ST_READ && e->tensor == t) return true;
  for (size_t i = 0; i < e->arg_count; i++) {
    if (reads(m, e->args[i], t)) return true;
  }
  return false;
}

static bool reads_what_it_changes(machine *m, const st_statement *s) {
  m->time++;
  bool found = s->kind == ST_UPDATE && reads(m, s->value, s->target);
  for (unsigned i = 0; i < s->target->rank && s->kind == ST_UPDATE; i++)
    found = found || reads(m, s->left[i], s->target);
  return found;
}

static bool make_target(machine *m, const st_tensor *t, bool in_loop) {
  memory *x = ref_memory(m, t);
  if (x->array.dims != NULL) return true;
  if (!make_memory(m, t, x)) return false;
  if (in_loop) x->written = ARENA_ARRAY(m->mem, uint8_t, x->array.count + 1);
  return true;
}

static void run_statement(machine *m, const st_statement *s, bool in_loop) {
  int64_t count;
  if (s->kind == ST_LOOP) {
    if (!ref_size(m, s->round->count, s->loc, &count)) return;
    for (size_t i = 0; i < s->body_count; i++) { // earlier rounds of all of them may be read
      if (s->body[i]->kind != ST_LOOP && !make_target(m, s->body[i]->target, true)) return;
    }
    for (int64_t t = 0; t < count && !m->failed; t++) {
      ref_set_index(m, s->round, t);
      for (size_t i = 0; i < s->body_count && !m->failed; i++) run_statement(m, s->body[i], true);
    }
    return;
  }
  if (!make_target(m, s->target, in_loop)) return;
  m->keeps = !reads_what_it_changes(m, s);
  m->began = ++m->time;
  ref_prepare(m, s->value);
  for (unsigned i = 0; i < s->target->rank; i++) ref_prepare(m, s->left[i]);
  elements(m, s, 0);
}

static bool check_requires(machine *m) {
  for (size_t i = 0; i < m->c->requires.len; i++) {
    const st_require *r = &m->c->requires.data[i];
    int64_t value;
    if (!ref_size(m, r->condition, r->loc, &value)) return false;
    if (value == 0) ref_fail(m, r->loc, "%s", r->message);
  }
  return !m->failed;
}

bool st_run(diag *d, arena *a, const st_computation *c, const int64_t *symbols, const st_array *inputs,
            st_array *results) {
  machine m = {.d = d, .mem = a, .c = c, .symbols = symbols, .words = c->index_count / 64 + 1};
  m.inputs = ARENA_ARRAY(a, memory, c->inputs.len);
  m.constants = ARENA_ARRAY(a, memory, c->constants.len);
  m.locals = ARENA_ARRAY(a, memory, c->locals.len);
  m.indices = ARENA_ARRAY(a, int64_t, c->index_count + 1);
  m.changed = ARENA_ARRAY(a, uint64_t, m.words * 64);
  m.values = ARENA_ARRAY(a, cached, c->expr_count + 1);
  m.counted = ARENA_ARRAY(a, uint64_t, c->expr_count + 1);
  m.uses = ARENA_ARRAY(a, unsigned, c->expr_count + 1);
  m.depends = ARENA_ARRAY(a, uint64_t *, c->expr_count + 1);
  if (!check_requires(&m)) return false;
  for (size_t i = 0; i < c->inputs.len; i++) {
    if (!check_input(&m, c->inputs.data[i], &inputs[i], &m.inputs[i])) return false;
  }
  for (size_t i = 0; i < c->constants.len; i++) {
    if (!take_constant(&m, c->constants.data[i], &m.constants[i])) return false;
  }
  for (size_t i = 0; i < c->statements.len && !m.failed; i++) run_statement(&m, c->statements.data[i], false);
  for (size_t i = 0; i < c->results.len && !m.failed; i++) results[i] = ref_memory(&m, c->results.data[i])->array;
  return !m.failed;
}
