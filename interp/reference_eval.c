// Expressions, element by element. A value that several places use is kept until an index that it depends on changes.
#include <math.h>
#include <stdarg.h>

#include "interp/reference_inside.h"

void ref_fail(machine *m, src_loc loc, const char *format, ...) {
  if (!m->failed) {
    va_list args;
    va_start(args, format);
    diag_error(m->d, loc, "%s", arena_vprintf(m->mem, format, args));
    va_end(args);
  }
  m->failed = true;
}

// ---- what is known of expressions

void ref_prepare(machine *m, const st_expr *e) {
  if (m->counted[e->id] != m->began) m->counted[e->id] = m->began, m->uses[e->id] = 0;
  if (m->uses[e->id]++ > 0) return;
  uint64_t *depends = m->depends[e->id];
  if (depends == NULL) depends = m->depends[e->id] = ARENA_ARRAY(m->mem, uint64_t, m->words);
  if (e->op == ST_INDEX) depends[e->index->number / 64] |= UINT64_C(1) << e->index->number % 64;
  for (size_t i = 0; i < e->arg_count; i++) {
    ref_prepare(m, e->args[i]);
    for (size_t w = 0; w < m->words; w++) depends[w] |= m->depends[e->args[i]->id][w];
  }
  for (size_t i = 0; i < e->index_count; i++) {
    depends[e->indices[i]->number / 64] &= ~(UINT64_C(1) << e->indices[i]->number % 64);
  }
}

void ref_set_index(machine *m, const st_index *index, int64_t value) {
  m->indices[index->number] = value;
  m->changed[index->number] = ++m->time;
}

static bool is_fresh(const machine *m, const st_expr *e, uint64_t time) {
  for (size_t w = 0; w < m->words; w++) {
    uint64_t bits = m->depends[e->id][w];
    for (; bits != 0; bits &= bits - 1) {
      if (m->changed[w * 64 + (size_t)__builtin_ctzll(bits)] > time) return false;
    }
  }
  return true;
}

// ---- reads

bool ref_size(machine *m, const extent *e, src_loc loc, int64_t *out) {
  size_t count = m->symbols == NULL ? 0 : extent_symbol_count(m->c->sizes);
  if (extent_evaluate(e, count, m->symbols, out) == EXTENT_OK) return true;
  ref_fail(m, loc, "a size cannot be computed: %s", extent_text(m->mem, e));
  return false;
}

memory *ref_memory(machine *m, const st_tensor *t) {
  return t->role == ST_INPUT      ? &m->inputs[t->number]
         : t->role == ST_CONSTANT ? &m->constants[t->number]
                                  : &m->locals[t->number];
}

int64_t ref_place(machine *m, const st_tensor *t, const st_expr *const *subscripts) {
  const memory *x = ref_memory(m, t);
  int64_t place = 0;
  for (unsigned i = 0; i < t->rank; i++) {
    int64_t at = ref_value(m, subscripts[i]).i;
    if (at < 0 || at >= x->array.dims[i]) return -1;
    place = place * x->array.dims[i] + at;
  }
  return place;
}

static const char *subscripts_text(machine *m, const st_expr *read) {
  strbuf out = {.mem = m->mem};
  for (size_t i = 0; i < read->arg_count; i++) {
    strbuf_printf(&out, "%s%lld", i == 0 ? "" : ", ", (long long)ref_value(m, read->args[i]).i);
  }
  return strbuf_text(&out);
}

static st_number read_element(machine *m, const st_expr *e) {
  st_number nothing = {.kind = e->kind};
  const memory *x = ref_memory(m, e->tensor);
  int64_t place = ref_place(m, e->tensor, e->args);
  if (m->failed) return nothing;
  if (m->outside && m->else_depth > 0) return nothing; // a subscript was, and the `else` decides
  if (place < 0 || (x->written != NULL && !x->written[place])) {
    if (m->else_depth > 0 && place < 0) {
      m->outside = true;
    } else {
      ref_fail(m, e->loc, place < 0 ? "a read at [%s] is outside of '%s'" : "[%s] of '%s' is read before it is written",
               subscripts_text(m, e), e->tensor->name);
    }
    return nothing;
  }
  st_number v = {.kind = e->kind};
  if (e->kind == ST_CLASS_REAL) {
    v.r = x->array.reals[place];
  } else {
    v.i = x->array.integers[place];
  }
  return v;
}

// ---- reductions

static st_number start_of(const st_expr *e) {
  st_number v = {.kind = e->kind};
  bool most = e->op == ST_GREATEST || e->op == ST_ARGMAX;
  bool least = e->op == ST_LEAST || e->op == ST_ARGMIN;
  if (e->op == ST_PROD) v.r = 1, v.i = 1;
  if (e->op == ST_ALL) v.i = 1;
  if (most || least) {
    v.kind = e->args[0]->kind;
    v.r = most ? -INFINITY : INFINITY;
    v.i = v.kind == ST_CLASS_BOOL ? least : most ? INT64_MIN : INT64_MAX;
  }
  return v;
}

typedef struct reduction {
  const st_expr *e;
  st_number value;
  int64_t position; // of the best so far
  int64_t at;       // of this element
} reduction;

static st_number as_kind(st_number v, st_class kind) {
  if (kind == ST_CLASS_REAL && v.kind != ST_CLASS_REAL) v.r = (double)v.i;
  v.kind = kind;
  return v;
}

static void take(machine *m, reduction *r) {
  static const st_op combines[] = {[ST_SUM] = ST_ADD, [ST_PROD] = ST_MUL, [ST_GREATEST] = ST_MAX, [ST_LEAST] = ST_MIN};
  st_number v = ref_value(m, r->e->args[0]);
  bool wrapped = false;
  switch (r->e->op) {
  case ST_ANY: r->value.i = r->value.i != 0 || v.i != 0; break;
  case ST_ALL: r->value.i = r->value.i != 0 && v.i != 0; break;
  case ST_ARGMAX:
  case ST_ARGMIN: {
    bool real = v.kind == ST_CLASS_REAL;
    bool no = r->e->op == ST_ARGMAX ? (real ? v.r <= r->value.r : v.i <= r->value.i)
                                    : (real ? v.r >= r->value.r : v.i >= r->value.i);
    bool ended = real && isnan(r->value.r); // the first that is no number wins
    if (!no && !ended) r->value = v, r->position = r->at;
    break;
  }
  default: {
    st_class kind = r->e->kind == ST_CLASS_BOOL ? ST_CLASS_INT : r->e->kind;
    st_number pair[] = {as_kind(r->value, kind), as_kind(v, kind)};
    r->value = as_kind(st_apply(combines[r->e->op], ELEM_F32, kind, pair, &wrapped), r->e->kind);
  }
  }
  r->at++;
}

static void go_over(machine *m, reduction *r, size_t i) {
  if (m->failed) return;
  if (i == r->e->index_count) {
    take(m, r);
    return;
  }
  int64_t count;
  if (!ref_size(m, r->e->indices[i]->count, r->e->loc, &count)) return;
  for (int64_t k = 0; k < count && !m->failed; k++) {
    ref_set_index(m, r->e->indices[i], k);
    go_over(m, r, i + 1);
  }
}

static st_number reduce(machine *m, const st_expr *e) {
  reduction r = {.e = e, .value = start_of(e)};
  go_over(m, &r, 0);
  if (e->op == ST_ARGMAX || e->op == ST_ARGMIN) return (st_number){.kind = ST_CLASS_INT, .i = r.position};
  return r.value;
}

// ---- operators

static st_number else_value(machine *m, const st_expr *e) {
  bool before = m->outside;
  m->outside = false;
  m->else_depth++;
  st_number v = ref_value(m, e->args[0]);
  m->else_depth--;
  bool outside = m->outside;
  m->outside = before;
  return as_kind(outside ? ref_value(m, e->args[1]) : v, e->kind);
}

static bool is_true(st_number v) { return v.kind == ST_CLASS_REAL ? v.r != 0 : v.i != 0; }

static st_number apply(machine *m, const st_expr *e) {
  st_number args[2] = {0};
  for (size_t i = 0; i < e->arg_count && i < 2; i++) args[i] = ref_value(m, e->args[i]);
  if ((e->op == ST_DIV || e->op == ST_MOD) && e->kind == ST_CLASS_INT && args[1].i == 0 && !m->outside) {
    ref_fail(m, e->loc, "a division by zero");
  }
  bool wrapped = false;
  return st_apply(e->op, e->elem, e->kind, args, &wrapped);
}

static st_number evaluate(machine *m, const st_expr *e) {
  switch (e->op) {
  case ST_BOOL:
  case ST_INT: return (st_number){.kind = e->kind, .i = e->i};
  case ST_REAL: return (st_number){.kind = e->kind, .r = e->r};
  case ST_SIZE: {
    st_number v = {.kind = ST_CLASS_INT};
    ref_size(m, e->size, e->loc, &v.i);
    return v;
  }
  case ST_INDEX: return (st_number){.kind = ST_CLASS_INT, .i = m->indices[e->index->number]};
  case ST_READ: return read_element(m, e);
  case ST_ELSE: return else_value(m, e);
  case ST_SELECT: return as_kind(ref_value(m, e->args[is_true(ref_value(m, e->args[0])) ? 1 : 2]), e->kind);
  case ST_BOTH:
  case ST_EITHER: {
    bool first = is_true(ref_value(m, e->args[0]));
    bool value = first == (e->op == ST_BOTH) ? is_true(ref_value(m, e->args[1])) : first;
    return (st_number){.kind = ST_CLASS_BOOL, .i = value};
  }
  default: return e->op >= ST_SUM ? reduce(m, e) : apply(m, e);
  }
}

st_number ref_value(machine *m, const st_expr *e) {
  bool kept = m->keeps && e->op >= ST_READ && (e->op >= ST_SUM || m->uses[e->id] > 1);
  if (m->failed || !kept) return evaluate(m, e);
  cached *known = &m->values[e->id];
  if (known->time >= m->began && is_fresh(m, e, known->time) && !(known->outside && m->else_depth == 0)) {
    m->outside = m->outside || known->outside;
    return known->value;
  }
  bool before = m->outside;
  m->outside = false;
  uint64_t begun = m->time;
  st_number v = evaluate(m, e);
  // Indices of reductions inside have changed since, but not those that the value depends on.
  *known = (cached){.time = begun, .value = v, .outside = m->outside};
  m->outside = m->outside || before;
  return v;
}
