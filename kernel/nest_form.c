// What is known of a statement's expressions before its kernel is written: which indices they depend on, which integers
// are linear in them, and which reads never leave their tensor.
#include "kernel/nest_inside.h"

#include <string.h>

// ---- dependence

static bool has_bit(const uint64_t *bits, unsigned i) { return (bits[i / 64] >> i % 64 & 1) != 0; }

static void set_bit(uint64_t *bits, unsigned i) { bits[i / 64] |= UINT64_C(1) << i % 64; }

static void clear_bit(uint64_t *bits, unsigned i) { bits[i / 64] &= ~(UINT64_C(1) << i % 64); }

static void note_read(nest *n, const st_expr *read);

void nest_note_all(nest *n, const st_expr *e) {
  nest_note *note = &n->notes[e->id];
  if (note->depends != NULL) return;
  note->depends = ARENA_ARRAY(n->mem, uint64_t, n->words);
  if (e->op == ST_INDEX) set_bit(note->depends, e->index->number);
  for (size_t i = 0; i < e->arg_count; i++) {
    nest_note_all(n, e->args[i]);
    const uint64_t *more = n->notes[e->args[i]->id].depends;
    for (size_t w = 0; w < n->words; w++) note->depends[w] |= more[w];
  }
  for (size_t i = 0; i < e->index_count; i++) clear_bit(note->depends, e->indices[i]->number);
  if (e->op == ST_READ) note_read(n, e);
  note->is_unsafe = note->has_edge;
  for (size_t i = e->op == ST_ELSE ? 1 : 0; i < e->arg_count; i++) {
    note->is_unsafe = note->is_unsafe || n->notes[e->args[i]->id].is_unsafe;
  }
}

bool nest_depends(const nest *n, const st_expr *e, const st_index *index) {
  return has_bit(n->notes[e->id].depends, index->number);
}

bool nest_is_ready(const nest *n, const st_expr *e) {
  const uint64_t *depends = n->notes[e->id].depends;
  for (unsigned i = 0; i < n->c->index_count; i++) {
    if (has_bit(depends, i) && !n->places[i].open) return false;
  }
  return true;
}

// ---- linear integers

static nest_linear constant_of(const extent *rest) { return (nest_linear){.is_linear = rest != NULL, .rest = rest}; }

static extent_pool *pool(const nest *n) { return n->c->sizes; }

static const nest_linear not_linear = {.is_linear = false};

static void add_factor(nest *n, nest_linear *l, const st_index *index, const extent *coefficient) {
  for (size_t i = 0; i < l->count; i++) {
    if (l->factors[i].index != index) continue;
    l->factors[i].coefficient = extent_add(pool(n), l->factors[i].coefficient, coefficient);
    if (l->factors[i].coefficient == NULL) l->is_linear = false;
    return;
  }
  l->factors[l->count++] = (nest_factor){index, coefficient};
}

nest_linear nest_combine(nest *n, const nest_linear *a, const nest_linear *b, const extent *scale) {
  if (!a->is_linear || !b->is_linear || scale == NULL) return not_linear;
  nest_linear sum = {.is_linear = true, .factors = ARENA_ARRAY(n->mem, nest_factor, a->count + b->count)};
  const extent *rest = extent_mul(pool(n), b->rest, scale);
  sum.rest = rest == NULL ? NULL : extent_add(pool(n), a->rest, rest);
  for (size_t i = 0; i < a->count; i++) add_factor(n, &sum, a->factors[i].index, a->factors[i].coefficient);
  for (size_t i = 0; i < b->count; i++) {
    const extent *coefficient = extent_mul(pool(n), b->factors[i].coefficient, scale);
    if (coefficient == NULL) return not_linear;
    add_factor(n, &sum, b->factors[i].index, coefficient);
  }
  sum.is_linear = sum.is_linear && sum.rest != NULL;
  return sum;
}

static nest_linear linear_sum(nest *n, const st_expr *e, int64_t sign) {
  nest_linear a = nest_linear_of(n, e->args[0]);
  nest_linear b = nest_linear_of(n, e->args[1]);
  return nest_combine(n, &a, &b, extent_constant(pool(n), sign));
}

static nest_linear linear_product(nest *n, const st_expr *e) {
  nest_linear a = nest_linear_of(n, e->args[0]);
  nest_linear b = nest_linear_of(n, e->args[1]);
  nest_linear zero = constant_of(extent_constant(pool(n), 0));
  if (!a.is_linear || !b.is_linear) return not_linear;
  if (a.count == 0) return nest_combine(n, &zero, &b, a.rest);
  return b.count == 0 ? nest_combine(n, &zero, &a, b.rest) : not_linear;
}

static nest_linear linear_index(nest *n, const st_expr *e) {
  nest_linear one = constant_of(extent_constant(pool(n), 0));
  one.factors = ARENA_ARRAY(n->mem, nest_factor, 1);
  add_factor(n, &one, e->index, extent_constant(pool(n), 1));
  return one;
}

static bool depends_on_any(const nest *n, const st_expr *e) {
  for (size_t w = 0; w < n->words; w++) {
    if (n->notes[e->id].depends[w] != 0) return true;
  }
  return false;
}

nest_linear nest_linear_of(nest *n, const st_expr *e) {
  nest_linear zero = constant_of(extent_constant(pool(n), 0));
  switch (e->op) {
  case ST_INDEX: return linear_index(n, e);
  case ST_ADD: return linear_sum(n, e, 1);
  case ST_SUB: return linear_sum(n, e, -1);
  case ST_MUL: return linear_product(n, e);
  case ST_NEG: {
    nest_linear x = nest_linear_of(n, e->args[0]);
    return nest_combine(n, &zero, &x, extent_constant(pool(n), -1));
  }
  default: return depends_on_any(n, e) ? not_linear : constant_of(st_as_extent(n->c, e));
  }
}

const extent *nest_coefficient(const nest_linear *l, const st_index *index) {
  for (size_t i = 0; i < l->count; i++) {
    if (l->factors[i].index == index) return l->factors[i].coefficient;
  }
  return NULL;
}

bool nest_is_one(const extent *e) {
  int64_t value;
  return e != NULL && extent_is_constant(e, &value) && value == 1;
}

// ---- reads

const extent *nest_stride(const nest *n, const st_tensor *t, size_t dim) {
  const extent *stride = extent_constant(pool(n), 1);
  for (size_t i = dim + 1; i < t->rank && stride != NULL; i++) stride = extent_mul(pool(n), stride, t->dims[i]);
  return stride;
}

// A tensor of ranges is read at integers whose least and greatest value are known; else sizes prove it.
bool nest_is_inside(const nest *n, const st_expr *read, size_t dim) {
  const st_expr *at = read->args[dim];
  const extent *size = read->tensor->dims[dim];
  int64_t count;
  if (extent_is_constant(size, &count) && at->low >= 0 && at->high < count) return true;
  if (at->op == ST_INDEX && at->index->count == size) return true;
  const extent *place = st_as_extent(n->c, at);
  if (place == NULL) return false;
  return extent_proves(pool(n), extent_constant(pool(n), 0), EXTENT_LE, place) == EXTENT_YES &&
         extent_proves(pool(n), place, EXTENT_LT, size) == EXTENT_YES;
}

static nest_linear address_of(nest *n, const st_expr *read) {
  nest_linear sum = constant_of(extent_constant(pool(n), 0));
  for (size_t i = 0; i < read->arg_count && sum.is_linear; i++) {
    nest_linear part = nest_linear_of(n, read->args[i]);
    sum = nest_combine(n, &sum, &part, nest_stride(n, read->tensor, i));
  }
  return sum;
}

static void note_read(nest *n, const st_expr *read) {
  nest_note *note = &n->notes[read->id];
  for (size_t i = 0; i < read->arg_count; i++) {
    if (!nest_is_inside(n, read, i)) note->has_edge = true;
  }
  note->address = note->has_edge ? not_linear : address_of(n, read);
  note->is_dense = note->address.is_linear;
}

bool nest_is_contiguous(nest *n, const st_expr *read, const st_index *index) {
  size_t last = read->arg_count;
  if (last == 0) return false;
  for (size_t i = 0; i + 1 < last; i++) {
    if (nest_depends(n, read->args[i], index)) return false;
  }
  nest_linear l = nest_linear_of(n, read->args[last - 1]);
  return l.is_linear && nest_is_one(nest_coefficient(&l, index));
}

static void count_reads(nest *n, const st_expr *e, const st_index *index, unsigned *reads, unsigned *contiguous) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk || !nest_depends(n, e, index)) return;
  note->seen = n->walk;
  if (e->op == ST_READ) {
    *reads += 1;
    if (nest_is_contiguous(n, e, index)) *contiguous += 1;
  }
  for (size_t i = 0; i < e->arg_count; i++) count_reads(n, e->args[i], index, reads, contiguous);
}

void nest_count_reads(nest *n, const st_expr *e, const st_index *index, unsigned *reads, unsigned *contiguous) {
  *reads = *contiguous = 0;
  n->walk++;
  count_reads(n, e, index, reads, contiguous);
}
