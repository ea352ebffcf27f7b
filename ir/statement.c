// Making computations: equal expressions are one node, constants are computed, ranges of integers are kept.
#include "ir/statement.h"

#include <math.h>
#include <string.h>

#include "format/int_math.h"
#include "ir/statement_fold.h"

static const st_op_info infos[] = {
#define ST(id, text, arguments) {text, arguments},
#include "ir/statement.def"
#undef ST
};

const st_op_info *st_op_get_info(st_op op) { return &infos[op]; }

typedef struct st_interned {
  size_t count;
  size_t room;
  const st_expr **slots;
  VEC(const st_index *) by_atom; // indices by the number that extents give them
} st_interned;

st_computation *st_computation_new(arena *mem, extent_pool *sizes, const char *name) {
  st_computation *c = ARENA_NEW(mem, st_computation);
  c->mem = mem;
  c->sizes = sizes;
  c->name = arena_strdup(mem, name);
  c->interned = ARENA_NEW(mem, st_interned);
  return c;
}

// ---- unique nodes

static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * UINT64_C(0x9E3779B97F4A7C15) + (h >> 29); }

static uint64_t real_bits(double r) {
  uint64_t bits;
  memcpy(&bits, &r, sizeof bits);
  return bits;
}

static uint64_t hash_expr(const st_expr *e) {
  uint64_t h = mix((uint64_t)e->op + 1, (uint64_t)e->kind * 256 + (uint64_t)e->elem);
  h = mix(mix(h, (uint64_t)e->i), real_bits(e->r));
  h = mix(mix(mix(h, (uintptr_t)e->size), (uintptr_t)e->index), (uintptr_t)e->tensor);
  for (size_t i = 0; i < e->index_count; i++) h = mix(h, (uintptr_t)e->indices[i]);
  for (size_t i = 0; i < e->arg_count; i++) h = mix(h, e->args[i]->id + 1u);
  return h ^ h >> 31;
}

static bool same_expr(const st_expr *a, const st_expr *b) {
  if (a->op != b->op || a->kind != b->kind || a->elem != b->elem || a->i != b->i ||
      real_bits(a->r) != real_bits(b->r) || a->size != b->size || a->index != b->index || a->tensor != b->tensor ||
      a->index_count != b->index_count || a->arg_count != b->arg_count) {
    return false;
  }
  for (size_t i = 0; i < a->index_count; i++) {
    if (a->indices[i] != b->indices[i]) return false;
  }
  for (size_t i = 0; i < a->arg_count; i++) {
    if (a->args[i] != b->args[i]) return false;
  }
  return true;
}

static void grow(st_computation *c) {
  st_interned *t = c->interned;
  if (t->count * 2 < t->room) return;
  size_t room = t->room == 0 ? 256 : t->room * 2;
  const st_expr **slots = ARENA_ARRAY(c->mem, const st_expr *, room);
  for (size_t i = 0; i < t->room; i++) {
    if (t->slots[i] == NULL) continue;
    size_t at = hash_expr(t->slots[i]) & (room - 1);
    while (slots[at] != NULL) at = (at + 1) & (room - 1);
    slots[at] = t->slots[i];
  }
  t->slots = slots;
  t->room = room;
}

static const st_expr *intern(st_computation *c, const st_expr *e) {
  grow(c);
  st_interned *t = c->interned;
  size_t at = hash_expr(e) & (t->room - 1);
  for (; t->slots[at] != NULL; at = (at + 1) & (t->room - 1)) {
    if (same_expr(t->slots[at], e)) return t->slots[at];
  }
  st_expr *own = ARENA_NEW(c->mem, st_expr);
  *own = *e;
  own->id = c->expr_count++;
  own->args = arena_memdup(c->mem, e->args, e->arg_count * sizeof *e->args);
  own->indices = arena_memdup(c->mem, e->indices, e->index_count * sizeof *e->indices);
  st_find_range(own);
  t->count++;
  return t->slots[at] = own;
}

// ---- leaves

const st_expr *st_int(st_computation *c, int64_t value, src_loc loc) {
  return intern(c, &(st_expr){.op = ST_INT, .kind = ST_CLASS_INT, .i = value, .loc = loc});
}

const st_expr *st_real(st_computation *c, double value, src_loc loc) {
  return intern(c, &(st_expr){.op = ST_REAL, .kind = ST_CLASS_REAL, .r = value, .loc = loc});
}

static const st_expr *truth(st_computation *c, bool value, src_loc loc) {
  return intern(c, &(st_expr){.op = ST_BOOL, .kind = ST_CLASS_BOOL, .i = value, .loc = loc});
}

bool st_is_constant(const st_expr *e) { return e->op <= ST_REAL; }

const st_index *st_index_new(st_computation *c, const char *name, const extent *count, src_loc loc) {
  st_index *index = ARENA_NEW(c->mem, st_index);
  *index = (st_index){.name = arena_strdup(c->mem, name), .count = count, .number = c->index_count++, .loc = loc};
  index->symbol = extent_index(c->sizes, name, count);
  unsigned atom = extent_as_symbol(index->symbol)->number;
  while (c->interned->by_atom.len <= atom) vec_push(c->mem, &c->interned->by_atom, NULL);
  c->interned->by_atom.data[atom] = index;
  return index;
}

st_tensor *st_tensor_new(st_computation *c, st_role role, const char *name, st_type type, unsigned rank,
                         const extent *const *dims, src_loc loc) {
  st_tensor *t = ARENA_NEW(c->mem, st_tensor);
  *t = (st_tensor){.name = arena_strdup(c->mem, name), .role = role, .type = type, .rank = rank, .loc = loc};
  t->dims = arena_memdup(c->mem, dims, rank * sizeof *dims);
  t->low = INT64_MIN, t->high = INT64_MAX;
  if (type.kind == ST_CLASS_BOOL) t->low = 0, t->high = 1;
  if (type.kind == ST_CLASS_INT && type.stored) {
    bool whole = elem_get(type.elem)->bits == 64; // u64 keeps its bits
    t->low = whole ? INT64_MIN : elem_min(type.elem);
    t->high = whole ? INT64_MAX : elem_max(type.elem);
  }
  if (type.kind == ST_CLASS_REAL && type.stored && type.elem == ELEM_F64) c->has_doubles = true;
  if (role == ST_INPUT) {
    t->number = (unsigned)c->inputs.len;
    vec_push(c->mem, &c->inputs, t);
  } else if (role == ST_CONSTANT) {
    t->number = (unsigned)c->constants.len;
    vec_push(c->mem, &c->constants, t);
  } else {
    t->number = (unsigned)c->locals.len;
    vec_push(c->mem, &c->locals, t);
  }
  return t;
}

void st_set_type(st_computation *c, const st_tensor *local, st_type type) {
  st_tensor *t = (st_tensor *)(uintptr_t)local; // made here, and const to all others
  if (t->role != ST_LOCAL || t->type.kind != ST_CLASS_REAL || t->type.stored) return;
  t->type = type;
  if (type.stored && type.elem == ELEM_F64) c->has_doubles = true;
}

// ---- sizes and back

const extent *st_as_extent(const st_computation *c, const st_expr *e) {
  if (e->op == ST_INT) return extent_constant(c->sizes, e->i);
  if (e->op == ST_SIZE) return e->size;
  if (e->op == ST_INDEX) return e->index->symbol;
  static const struct {
    st_op op;
    const extent *(*make)(extent_pool *, const extent *, const extent *);
  } rows[] = {{ST_ADD, extent_add}, {ST_SUB, extent_sub}, {ST_MUL, extent_mul}, {ST_DIV, extent_div},
              {ST_MOD, extent_mod}, {ST_MIN, extent_min}, {ST_MAX, extent_max}};
  if (e->kind != ST_CLASS_INT) return NULL;
  if (e->op == ST_NEG) return extent_sub(c->sizes, extent_constant(c->sizes, 0), st_as_extent(c, e->args[0]));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].op != e->op) continue;
    const extent *x = st_as_extent(c, e->args[0]), *y = x == NULL ? NULL : st_as_extent(c, e->args[1]);
    bool divides = e->op == ST_DIV || e->op == ST_MOD;
    return y == NULL || (divides && y->least <= 0) ? NULL : rows[i].make(c->sizes, x, y);
  }
  return NULL;
}

static const extent *clamped(extent_pool *p, const extent *e) {
  return extent_max(p, extent_constant(p, 0), extent_min(p, extent_constant(p, 1), e));
}

static const extent *comparison(const st_computation *c, const st_expr *e) {
  extent_pool *p = c->sizes;
  const extent *one = extent_constant(p, 1);
  const extent *a = st_as_extent(c, e->args[0]);
  const extent *b = a == NULL ? NULL : st_as_extent(c, e->args[1]);
  if (b == NULL) return NULL;
  const extent *d = extent_sub(p, b, a);
  if (e->op == ST_EQ) return extent_sub(p, one, clamped(p, extent_max(p, d, extent_sub(p, a, b))));
  return clamped(p, e->op == ST_LT ? d : extent_add(p, d, one));
}

const extent *st_truth_extent(const st_computation *c, const st_expr *e) {
  extent_pool *p = c->sizes;
  if (e->op == ST_BOOL) return extent_constant(p, e->i);
  if (e->op == ST_LT || e->op == ST_LE || e->op == ST_EQ) return comparison(c, e);
  if (e->kind == ST_CLASS_INT) return st_as_extent(c, e);
  if (e->op != ST_BOTH && e->op != ST_EITHER && e->op != ST_LNOT) return NULL;
  const extent *a = st_truth_extent(c, e->args[0]);
  if (e->op == ST_LNOT) return a == NULL ? NULL : extent_sub(p, extent_constant(p, 1), a);
  const extent *b = st_truth_extent(c, e->args[1]);
  if (a == NULL || b == NULL) return NULL;
  return e->op == ST_BOTH ? extent_mul(p, a, b) : extent_max(p, a, b);
}

static const st_expr *pair(st_computation *c, st_op op, const st_expr *x, const st_expr *y, src_loc loc) {
  if (x == NULL || y == NULL) return NULL;
  return intern(
      c, &(st_expr){.op = op, .kind = ST_CLASS_INT, .arg_count = 2, .args = (const st_expr *[]){x, y}, .loc = loc});
}

static const st_expr *from_extent(st_computation *c, const extent *e, src_loc loc);

static const st_expr *from_atom(st_computation *c, const extent_atom *a, src_loc loc) {
  static const st_op ops[] = {
      [EXTENT_DIV] = ST_DIV, [EXTENT_MOD] = ST_MOD, [EXTENT_MIN] = ST_MIN, [EXTENT_MAX] = ST_MAX};
  if (a->kind != EXTENT_SYMBOL) {
    return pair(c, ops[a->kind], from_extent(c, a->left, loc), from_extent(c, a->right, loc), loc);
  }
  if (!a->symbol->is_index || a->symbol->number >= c->interned->by_atom.len) return NULL;
  const st_index *index = c->interned->by_atom.data[a->symbol->number];
  return intern(c, &(st_expr){.op = ST_INDEX, .kind = ST_CLASS_INT, .index = index, .loc = loc});
}

static const st_expr *from_term(st_computation *c, const extent_term *t, src_loc loc) {
  const st_expr *product = t->coefficient == 1 && t->product->factor_count > 0 ? NULL : st_int(c, t->coefficient, loc);
  for (unsigned i = 0; i < t->product->factor_count; i++) {
    const st_expr *factor = from_atom(c, t->product->factors[i], loc);
    if (factor == NULL) return NULL;
    product = product == NULL ? factor : pair(c, ST_MUL, factor, product, loc);
  }
  return product;
}

// An extent that depends on indices as a tree of its terms; what depends on symbols alone is one leaf.
static const st_expr *from_extent(st_computation *c, const extent *e, src_loc loc) {
  if (!extent_uses_indices(e)) return st_size(c, e, loc);
  const st_expr *sum = NULL;
  const extent *rest = extent_constant(c->sizes, 0);
  for (size_t i = 0; i < e->term_count; i++) {
    const extent_term *t = &e->terms[i];
    const extent *part = extent_constant(c->sizes, t->coefficient);
    for (unsigned k = 0; k < t->product->factor_count; k++) {
      part = extent_mul(c->sizes, part, extent_of_atom(c->sizes, t->product->factors[k]));
    }
    if (part == NULL) return NULL;
    if (!extent_uses_indices(part)) {
      rest = extent_add(c->sizes, rest, part);
      continue;
    }
    const st_expr *term = from_term(c, t, loc);
    if (term == NULL) return NULL;
    sum = sum == NULL ? term : pair(c, ST_ADD, sum, term, loc);
  }
  int64_t value;
  if (rest == NULL) return NULL;
  return extent_is_constant(rest, &value) && value == 0 ? sum : pair(c, ST_ADD, sum, st_size(c, rest, loc), loc);
}

const st_expr *st_size(st_computation *c, const extent *size, src_loc loc) {
  int64_t value;
  if (extent_is_constant(size, &value)) return st_int(c, value, loc);
  return intern(c, &(st_expr){.op = ST_SIZE, .kind = ST_CLASS_INT, .size = size, .loc = loc});
}

// ---- kinds

static st_class widest(const st_expr *e, size_t from) {
  st_class kind = ST_CLASS_BOOL;
  for (size_t i = from; i < e->arg_count; i++) kind = e->args[i]->kind > kind ? e->args[i]->kind : kind;
  return kind;
}

static bool is_float(elem_type type) { return elem_get(type)->kind == ELEM_KIND_FLOAT; }

static st_class at_least_integer(st_class kind) { return kind == ST_CLASS_BOOL ? ST_CLASS_INT : kind; }

static st_class kind_of(const st_expr *e) {
  switch (e->op) {
  case ST_READ: return e->tensor->type.kind;
  case ST_NEG:
  case ST_ADD:
  case ST_SUB:
  case ST_MUL:
  case ST_DIV:
  case ST_ABS:
  case ST_SUM:
  case ST_PROD: return at_least_integer(widest(e, 0));
  case ST_MIN:
  case ST_MAX:
  case ST_ELSE:
  case ST_GREATEST:
  case ST_LEAST: return widest(e, 0);
  case ST_SELECT: return widest(e, 1);
  case ST_LT:
  case ST_LE:
  case ST_EQ:
  case ST_LNOT:
  case ST_BOTH:
  case ST_EITHER:
  case ST_ISNAN:
  case ST_ISINF:
  case ST_ANY:
  case ST_ALL: return ST_CLASS_BOOL;
  case ST_MOD:
  case ST_NOT:
  case ST_SHL:
  case ST_SHR:
  case ST_AND:
  case ST_OR:
  case ST_XOR:
  case ST_TO_INT:
  case ST_ENCODING:
  case ST_ARGMAX:
  case ST_ARGMIN: return ST_CLASS_INT;
  case ST_TO:
  case ST_SATURATE:
  case ST_DECODED: return is_float(e->elem) ? ST_CLASS_REAL : ST_CLASS_INT;
  default: return e->op < ST_READ ? e->kind : ST_CLASS_REAL;
  }
}

// The kind that arguments are brought to, from which argument on.
static bool wants_reals(const st_expr *e, size_t *from) {
  *from = e->op == ST_SELECT ? 1 : 0;
  if (e->op == ST_TO_REAL || e->op == ST_TO_INT || e->op == ST_READ || e->op == ST_LNOT) return false;
  if (e->op == ST_LT || e->op == ST_LE || e->op == ST_EQ) return widest(e, 0) == ST_CLASS_REAL;
  if (e->op == ST_ISNAN || e->op == ST_ISINF) return true;
  if ((e->op == ST_TO || e->op == ST_SATURATE || e->op == ST_ENCODING) && is_float(e->elem)) return true;
  return e->op != ST_DECODED && e->kind == ST_CLASS_REAL;
}

static const st_expr *to_real(st_computation *c, const st_expr *x) {
  if (x->kind == ST_CLASS_REAL) return x;
  if (x->op == ST_INT || x->op == ST_BOOL) return st_real(c, (double)x->i, x->loc);
  return intern(c, &(st_expr){.op = ST_TO_REAL, .kind = ST_CLASS_REAL, .arg_count = 1, .args = &x, .loc = x->loc});
}

// ---- what vanishes

static bool is_number(const st_expr *e, double value) {
  return (e->op == ST_REAL && e->r == value) || (e->op == ST_INT && (double)e->i == value);
}

// An operation that leaves one of its arguments as it is; NULL when it does not.
static const st_expr *same_kind(const st_expr *e, st_class kind) {
  return e->kind == kind || kind == ST_CLASS_REAL ? e : NULL; // st_make brings numbers to reals
}

static const st_expr *vanishing(st_computation *c, const st_expr *e) {
  const st_expr *x = e->arg_count > 0 ? e->args[0] : NULL;
  const st_expr *y = e->arg_count > 1 ? e->args[1] : NULL;
  switch (e->op) {
  case ST_ADD:
    if (is_number(x, 0) && y->kind == e->kind) return y;
    return is_number(y, 0) && x->kind == e->kind ? x : NULL;
  case ST_SUB: return is_number(y, 0) && x->kind == e->kind ? x : NULL;
  case ST_MUL:
    if (is_number(x, 1) && y->kind == e->kind) return y;
    if (is_number(y, 1) && x->kind == e->kind) return x;
    return e->kind == ST_CLASS_INT && (is_number(x, 0) || is_number(y, 0)) ? st_int(c, 0, e->loc) : NULL;
  case ST_DIV: return is_number(y, 1) && x->kind == e->kind ? x : NULL;
  case ST_SELECT:
    if (x->op != ST_BOOL && x->op != ST_INT) return NULL;
    return same_kind(e->args[x->i != 0 ? 1 : 2], e->kind);
  case ST_BOTH:
  case ST_EITHER:
    if (x->op == ST_BOOL && (x->i != 0) != (e->op == ST_BOTH)) return x;
    if (y->op == ST_BOOL && (y->i != 0) != (e->op == ST_BOTH)) return y;
    if (x->op == ST_BOOL && y->kind == ST_CLASS_BOOL) return y;
    return y->op == ST_BOOL && x->kind == ST_CLASS_BOOL ? x : NULL;
  case ST_ELSE: return st_is_constant(x) ? x : NULL;
  case ST_TO_REAL: return x->kind == ST_CLASS_REAL ? x : NULL;
  case ST_TO_INT: return x->kind == ST_CLASS_INT ? x : NULL;
  default: return NULL;
  }
}

// A comparison that ranges decide: 1, 0, or -1 when they do not.
static int decided(const st_expr *e) {
  if (e->arg_count != 2 || e->args[0]->kind == ST_CLASS_REAL || e->args[1]->kind == ST_CLASS_REAL) return -1;
  const st_expr *x = e->args[0];
  const st_expr *y = e->args[1];
  if (e->op == ST_LT) return x->high < y->low ? 1 : x->low >= y->high ? 0 : -1;
  if (e->op == ST_LE) return x->high <= y->low ? 1 : x->low > y->high ? 0 : -1;
  if (e->op != ST_EQ) return -1;
  return x->high < y->low || y->high < x->low ? 0 : x == y || (x->low == x->high && y->low == y->high) ? 1 : -1;
}

static bool all_constant(const st_expr *e) {
  for (size_t i = 0; i < e->arg_count; i++) {
    if (!st_is_constant(e->args[i])) return false;
  }
  return e->arg_count > 0 && e->op > ST_READ && e->op < ST_SUM;
}

const st_expr *st_make(st_computation *c, st_expr wanted) {
  const st_expr *args[8];
  st_expr *e = &wanted;
  e->kind = kind_of(e);
  size_t from;
  if (wants_reals(e, &from) && e->arg_count <= 8) {
    for (size_t i = 0; i < e->arg_count; i++) args[i] = i < from ? e->args[i] : to_real(c, e->args[i]);
    e->args = args;
  }
  if (e->op == ST_SIZE) return st_size(c, e->size, e->loc);
  const st_expr *left = vanishing(c, e);
  if (left != NULL) return left->kind != e->kind && e->kind == ST_CLASS_REAL ? to_real(c, left) : left;
  int known = decided(e);
  if (known >= 0) return truth(c, known, e->loc);
  st_expr folded;
  if (all_constant(e) && st_fold(e, &folded)) return intern(c, &folded);
  if ((e->op == ST_DIV || e->op == ST_MOD) && e->kind == ST_CLASS_INT) {
    const extent *size = st_as_extent(c, e);
    const st_expr *simple = size == NULL ? NULL : from_extent(c, size, e->loc);
    if (simple != NULL) return simple;
  }
  return intern(c, e);
}
