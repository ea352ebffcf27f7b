// Arguments: which parameter each is for, types that they share, dimensions that get names.
#include <string.h>

#include "frontend/expand.h"

typedef struct argument {
  bool given;
  ex_value value;
  src_loc loc;
} argument;

// ---- which argument is which

static size_t find_param(const ast_node *node, const char *name) {
  size_t i = 0;
  while (i < node->params.len && strcmp(node->params.data[i]->name.text, name) != 0) i++;
  return i;
}

static bool named_argument(ex_frame *callee, ex_frame *f, const ast_arg *arg, argument *args) {
  const ast_node *node = callee->node;
  size_t at = find_param(node, arg->name.text);
  if (at == node->params.len) {
    ex_error(f, arg->name.loc, "'%s' has no parameter '%s'", node->name.text, arg->name.text);
    VEC(const char *) names = {0};
    for (size_t i = 0; i < node->params.len; i++) vec_push(f->x->l->mem, &names, node->params.data[i]->name.text);
    const char *close = diag_closest(arg->name.text, names.data, names.len);
    if (close != NULL) ex_hint(f, "did you mean '%s'?", close);
    return false;
  }
  if (args[at].given) {
    ex_error(f, arg->name.loc, "the parameter '%s' is given twice", arg->name.text);
    return false;
  }
  args[at] = (argument){true, ex_eval(f, arg->value), arg->value->loc};
  return args[at].value.kind != EX_WRONG;
}

static bool place_arguments(ex_frame *callee, ex_frame *f, const ast_expr *call, argument *args) {
  const ast_node *node = callee->node;
  ast_args plain = {0};
  size_t count;
  for (size_t i = 0; i < call->args.len; i++) {
    if (call->args.data[i].name.text == NULL) vec_push(f->x->l->mem, &plain, call->args.data[i]);
  }
  const ex_value *values = ex_items(f, &plain, 0, &count);
  if (values == NULL) return false;
  size_t next = 0;
  for (size_t i = 0; i < node->params.len && next < count; i++) {
    if (node->params.data[i]->args.len == 0) {
      args[i] = (argument){true, values[next++], call->loc};
      continue;
    }
    bool list = count - next == 1 && values[next].kind == EX_LIST; // several tensors, given as one list
    args[i] = (argument){true, list ? values[next] : ex_list(f, count - next, values + next), call->loc};
    next = count;
  }
  if (next < count) {
    ex_error(f, call->loc, "'%s' takes %zu arguments, not %zu", node->name.text, node->params.len, count);
    return false;
  }
  for (size_t i = 0; i < call->args.len; i++) {
    const ast_arg *arg = &call->args.data[i];
    if (arg->name.text != NULL && !named_argument(callee, f, arg, args)) return false;
  }
  return true;
}

static ex_value only_element(ex_frame *f, const st_tensor *t, src_loc loc);

// ---- what is known when the network is compiled

// A constant tensor of one dimension is a list, one without dimensions a number.
static bool as_known(ex_frame *f, const char *name, ex_value *v, src_loc loc) {
  if (v->kind != EX_TENSOR) return true;
  const st_tensor *t = v->tensor;
  int64_t count = 1;
  if (t->role != ST_CONSTANT && t->rank == 0) { // an element: it is known when the call runs
    *v = only_element(f, t, loc);
    return v->kind != EX_WRONG;
  }
  if (t->role != ST_CONSTANT || t->rank > 1 || (t->rank == 1 && !extent_is_constant(t->dims[0], &count))) {
    ex_error(f, loc, "'%s' has to be known when the network is compiled", name);
    return false;
  }
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, (size_t)count);
  for (int64_t i = 0; i < count; i++) {
    items[i] = t->type.kind == ST_CLASS_REAL ? ex_real(f, t->reals[i], loc) : ex_int(f, t->integers[i], loc);
  }
  *v = t->rank == 0 ? items[0] : ex_list(f, (size_t)count, items);
  return true;
}

// Whether all names of a default have a meaning already.
static bool is_computable(ex_frame *f, const ast_expr *e) {
  if (e == NULL) return true;
  bool found = true;
  if (e->kind == AST_NAME && ex_find(f, e->name.text) == NULL) {
    ex_type_named(e->name.text, &found);
    static const char *const words[] = {"pi", "inf", "nan", "none"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) found = found || strcmp(words[i], e->name.text) == 0;
    found = found || name_map_get(&f->x->l->consts, e->name.text) != NULL;
  }
  for (size_t i = 0; i < e->args.len && found; i++) found = is_computable(f, e->args.data[i].value);
  return found;
}

static bool set_known(ex_frame *callee, ex_frame *f, const ast_node *param, argument *arg) {
  bool is_default = !arg->given || (arg->value.kind == EX_NONE && param->value != NULL);
  if (is_default && param->value == NULL) {
    ex_error(f, callee->call, "the parameter '%s' of '%s' is missing", param->name.text, callee->node->name.text);
    return false;
  }
  ex_value v = is_default ? ex_eval(callee, param->value) : arg->value;
  if (v.kind == EX_WRONG || !as_known(f, param->name.text, &v, is_default ? callee->call : arg->loc)) return false;
  ex_declare(callee, param->name.text, param->name.loc)->value = v;
  return true;
}

// ---- types

static bool same_type(st_type a, st_type b) {
  return a.kind == b.kind && a.stored == b.stored && (!a.stored || a.elem == b.elem);
}

static const char *type_text(st_type type) {
  static const char *const kinds[] = {"bool", "integers", "real numbers"};
  return type.stored && type.kind != ST_CLASS_BOOL ? elem_get(type.elem)->name : kinds[type.kind];
}

static bool bind_type(ex_frame *callee, const ast_node *param, st_type type, bool is_tensor, src_loc loc) {
  const char *name = param->type.name.text;
  bool found;
  st_type wanted = ex_type_named(name, &found);
  ex_name *known = ex_find(callee, name);
  if (!found && known == NULL) {
    if (is_tensor) ex_declare(callee, name, param->type.loc)->value = ex_type(type);
    return true;
  }
  if (!found) {
    if (known->value.kind != EX_TYPE) {
      ex_error(callee, param->type.name.loc, "'%s' is no type", name);
      return false;
    }
    wanted = known->value.type;
  }
  if (!is_tensor || same_type(wanted, type) || (!type.stored && type.kind == wanted.kind)) return true;
  ex_error(callee, loc, "'%s' is %s here, and %s wants %s", param->name.text, type_text(type), name, type_text(wanted));
  return false;
}

// Type variables that no tensor bound are the kind of the numbers in their place.
static void bind_open_types(ex_frame *callee, const argument *args) {
  for (size_t i = 0; i < callee->node->params.len; i++) {
    const ast_node *param = callee->node->params.data[i];
    bool found;
    if (param->type.name.text == NULL) continue;
    ex_type_named(param->type.name.text, &found);
    if (found || ex_find(callee, param->type.name.text) != NULL) continue;
    bool number = args[i].given && args[i].value.kind == EX_NUMBER;
    st_type type = {.kind = number ? args[i].value.number->kind : ST_CLASS_REAL};
    ex_declare(callee, param->type.name.text, param->type.loc)->value = ex_type(type);
  }
}

// ---- dimensions

static bool is_lead(const ast_expr *e) { return e->kind == AST_RANGE && e->args.data[0].value == NULL; }

static bool has_sizes_of_family(const ast_expr *e) {
  return e->kind == AST_BINARY && e->op == AST_OP_LT && e->args.data[1].value->kind == AST_INDEX;
}

static void wrong_rank(ex_frame *f, const ast_node *param, const st_tensor *t) {
  ex_error(f, param->loc, "'%s' has %u dimensions, which its parameter '%s' does not allow", t->name, t->rank,
           param->name.text);
}

// How many dimensions each entry takes.
static bool find_widths(ex_frame *f, const ast_node *param, const st_tensor *t, size_t *widths) {
  const ast_args *dims = &param->type.dims;
  size_t fixed = 0;
  size_t open = SIZE_MAX;
  for (size_t i = 0; i < dims->len; i++) {
    const ast_expr *e = dims->data[i].value;
    widths[i] = 1;
    if (e->kind == AST_RANGE) {
      const ast_expr *name = e->args.data[0].value;
      const ex_name *known = name != NULL && name->kind == AST_NAME ? ex_find(f, name->name.text) : NULL;
      int64_t axis;
      if (known != NULL && known->is_index) {
        widths[i] = known->count;
      } else if (known != NULL && known->value.kind == EX_LIST) {
        widths[i] = known->value.count;
      } else if (e->args.data[1].value != NULL) {
        ex_value v = ex_eval(f, e->args.data[1].value);
        if (v.kind == EX_WRONG || !ex_known_int(f, &v, e->loc, "an axis", &axis)) return false;
        if (axis < 0) axis += t->rank;
        if (axis < 0 || axis > t->rank) {
          ex_error(f, e->loc, "'%s' of %u dimensions has no axis %lld", t->name, t->rank, (long long)axis);
          return false;
        }
        widths[i] = (size_t)axis;
      } else if (open == SIZE_MAX) {
        open = i;
        continue;
      } else {
        ex_error(f, e->loc, "how many dimensions this list has is not known");
        return false;
      }
    }
    fixed += widths[i];
  }
  if (fixed > t->rank || (open == SIZE_MAX && fixed != t->rank)) {
    wrong_rank(f, param, t);
    return false;
  }
  if (open != SIZE_MAX) widths[open] = t->rank - fixed;
  return true;
}

static bool fits(ex_frame *f, const ast_node *param, const char *name, const extent *has, const extent *wants) {
  if (has == wants || extent_proves(ex_pool(f), has, EXTENT_EQ, wants) == EXTENT_YES) return true;
  arena *mem = f->x->l->mem;
  ex_error(f, param->loc, "the sizes of '%s' do not fit: %s of '%s' is %s, and was %s before", param->name.text, name,
           param->name.text, extent_text(mem, has), extent_text(mem, wants));
  return false;
}

static bool is_one(const extent *e) {
  int64_t value;
  return extent_is_constant(e, &value) && value == 1;
}

// Leading dimensions of all parameters are aligned at the right; 1 is stretched.
static bool bind_lead(ex_frame *f, const ast_node *param, size_t count, const extent *const *dims) {
  size_t longest = f->has_lead && f->lead_count > count ? f->lead_count : count;
  const extent **lead = ARENA_ARRAY(f->x->l->mem, const extent *, longest);
  for (size_t i = 0; i < longest; i++) {
    const extent *old = f->has_lead && i < f->lead_count ? f->lead[f->lead_count - 1 - i] : NULL;
    const extent *size = i < count ? dims[count - 1 - i] : NULL;
    if (old == NULL || size == NULL || is_one(old)) {
      lead[longest - 1 - i] = size == NULL ? old : size;
      continue;
    }
    if (!is_one(size) && !fits(f, param, "a leading dimension", size, old)) return false;
    lead[longest - 1 - i] = old;
  }
  f->has_lead = true;
  f->lead = lead;
  f->lead_count = longest;
  return true;
}

// A name in a type: a new index, one whose size has to be the same, or a value that is the size.
static bool bind_size(ex_frame *f, const ast_node *param, const char *name, src_loc loc, const extent *size) {
  const ex_name *known = ex_find(f, name);
  if (known == NULL) {
    const extent **ranges = ARENA_ARRAY(f->x->l->mem, const extent *, 1);
    ranges[0] = size;
    ex_name *index = ex_declare(f, name, loc);
    index->is_index = true;
    index->count = 1;
    index->ranges = ranges;
    return true;
  }
  if (known->is_index) return known->ranges == NULL || fits(f, param, name, size, known->ranges[0]);
  const extent *wanted = ex_known_size(f, &known->value, loc, "a size");
  return wanted != NULL && fits(f, param, name, size, wanted);
}

static bool bind_value(ex_frame *f, const ast_node *param, const ast_expr *e, const extent *size) {
  if (e->kind == AST_NAME && ex_find(f, e->name.text) == NULL && !is_computable(f, e)) {
    ex_declare(f, e->name.text, e->loc)->value = ex_size(f, size, e->loc);
    return true;
  }
  ex_value v = ex_eval(f, e);
  const extent *wanted = v.kind == EX_WRONG ? NULL : ex_known_size(f, &v, e->loc, "a size");
  return wanted != NULL && fits(f, param, "a dimension", size, wanted);
}

static bool bind_list(ex_frame *f, const ast_node *param, const ast_expr *e, size_t count, const extent *const *dims) {
  const ast_expr *name = e->args.data[0].value;
  const ast_expr *sizes = e->args.data[2].value;
  if (name->kind != AST_NAME) {
    ex_error(f, e->loc, "a list of dimensions is a name and '..'");
    return false;
  }
  const ex_name *known = ex_find(f, name->name.text);
  if (known != NULL) {
    for (size_t i = 0; i < count; i++) {
      const extent *wanted =
          known->is_index ? known->ranges[i] : ex_known_size(f, &known->value.items[i], e->loc, "a size");
      if (wanted == NULL || !fits(f, param, name->name.text, dims[i], wanted)) return false;
    }
  } else {
    ex_name *index = ex_declare(f, name->name.text, name->loc);
    index->is_index = index->is_list = true;
    index->count = count;
    index->ranges = ARENA_ARRAY(f->x->l->mem, const extent *, count);
    for (size_t i = 0; i < count; i++) index->ranges[i] = dims[i];
  }
  if (sizes == NULL) return true;
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, count);
  for (size_t i = 0; i < count; i++) items[i] = ex_size(f, dims[i], e->loc);
  if (sizes->kind == AST_NAME && ex_find(f, sizes->name.text) == NULL) {
    ex_declare(f, sizes->name.text, sizes->loc)->value = ex_list(f, count, items);
  }
  return true;
}

// `n < N[m]`: one size a tensor, which N lists.
static void add_family_size(ex_frame *f, const ast_expr *e, const extent *size, size_t family) {
  const char *list = e->args.data[1].value->args.data[0].value->name.text;
  const char *index = e->args.data[0].value->name.text;
  ex_name *known = ex_find(f, list);
  ex_value *items = ARENA_ARRAY(f->x->l->mem, ex_value, family + 1);
  for (size_t i = 0; i < family && known != NULL; i++) items[i] = known->value.items[i];
  items[family] = ex_size(f, size, e->loc);
  if (known == NULL) known = ex_declare(f, list, e->loc);
  known->value = ex_list(f, family + 1, items);
  if (ex_find(f, index) == NULL) {
    ex_name *n = ex_declare(f, index, e->loc); // its range is that of the tensor it is used with
    n->is_index = true;
    n->count = 1;
  }
}

bool ex_bind_dims(ex_frame *f, const ast_node *param, const st_tensor *t, size_t family) {
  const ast_args *dims = &param->type.dims;
  if (dims->len == 1 && dims->data[0].value->kind == AST_STAR) return true;
  size_t *widths = ARENA_ARRAY(f->x->l->mem, size_t, dims->len);
  if (!find_widths(f, param, t, widths)) return false;
  size_t at = 0;
  for (size_t i = 0; i < dims->len; i++) {
    const ast_expr *e = dims->data[i].value;
    const extent *const *part = t->dims + at;
    bool ok = true;
    if (is_lead(e)) {
      ok = bind_lead(f, param, widths[i], part);
    } else if (e->kind == AST_RANGE) {
      ok = bind_list(f, param, e, widths[i], part);
    } else if (e->kind == AST_NAME) {
      ok = bind_size(f, param, e->name.text, e->loc, part[0]);
    } else if (has_sizes_of_family(e)) {
      add_family_size(f, e, part[0], family);
    } else if (e->kind == AST_BINARY && e->op == AST_OP_LT && e->args.data[0].value->kind == AST_NAME) {
      ok = bind_size(f, param, e->args.data[0].value->name.text, e->loc, part[0]) &&
           bind_value(f, param, e->args.data[1].value, part[0]);
    } else {
      ok = bind_value(f, param, e, part[0]);
    }
    if (!ok) return false;
    at += widths[i];
  }
  return true;
}

// ---- tensors

static bool measure_list(ex_frame *f, const ex_value *v, size_t depth, int64_t *dims, size_t *rank, st_class *kind) {
  if (v->kind == EX_NUMBER && st_is_constant(v->number)) {
    if (v->number->kind > *kind) *kind = v->number->kind;
    return depth == *rank;
  }
  if (v->kind != EX_LIST || depth >= 16) return false;
  if (depth == *rank) dims[(*rank)++] = (int64_t)v->count;
  if (dims[depth] != (int64_t)v->count) return false;
  for (size_t i = 0; i < v->count; i++) {
    size_t below = i == 0 && depth + 1 == *rank ? depth + 1 : *rank;
    *rank = below;
    if (!measure_list(f, &v->items[i], depth + 1, dims, rank, kind)) return false;
  }
  return true;
}

static void fill(const ex_value *v, double *reals, int64_t *integers, size_t *at) {
  if (v->kind == EX_LIST) {
    for (size_t i = 0; i < v->count; i++) fill(&v->items[i], reals, integers, at);
    return;
  }
  bool real = v->number->kind == ST_CLASS_REAL;
  if (reals != NULL) reals[*at] = real ? v->number->r : (double)v->number->i;
  if (integers != NULL) integers[*at] = v->number->i;
  (*at)++;
}

// A list of numbers in the place of a tensor.
static bool constant_tensor(ex_frame *f, const ast_node *param, ex_value *v, src_loc loc) {
  int64_t dims[16] = {0};
  size_t rank = 0;
  st_class kind = ST_CLASS_BOOL;
  if (!measure_list(f, v, 0, dims, &rank, &kind)) {
    ex_error(f, loc, "'%s' is a tensor: this list has elements that are not known, or of different lengths",
             param->name.text);
    return false;
  }
  const extent *extents[16];
  size_t count = 1;
  for (size_t i = 0; i < rank; i++) {
    extents[i] = extent_constant(ex_pool(f), dims[i]);
    count *= (size_t)dims[i];
  }
  bool found;
  st_type type = ex_type_named(param->type.name.text, &found);
  if (!found || type.kind < kind) type = (st_type){.kind = kind};
  st_tensor *t = st_tensor_new(f->x->c, ST_CONSTANT, param->name.text, type, (unsigned)rank, extents, loc);
  double *reals = type.kind == ST_CLASS_REAL ? ARENA_ARRAY(f->x->c->mem, double, count) : NULL;
  int64_t *integers = reals == NULL ? ARENA_ARRAY(f->x->c->mem, int64_t, count) : NULL;
  size_t at = 0;
  fill(v, reals, integers, &at);
  t->reals = reals;
  t->integers = integers;
  for (size_t i = 0; i < count && integers != NULL; i++) {
    if (i == 0 || integers[i] < t->low) t->low = integers[i];
    if (i == 0 || integers[i] > t->high) t->high = integers[i];
  }
  *v = ex_tensor(t);
  return true;
}

// The only element of a tensor without dimensions.
static ex_value only_element(ex_frame *f, const st_tensor *t, src_loc loc) { return ex_read(f, t, 0, NULL, loc); }

static bool allows_any_rank(const ast_node *param) {
  if (param->type.dims.len == 0) return true;
  for (size_t i = 0; i < param->type.dims.len; i++) {
    const ast_expr *e = param->type.dims.data[i].value;
    if (e->kind != AST_RANGE && e->kind != AST_STAR) return false;
  }
  return true;
}

// In the place of a number leading dimensions and lists of dimensions are there, and empty.
static void note_lead(ex_frame *f, const ast_node *param) {
  for (size_t i = 0; i < param->type.dims.len; i++) {
    const ast_expr *e = param->type.dims.data[i].value;
    if (e->kind != AST_RANGE) continue;
    f->has_lead = f->has_lead || is_lead(e);
    bool list = param->type.dims.len == 1 && !is_lead(e) && e->args.data[0].value->kind == AST_NAME;
    if (list && ex_find(f, e->args.data[0].value->name.text) == NULL) bind_list(f, param, e, 0, NULL);
  }
}

static bool bind_tensor(ex_frame *callee, const ast_node *param, ex_value *v, src_loc loc, size_t family) {
  if (v->kind == EX_LIST && !constant_tensor(callee, param, v, loc)) return false;
  if (v->kind == EX_TENSOR && v->tensor->rank == 0 && !allows_any_rank(param)) {
    st_type type = v->tensor->type;
    *v = only_element(callee, v->tensor, loc); // a number is read as itself at every index
    return v->kind != EX_WRONG && bind_type(callee, param, type, true, loc);
  }
  if (v->kind == EX_NUMBER || v->kind == EX_NONE) note_lead(callee, param);
  if (v->kind == EX_NUMBER) return bind_type(callee, param, (st_type){.kind = v->number->kind}, false, loc);
  if (v->kind == EX_NONE) return true;
  if (v->kind != EX_TENSOR) {
    ex_error(callee, loc, "'%s' is a tensor, and this is %s", param->name.text, ex_describe(callee, v));
    return false;
  }
  if (!callee->has_float && v->tensor->type.kind == ST_CLASS_REAL && v->tensor->type.stored) {
    callee->has_float = true;
    callee->first_float = v->tensor->type;
  }
  return bind_type(callee, param, v->tensor->type, true, loc) && ex_bind_dims(callee, param, v->tensor, family);
}

static bool set_family(ex_frame *callee, const ast_node *param, argument *arg) {
  if (arg->value.kind != EX_LIST) {
    ex_error(callee, arg->loc, "'%s' is a list of tensors, and this is %s", param->name.text,
             ex_describe(callee, &arg->value));
    return false;
  }
  ex_value *items = ARENA_ARRAY(callee->x->l->mem, ex_value, arg->value.count);
  const ast_expr *count = param->args.data[0].value;
  if (count->kind == AST_NAME) {
    ex_declare(callee, count->name.text, count->loc)->value = ex_int(callee, (int64_t)arg->value.count, count->loc);
  }
  for (size_t i = 0; i < arg->value.count; i++) {
    items[i] = arg->value.items[i];
    if (!bind_tensor(callee, param, &items[i], arg->loc, i)) return false;
  }
  ex_declare(callee, param->name.text, param->name.loc)->value = ex_list(callee, arg->value.count, items);
  return true;
}

static bool set_typed(ex_frame *callee, ex_frame *f, const ast_node *param, argument *arg) {
  if (param->args.len > 0 && arg->given) return set_family(callee, param, arg);
  if (!arg->given || (arg->value.kind == EX_NONE && param->value != NULL)) {
    if (param->value == NULL) {
      ex_error(f, callee->call, "the parameter '%s' of '%s' is missing", param->name.text, callee->node->name.text);
      return false;
    }
    *arg = (argument){true, ex_eval(callee, param->value), param->value->loc};
    if (arg->value.kind == EX_WRONG) return false;
  }
  if (!bind_tensor(callee, param, &arg->value, arg->loc, 0)) return false;
  ex_declare(callee, param->name.text, param->name.loc)->value = arg->value;
  return true;
}

static bool holds_tensor(const ex_value *v) {
  if (v->kind == EX_TENSOR) return true;
  return v->kind == EX_LIST && v->count > 0 && holds_tensor(&v->items[0]);
}

bool ex_bind_arguments(ex_frame *callee, ex_frame *f, const ast_expr *call) {
  const ast_node *node = callee->node;
  argument *args = ARENA_ARRAY(f->x->l->mem, argument, node->params.len);
  if (!place_arguments(callee, f, call, args)) return false;
  callee->on_elements = true;
  for (size_t i = 0; i < node->params.len; i++) {
    const ast_node *param = node->params.data[i];
    if (args[i].given && holds_tensor(&args[i].value)) callee->on_elements = false;
    // A list of numbers for a parameter with dimensions is a tensor.
    if (args[i].given && args[i].value.kind == EX_LIST && param->type.dims.len > 0) callee->on_elements = false;
    bool known = param->type.name.text == NULL && param->args.len == 0;
    if (known && (args[i].given || is_computable(callee, param->value)) && !set_known(callee, f, param, &args[i])) {
      return false;
    }
  }
  for (size_t i = 0; i < node->params.len; i++) {
    const ast_node *param = node->params.data[i];
    bool known = param->type.name.text == NULL && param->args.len == 0;
    if (!known && !set_typed(callee, f, param, &args[i])) return false;
  }
  bind_open_types(callee, args);
  for (size_t i = 0; i < node->params.len; i++) { // defaults that speak of sizes
    const ast_node *param = node->params.data[i];
    bool known = param->type.name.text == NULL && param->args.len == 0;
    if (known && ex_find(callee, param->name.text) == NULL && !set_known(callee, f, param, &args[i])) return false;
  }
  return true;
}
