// Indices: which names are some, what they range over, and where they get their values.
#include <string.h>

#include "frontend/expand.h"

const st_index *ex_index_of(const ex_value *v) {
  return v->kind == EX_NUMBER && v->number->op == ST_INDEX ? v->number->index : NULL;
}

// ---- ranges that are not written

typedef struct search {
  ex_frame *f;
  const char *name;
  bool is_list;
  bool found;
  bool failed;
  size_t count;
  const extent **ranges;
  const st_tensor *where;
} search;

static bool names(const ast_expr *e, const char *name) {
  return e != NULL && e->kind == AST_NAME && strcmp(e->name.text, name) == 0;
}

// Whether an expression has a name that an error left without a meaning, and so may lack a range because of that.
static bool has_failed_name(const ex_frame *f, const ast_expr *e) {
  if (e == NULL) return false;
  bool found = e->kind == AST_NAME && ex_has_failed(f, e->name.text);
  for (size_t i = 0; i < e->args.len && !found; i++) found = has_failed_name(f, e->args.data[i].value);
  return found;
}

static bool reads_failed(const ex_frame *f, const ast_expr *const *body, size_t count) {
  bool found = false;
  for (size_t i = 0; i < count && !found; i++) found = has_failed_name(f, body[i]);
  return found;
}

// How many dimensions an index takes; false when that is not known.
static bool width_of(ex_frame *f, const ast_expr *at, size_t *out) {
  *out = 1;
  if (at->kind != AST_RANGE) return true;
  const ast_expr *e = at->args.data[0].value;
  if (e == NULL) {
    *out = f->lead_count;
    return f->has_lead;
  }
  if (e->kind == AST_NAME) {
    const ex_name *name = ex_find(f, e->name.text);
    if (name == NULL) return false;
    if (name->is_index) {
      *out = name->count;
      return true;
    }
    *out = name->value.count;
    return name->value.kind == EX_LIST;
  }
  return false;
}

static const st_tensor *tensor_of(ex_frame *f, const ast_expr *e, size_t *first) {
  const ast_expr *base = e->args.data[0].value;
  *first = 1;
  if (base->kind != AST_NAME) return NULL;
  const ex_name *name = ex_find(f, base->name.text);
  if (name == NULL && f->loop != NULL && ex_declare_ahead(f, base->name.text)) name = ex_find(f, base->name.text);
  if (name == NULL || name->is_index) return NULL;
  if (name->value.kind == EX_TENSOR) return name->value.tensor;
  if (name->value.kind != EX_LIST || e->args.len < 2) return NULL;
  const ast_expr *at = e->args.data[1].value;
  ex_name *position = at->kind == AST_NAME ? ex_find(f, at->name.text) : NULL;
  ex_value which = at->kind == AST_INT ? ex_int(f, at->i, at->loc) : position != NULL ? position->value : ex_none;
  *first = 2;
  if (which.kind != EX_NUMBER || which.number->op != ST_INT || which.number->i < 0 ||
      (size_t)which.number->i >= name->value.count) {
    return NULL;
  }
  const ex_value *item = &name->value.items[which.number->i];
  return item->kind == EX_TENSOR ? item->tensor : NULL;
}

static void take_range(search *s, const st_tensor *t, size_t from, size_t count) {
  if (!s->found) {
    s->found = true;
    s->count = count;
    s->where = t;
    s->ranges = ARENA_ARRAY(s->f->x->l->mem, const extent *, count);
    for (size_t i = 0; i < count; i++) s->ranges[i] = t->dims[from + i];
    return;
  }
  bool same = count == s->count;
  for (size_t i = 0; i < count && same; i++) same = s->ranges[i] == t->dims[from + i];
  if (same || s->failed) return;
  s->failed = true;
  arena *mem = s->f->x->l->mem;
  if (count == s->count && count == 1) {
    ex_error(s->f, t->loc, "the index '%s' ranges over %s in '%s' and %s in '%s'", s->name,
             extent_text(mem, s->ranges[0]), s->where->name, extent_text(mem, t->dims[from]), t->name);
  } else {
    ex_error(s->f, t->loc, "the index '%s' has different ranges in '%s' and '%s'", s->name, s->where->name, t->name);
  }
  ex_hint(s->f, "write the range that is meant: %s < ..", s->name);
}

static void search_subscripts(search *s, const ast_expr *e) {
  size_t first;
  const st_tensor *t = tensor_of(s->f, e, &first);
  if (t == NULL) return;
  size_t before = 0;
  for (size_t i = first; i < e->args.len; i++) {
    const ast_expr *at = e->args.data[i].value;
    bool spread = at->kind == AST_RANGE && at->args.data[1].value == NULL && at->args.data[2].value == NULL;
    bool hit = s->is_list ? spread && names(at->args.data[0].value, s->name) : names(at, s->name);
    bool leads = at->kind == AST_RANGE && at->args.data[0].value == NULL;
    size_t after = 0;
    bool known = true;
    for (size_t k = i + 1; k < e->args.len && (hit || leads); k++) {
      size_t width;
      known = known && width_of(s->f, e->args.data[k].value, &width);
      after += known ? width : 0;
    }
    if (hit && known && before != SIZE_MAX && before + after + !s->is_list <= t->rank) {
      take_range(s, t, before, s->is_list ? t->rank - before - after : 1);
    }
    size_t width;
    if (leads) {
      before = known && t->rank >= after ? t->rank - after : SIZE_MAX;
    } else if (width_of(s->f, at, &width) && before != SIZE_MAX) {
      before += width;
    } else {
      before = SIZE_MAX;
    }
  }
}

static void search_in(search *s, const ast_expr *e) {
  if (e == NULL || s->failed) return;
  if (e->kind == AST_INDEX) search_subscripts(s, e);
  for (size_t i = 0; i < e->args.len; i++) search_in(s, e->args.data[i].value);
}

static bool infer(ex_frame *f, const char *name, bool is_list, const ast_expr *const *body, size_t body_count,
                  search *out) {
  *out = (search){.f = f, .name = name, .is_list = is_list};
  for (size_t i = 0; i < body_count; i++) search_in(out, body[i]);
  return out->found && !out->failed;
}

// ---- binding

// A fresh index variable for each range; the name stands for them until it is forgotten.
static ex_value bind_ranges(ex_frame *f, const char *name, bool is_list, size_t count, const extent *const *ranges,
                            src_loc loc) {
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, count);
  const extent **own = ARENA_ARRAY(f->x->l->mem, const extent *, count);
  for (size_t i = 0; i < count; i++) {
    const st_index *index = st_index_new(f->x->c, name, ranges[i], loc);
    own[i] = ranges[i];
    items[i] = ex_number(st_make(f->x->c, (st_expr){.op = ST_INDEX, .kind = ST_CLASS_INT, .index = index, .loc = loc}));
  }
  ex_value value = is_list ? ex_list(f, count, items) : items[0];
  if (strcmp(name, "..") == 0) {
    f->lead_values = items;
    return value;
  }
  ex_name *bound = ex_declare(f, name, loc);
  bound->is_index = true;
  bound->is_list = is_list;
  bound->count = count;
  bound->ranges = own;
  bound->is_bound = true;
  bound->value = value;
  return value;
}

static bool is_bound_already(ex_frame *f, const ast_expr *e, const char *name) {
  const ex_name *known = ex_find(f, name);
  if (known == NULL) return false;
  if (known->is_index && !known->is_bound) return false;
  if (known->is_index) {
    ex_error(f, e->loc, "'%s' is an index of this statement already; another name is needed here", name);
  } else {
    ex_error(f, e->loc, "'%s' is a value, so it cannot be an index as well", name);
    diag_note(f->x->l->d, known->loc, "'%s' is given here", name);
  }
  return true;
}

static bool bind_lead(ex_frame *f, const ast_expr *e, ex_value *out) {
  if (!f->has_lead) {
    ex_error(f, e->loc, "no parameter has '..'");
    return false;
  }
  *out = bind_ranges(f, "..", true, f->lead_count, f->lead, e->loc);
  return true;
}

static bool bind_named(ex_frame *f, const ast_expr *e, const ast_expr *name, const ast_expr *range, bool is_list,
                       const ast_expr *const *body, size_t body_count, ex_value *out) {
  const char *text = name->name.text;
  if (is_bound_already(f, name, text)) return false;
  if (range != NULL) {
    ex_value v = ex_eval(f, range);
    const ex_value *parts = v.kind == EX_LIST ? v.items : &v;
    size_t count = v.kind == EX_LIST ? v.count : 1;
    if (v.kind == EX_WRONG) return false;
    if ((v.kind == EX_LIST) != is_list) {
      ex_error(f, range->loc, is_list ? "a list of ranges is wanted here" : "one range is wanted here, not a list");
      return false;
    }
    const extent **ranges = ARENA_ARRAY(f->x->l->mem, const extent *, count);
    for (size_t i = 0; i < count; i++) {
      ranges[i] = ex_known_size(f, &parts[i], range->loc, "a range");
      if (ranges[i] == NULL) return false;
    }
    *out = bind_ranges(f, text, is_list, count, ranges, e->loc);
    return true;
  }
  const ex_name *known = ex_find(f, text);
  if (known != NULL && known->is_index && known->is_list == is_list && known->ranges != NULL) {
    *out = bind_ranges(f, text, is_list, known->count, known->ranges, e->loc);
    return true;
  }
  search s;
  if (!infer(f, text, is_list, body, body_count, &s)) {
    if (s.failed || reads_failed(f, body, body_count)) return false;
    ex_error(f, name->loc, "what the index '%s' ranges over is not known", text);
    ex_hint(f, "write its range, %s < n, or let it stand alone as a subscript of a tensor", text);
    return false;
  }
  *out = bind_ranges(f, text, is_list, s.count, s.ranges, e->loc);
  return true;
}

bool ex_bind(ex_frame *f, const ast_expr *index, const ast_expr *const *body, size_t body_count, bool *bound,
             ex_value *out) {
  *bound = true;
  if (index->kind == AST_RANGE) {
    const ast_expr *name = index->args.data[0].value;
    const ast_expr *range = index->args.data[2].value;
    if (name == NULL) return bind_lead(f, index, out);
    if (name->kind == AST_NAME) {
      const ex_name *known = ex_find(f, name->name.text);
      bool value = known != NULL && !(known->is_index && !known->is_bound);
      if (!value || range != NULL) return bind_named(f, index, name, range, true, body, body_count, out);
    }
    *bound = false;
    return false;
  }
  if (index->kind == AST_BINARY && index->op == AST_OP_LT && index->args.data[0].value->kind == AST_NAME) {
    return bind_named(f, index, index->args.data[0].value, index->args.data[1].value, false, body, body_count, out);
  }
  if (index->kind == AST_NAME) {
    const ex_name *known = ex_find(f, index->name.text);
    if (known == NULL || (known->is_index && !known->is_bound)) {
      return bind_named(f, index, index, NULL, false, body, body_count, out);
    }
  }
  *bound = false;
  return false;
}

static bool is_known_name(ex_frame *f, const char *name) {
  bool found;
  static const char *const words[] = {"pi", "inf", "nan", "none"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(words[i], name) == 0) return true;
  }
  ex_type_named(name, &found);
  return found || name_map_get(&f->x->l->consts, name) != NULL;
}

static bool bind_name_inside(ex_frame *f, const ast_expr *e, const ast_expr *const *body, size_t body_count) {
  const ex_name *known = ex_find(f, e->name.text);
  if (known != NULL && (!known->is_index || known->is_bound)) return true;
  if (known != NULL && known->ranges != NULL) {
    bind_ranges(f, e->name.text, known->is_list, known->count, known->ranges, e->loc);
    return true;
  }
  if (is_known_name(f, e->name.text)) return true;
  search s;
  bool is_list = true;
  bool found = infer(f, e->name.text, is_list, body, body_count, &s);
  if (!found && !s.failed) {
    is_list = false;
    found = infer(f, e->name.text, is_list, body, body_count, &s);
  }
  if (found) bind_ranges(f, e->name.text, is_list, s.count, s.ranges, e->loc);
  return !s.failed; // what is not known is reported where it is read
}

bool ex_bind_inside(ex_frame *f, const ast_expr *e, const ast_expr *const *body, size_t body_count) {
  if (e == NULL) return true;
  if (e->kind == AST_NAME) return bind_name_inside(f, e, body, body_count);
  bool list = e->kind == AST_CALL && strcmp(e->name.text, "list") == 0; // its variable is its own
  for (size_t i = list ? 1 : 0; i < e->args.len; i++) {
    if (list && names(e->args.data[i].value, e->args.data[0].value->args.data[0].value->name.text)) continue;
    if (!ex_bind_inside(f, e->args.data[i].value, body, body_count)) return false;
  }
  return true;
}
