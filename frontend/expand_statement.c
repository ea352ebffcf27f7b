// Statements in index notation: what the left side names, the tensor that it gives, and its elements.
#include <string.h>

#include "frontend/expand.h"

typedef struct left_side {
  const ast_node *node;
  const char *name;
  src_loc loc;
  bool has_member; // one of several tensors: y[j]
  size_t member;
  const ast_expr *const *entries;
  size_t entry_count;
  bool typed;
  st_type type;
} left_side;

// ---- what the text says

const char *ex_target_name(const ast_expr *target) {
  return target->kind == AST_NAME ? target->name.text : target->args.data[0].value->name.text;
}

static bool is_family(ex_frame *f, const char *name) {
  const ex_name *known = ex_find(f, name);
  if (known != NULL && known->value.kind == EX_LIST) return true;
  for (size_t i = 0; i < f->node->args.len; i++) {
    const ast_expr *result = f->node->args.data[i].value;
    if (result->kind == AST_INDEX && strcmp(result->args.data[0].value->name.text, name) == 0) return true;
  }
  return false;
}

static bool read_member(ex_frame *f, const ast_expr *e, left_side *l) {
  int64_t member;
  ex_value v = ex_eval(f, e);
  if (v.kind == EX_WRONG || !ex_known_int(f, &v, e->loc, "which of several tensors this is", &member)) return false;
  if (member < 0 || member > EX_MOST_ELEMENTS) {
    ex_error(f, e->loc, "there is no tensor %lld", (long long)member);
    return false;
  }
  l->has_member = true;
  l->member = (size_t)member;
  return true;
}

static bool read_type(ex_frame *f, const ast_node *node, left_side *l) {
  if (node->type.name.text == NULL) return true;
  const char *name = node->type.name.text;
  const ex_name *known = ex_find(f, name);
  bool found = true;
  l->typed = true;
  if (known != NULL && known->value.kind == EX_TYPE) {
    l->type = known->value.type;
  } else if (known != NULL && known->value.kind == EX_STRING) {
    l->type = ex_type_named(known->value.string, &found);
  } else {
    l->type = ex_type_named(name, &found);
  }
  if (!found) ex_error(f, node->type.name.loc, "'%s' is no type of numbers", name);
  return found;
}

static bool read_left(ex_frame *f, const ast_node *node, left_side *l) {
  const ast_expr *target = node->args.data[0].value;
  const ast_args *entries = node->type.name.text != NULL ? &node->type.dims : &target->args;
  size_t first = node->type.name.text != NULL ? 0 : 1;
  *l = (left_side){.node = node, .loc = target->loc};
  l->name = ex_target_name(target);
  l->loc = target->loc;
  if (target->kind == AST_NAME) {
    if (node->type.name.text == NULL) first = 0; // `y := e` has no indices
  } else if (node->type.name.text != NULL || is_family(f, l->name)) {
    if (!read_member(f, target->args.data[1].value, l)) return false;
    if (node->type.name.text == NULL) first = 2;
  }
  const ast_expr **list = ARENA_ARRAY(f->x->l->mem, const ast_expr *, entries->len);
  for (size_t i = first; i < entries->len; i++) list[l->entry_count++] = entries->data[i].value;
  l->entries = list;
  return read_type(f, node, l);
}

// ---- the indices of the left side

typedef VEC(ex_value) value_list;

static bool is_plain(const ast_expr *e) {
  return e->kind == AST_NAME ||
         (e->kind == AST_RANGE && (e->args.data[0].value == NULL || e->args.data[0].value->kind == AST_NAME)) ||
         (e->kind == AST_BINARY && e->op == AST_OP_LT && e->args.data[0].value->kind == AST_NAME);
}

// Binds what the left side names: plain entries first, then names inside of expressions; then the entries' values.
static bool bind_left(ex_frame *f, const left_side *l, value_list *out) {
  size_t body_count = l->entry_count + 1;
  const ast_expr **body = ARENA_ARRAY(f->x->l->mem, const ast_expr *, body_count);
  body[0] = l->node->value;
  for (size_t i = 0; i < l->entry_count; i++) body[i + 1] = l->entries[i];
  for (size_t i = 0; i < l->entry_count; i++) {
    bool bound;
    ex_value v;
    if (is_plain(l->entries[i]) && !ex_bind(f, l->entries[i], body, body_count, &bound, &v) && bound) return false;
  }
  for (size_t i = 0; i < l->entry_count; i++) {
    if (!is_plain(l->entries[i]) && !ex_bind_inside(f, l->entries[i], body, body_count)) return false;
  }
  for (size_t i = 0; i < l->entry_count; i++) {
    const ast_expr *e = l->entries[i];
    if (e->kind == AST_BINARY && is_plain(e)) e = e->args.data[0].value;
    ast_expr without = *e;
    if (e->kind == AST_RANGE && e->args.data[2].value != NULL) { // i.. < n
      ast_arg *parts = ARENA_ARRAY(f->x->l->mem, ast_arg, 3);
      parts[0] = e->args.data[0];
      without.args = (ast_args){.data = parts, .len = 3, .cap = 3};
      e = &without;
    }
    ast_args one = {.data = &(ast_arg){.value = e}, .len = 1};
    size_t count;
    const ex_value *items = ex_items(f, &one, 0, &count);
    if (items == NULL) return false;
    for (size_t k = 0; k < count; k++) vec_push(f->x->l->mem, out, items[k]);
  }
  return true;
}

// ---- the tensor

typedef struct definition {
  size_t rank;
  const st_expr **left;
  const extent **dims;
  size_t index_count;
  const st_index **indices;
  bool in_round; // a loop's variable is on the left: one round's part
} definition;

static const st_index *round_of(ex_frame *f, const st_expr *e) {
  if (e->op != ST_INDEX) return NULL;
  for (const ex_loop *loop = f->loop; loop != NULL; loop = loop->outer) {
    if (loop->round == e->index) return e->index;
  }
  return NULL;
}

static bool add_dimension(ex_frame *f, const left_side *l, definition *d, const st_expr *e) {
  const st_index *round = round_of(f, e);
  int64_t value = e->op == ST_INT ? e->i : -1;
  if (e->op == ST_INDEX) {
    for (size_t i = 0; i < d->index_count; i++) {
      if (d->indices[i] != e->index) continue;
      ex_error(f, l->loc, "the index '%s' stands twice on the left", e->index->name);
      return false;
    }
    if (round == NULL) d->indices[d->index_count++] = e->index;
    d->in_round = d->in_round || round != NULL;
    d->dims[d->rank] = e->index->count;
  } else if (value == 0) {
    d->dims[d->rank] = extent_constant(ex_pool(f), 1);
  } else {
    ex_error(f, l->loc, "'=' gives all elements: the left side has indices, or 0 for a dimension of size 1");
    ex_hint(f, "':=' changes some elements of a tensor that was given before");
    return false;
  }
  d->left[d->rank++] = e;
  return true;
}

static bool define(ex_frame *f, const left_side *l, const value_list *entries, definition *d) {
  arena *mem = f->x->c->mem;
  *d = (definition){.left = ARENA_ARRAY(mem, const st_expr *, entries->len),
                    .dims = ARENA_ARRAY(mem, const extent *, entries->len),
                    .indices = ARENA_ARRAY(mem, const st_index *, entries->len)};
  for (size_t i = 0; i < entries->len; i++) {
    const st_expr *e = ex_as_number(f, &entries->data[i], l->loc);
    if (e == NULL || !add_dimension(f, l, d, e)) return false;
  }
  return true;
}

static void set_target(ex_frame *f, const left_side *l, ex_value v) {
  if (!l->has_member) {
    ex_set(f, l->name, v, l->loc);
    return;
  }
  const ex_name *known = ex_find(f, l->name);
  size_t before = known != NULL && known->value.kind == EX_LIST ? known->value.count : 0;
  size_t count = before > l->member ? before : l->member + 1;
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, count);
  for (size_t i = 0; i < count; i++) items[i] = i < before ? known->value.items[i] : ex_none;
  items[l->member] = v;
  ex_set(f, l->name, ex_list(f, count, items), l->loc);
  if (v.kind == EX_TENSOR) f->last = l->name;
}

static const st_tensor *current_target(ex_frame *f, const left_side *l) {
  const ex_name *known = ex_find(f, l->name);
  if (known == NULL || known->is_index) return NULL;
  if (!l->has_member) return known->value.kind == EX_TENSOR ? known->value.tensor : NULL;
  bool has = known->value.kind == EX_LIST && l->member < known->value.count;
  return has && known->value.items[l->member].kind == EX_TENSOR ? known->value.items[l->member].tensor : NULL;
}

// ---- the statement

// An index that neither the left side nor a sum has.
static const st_expr *loose_index(ex_frame *f, const st_expr *e, const definition *d, const ptr_map *sums,
                                  ptr_map *seen) {
  if (ptr_map_get(seen, e, 0) != 0) return NULL;
  ptr_map_set(seen, e, 1);
  if (e->op == ST_INDEX) {
    for (size_t i = 0; i < d->index_count; i++) {
      if (d->indices[i] == e->index) return NULL;
    }
    return ptr_map_get(sums, e->index, 0) != 0 || round_of(f, e) != NULL ? NULL : e;
  }
  for (size_t i = 0; i < e->arg_count; i++) {
    const st_expr *loose = loose_index(f, e->args[i], d, sums, seen);
    if (loose != NULL) return loose;
  }
  return NULL;
}

static void collect_sums(const st_expr *e, ptr_map *sums, ptr_map *seen) {
  if (ptr_map_get(seen, e, 0) != 0) return;
  ptr_map_set(seen, e, 1);
  for (size_t i = 0; i < e->index_count; i++) ptr_map_set(sums, e->indices[i], 1);
  for (size_t i = 0; i < e->arg_count; i++) collect_sums(e->args[i], sums, seen);
}

static bool check_indices(ex_frame *f, const left_side *l, const definition *d, const st_expr *value) {
  ptr_map sums = {.mem = f->x->l->mem};
  ptr_map seen = {.mem = f->x->l->mem};
  ptr_map walked = {.mem = f->x->l->mem};
  collect_sums(value, &sums, &seen);
  const st_expr *loose = loose_index(f, value, d, &sums, &walked);
  if (loose == NULL) return true;
  ex_error(f, l->loc, "the index '%s' of the right side is missing on the left", loose->index->name);
  return false;
}

static bool check_stored(ex_frame *f, const left_side *l, st_type type, const st_expr *value) {
  if (value->kind != ST_CLASS_REAL || type.kind == ST_CLASS_REAL) return true;
  const char *name = type.stored && type.kind != ST_CLASS_BOOL ? elem_get(type.elem)->name
                     : type.kind == ST_CLASS_BOOL              ? "bool"
                                                               : "an integer";
  ex_error(f, l->loc, "a real number is stored as %s", name);
  ex_hint(f, "int(x) is the integer towards zero");
  return false;
}

static void emit(ex_frame *f, const left_side *l, const definition *d, const st_tensor *target, st_kind kind,
                 st_update update, const st_expr *value) {
  arena *mem = f->x->c->mem;
  st_statement *s = ARENA_NEW(mem, st_statement);
  *s = (st_statement){.kind = kind,
                      .update = update,
                      .target = target,
                      .index_count = d->index_count,
                      .indices = d->indices,
                      .left = d->left,
                      .value = value,
                      .loc = l->node->loc};
  vec_push(mem, f->out, s);
}

static st_type exact(st_class kind) { return (st_type){.kind = kind}; }

static st_tensor *new_target(ex_frame *f, const left_side *l, const definition *d, st_type type) {
  const char *name = l->has_member ? arena_printf(f->x->l->mem, "%s[%zu]", l->name, l->member) : l->name;
  return st_tensor_new(f->x->c, ST_LOCAL, name, type, (unsigned)d->rank, d->dims, l->loc);
}

static const st_expr *value_of(ex_frame *f, const left_side *l) {
  ex_value v = ex_eval(f, l->node->value);
  return v.kind == EX_WRONG ? NULL : ex_as_number(f, &v, l->node->value->loc);
}

// In a loop earlier rounds are read, so the tensor is there before its elements are known.
static bool define_round(ex_frame *f, const left_side *l, const definition *d) {
  const st_tensor *known = current_target(f, l);
  bool ahead = known != NULL && ptr_map_get(&f->x->ahead, known, 0) == (size_t)(uintptr_t)l->node;
  st_type type = l->typed ? l->type : exact(ST_CLASS_REAL);
  const st_tensor *target = ahead ? known : new_target(f, l, d, type);
  if (!ahead) set_target(f, l, ex_tensor(target));
  const st_expr *value = value_of(f, l);
  if (value == NULL) return false;
  if (!l->typed && value->kind != ST_CLASS_REAL && !ahead) {
    target = new_target(f, l, d, exact(value->kind));
    set_target(f, l, ex_tensor(target));
    value = value_of(f, l);
    if (value == NULL) return false;
  }
  if (!check_stored(f, l, target->type, value) || !check_indices(f, l, d, value)) return false;
  emit(f, l, d, target, ST_DEFINE, ST_SET, value);
  return true;
}

// Called on elements, an operator gives an element: nothing is stored.
static bool define_element(ex_frame *f, const left_side *l) {
  const st_expr *value = value_of(f, l);
  if (value == NULL) return false;
  if (l->typed && l->type.stored && l->type.kind != ST_CLASS_BOOL) {
    if (!check_stored(f, l, l->type, value)) return false;
    ex_value v = ex_number(value);
    v = ex_apply(f, ST_TO, l->type.elem, 1, &v, l->loc);
    if (v.kind == EX_WRONG) return false;
    value = v.number;
  }
  set_target(f, l, ex_number(value));
  return true;
}

static void set_range(st_tensor *t, const st_expr *value) {
  if (t->type.kind != ST_CLASS_INT) return;
  if (value->low > t->low) t->low = value->low;
  if (value->high < t->high) t->high = value->high;
  if (t->low > t->high) { // low bits are kept: anything may come out
    t->low = elem_min(t->type.elem);
    t->high = elem_max(t->type.elem);
  }
}

static bool define_whole(ex_frame *f, const left_side *l, const definition *d) {
  const st_expr *value = value_of(f, l);
  if (value == NULL || !check_indices(f, l, d, value)) return false;
  st_type type = l->typed ? l->type : exact(value->kind);
  if (!check_stored(f, l, type, value)) return false;
  st_tensor *target = new_target(f, l, d, type);
  bool fits = !type.stored || type.kind != ST_CLASS_INT || (value->low >= target->low && value->high <= target->high);
  if (fits) set_range(target, value);
  emit(f, l, d, target, ST_DEFINE, ST_SET, value);
  set_target(f, l, ex_tensor(target));
  return true;
}

// ---- updates

static st_update update_of(const char *sign) {
  switch (sign[0]) {
  case '+': return ST_PLUS;
  case '*': return ST_TIMES;
  case 'm': return sign[1] == 'a' ? ST_RAISE : ST_LOWER;
  default: return ST_SET;
  }
}

static void add_index(ex_frame *f, definition *d, const st_expr *e, ptr_map *seen) {
  if (ptr_map_get(seen, e, 0) != 0) return;
  ptr_map_set(seen, e, 1);
  if (e->op == ST_INDEX && round_of(f, e) == NULL) {
    for (size_t i = 0; i < d->index_count; i++) {
      if (d->indices[i] == e->index) return;
    }
    d->indices[d->index_count++] = e->index;
  }
  for (size_t i = 0; i < e->arg_count; i++) add_index(f, d, e->args[i], seen);
}

static bool is_written_inside(ex_frame *f, const left_side *l, const st_tensor *t, const value_list *entries) {
  for (size_t i = 0; i < entries->len; i++) {
    const st_expr *at = ex_as_number(f, &entries->data[i], l->loc);
    if (at == NULL) return false;
    if (at->kind == ST_CLASS_REAL) {
      ex_error(f, l->loc, "index %zu of '%s' is a real number", i + 1, t->name);
      return false;
    }
  }
  return ex_read(f, t, entries->len, entries->data, l->loc).kind != EX_WRONG;
}

// The tensor under a name of its own: what other names mean too is copied before it is changed.
static const st_tensor *own_copy(ex_frame *f, const left_side *l, const st_tensor *t) {
  if (t->role == ST_LOCAL && ptr_map_get(&f->x->bindings, t, 0) == 1) return t;
  arena *mem = f->x->c->mem;
  definition d = {.rank = t->rank,
                  .dims = ARENA_ARRAY(mem, const extent *, t->rank),
                  .index_count = t->rank,
                  .left = ARENA_ARRAY(mem, const st_expr *, t->rank),
                  .indices = ARENA_ARRAY(mem, const st_index *, t->rank)};
  ex_value *at = ARENA_ARRAY(f->x->l->mem, ex_value, t->rank);
  for (unsigned i = 0; i < t->rank; i++) {
    d.dims[i] = t->dims[i];
    d.indices[i] = st_index_new(f->x->c, "i", t->dims[i], l->loc);
    d.left[i] = st_make(f->x->c, (st_expr){.op = ST_INDEX, .kind = ST_CLASS_INT, .index = d.indices[i], .loc = l->loc});
    at[i] = ex_number(d.left[i]);
  }
  ex_value element = ex_read(f, t, t->rank, at, l->loc);
  if (element.kind == EX_WRONG) return NULL;
  st_tensor *copy = new_target(f, l, &d, t->type);
  copy->low = t->low;
  copy->high = t->high;
  emit(f, l, &d, copy, ST_DEFINE, ST_SET, element.number);
  set_target(f, l, ex_tensor(copy));
  return copy;
}

static bool update(ex_frame *f, const left_side *l, const value_list *entries) {
  const st_tensor *target = current_target(f, l);
  if (target != NULL) target = own_copy(f, l, target);
  if (target == NULL) {
    ex_error(f, l->loc, "'%s' is changed before it is given", l->name);
    ex_hint(f, "give all of its elements first: %s[..] = 0;", l->name);
    return false;
  }
  if (!is_written_inside(f, l, target, entries)) return false;
  arena *mem = f->x->c->mem;
  definition d = {.left = ARENA_ARRAY(mem, const st_expr *, entries->len),
                  .indices = ARENA_ARRAY(mem, const st_index *, f->x->c->index_count + 1)};
  ptr_map seen = {.mem = f->x->l->mem};
  for (size_t i = 0; i < entries->len; i++) {
    d.left[d.rank++] = entries->data[i].number;
    add_index(f, &d, entries->data[i].number, &seen);
  }
  const st_expr *value = value_of(f, l);
  if (value == NULL || !check_stored(f, l, target->type, value) || !check_indices(f, l, &d, value)) return false;
  emit(f, l, &d, target, ST_UPDATE, update_of(l->node->word.text), value);
  return true;
}

// ---- all of them

static bool statement(ex_frame *f, const ast_node *node) {
  left_side l;
  value_list entries = {0};
  definition d;
  if (!read_left(f, node, &l) || !bind_left(f, &l, &entries)) return false;
  if (strcmp(node->word.text, "=") != 0) return update(f, &l, &entries);
  if (!define(f, &l, &entries, &d)) return false;
  if (d.in_round) return define_round(f, &l, &d);
  return f->on_elements && d.rank == 0 ? define_element(f, &l) : define_whole(f, &l, &d);
}

static void several_results(ex_frame *f, const ast_node *node) {
  if (node->value->kind != AST_CALL) {
    ex_error(f, node->value->loc, "several names take the results of one call");
    return;
  }
  size_t count;
  const char *name = node->value->name.text;
  const ex_name *known = ex_find(f, name);
  if (known != NULL && known->value.kind == EX_STRING) name = known->value.string;
  const ex_value *results = ex_call(f, node->value, name, &count);
  if (results == NULL) return;
  for (size_t i = 0; i < node->args.len && i < count; i++) {
    const ast_expr *target = node->args.data[i].value;
    left_side l = {.node = node, .name = ex_target_name(target), .loc = target->loc};
    if (target->kind == AST_INDEX && (target->args.len != 2 || !read_member(f, target->args.data[1].value, &l))) {
      if (target->args.len != 2) ex_error(f, target->loc, "a result is given to a name, or to one of several tensors");
      return;
    }
    set_target(f, &l, results[i]);
  }
  if (node->args.len > count) {
    ex_error(f, node->loc, "'%s' gives %zu result%s, not %zu", name, count, count == 1 ? "" : "s", node->args.len);
  }
}

void ex_statement(ex_frame *f, const ast_node *node) {
  const ast_expr *first = node->args.data[0].value;
  bool member = node->type.name.text == NULL && first->kind == AST_INDEX && first->args.len == 2 &&
                is_family(f, ex_target_name(first)) && strcmp(node->word.text, "=") == 0;
  if (node->args.len > 1) {
    several_results(f, node);
    return;
  }
  if (member) { // y[j] = e: a whole tensor
    left_side l = {.node = node, .name = ex_target_name(first), .loc = first->loc};
    ex_value v = read_member(f, first->args.data[1].value, &l) ? ex_eval(f, node->value) : ex_wrong;
    if (v.kind != EX_WRONG) set_target(f, &l, v);
    return;
  }
  const ex_value *lead = f->lead_values;
  // What is given stays known, the indices do not: so its name has a place before theirs.
  ex_reserve(f, ex_target_name(node->args.data[0].value), node->loc);
  size_t mark = f->statement_mark = ex_mark(f);
  statement(f, node);
  ex_restore(f, mark);
  f->lead_values = lead;
}

// The indices of the statement at hand are none of another's.
static void show_bound(ex_frame *f, size_t mark, bool bound) {
  for (size_t i = f->statement_mark; i < mark; i++) {
    if (f->names.data[i].is_index) f->names.data[i].is_bound = bound;
  }
}

bool ex_declare_ahead(ex_frame *f, const char *name) {
  for (const ex_loop *loop = f->loop; loop != NULL; loop = loop->outer) {
    for (size_t i = 0; i < loop->node->body.len; i++) {
      const ast_node *node = loop->node->body.data[i];
      if (node->kind != AST_STATEMENT || node->args.len != 1) continue;
      const ast_expr *target = node->args.data[0].value;
      const ast_expr *base = target->kind == AST_INDEX ? target->args.data[0].value : target;
      if (base->kind != AST_NAME || strcmp(base->name.text, name) != 0 || f->ahead_depth > 8) continue;
      left_side l;
      value_list entries = {0};
      definition d;
      const ex_value *lead = f->lead_values;
      f->ahead_depth++;
      size_t mark = ex_mark(f);
      show_bound(f, mark, false);
      bool ok = read_left(f, node, &l) && bind_left(f, &l, &entries) && define(f, &l, &entries, &d) && d.in_round;
      ex_restore(f, mark);
      show_bound(f, mark, true);
      f->lead_values = lead;
      f->ahead_depth--;
      if (!ok) return false;
      st_tensor *t = new_target(f, &l, &d, l.typed ? l.type : exact(ST_CLASS_REAL));
      ptr_map_set(&f->x->ahead, t, (size_t)(uintptr_t)node);
      ex_set(f, name, ex_tensor(t), target->loc);
      return true;
    }
  }
  return false;
}
