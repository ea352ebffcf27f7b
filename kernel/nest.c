// Kernels of statements: the loops over the target's indices, and the store.
#include "kernel/nest.h"

#include <string.h>

#include "kernel/emit_code.h"
#include "kernel/nest_inside.h"

// ---- what a kernel is given

static elem_type exact_storage(const st_computation *c, const st_tensor *t) {
  (void)c;
  if (t->type.kind == ST_CLASS_REAL) return ELEM_F32;
  return t->low >= INT32_MIN && t->high <= INT32_MAX ? ELEM_I32 : ELEM_I64;
}

elem_type nest_storage(const st_computation *c, const st_tensor *t) {
  if (t->type.kind == ST_CLASS_BOOL) return ELEM_U8;
  if (t->type.stored) return t->type.elem;
  if (t->type.kind == ST_CLASS_REAL && c->has_doubles) return ELEM_F64;
  return exact_storage(c, t);
}

ir_value *nest_buffer(nest *n, const st_tensor *t) {
  for (size_t i = 0; i < n->tensors.len; i++) {
    if (n->tensors.data[i] == t) return n->buffers.data[i];
  }
  ir_value *buffer = ARENA_NEW(n->mem, ir_value);
  buffer->type = ir_buffer();
  vec_push(n->mem, &n->tensors, t);
  vec_push(n->mem, &n->buffers, buffer);
  return buffer;
}

ir_value *nest_size(nest *n, const extent *e) {
  int64_t value;
  if (extent_is_constant(e, &value)) return lo_index(&n->b, (uint64_t)value);
  for (size_t i = 0; i < n->sizes.len; i++) {
    if (n->sizes.data[i] == e) return n->size_values.data[i];
  }
  ir_value *size = ARENA_NEW(n->mem, ir_value);
  size->type = ir_index();
  vec_push(n->mem, &n->sizes, e);
  vec_push(n->mem, &n->size_values, size);
  return size;
}

void nest_fail(nest *n, src_loc loc, const char *what) {
  if (!n->failed) diag_error(n->d, loc, "%s cannot be compiled yet", what);
  n->failed = true;
}

// ---- values and the blocks they are in

size_t nest_mark(const nest *n) { return n->log.len; }

void nest_forget(nest *n, size_t mark) {
  while (n->log.len > mark) n->values[n->log.data[--n->log.len]] = (nest_value){0};
}

static void hoist(nest *n, const st_expr *e) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk || n->values[e->id].value != NULL) return;
  note->seen = n->walk;
  if (!nest_is_ready(n, e) || note->is_unsafe) {
    if (e->op == ST_READ && note->is_dense) return; // its address is made of indices alone
    for (size_t i = 0; i < e->arg_count; i++) hoist(n, e->args[i]);
  } else if (e->arg_count > 0) {
    vec_push(n->mem, &n->ready, e);
  }
}

// Marks belong to one walk, and what is written walks itself: so it is listed first.
void nest_hoist(nest *n, const st_expr *e) {
  size_t first = n->ready.len;
  n->walk++;
  hoist(n, e);
  size_t last = n->ready.len;
  for (size_t i = first; i < last; i++) nest_value_of(n, n->ready.data[i]);
  n->ready.len = first;
}

// ---- the shape of the loops

typedef struct shape {
  const st_statement *s;
  nest_linear target;
  const st_index *lane; // NULL: elements are made one by one
  size_t outer_count;   // indices that have a loop of their own, outermost first
  const st_index **outer;
  size_t shared;          // of them are in the work range
  const extent *elements; // of the lane's loop
  size_t joined_count;    // indices that the lane's loop takes with it
  const st_index **joined;
} shape;

static nest_linear target_place(nest *n, const st_statement *s) {
  st_expr read = {.op = ST_READ, .tensor = s->target, .arg_count = s->target->rank, .args = s->left};
  nest_linear sum = {.is_linear = true, .rest = extent_constant(n->c->sizes, 0)};
  for (size_t i = 0; i < read.arg_count && sum.is_linear; i++) {
    nest_linear part = nest_linear_of(n, s->left[i]);
    sum = nest_combine(n, &sum, &part, nest_stride(n, s->target, i));
  }
  return sum;
}

static bool is_single(const extent *e) {
  int64_t value;
  return extent_is_constant(e, &value) && value == 1;
}

static const st_index *lane_candidate(const shape *f) {
  const st_index *best = NULL;
  for (size_t i = 0; i < f->s->index_count; i++) {
    const st_index *index = f->s->indices[i];
    if (!nest_is_one(nest_coefficient(&f->target, index))) continue;
    if (best == NULL || is_single(best->count) || !is_single(index->count)) best = index;
  }
  // Updates are made in order, the last index fastest.
  if (f->s->kind == ST_UPDATE && best != NULL && best != f->s->indices[f->s->index_count - 1]) return NULL;
  return best;
}

// Whether a sum that differs from lane to lane would rather run along memory itself.
static bool sums_run_otherwise(nest *n, const st_expr *e, const st_index *lane) {
  if (!nest_depends(n, e, lane)) return false;
  if (e->op >= ST_SUM && e->op <= ST_ALL) {
    unsigned reads;
    unsigned contiguous;
    nest_count_reads(n, e->args[0], lane, &reads, &contiguous);
    for (size_t i = 0; i < e->index_count && contiguous < reads; i++) {
      unsigned own;
      unsigned own_contiguous;
      nest_count_reads(n, e->args[0], e->indices[i], &own, &own_contiguous);
      if (own > 0 && own == own_contiguous) return true;
    }
  }
  for (size_t i = 0; i < e->arg_count; i++) {
    if (sums_run_otherwise(n, e->args[i], lane)) return true;
  }
  return false;
}

static bool is_joinable(nest *n, const st_expr *e, const st_index *index, const st_index *lane, const extent *count) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk) return true;
  note->seen = n->walk;
  if (!nest_depends(n, e, index) && !nest_depends(n, e, lane)) return true;
  if (e->op == ST_INDEX) return false;
  if (e->op == ST_READ && note->is_dense) {
    const extent *outer = nest_coefficient(&note->address, index);
    const extent *inner = nest_coefficient(&note->address, lane);
    return inner != NULL && outer == extent_mul(n->c->sizes, count, inner);
  }
  for (size_t i = 0; i < e->arg_count; i++) {
    if (!is_joinable(n, e->args[i], index, lane, count)) return false;
  }
  return true;
}

// Neighbouring dimensions that everything reads as one are one loop.
static void join_indices(nest *n, shape *f) {
  f->joined = ARENA_ARRAY(n->mem, const st_index *, f->outer_count + 1);
  while (f->outer_count > 0) {
    const st_index *index = f->outer[f->outer_count - 1];
    if (nest_coefficient(&f->target, index) != f->elements) return;
    n->walk++;
    if (!is_joinable(n, f->s->value, index, f->lane, f->elements)) return;
    const extent *elements = extent_mul(n->c->sizes, index->count, f->elements);
    if (elements == NULL) return;
    f->joined[f->joined_count++] = index;
    f->outer_count--;
    f->elements = elements;
  }
}

// How many outer indices the work range may go over without a sum being computed again for each of them.
static void limit_shared(nest *n, const st_expr *e, const shape *f, size_t *shared) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk) return;
  note->seen = n->walk;
  if (e->op >= ST_SUM) {
    size_t level = 0;
    for (size_t i = 0; i < f->outer_count; i++) {
      if (nest_depends(n, e, f->outer[i])) level = i + 1;
    }
    bool own = f->lane != NULL && nest_depends(n, e, f->lane);
    if (!own && level < *shared) *shared = level;
  }
  for (size_t i = 0; i < e->arg_count; i++) limit_shared(n, e->args[i], f, shared);
}

static shape shape_of(nest *n, const st_statement *s) {
  shape f = {.s = s, .target = target_place(n, s)};
  f.lane = lane_candidate(&f);
  if (f.lane != NULL && sums_run_otherwise(n, s->value, f.lane)) f.lane = NULL;
  f.outer = ARENA_ARRAY(n->mem, const st_index *, s->index_count + 1);
  for (size_t i = 0; i < s->index_count; i++) {
    if (s->indices[i] != f.lane) f.outer[f.outer_count++] = s->indices[i];
  }
  if (f.lane != NULL) {
    f.elements = f.lane->count;
    if (s->kind == ST_DEFINE) join_indices(n, &f);
  }
  f.shared = f.outer_count;
  n->walk++;
  limit_shared(n, s->value, &f, &f.shared);
  if (f.shared == 0 && f.outer_count > 0) f.shared = 1;
  return f;
}

// ---- one vector

static const struct {
  ir_opcode real, integer, truth;
} update_codes[] = {[ST_PLUS] = {IR_FADD, IR_ADD, IR_OR},
                    [ST_TIMES] = {IR_FMUL, IR_MUL, IR_AND},
                    [ST_RAISE] = {IR_FMAXIMUM, IR_SMAX, IR_OR},
                    [ST_LOWER] = {IR_FMINIMUM, IR_SMIN, IR_AND}};

static ir_value *target_offset(nest *n, const shape *f, uint64_t bytes) {
  ir_value *place = lo_index(&n->b, 0);
  if (f->target.is_linear) {
    place = nest_linear_place(n, &f->target);
  } else {
    for (size_t i = 0; i < f->s->target->rank; i++) {
      place = lo_index_mul(&n->b, place, nest_size(n, f->s->target->dims[i]));
      place = lo_index_add(&n->b, place, nest_index_value(n, f->s->left[i]));
    }
  }
  return lo_index_scale(&n->b, place, bytes);
}

static st_class target_kind(const shape *f) { return f->s->target->type.kind; }

static ir_value *updated(nest *n, const shape *f, ir_value *buffer, ir_value *offset, elem_type storage, ir_value *v) {
  st_class kind = target_kind(f);
  ir_value *old = lo_load(&n->b, ir_vector(lo_lane_of(storage), v->type.lanes), buffer, offset, n->count);
  old = nest_load_as(n, storage, old, kind);
  ir_opcode code = kind == ST_CLASS_REAL  ? update_codes[f->s->update].real
                   : kind == ST_CLASS_INT ? update_codes[f->s->update].integer
                                          : update_codes[f->s->update].truth;
  return ir_emit2(&n->b, code, v->type, old, v);
}

static void make_elements(nest *n, const shape *f) {
  elem_type storage = nest_storage(n->c, f->s->target);
  ir_value *offset = target_offset(n, f, nest_storage_bytes(storage));
  ir_value *v = nest_convert(n, nest_lanes_of(n, f->s->value), f->s->value->kind, target_kind(f));
  ir_value *buffer = nest_buffer(n, f->s->target);
  if (f->s->kind == ST_UPDATE && f->s->update != ST_SET) v = updated(n, f, buffer, offset, storage, v);
  lo_store(&n->b, buffer, offset, nest_store_as(n, storage, v), n->count);
}

// ---- the loop of lanes

static void open_lane(nest *n, const shape *f, ir_value *at) {
  n->lane = f->lane;
  n->places[f->lane->number] = (nest_place){.open = true, .at = at};
  for (size_t i = 0; i < f->joined_count; i++) n->places[f->joined[i]->number] = (nest_place){.open = true};
}

static void close_lane(nest *n, const shape *f) {
  n->lane = NULL, n->count = NULL;
  n->places[f->lane->number].open = false;
  for (size_t i = 0; i < f->joined_count; i++) n->places[f->joined[i]->number].open = false;
}

static void lane_loop(nest *n, const shape *f, ir_value *lo, ir_value *hi, ir_value *end) {
  size_t mark = nest_mark(n);
  ir_loop loop = lo_begin_loop(&n->b, lo, hi, lo_index(&n->b, NEST_LANES));
  open_lane(n, f, loop.index);
  if (end != NULL) {
    ir_value *left = lo_index_sub(&n->b, end, loop.index);
    n->count = n->careful ? lo_index_min(&n->b, left, lo_index(&n->b, NEST_LANES)) : left;
  }
  make_elements(n, f);
  close_lane(n, f);
  nest_forget(n, mark);
  lo_end_loop(&n->b, loop);
}

static void lanes_between(nest *n, const shape *f, ir_value *lo, ir_value *hi) {
  ir_value *whole = lo_index_add(&n->b, lo, lo_index_floor(&n->b, lo_index_minus(&n->b, hi, lo), NEST_LANES));
  lane_loop(n, f, lo, whole, NULL);
  lane_loop(n, f, whole, hi, hi);
}

// Elements of the lane's loop whose neighbours in all reads with an edge along it are inside: from .. to.
typedef struct middle {
  bool any;  // there are such reads
  bool none; // where they are inside is not known
  const extent *from;
  const extent *to;
} middle;

static void narrow(nest *n, middle *m, const st_expr *read, const st_index *lane) {
  extent_pool *p = n->c->sizes;
  nest_linear l = nest_linear_of(n, read->args[read->arg_count - 1]);
  const extent *rest = l.rest;
  for (size_t i = 0; i < l.count && rest != NULL; i++) {
    if (l.factors[i].index == lane) continue;
    const extent *part = extent_mul(p, l.factors[i].coefficient, l.factors[i].index->symbol);
    rest = part == NULL ? NULL : extent_add(p, rest, part);
  }
  const extent *low = rest == NULL ? NULL : extent_lowest(p, rest);
  const extent *high = rest == NULL ? NULL : extent_highest(p, rest);
  m->none = m->none || low == NULL || high == NULL;
  if (m->none) return;
  const extent *zero = extent_constant(p, 0);
  const extent *to = extent_max(p, zero, extent_sub(p, read->tensor->dims[read->arg_count - 1], high));
  m->from = extent_max(p, m->from, extent_sub(p, zero, low));
  m->to = extent_min(p, m->to, to);
}

static void find_middle(nest *n, middle *m, const st_expr *e, const st_index *lane) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk) return;
  note->seen = n->walk;
  if (e->op == ST_READ && note->has_edge && nest_is_contiguous(n, e, lane) && !nest_is_inside(n, e, e->arg_count - 1)) {
    m->any = true;
    narrow(n, m, e, lane);
  }
  for (size_t i = 0; i < e->arg_count; i++) find_middle(n, m, e->args[i], lane);
}

// The careful part before the middle and that behind it are two turns of one loop.
static void lanes_at_edges(nest *n, const shape *f, const middle *m, ir_value *lo, ir_value *hi) {
  ir_builder *b = &n->b;
  ir_value *from = lo;
  ir_value *to = hi;
  if (!m->none) {
    from = lo_index_min(b, lo_index_max(b, nest_size(n, m->from), lo), hi);
    to = lo_index_max(b, lo_index_min(b, nest_size(n, m->to), hi), from);
    lanes_between(n, f, from, to);
  } else {
    to = lo;
    from = lo;
  }
  size_t mark = nest_mark(n);
  ir_loop part = lo_begin_loop(b, lo_index(b, 0), lo_index(b, 2), lo_index(b, 1));
  ir_value *begin = lo_index_add(b, lo, lo_index_mul(b, part.index, lo_index_sub(b, to, lo)));
  ir_value *end = lo_index_add(b, from, lo_index_mul(b, part.index, lo_index_sub(b, hi, from)));
  n->careful = true;
  lane_loop(n, f, begin, end, end);
  n->careful = false;
  nest_forget(n, mark);
  lo_end_loop(b, part);
}

static void make_row(nest *n, const shape *f, ir_value *lo, ir_value *hi) {
  if (f->lane == NULL) {
    make_elements(n, f);
    return;
  }
  middle m = {.from = extent_constant(n->c->sizes, 0), .to = f->elements};
  n->walk++;
  find_middle(n, &m, f->s->value, f->lane);
  nest_hoist(n, f->s->value);
  if (m.any) {
    lanes_at_edges(n, f, &m, lo, hi);
  } else {
    lanes_between(n, f, lo, hi);
  }
}

// ---- the loops outside of it

static void outer_loops(nest *n, const shape *f, size_t level, ir_value *lo, ir_value *hi) {
  if (level == f->outer_count) {
    make_row(n, f, lo, hi);
    return;
  }
  const st_index *index = f->outer[level];
  nest_hoist(n, f->s->value);
  size_t mark = nest_mark(n);
  ir_loop loop = lo_begin_loop(&n->b, lo_index(&n->b, 0), nest_size(n, index->count), lo_index(&n->b, 1));
  n->places[index->number] = (nest_place){.open = true, .at = loop.index};
  outer_loops(n, f, level + 1, lo, hi);
  n->places[index->number].open = false;
  nest_forget(n, mark);
  lo_end_loop(&n->b, loop);
}

static ir_value *all_elements(nest *n, const shape *f) { return f->lane == NULL ? NULL : nest_size(n, f->elements); }

// The loop over the work range, whose number is split into the indices that share it.
static void shared_loop(nest *n, const shape *f, ir_value *begin, ir_value *end) {
  ir_builder *b = &n->b;
  nest_hoist(n, f->s->value);
  size_t mark = nest_mark(n);
  ir_loop loop = lo_begin_loop(b, begin, end, lo_index(b, 1));
  ir_value *left = loop.index;
  for (size_t i = f->shared; i-- > 0;) {
    ir_value *count = nest_size(n, f->outer[i]->count);
    ir_value *at = i == 0 ? left : lo_index_rem(b, left, count);
    if (i > 0) left = lo_index_div(b, left, count);
    n->places[f->outer[i]->number] = (nest_place){.open = true, .at = at};
  }
  outer_loops(n, f, f->shared, lo_index(b, 0), all_elements(n, f));
  for (size_t i = 0; i < f->shared; i++) n->places[f->outer[i]->number].open = false;
  nest_forget(n, mark);
  lo_end_loop(b, loop);
}

// ---- statements

static const extent *product(nest *n, const st_index *const *indices, size_t count) {
  const extent *all = extent_constant(n->c->sizes, 1);
  for (size_t i = 0; i < count && all != NULL; i++) all = extent_mul(n->c->sizes, all, indices[i]->count);
  return all;
}

static bool reads(const st_expr *e, const st_tensor *t) {
  if (e->op == ST_READ && e->tensor == t) return true;
  for (size_t i = 0; i < e->arg_count; i++) {
    if (reads(e->args[i], t)) return true;
  }
  return false;
}

static bool check_target(nest *n, const st_statement *s) {
  st_expr write = {.op = ST_READ, .tensor = s->target, .arg_count = s->target->rank, .args = s->left};
  for (size_t i = 0; i < s->target->rank; i++) {
    if (!nest_is_inside(n, &write, i)) nest_fail(n, s->loc, "a write that may be outside of its tensor");
  }
  if (s->kind == ST_UPDATE && reads(s->value, s->target)) nest_fail(n, s->loc, "an update that reads what it changes");
  return !n->failed;
}

static void note_statement(nest *n, const st_statement *s) {
  if (s->kind == ST_LOOP) {
    for (size_t i = 0; i < s->body_count; i++) note_statement(n, s->body[i]);
    return;
  }
  nest_note_all(n, s->value);
  for (size_t i = 0; i < s->target->rank; i++) nest_note_all(n, s->left[i]);
}

// All of a statement, on one thread.
static void whole_statement(nest *n, const st_statement *s) {
  if (s->kind == ST_LOOP) {
    size_t mark = nest_mark(n);
    ir_loop loop = lo_begin_loop(&n->b, lo_index(&n->b, 0), nest_size(n, s->round->count), lo_index(&n->b, 1));
    n->places[s->round->number] = (nest_place){.open = true, .at = loop.index};
    for (size_t i = 0; i < s->body_count; i++) whole_statement(n, s->body[i]);
    n->places[s->round->number].open = false;
    nest_forget(n, mark);
    lo_end_loop(&n->b, loop);
    return;
  }
  if (!check_target(n, s)) return;
  size_t mark = nest_mark(n);
  shape f = shape_of(n, s);
  outer_loops(n, &f, 0, lo_index(&n->b, 0), all_elements(n, &f));
  nest_forget(n, mark); // other statements may change what was read
}

static bool has_shared_sum(nest *n, const shape *f) {
  size_t shared = 1;
  n->walk++;
  limit_shared(n, f->s->value, f, &shared);
  return shared == 0;
}

// The kernel's work range, and its loops.
static void shared_statement(nest *n, const st_statement *s, ir_value *begin, ir_value *end, nest_kernel *out) {
  extent_pool *p = n->c->sizes;
  if (s->kind != ST_DEFINE || !check_target(n, s)) {
    if (!n->failed) {
      ir_loop once = lo_begin_loop(&n->b, begin, end, lo_index(&n->b, 1));
      whole_statement(n, s);
      lo_end_loop(&n->b, once);
    }
    out->work = out->piece = extent_constant(p, 1);
    return;
  }
  shape f = shape_of(n, s);
  const extent *all = product(n, s->indices, s->index_count);
  if (f.outer_count > 0 || f.lane == NULL || has_shared_sum(n, &f)) {
    out->work = product(n, f.outer, f.shared);
    out->piece =
        all == NULL || out->work == NULL ? NULL : extent_div(p, all, extent_max(p, out->work, extent_constant(p, 1)));
    shared_loop(n, &f, begin, end);
    return;
  }
  const extent *lanes = extent_constant(p, NEST_LANES);
  out->work = extent_div(p, extent_add(p, f.elements, extent_constant(p, NEST_LANES - 1)), lanes);
  out->piece = lanes;
  ir_value *from = lo_index_scale(&n->b, begin, NEST_LANES);
  ir_value *to = lo_index_min(&n->b, lo_index_scale(&n->b, end, NEST_LANES), nest_size(n, f.elements));
  make_row(n, &f, from, to);
}

// ---- the function

static void widen_types(nest *n, const st_expr *e) {
  nest_note *note = &n->notes[e->id];
  if (note->seen == n->walk) return;
  note->seen = n->walk;
  if (e->op == ST_READ && nest_storage(n->c, e->tensor) == ELEM_F64) n->real = ELEM_F64;
  bool wide = e->kind == ST_CLASS_INT && (e->low < INT32_MIN || e->high > INT32_MAX);
  bool typed = e->op >= ST_TO && e->op <= ST_DECODED && elem_get(e->elem)->kind != ELEM_KIND_FLOAT;
  if (wide || (typed && elem_get(e->elem)->bits > 32)) n->integer = ELEM_I64;
  for (size_t i = 0; i < e->arg_count; i++) widen_types(n, e->args[i]);
}

static void choose_types(nest *n, const st_statement *s) {
  if (s->kind == ST_LOOP) {
    for (size_t i = 0; i < s->body_count; i++) choose_types(n, s->body[i]);
    return;
  }
  n->walk++;
  widen_types(n, s->value);
  elem_type storage = nest_storage(n->c, s->target);
  if (storage == ELEM_F64) n->real = ELEM_F64;
  if (storage == ELEM_I64 || storage == ELEM_U64) n->integer = ELEM_I64;
}

static void set_params(nest *n, ir_func *f, ir_value *begin, ir_value *end) {
  ir_block *block = f->body;
  block->params = ARENA_ARRAY(n->b.mem, ir_value *, n->buffers.len + n->sizes.len + 2);
  block->param_count = 0;
  for (size_t i = 0; i < n->buffers.len; i++) block->params[block->param_count++] = n->buffers.data[i];
  for (size_t i = 0; i < n->sizes.len; i++) block->params[block->param_count++] = n->size_values.data[i];
  block->params[block->param_count++] = begin;
  block->params[block->param_count++] = end;
  block->param_room = block->param_count;
}

bool nest_emit(diag *d, ir_module *m, const st_computation *c, const st_statement *s, const char *name,
               nest_kernel *out) {
  nest n = {.mem = m->mem,
            .d = d,
            .c = c,
            .s = s,
            .words = (c->index_count + 63) / 64 + 1,
            .real = ELEM_F32,
            .integer = ELEM_I32};
  n.notes = ARENA_ARRAY(m->mem, nest_note, c->expr_count + 1);
  n.values = ARENA_ARRAY(m->mem, nest_value, c->expr_count + 1);
  n.places = ARENA_ARRAY(m->mem, nest_place, c->index_count + 1);
  ir_func *f = ir_func_new(m, name, IR_FUNC_KERNEL);
  n.b = (ir_builder){.mem = m->mem, .func = f, .block = f->body};
  ir_value *begin = ir_add_param(&n.b, f->body, ir_index(), "begin");
  ir_value *end = ir_add_param(&n.b, f->body, ir_index(), "end");
  note_statement(&n, s);
  choose_types(&n, s);
  if (s->kind != ST_LOOP) nest_buffer(&n, s->target);
  shared_statement(&n, s, begin, end, out);
  lo_end_kernel(&n.b);
  if (n.failed) return false;
  set_params(&n, f, begin, end);
  out->func = f;
  out->buffer_count = n.tensors.len;
  out->buffers = n.tensors.data;
  out->size_count = n.sizes.len;
  out->sizes = n.sizes.data;
  return true;
}
