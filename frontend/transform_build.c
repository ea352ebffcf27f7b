// `input = ..;` and `output = ..;` of a scheme: a chain of steps on x or y, from the inside out.
#include "frontend/sema.h"

typedef struct chain {
  fe_context *c;
  const fe_scope *scope; // of factors
  const char *member;    // "input" or "output"
  const char *variable;  // "x" or "y"
  VEC(transform_step) steps;
} chain;

static bool add_steps(chain *t, const ast_expr *e);

static bool no_step(const chain *t, const ast_expr *e) {
  diag_error(t->c->d, e->loc, "this is no step of the %s", t->member);
  diag_hint(t->c->d, "its steps are %s[order], %s * s, %s / s and hadamard(%s, 128), one around the other", t->variable,
            t->variable, t->variable, t->variable);
  return false;
}

static bool has_variable(const chain *t, const ast_expr *e) {
  if (e->kind == AST_NAME) return fe_same_text(e->name.text, t->variable);
  for (size_t i = 0; i < e->args.len; i++)
    if (has_variable(t, e->args.data[i].value)) return true;
  return false;
}

static void push(chain *t, transform_step step) { vec_push(t->c->mem, &t->steps, step); }

// A step with a factor, in which the variable has no place.
static bool add_factor(chain *t, transform_kind kind, const ast_expr *factor, src_loc loc) {
  if (has_variable(t, factor)) return no_step(t, factor);
  const expr *e = fe_lower(t->c, t->scope, FE_USE_VALUE, factor);
  push(t, (transform_step){.kind = kind, .factor = e, .loc = loc});
  return e != NULL;
}

static bool add_product(chain *t, const ast_expr *e) {
  const ast_expr *left = e->args.data[0].value, *right = e->args.data[1].value;
  bool swapped = e->op == AST_OP_MUL && !has_variable(t, left);
  if (e->op != AST_OP_MUL && e->op != AST_OP_DIV) return no_step(t, e);
  return add_steps(t, swapped ? right : left) &&
         add_factor(t, e->op == AST_OP_MUL ? TRANSFORM_MUL : TRANSFORM_DIV, swapped ? left : right, e->loc);
}

static bool add_gather(chain *t, const ast_expr *e) {
  if (e->args.len != 2) return no_step(t, e);
  return add_steps(t, e->args.data[0].value) && add_factor(t, TRANSFORM_GATHER, e->args.data[1].value, e->loc);
}

static bool add_hadamard(chain *t, const ast_expr *e) {
  int64_t block = 0;
  if (!fe_same_text(e->name.text, "hadamard") || e->args.len < 1 || e->args.len > 2) return no_step(t, e);
  if (e->args.len == 2 && !fe_constant_in(t->c, t->scope, e->args.data[1].value, "the block of a Hadamard transform", 2,
                                          SCHEME_MAX_HADAMARD, &block))
    return false;
  if (!add_steps(t, e->args.data[0].value)) return false;
  push(t, (transform_step){.kind = TRANSFORM_HADAMARD, .block = (uint64_t)block, .loc = e->loc});
  return true;
}

static bool add_steps(chain *t, const ast_expr *e) {
  switch (e->kind) {
  case AST_NAME: return fe_same_text(e->name.text, t->variable) || no_step(t, e);
  case AST_BINARY: return add_product(t, e);
  case AST_INDEX: return add_gather(t, e);
  case AST_CALL: return add_hadamard(t, e);
  default: return no_step(t, e);
  }
}

bool fe_build_transform(fe_context *c, const fe_scope *scope, const ast_node *node, transform *out) {
  bool input = fe_same_text(node->name.text, "input");
  fe_scope variables = {.outer = scope->outer}, inner = *scope;
  inner.outer = &variables;
  fe_declare(c, &variables,
             (fe_symbol){.name = input ? "k" : "n", .kind = FE_SYMBOL_VAR, .index = input ? VAR_K : VAR_N});
  chain t = {.c = c, .scope = &inner, .member = node->name.text, .variable = input ? "x" : "y"};
  const fe_symbol *field = fe_find(scope, t.variable);
  if (field != NULL) {
    diag_error(c->d, node->loc, "in the %s, '%s' are the layer's %s", t.member, t.variable,
               input ? "activations" : "results");
    diag_note(c->d, field->loc, "give this another name");
    return false;
  }
  if (!add_steps(&t, node->value)) return false;
  *out = (transform){.count = t.steps.len, .steps = t.steps.data};
  return true;
}
