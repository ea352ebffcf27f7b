// Entries of networks: what is given to a call, and what comes back.
#include <string.h>

#include "frontend/expand.h"

// ---- the network

static bool add_dim(ex_frame *f, const ast_node *node) {
  int64_t low = 1;
  int64_t step = 1;
  ex_value bound = ex_eval(f, node->value);
  const extent *most = bound.kind == EX_WRONG ? NULL : ex_known_size(f, &bound, node->value->loc, "a bound");
  if (most == NULL) return false;
  if (node->args.len > 0) low = node->args.data[0].value->i;
  if (node->per != NULL) {
    ex_value s = ex_eval(f, node->per);
    if (s.kind == EX_WRONG || !ex_known_int(f, &s, node->per->loc, "a step", &step)) return false;
    if (step < 1) {
      ex_error(f, node->per->loc, "a step is at least 1");
      return false;
    }
  }
  bool below = node->word.text != NULL;
  int64_t high = most->greatest - below;
  if (high < low) {
    ex_error(f, node->loc, "'%s' has no value: it is at least %lld and at most %lld", node->name.text, (long long)low,
             (long long)high);
    return false;
  }
  extent_pool *p = ex_pool(f);
  const extent *least = extent_constant(p, low), *greatest = extent_sub(p, most, extent_constant(p, below));
  const extent *size =
      least == greatest ? least : extent_new_symbol(p, node->name.text, least, greatest, step, node->loc);
  if (size == NULL) {
    ex_error(f, node->loc, "the size '%s' %s", node->name.text, extent_status_text(extent_why(p)));
    return false;
  }
  ex_declare(f, node->name.text, node->name.loc)->value = ex_size(f, size, node->loc);
  return true;
}

static bool add_input(ex_frame *f, const ast_node *node, const ast_expr *bound) {
  bool found;
  st_type type = ex_type_named(node->type.name.text, &found);
  if (!found) {
    ex_error(f, node->type.loc, "'%s' is no type of numbers", node->type.name.text);
    return false;
  }
  const extent *dims[64];
  size_t rank = 0;
  for (size_t i = 0; i < node->type.dims.len && rank < 64; i++) {
    const ast_expr *e = node->type.dims.data[i].value;
    ex_value v = ex_eval(f, e);
    dims[rank] = v.kind == EX_WRONG ? NULL : ex_known_size(f, &v, e->loc, "a size");
    if (dims[rank++] == NULL) return false;
  }
  st_tensor *t = st_tensor_new(f->x->c, ST_INPUT, node->name.text, type, (unsigned)rank, dims, node->loc);
  if (bound != NULL) {
    ex_value v = ex_eval(f, bound);
    const extent *most = v.kind == EX_WRONG ? NULL : ex_known_size(f, &v, bound->loc, "the bound of an input");
    if (most == NULL || type.kind != ST_CLASS_INT) {
      if (most != NULL) ex_error(f, bound->loc, "only integers have a bound");
      return false;
    }
    t->low = 0;
    t->high = most->greatest - 1 < t->high ? most->greatest - 1 : t->high;
  }
  ex_declare(f, node->name.text, node->name.loc)->value = ex_tensor(t);
  return true;
}

// ---- results

// A number is a tensor without dimensions.
static const st_tensor *as_tensor(ex_frame *f, const ex_value *v, const char *name, src_loc loc) {
  if (v->kind == EX_TENSOR) return v->tensor;
  const st_expr *e = ex_as_number(f, v, loc);
  if (e == NULL) return NULL;
  st_tensor *t = st_tensor_new(f->x->c, ST_LOCAL, name, (st_type){.kind = e->kind}, 0, NULL, loc);
  st_statement *s = ARENA_NEW(f->x->c->mem, st_statement);
  *s = (st_statement){.kind = ST_DEFINE, .target = t, .value = e, .loc = loc};
  vec_push(f->x->c->mem, f->out, s);
  return t;
}

static bool check_type(ex_frame *f, const ast_type *type, const st_tensor *t, src_loc loc) {
  bool found;
  if (type->name.text == NULL) return true;
  st_type wanted = ex_type_named(type->name.text, &found);
  if (!found) {
    ex_error(f, type->loc, "'%s' is no type of numbers", type->name.text);
    return false;
  }
  st_set_type(f->x->c, t, wanted);
  bool same =
      t->type.kind == wanted.kind && (!t->type.stored || t->type.elem == wanted.elem) && t->rank == type->dims.len;
  for (size_t i = 0; i < type->dims.len && same; i++) {
    ex_value v = ex_eval(f, type->dims.data[i].value);
    const extent *size = v.kind == EX_WRONG ? NULL : ex_known_size(f, &v, type->loc, "a size");
    if (size == NULL) return false;
    same = extent_proves(ex_pool(f), size, EXTENT_EQ, t->dims[i]) == EXTENT_YES;
  }
  if (!same) ex_error(f, loc, "the result has another type or shape than is declared");
  return same;
}

static bool add_result(ex_frame *f, const char *name, const ast_type *type, const ex_value *v, src_loc loc) {
  if (v->kind == EX_LIST) {
    for (size_t i = 0; i < v->count; i++) {
      const char *one = arena_printf(f->x->l->mem, "%s%zu", name, i);
      if (!add_result(f, one, type, &v->items[i], loc)) return false;
    }
    return true;
  }
  const st_tensor *t = v->kind == EX_WRONG ? NULL : as_tensor(f, v, name, loc);
  if (t == NULL || !check_type(f, type, t, loc)) return false;
  elem_type real = f->x->c->has_doubles ? ELEM_F64 : ELEM_F32;
  if (type->name.text == NULL) st_set_type(f->x->c, t, (st_type){.kind = ST_CLASS_REAL, .stored = true, .elem = real});
  vec_push(f->x->c->mem, &f->x->c->results, t);
  vec_push(f->x->c->mem, &f->x->c->result_names, arena_strdup(f->x->c->mem, name));
  return true;
}

static bool add_returned(ex_frame *f, const ast_nodes *nodes) {
  const ast_node *last = nodes->len == 0 ? NULL : nodes->data[nodes->len - 1];
  if (last == NULL || last->kind != AST_RETURN || !f->has_returned) return true;
  for (size_t i = 0; i < last->body.len; i++) {
    const ast_node *r = last->body.data[i];
    const char *name = r->name.text != NULL ? r->name.text : arena_printf(f->x->l->mem, i == 0 ? "y" : "y%zu", i);
    if (r->name.text == NULL && r->value->kind == AST_NAME) name = r->value->name.text;
    if (!add_result(f, name, &r->type, &f->returned[i], r->loc)) return false;
  }
  return true;
}

// ---- entries

static const ast_node *find_entry(ex_library *l, const ast_node *network, const char *name) {
  const ast_node *found = NULL;
  size_t count = 0;
  for (size_t i = 0; i < network->body.len; i++) {
    const ast_node *node = network->body.data[i];
    if (node->kind != AST_ENTRY) continue;
    count++;
    if (name == NULL || strcmp(node->name.text, name) == 0) found = node;
  }
  if (found == NULL || (name == NULL && count > 1)) {
    diag_error(l->d, network->name.loc, name == NULL ? "'%s' has %zu entries: say which" : "'%s' has no such entry",
               network->name.text, count);
    return NULL;
  }
  return found;
}

// Declarations of the network that come before its entries.
static bool run_declarations(ex_frame *f, const ast_node *network) {
  bool ok = true;
  for (size_t i = 0; i < network->body.len; i++) {
    const ast_node *node = network->body.data[i];
    if (node->kind == AST_DIM) ok = add_dim(f, node) && ok;
    if (node->kind == AST_CONST) {
      ex_value v = ex_eval(f, node->value);
      if (v.kind != EX_WRONG) ex_set(f, node->name.text, v, node->name.loc);
      ok = ok && v.kind != EX_WRONG;
    }
    if (node->kind == AST_BLOCK) name_map_set(&f->x->l->operators, node->name.text, (void *)node);
  }
  return ok;
}

// The short form: inputs, statements and outputs directly in the network.
static bool run_short(ex_frame *f, const ast_node *network) {
  bool ok = true;
  for (size_t i = 0; i < network->body.len && ok; i++) {
    const ast_node *node = network->body.data[i];
    ast_nodes one = {.data = (ast_node *[]){(ast_node *)(uintptr_t)node}, .len = 1};
    if (node->kind == AST_INPUT) ok = add_input(f, node, NULL);
    if (node->kind == AST_OUTPUT) {
      ast_expr name = {.kind = AST_NAME, .name = node->name, .loc = node->name.loc};
      ex_value v = ex_eval(f, node->value != NULL ? node->value : &name);
      ok = v.kind != EX_WRONG && add_result(f, node->name.text, &node->type, &v, node->loc);
      if (ok && node->value != NULL) ex_set(f, node->name.text, v, node->loc);
    }
    bool declares =
        node->kind == AST_DIM || node->kind == AST_CONST || node->kind == AST_BLOCK || node->kind == AST_WEIGHTS;
    if (!declares && node->kind != AST_INPUT && node->kind != AST_OUTPUT) ex_run(f, &one);
    ok = ok && !f->x->failed;
  }
  return ok;
}

static bool has_entries(const ast_node *network) {
  for (size_t i = 0; i < network->body.len; i++) {
    if (network->body.data[i]->kind == AST_ENTRY) return true;
  }
  return false;
}

st_computation *ex_entry(ex_library *l, const ast_node *network, const char *name) {
  const ast_node *entry = has_entries(network) ? find_entry(l, network, name) : network;
  if (entry == NULL) return NULL;
  extent_pool *sizes = extent_pool_new(l->mem);
  ex_computation x = {.l = l,
                      .c = st_computation_new(l->mem, sizes, entry->name.text),
                      .ahead = {.mem = l->mem},
                      .bindings = {.mem = l->mem}};
  ex_statements out = {0};
  ex_frame f = {
      .x = &x, .node = entry, .call = entry->loc, .latest = {.mem = l->mem}, .failed = {.mem = l->mem}, .out = &out};
  bool ok = run_declarations(&f, network);
  if (entry == network) {
    ok = ok && run_short(&f, network);
  } else {
    for (size_t i = 0; i < entry->params.len && ok; i++)
      ok = add_input(&f, entry->params.data[i], entry->params.data[i]->per);
    if (ok) ex_run(&f, &entry->body);
    ok = ok && !x.failed && add_returned(&f, &entry->body);
  }
  for (size_t i = 0; i < out.len; i++) vec_push(l->mem, &x.c->statements, out.data[i]);
  return ok && !x.failed ? x.c : NULL;
}
