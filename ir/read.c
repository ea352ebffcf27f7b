// ir_parse: text -> parse tree (flex, bison) -> module.
#include "ir/read.h"

#include <limits.h>

#include "ir_parse.h"

int ir_yylex_init_extra(parse_context *p, void **scanner);
int ir_yylex_destroy(void *scanner);
struct yy_buffer_state *ir_yy_scan_bytes(const char *text, int length, void *scanner);

// ---- items of a module -----------------------------------------------------------------------------------

static bool read_source(reader *r, const node *n) {
  vec_push(r->mem, &r->m->sources, n->items.data[0]->text);
  return true;
}

static bool read_weight(reader *r, const node *n) {
  ir_weight *w = ARENA_NEW(r->mem, ir_weight);
  w->name = n->items.data[0]->text;
  w->loc = n->loc;
  r->scheme = NULL;
  vec_push(r->mem, &r->m->weights, w);
  return read_record(r, &record_weight, n->items.data[1], w);
}

static bool read_recipe(reader *r, const node *n) {
  recipe *made = ARENA_NEW(r->mem, recipe);
  made->name = n->items.data[0]->text;
  made->loc = n->loc;
  r->scheme = NULL;
  r->code_bits = 0;
  if (!read_record(r, &record_recipe, n->items.data[1], made)) return false;
  vec_push(r->mem, &r->m->recipes, made);
  return true;
}

static bool read_plan(reader *r, const node *n) {
  if (r->m->plan != NULL) return read_fail(r, n->loc, "the module has two plans");
  r->m->plan = ARENA_NEW(r->mem, ir_plan);
  r->m->plan->loc = n->loc;
  if (!read_record(r, &record_plan, n->items.data[0], r->m->plan)) return false;
  r->m->plan->steps.cap = r->m->plan->steps.len;
  return true;
}

static bool read_item(reader *r, const node *n) {
  switch (n->kind) {
  case NODE_SOURCE: return read_source(r, n);
  case NODE_SCHEME: return read_scheme(r, n);
  case NODE_WEIGHT: return read_weight(r, n);
  case NODE_RECIPE: return read_recipe(r, n);
  case NODE_PLAN: return read_plan(r, n);
  default: return read_func(r, n);
  }
}

static ir_module *read_module(parse_context *p) {
  const node *items = p->root->items.data[2];
  reader r = {.p = p, .mem = p->mem, .m = ir_module_new(p->mem, p->root->items.data[0]->text)};
  r.m->loc = p->root->items.data[1]->loc; // of the only thing that the module itself states
  bool ok = read_u64(&r, p->root->items.data[1], &r.m->max_batch);
  for (size_t i = 0; i < items->items.len; i++) ok = read_item(&r, items->items.data[i]) && ok;
  return ok && !p->failed ? r.m : NULL;
}

// ---- text ------------------------------------------------------------------------------------------------

static bool parse_text(parse_context *p, const char *text, size_t length) {
  void *scanner;
  if (length > INT_MAX - 2) {
    node_error(p, SRC_NOWHERE, "the text is longer than 2 GiB");
    return false;
  }
  if (ir_yylex_init_extra(p, &scanner) != 0) {
    node_error(p, SRC_NOWHERE, "no memory to read the text");
    return false;
  }
  ir_yy_scan_bytes(text, (int)length, scanner);
  bool ok = ir_yyparse(scanner, p) == 0;
  ir_yylex_destroy(scanner);
  return ok && !p->failed;
}

ir_module *ir_parse(diag *d, arena *mem, const char *name, const char *text, size_t length) {
  parse_context p = {.d = d, .mem = mem, .file = diag_add_source(d, name, text, length)};
  return parse_text(&p, text, length) ? read_module(&p) : NULL;
}
