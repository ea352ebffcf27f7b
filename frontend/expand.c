// Libraries of operators, calls, names, and the statements that choose and repeat.
#include "frontend/expand.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

// ---- libraries

ex_library *ex_library_new(diag *d, arena *a) {
  ex_library *l = ARENA_NEW(a, ex_library);
  *l = (ex_library){
      .d = d, .mem = a, .operators = {.mem = a}, .consts = {.mem = a}, .values = {.mem = a}, .computing = {.mem = a}};
  return l;
}

bool ex_library_add(ex_library *l, const ast *tree, bool override) {
  size_t before = diag_error_count(l->d);
  for (size_t i = 0; i < tree->items.len; i++) {
    const ast_node *node = tree->items.data[i];
    bool operator = node->kind == AST_OPERATOR || node->kind == AST_BLOCK;
    if (!operator && node->kind != AST_CONST) continue;
    name_map *names = operator ? &l->operators : &l->consts;
    const ast_node *known = name_map_get(names, node->name.text);
    if (known != NULL && override) continue;
    if (known != NULL) {
      diag_error(l->d, node->name.loc, "'%s' is declared already", node->name.text);
      diag_note(l->d, known->name.loc, "the first one is here");
      continue;
    }
    name_map_set(names, node->name.text, (void *)node);
    if (operator) vec_push(l->mem, &l->list, node);
  }
  return diag_error_count(l->d) == before;
}

size_t ex_library_count(const ex_library *l) { return l->list.len; }

const ast_node *ex_library_at(const ex_library *l, size_t i) { return l->list.data[i]; }

// ---- messages

extent_pool *ex_pool(const ex_frame *f) { return f->x->c->sizes; }

static void note_calls(ex_frame *f) {
  unsigned shown = 0;
  for (const ex_frame *at = f; at->caller != NULL && shown < 4; at = at->caller, shown++) {
    diag_note(f->x->l->d, at->call, "called here, as '%s'", at->node->name.text);
  }
}

void ex_error(ex_frame *f, src_loc loc, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(f->x->l->mem, format, args);
  va_end(args);
  f->x->failed = true;
  diag_error(f->x->l->d, loc, "%s", text);
  note_calls(f);
}

void ex_hint(ex_frame *f, const char *format, ...) {
  va_list args;
  va_start(args, format);
  diag_hint(f->x->l->d, "%s", arena_vprintf(f->x->l->mem, format, args));
  va_end(args);
}

// ---- names

static ex_name *find_place(ex_frame *f, const char *name) {
  uintptr_t at = (uintptr_t)name_map_get(&f->latest, name);
  return at == 0 || at > f->names.len ? NULL : &f->names.data[at - 1];
}

ex_name *ex_find(ex_frame *f, const char *name) {
  ex_name *known = find_place(f, name);
  return known == NULL || known->absent ? NULL : known;
}

ex_name *ex_declare(ex_frame *f, const char *name, src_loc loc) {
  uintptr_t before = (uintptr_t)name_map_get(&f->latest, name);
  ex_name meaning = {.name = name, .shadowed = before > f->names.len ? 0 : before, .loc = loc};
  vec_push(f->x->l->mem, &f->names, meaning);
  name_map_set(&f->latest, name, (void *)(uintptr_t)f->names.len);
  return &f->names.data[f->names.len - 1];
}

void ex_reserve(ex_frame *f, const char *name, src_loc loc) {
  if (find_place(f, name) == NULL) ex_declare(f, name, loc)->absent = true;
}

static void count_bindings(ex_frame *f, const ex_value *v) {
  ptr_map *bindings = &f->x->bindings;
  if (v->kind == EX_TENSOR) ptr_map_set(bindings, v->tensor, ptr_map_get(bindings, v->tensor, 0) + 1);
  for (size_t i = 0; v->kind == EX_LIST && i < v->count; i++) count_bindings(f, &v->items[i]);
}

void ex_set(ex_frame *f, const char *name, ex_value value, src_loc loc) {
  ex_name *known = find_place(f, name);
  if (known == NULL || known->is_index || known->round != NULL) known = ex_declare(f, name, loc);
  known->absent = false;
  known->value = value;
  count_bindings(f, &value);
  const ex_name *last = f->last == NULL ? NULL : ex_find(f, f->last);
  bool kept = last != NULL && last->value.kind == EX_TENSOR;
  if (value.kind == EX_TENSOR || !kept) f->last = name;
}

bool ex_has_failed(const ex_frame *f, const char *name) { return name_map_get(&f->failed, name) != NULL; }

size_t ex_mark(const ex_frame *f) { return f->names.len; }

// A name that has no meaning any more points to nothing: the number behind the last one.
void ex_restore(ex_frame *f, size_t mark) {
  while (f->names.len > mark) {
    const ex_name *last = &f->names.data[f->names.len - 1];
    name_map_set(&f->latest, last->name, (void *)(uintptr_t)(last->shadowed == 0 ? UINTPTR_MAX : last->shadowed));
    f->names.len--;
  }
}

// ---- calls

bool ex_is_operator(const ex_frame *f, const char *name) { return name_map_get(&f->x->l->operators, name) != NULL; }

// An operator may call itself as long as sizes or numbers end that. Where nothing does, all of the writing out ends: the
// calls beside this one would go as deep, and be as many as two to the power of the depth.
static bool may_call(ex_frame *f, const ast_expr *call, const ast_node *node) {
  if (f->x->calls < EX_MOST_CALLS) return true;
  bool again = false;
  for (const ex_frame *at = f; at != NULL; at = at->caller) again = again || at->node == node;
  const char *what = again ? "'%s' calls itself, and %d calls within one another do not end that"
                           : "'%s' is called within more than %d other calls";
  if (f->x->steps <= EX_MOST_STEPS) ex_error(f, call->loc, what, node->name.text, EX_MOST_CALLS);
  f->x->steps = EX_MOST_STEPS + 1;
  return false;
}

static const ast_node *find_operator(ex_frame *f, const ast_expr *call, const char *name) {
  const ast_node *node = name_map_get(&f->x->l->operators, name);
  if (node != NULL) return node;
  ex_error(f, call->name.loc, "there is no operator or function '%s'", name);
  VEC(const char *) names = {0};
  for (size_t i = 0; i < f->x->l->list.len; i++) vec_push(f->x->l->mem, &names, f->x->l->list.data[i]->name.text);
  const char *close = diag_closest(name, names.data, names.len);
  if (close != NULL) ex_hint(f, "did you mean '%s'?", close);
  return NULL;
}

// A real result of which nothing was said how it is stored is stored as the first float argument is.
static ex_value finished(ex_frame *callee, ex_value v) {
  if (v.kind != EX_TENSOR || v.tensor->role != ST_LOCAL || !callee->has_float) return v;
  st_set_type(callee->x->c, v.tensor, callee->first_float);
  return v;
}

static bool named_result(ex_frame *callee, const ast_expr *result, ex_value *out) {
  const char *name = result->kind == AST_NAME ? result->name.text : result->args.data[0].value->name.text;
  const ex_name *known = ex_find(callee, name);
  *out = known == NULL || known->is_index ? ex_none : finished(callee, known->value);
  if (out->kind != EX_NONE || result != callee->node->args.data[0].value) return true; // others may lack
  ex_error(callee, result->loc, "the result '%s' is not given", name);
  return false;
}

// Several tensors under one name are as many results.
static const ex_value *without_lists(ex_frame *f, const ex_value *values, const ast_args *named, size_t *count) {
  VEC(ex_value) out = {0};
  for (size_t i = 0; i < *count; i++) {
    bool several = named->data[i].value->kind == AST_INDEX && values[i].kind == EX_LIST;
    for (size_t k = 0; several && k < values[i].count; k++) vec_push(f->x->l->mem, &out, values[i].items[k]);
    if (!several) vec_push(f->x->l->mem, &out, values[i]);
  }
  *count = out.len;
  return out.data;
}

static const ex_value *results_of(ex_frame *callee, size_t *count) {
  const ast_node *node = callee->node;
  if (callee->has_returned) {
    *count = callee->returned_count;
    return callee->returned;
  }
  *count = node->args.len == 0 ? 1 : node->args.len;
  ex_value *values = ARENA_ARRAY(callee->x->l->mem, ex_value, *count);
  for (size_t i = 0; i < node->args.len; i++) {
    if (!named_result(callee, node->args.data[i].value, &values[i])) return NULL;
  }
  if (node->args.len > 0) return without_lists(callee, values, &node->args, count);
  const ex_name *last = callee->last == NULL ? NULL : ex_find(callee, callee->last);
  if (last == NULL) {
    ex_error(callee, node->name.loc, "'%s' gives no result", node->name.text);
    return NULL;
  }
  values[0] = finished(callee, last->value);
  return values;
}

const ex_value *ex_call(ex_frame *f, const ast_expr *call, const char *name, size_t *count) {
  const ast_node *node = find_operator(f, call, name);
  if (node == NULL || !may_call(f, call, node)) return NULL;
  ex_frame callee = {.x = f->x,
                     .caller = f,
                     .node = node,
                     .call = call->loc,
                     .latest = {.mem = f->x->l->mem},
                     .failed = {.mem = f->x->l->mem},
                     .out = f->out,
                     .loop = f->loop == NULL ? NULL : f->loop};
  callee.loop = NULL; // the statements of a loop are its own, but names of its rounds are the caller's
  if (!ex_bind_arguments(&callee, f, call)) return NULL;
  size_t errors = diag_error_count(f->x->l->d);
  f->x->calls++;
  ex_run(&callee, &node->body);
  f->x->calls--;
  return diag_error_count(f->x->l->d) == errors ? results_of(&callee, count) : NULL;
}

// ---- statements

// Equal expressions are one node, so the work of writing out is not bounded by the number of nodes.
static bool may_step(ex_frame *f, src_loc loc) {
  unsigned steps = f->x->steps++;
  if (steps == EX_MOST_STEPS) {
    ex_error(f, loc, "this becomes more than %u statements and rounds of 'for'", EX_MOST_STEPS);
  }
  return steps < EX_MOST_STEPS;
}

static void run_let(ex_frame *f, const ast_node *node) {
  const ex_name *known = ex_find(f, node->name.text);
  if (known != NULL && known->is_index) {
    ex_error(f, node->name.loc, "'%s' is an index here, and cannot be a value as well", node->name.text);
    return;
  }
  ex_value v = ex_eval(f, node->value);
  if (v.kind != EX_WRONG) ex_set(f, node->name.text, v, node->name.loc);
}

static void run_require(ex_frame *f, const ast_node *node) {
  ex_value v = ex_eval(f, node->value);
  const st_expr *e = v.kind == EX_WRONG ? NULL : ex_as_number(f, &v, node->value->loc);
  if (e == NULL) return;
  if (st_is_constant(e)) {
    if (e->op == ST_REAL ? e->r == 0 : e->i == 0) ex_error(f, node->value->loc, "%s", node->word.text);
    return;
  }
  const extent *condition = st_truth_extent(f->x->c, e);
  if (condition == NULL) {
    ex_error(f, node->value->loc, "a condition has to be known before a call begins");
    return;
  }
  st_require r = {.condition = condition, .message = node->word.text, .loc = node->loc};
  vec_push(f->x->l->mem, &f->x->c->requires, r);
  ex_assume(f, e, true);
}

static void run_if(ex_frame *f, const ast_node *node) {
  bool holds;
  ex_value v = ex_eval(f, node->value);
  if (v.kind == EX_WRONG || !ex_known_truth(f, &v, node->value->loc, "what 'if' chooses by", &holds)) return;
  ex_run(f, holds ? &node->body : &node->otherwise);
}

static bool set_pattern(ex_frame *f, const ast_node *node, const ex_value *item) {
  if (node->binders.len == 1) {
    ex_set(f, node->binders.data[0].text, *item, node->binders.data[0].loc);
    return true;
  }
  if (item->kind != EX_LIST || item->count != node->binders.len) {
    ex_error(f, node->value->loc, "an element has to be a list of %zu, and is %s", node->binders.len,
             ex_describe(f, item));
    return false;
  }
  for (size_t i = 0; i < node->binders.len; i++) {
    ex_set(f, node->binders.data[i].text, item->items[i], node->binders.data[i].loc);
  }
  return true;
}

static void run_for(ex_frame *f, const ast_node *node) {
  int64_t count = 0;
  ex_value over = ex_eval(f, node->per != NULL ? node->per : node->value);
  if (over.kind == EX_WRONG) return;
  if (node->per != NULL && !ex_known_int(f, &over, node->per->loc, "how often 'for' goes round", &count)) return;
  if (node->per == NULL && over.kind != EX_LIST) {
    ex_error(f, node->value->loc, "'for' goes over a list, and this is %s", ex_describe(f, &over));
    return;
  }
  if (node->per == NULL) count = (int64_t)over.count;
  size_t errors = diag_error_count(f->x->l->d);
  for (int64_t i = 0; i < count && diag_error_count(f->x->l->d) == errors && may_step(f, node->loc); i++) {
    ex_value item = node->per != NULL ? ex_int(f, i, node->loc) : over.items[i];
    if (!set_pattern(f, node, &item)) return;
    ex_run(f, &node->body);
  }
}

static void run_loop(ex_frame *f, const ast_node *node) {
  ex_value over = ex_eval(f, node->per);
  const extent *count = over.kind == EX_WRONG ? NULL : ex_known_size(f, &over, node->per->loc, "the rounds of a loop");
  if (count == NULL) return;
  st_computation *c = f->x->c;
  ex_statements body = {0};
  ex_statements *out = f->out;
  st_statement *s = ARENA_NEW(c->mem, st_statement);
  const st_index *round = st_index_new(c, node->name.text, count, node->name.loc);
  ex_loop loop = {.outer = f->loop, .node = node, .round = round, .name = node->name.text};
  size_t mark = ex_mark(f);
  ex_name *name = ex_declare(f, node->name.text, node->name.loc);
  name->round = round;
  name->value =
      ex_number(st_make(c, (st_expr){.op = ST_INDEX, .kind = ST_CLASS_INT, .index = round, .loc = node->loc}));
  for (size_t i = 0; i < node->body.len; i++) {
    const ast_node *inner = node->body.data[i];
    if (inner->kind != AST_STATEMENT) continue;
    for (size_t k = 0; k < inner->args.len; k++) {
      ex_reserve(f, ex_target_name(inner->args.data[k].value), inner->loc);
    }
  }
  f->loop = &loop;
  f->out = &body;
  ex_run(f, &node->body);
  f->out = out;
  f->loop = loop.outer;
  // Tensors that the loop gave stay known; its variable does not.
  f->names.data[mark].value = ex_none;
  f->names.data[mark].round = NULL;
  name_map_set(&f->latest, node->name.text, (void *)UINTPTR_MAX);
  *s = (st_statement){.kind = ST_LOOP, .round = round, .body_count = body.len, .body = body.data, .loc = node->loc};
  vec_push(c->mem, out, s);
}

static void run_return(ex_frame *f, const ast_node *node) {
  f->returned = ARENA_ARRAY(f->x->l->mem, ex_value, node->body.len);
  f->returned_count = node->body.len;
  f->has_returned = true;
  for (size_t i = 0; i < node->body.len; i++) f->returned[i] = ex_eval(f, node->body.data[i]->value);
}

static void mark_failed(ex_frame *f, const char *name) {
  if (name != NULL && ex_find(f, name) == NULL) name_map_set(&f->failed, name, (void *)f);
}

// The names that a statement was to give, and those inside of it.
static void mark_names(ex_frame *f, const ast_node *node) {
  if (node->kind == AST_LET || node->kind == AST_CONST) mark_failed(f, node->name.text);
  for (size_t i = 0; node->kind == AST_STATEMENT && i < node->args.len; i++) {
    mark_failed(f, ex_target_name(node->args.data[i].value));
  }
  for (size_t i = 0; i < node->body.len; i++) mark_names(f, node->body.data[i]);
  for (size_t i = 0; i < node->otherwise.len; i++) mark_names(f, node->otherwise.data[i]);
}

static void run_one(ex_frame *f, const ast_node *node) {
  size_t errors = diag_error_count(f->x->l->d);
  switch (node->kind) {
  case AST_CONST:
  case AST_LET: run_let(f, node); break;
  case AST_STATEMENT: ex_statement(f, node); break;
  case AST_REQUIRE: run_require(f, node); break;
  case AST_IF: run_if(f, node); break;
  case AST_FOR: run_for(f, node); break;
  case AST_LOOP: run_loop(f, node); break;
  case AST_RETURN: run_return(f, node); break;
  default: ex_error(f, node->loc, "this has no meaning here"); break;
  }
  // What uses a name that was not given fails without a message, and its own names are not given either.
  bool gives = node->kind == AST_LET || node->kind == AST_CONST || node->kind == AST_STATEMENT;
  if (diag_error_count(f->x->l->d) != errors || (gives && f->x->failed)) mark_names(f, node);
}

void ex_run(ex_frame *f, const ast_nodes *nodes) {
  for (size_t i = 0; i < nodes->len && !f->has_returned && may_step(f, nodes->data[i]->loc); i++) {
    run_one(f, nodes->data[i]);
  }
}
