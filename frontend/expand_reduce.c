// Sums and their kin over indices, and lists that are written out.
#include <string.h>

#include "frontend/expand.h"

static const struct {
  const char *name;
  st_op op;
} rows[] = {{"sum", ST_SUM}, {"prod", ST_PROD}, {"max", ST_GREATEST},  {"min", ST_LEAST},
            {"any", ST_ANY}, {"all", ST_ALL},   {"argmax", ST_ARGMAX}, {"argmin", ST_ARGMIN}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_list(const ast_expr *e) { return strcmp(e->name.text, "list") == 0; }

static bool introduces_index(ex_frame *f, const ast_expr *e) {
  if (e->kind == AST_RANGE) return true;
  if (e->kind == AST_BINARY && e->op == AST_OP_LT && e->args.data[0].value->kind == AST_NAME) {
    const ex_name *known = ex_find(f, e->args.data[0].value->name.text);
    return known == NULL || known->is_index;
  }
  if (e->kind != AST_NAME) return false;
  const ex_name *known = ex_find(f, e->name.text);
  bool found;
  ex_type_named(e->name.text, &found);
  if (known == NULL) return !found && name_map_get(&f->x->l->consts, e->name.text) == NULL;
  return known->is_index && (!known->is_bound || !known->is_list);
}

bool ex_is_reduction(ex_frame *f, const ast_expr *e) {
  if (e->args.len < 2) return false;
  if (is_list(e)) return true;
  for (size_t i = 0; i < COUNT(rows); i++) {
    if (strcmp(rows[i].name, e->name.text) != 0) continue;
    const ast_expr *first = e->args.data[0].value;
    bool extreme = rows[i].op == ST_GREATEST || rows[i].op == ST_LEAST;
    const ex_name *known = first->kind == AST_NAME ? ex_find(f, first->name.text) : NULL;
    if (extreme && known != NULL && known->is_bound) return false; // max(i, 3)
    return introduces_index(f, first);
  }
  return false;
}

static ex_value written_list(ex_frame *f, const ast_expr *e) {
  const ast_expr *d = e->args.data[0].value;
  int64_t count;
  if (e->args.len != 2 || d->kind != AST_BINARY || d->op != AST_OP_LT || d->args.data[0].value->kind != AST_NAME) {
    ex_error(f, e->loc, "a list is written as list(d < n, element)");
    return ex_wrong;
  }
  ex_value over = ex_eval(f, d->args.data[1].value);
  if (over.kind == EX_WRONG || !ex_known_int(f, &over, d->loc, "the length of a list", &count)) return ex_wrong;
  if (count < 0 || count > EX_MOST_ELEMENTS) {
    ex_error(f, e->loc, "a list of %lld elements cannot be made", (long long)count);
    return ex_wrong;
  }
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, (size_t)count);
  for (int64_t i = 0; i < count; i++) {
    size_t mark = ex_mark(f);
    const char *last = f->last;
    ex_declare(f, d->args.data[0].value->name.text, d->loc)->value = ex_int(f, i, d->loc);
    items[i] = ex_eval(f, e->args.data[1].value);
    f->last = last;
    ex_restore(f, mark);
    if (items[i].kind == EX_WRONG) return ex_wrong;
  }
  return ex_list(f, (size_t)count, items);
}

typedef VEC(const st_index *) index_list;

static bool add_indices(ex_frame *f, const ex_value *v, src_loc loc, index_list *out) {
  const ex_value *parts = v->kind == EX_LIST ? v->items : v;
  for (size_t i = 0; i < (v->kind == EX_LIST ? v->count : 1); i++) {
    const st_index *index = ex_index_of(&parts[i]);
    if (index == NULL) {
      ex_error(f, loc, "a sum goes over indices");
      return false;
    }
    vec_push(f->x->l->mem, out, index);
  }
  return true;
}

// The indices of a reduction: new ones, or (`s[axes]..`) some that the left side has named and does not use.
static bool bind_indices(ex_frame *f, const ast_expr *e, index_list *out) {
  const ast_expr *body = e->args.data[e->args.len - 1].value;
  for (size_t i = 0; i + 1 < e->args.len; i++) {
    const ast_expr *index = e->args.data[i].value;
    bool bound;
    ex_value v;
    if (!ex_bind(f, index, &body, 1, &bound, &v)) {
      if (bound) return false;
      const ex_name *known = index->kind == AST_NAME ? ex_find(f, index->name.text) : NULL;
      if (known != NULL && known->is_bound) {
        ex_error(f, index->loc, "'%s' is an index of this statement already; another name is needed here",
                 index->name.text);
        return false;
      }
      ast_args one = {.data = &(ast_arg){.value = index}, .len = 1};
      size_t count;
      const ex_value *items = ex_bind_inside(f, index, &body, 1) ? ex_items(f, &one, 0, &count) : NULL;
      if (items == NULL) return false;
      v = ex_list(f, count, items);
    }
    if (!add_indices(f, &v, index->loc, out)) return false;
  }
  return true;
}

ex_value ex_reduce(ex_frame *f, const ast_expr *e) {
  if (is_list(e)) return written_list(f, e);
  size_t which = 0;
  while (strcmp(rows[which].name, e->name.text) != 0) which++;
  size_t mark = ex_mark(f);
  const ex_value *lead = f->lead_values;
  index_list indices = {0};
  ex_value v = ex_wrong;
  if (bind_indices(f, e, &indices)) v = ex_eval(f, e->args.data[e->args.len - 1].value);
  ex_restore(f, mark);
  f->lead_values = lead;
  const st_expr *body = v.kind == EX_WRONG ? NULL : ex_as_number(f, &v, e->loc);
  if (body == NULL) return ex_wrong;
  if (indices.len == 0 && rows[which].op < ST_ARGMAX) return v;
  return ex_number(st_make(f->x->c, (st_expr){.op = rows[which].op,
                                              .index_count = indices.len,
                                              .indices = indices.data,
                                              .arg_count = 1,
                                              .args = &body,
                                              .loc = e->loc}));
}
