// The tree as text again.
#include <ctype.h>
#include <string.h>

#include "frontend/frontend.h"
#include "frontend/tree.h"
#include "support/text.h"
#include "support/vec.h"

// Of expressions that are no binary operators; what is an operand, in a range say, binds tighter than comparisons.
enum { ELSE_PRECEDENCE, SELECT_PRECEDENCE, OPERAND_PRECEDENCE = 5, UNARY_PRECEDENCE = 11, ELEMENTS_PER_LINE = 8 };

static int precedence_of(const ast_expr *e) {
  switch (e->kind) {
  case AST_BINARY: return ast_operator_precedence(e->op);
  case AST_UNARY: return UNARY_PRECEDENCE;
  case AST_SELECT: return SELECT_PRECEDENCE;
  case AST_ELSE: return ELSE_PRECEDENCE;
  default: return UNARY_PRECEDENCE + 1;
  }
}

static void print_expr(strbuf *out, const ast_expr *e);

// In parentheses unless the expression binds at least as tightly as `least`.
static void print_operand(strbuf *out, const ast_expr *e, int least) {
  bool parentheses = precedence_of(e) < least;
  if (parentheses) strbuf_putc(out, '(');
  print_expr(out, e);
  if (parentheses) strbuf_putc(out, ')');
}

static void print_args(strbuf *out, const ast_args *args, size_t first) {
  for (size_t i = first; i < args->len; i++) {
    if (i > first) strbuf_printf(out, ", ");
    if (args->data[i].name.text != NULL) strbuf_printf(out, "%s = ", args->data[i].name.text);
    print_expr(out, args->data[i].value);
  }
}

static bool is_bit_operator(const ast_expr *e) {
  int precedence = e->kind == AST_BINARY ? ast_operator_precedence(e->op) : 0;
  return precedence >= ast_operator_precedence(AST_OP_OR) && precedence <= ast_operator_precedence(AST_OP_SHL);
}

// Shifts and bit operators beside others are easily misread: what is an operand there gets parentheses.
static int least_precedence(const ast_expr *e, const ast_expr *operand, int least) {
  bool mixed = operand->kind == AST_BINARY && operand->op != e->op && (is_bit_operator(e) || is_bit_operator(operand));
  return mixed ? UNARY_PRECEDENCE : least;
}

// Left operands of the same precedence need no parentheses, except that comparisons do not chain.
static void print_binary(strbuf *out, const ast_expr *e) {
  const ast_expr *left = e->args.data[0].value, *right = e->args.data[1].value;
  int precedence = ast_operator_precedence(e->op);
  bool compares = precedence == ast_operator_precedence(AST_OP_EQ);
  print_operand(out, left, least_precedence(e, left, compares ? precedence + 1 : precedence));
  strbuf_printf(out, " %s ", ast_operator_text(e->op));
  print_operand(out, right, least_precedence(e, right, precedence + 1));
}

static void print_select(strbuf *out, const ast_expr *e) {
  print_operand(out, e->args.data[0].value, SELECT_PRECEDENCE + 1);
  strbuf_printf(out, " ? ");
  print_operand(out, e->args.data[1].value, SELECT_PRECEDENCE);
  strbuf_printf(out, " : ");
  print_operand(out, e->args.data[2].value, SELECT_PRECEDENCE);
}

// `..`, `s..`, `a .. b`, `i.. < out`
static void print_range(strbuf *out, const ast_expr *e) {
  const ast_expr *from = e->args.data[0].value, *to = e->args.data[1].value, *bound = e->args.data[2].value;
  if (from != NULL) print_operand(out, from, to != NULL ? OPERAND_PRECEDENCE : UNARY_PRECEDENCE + 1);
  bool number = out->len > 0 && isdigit((unsigned char)out->data[out->len - 1]); // 1.. would be no number
  strbuf_printf(out, to != NULL ? " .. " : number ? " .." : "..");
  if (to != NULL) print_operand(out, to, OPERAND_PRECEDENCE);
  if (bound == NULL) return;
  strbuf_printf(out, " < ");
  print_operand(out, bound, OPERAND_PRECEDENCE);
}

// What follows the word must not look as if `ring` were a name.
static void print_ring(strbuf *out, const ast_expr *e) {
  strbuf size = {.mem = out->mem};
  print_expr(&size, e->args.data[0].value);
  const char *text = strbuf_text(&size);
  bool plain = isalnum((unsigned char)text[0]) || text[0] == '_' || text[0] == '(';
  strbuf_printf(out, plain ? "ring %s" : "ring (%s)", text);
}

static void print_expr(strbuf *out, const ast_expr *e) {
  switch (e->kind) {
  case AST_INT: strbuf_printf(out, "%lld", (long long)e->i); break;
  case AST_REAL: text_real(out, e->r, 1); break;
  case AST_STRING: text_quoted(out, e->name.text); break;
  case AST_NAME: strbuf_printf(out, "%s", e->name.text); break;
  case AST_STAR: strbuf_putc(out, '*'); break;
  case AST_RANGE: print_range(out, e); break;
  case AST_ELSE:
    print_operand(out, e->args.data[0].value, SELECT_PRECEDENCE);
    strbuf_printf(out, " else ");
    print_expr(out, e->args.data[1].value);
    break;
  case AST_RING: print_ring(out, e); break;
  case AST_BINARY: print_binary(out, e); break;
  case AST_SELECT: print_select(out, e); break;
  case AST_UNARY:
    strbuf_printf(out, "%s", ast_operator_text(e->op));
    print_operand(out, e->args.data[0].value, UNARY_PRECEDENCE + 1);
    break;
  case AST_CALL:
    strbuf_printf(out, "%s(", e->name.text);
    print_args(out, &e->args, 0);
    strbuf_putc(out, ')');
    break;
  case AST_INDEX:
    print_operand(out, e->args.data[0].value, UNARY_PRECEDENCE + 1);
    strbuf_putc(out, '[');
    print_args(out, &e->args, 1);
    strbuf_putc(out, ']');
    break;
  case AST_LIST:
    strbuf_putc(out, '[');
    print_args(out, &e->args, 0);
    strbuf_putc(out, ']');
    break;
  }
}

const char *fe_expr_text(arena *a, const ast_expr *e) {
  strbuf out = {.mem = a};
  print_expr(&out, e);
  return strbuf_text(&out);
}

// ---- declarations ----

static void print_type(strbuf *out, const ast_type *type) {
  strbuf_printf(out, "%s", type->name.text);
  if (type->width != NULL) {
    strbuf_putc(out, '(');
    print_expr(out, type->width);
    strbuf_putc(out, ')');
  }
  for (size_t i = 0; i < type->others.len; i++) strbuf_printf(out, "|%s", type->others.data[i].text);
  if (type->dims.len == 0) return;
  strbuf_putc(out, '[');
  print_args(out, &type->dims, 0);
  strbuf_putc(out, ']');
}

static void print_named(strbuf *out, const ast_args *args) {
  if (args->len == 0) return;
  strbuf_putc(out, '(');
  print_args(out, args, 0);
  strbuf_putc(out, ')');
}

const char *fe_parameters_text(arena *a, const ast_args *parameters) {
  strbuf out = {.mem = a};
  print_named(&out, parameters);
  return strbuf_text(&out);
}

static void print_per(strbuf *out, const ast_expr *per) {
  if (per == NULL) return;
  strbuf_printf(out, " per ");
  print_expr(out, per);
}

static void print_assigned(strbuf *out, const ast_expr *value) {
  if (value == NULL) return;
  strbuf_printf(out, " = ");
  print_expr(out, value);
}

static void print_elements(strbuf *out, const ast_args *elements, int indent) {
  strbuf_printf(out, " = {");
  for (size_t i = 0; i < elements->len; i++) {
    if (i % ELEMENTS_PER_LINE == 0)
      strbuf_printf(out, "\n%*s", indent + 2, "");
    else
      strbuf_putc(out, ' ');
    print_expr(out, elements->data[i].value);
    if (i + 1 < elements->len) strbuf_putc(out, ',');
  }
  strbuf_printf(out, "\n%*s}", indent, "");
}

static void print_binders(strbuf *out, const ast_names *binders) {
  for (size_t i = 0; i < binders->len; i++) strbuf_printf(out, "%s%s", i == 0 ? "[" : ", ", binders->data[i].text);
  if (binders->len > 0) strbuf_putc(out, ']');
}

static void print_option(strbuf *out, const ast_node *n) {
  strbuf_printf(out, " %s = %s", n->name.text, n->word.text);
  print_per(out, n->per);
  if (n->suffix.text != NULL) strbuf_printf(out, " %s", n->suffix.text);
  print_named(out, &n->args);
}

static void print_meaning(strbuf *out, const ast_node *n) {
  if (n->value != NULL) strbuf_printf(out, " %s", n->value->name.text);
  if (n->value != NULL) print_named(out, &n->value->args);
  for (size_t i = 0; i < n->body.len; i++) {
    if (i > 0 || n->value != NULL) strbuf_putc(out, ',');
    print_option(out, n->body.data[i]);
  }
}

static void print_rule(strbuf *out, const ast_node *n) {
  if (n->word.text != NULL) strbuf_printf(out, "%s ", n->word.text);
  text_quoted(out, n->name.text);
  strbuf_printf(out, " :");
  print_meaning(out, n);
}

static void print_preset(strbuf *out, const ast_node *n) {
  strbuf_printf(out, "%s", n->name.text);
  print_named(out, &n->args);
  strbuf_printf(out, " =");
  print_meaning(out, n);
}

static void print_tensor(strbuf *out, const ast_node *n) {
  strbuf_printf(out, "tensor %s : ", n->name.text);
  print_type(out, &n->type);
  if (n->suffix.text == NULL) return;
  strbuf_printf(out, " = ");
  text_quoted(out, n->suffix.text);
}

static void print_doc(strbuf *out, const char *doc, int indent) {
  while (doc != NULL) {
    const char *newline = strchr(doc, '\n');
    int length = newline == NULL ? (int)strlen(doc) : (int)(newline - doc);
    strbuf_printf(out, "%*s//%s%.*s\n", indent, "", length == 0 ? "" : " ", length, doc);
    doc = newline == NULL ? NULL : newline + 1;
  }
}

// What stands before the first part that differs between kinds.
static const char *const keywords[] = {
    [AST_INCLUDE] = "include ",
    [AST_CONST] = "const ",
    [AST_SCHEME] = "scheme ",
    [AST_FIELD] = "",
    [AST_SECTION] = "",
    [AST_TABLE] = "table ",
    [AST_VALUE] = "value",
    [AST_STEPS] = "",
    [AST_LAYOUT] = "layout ",
    [AST_TENSOR] = "",
    [AST_PLACE] = "",
    [AST_MODEL] = "",
    [AST_WEIGHTS] = "weights",
    [AST_INPUT] = "input ",
    [AST_DIM] = "dim ",
    [AST_LET] = "",
    [AST_OUTPUT] = "output ",
    [AST_PRESET] = "rule ",
    [AST_QUANTIZE] = "quantize",
    [AST_RULE] = "",
    [AST_OPTION] = "",
    [AST_OPERATOR] = "operator ",
    [AST_PARAM] = "",
    [AST_STATEMENT] = "",
    [AST_REQUIRE] = "require ",
    [AST_IF] = "",
    [AST_FOR] = "for ",
    [AST_LOOP] = "loop ",
    [AST_BLOCK] = "block ",
    [AST_ENTRY] = "entry ",
    [AST_STATE] = "state ",
    [AST_RETURN] = "return",
    [AST_RESULT] = "",
};

static void print_nodes(strbuf *out, const ast_nodes *nodes, int indent);

static void print_body(strbuf *out, const ast_nodes *body, int indent) {
  strbuf_printf(out, " {\n");
  print_nodes(out, body, indent + 2);
  strbuf_printf(out, "%*s}", indent, "");
}

// 0 <= name <= bound step step
static void print_dim(strbuf *out, const ast_node *n) {
  if (n->args.len > 0) {
    print_args(out, &n->args, 0);
    strbuf_printf(out, " <= ");
  }
  strbuf_printf(out, "%s %s ", n->name.text, n->word.text == NULL ? "<=" : n->word.text);
  print_expr(out, n->value);
  if (n->per == NULL) return;
  strbuf_printf(out, " step ");
  print_expr(out, n->per);
}

static void print_weights(strbuf *out, const ast_node *n) {
  if (n->suffix.text != NULL) strbuf_printf(out, " %s%s", n->suffix.text, n->name.text != NULL ? " :" : "");
  if (n->name.text != NULL) strbuf_putc(out, ' ');
  if (n->name.text != NULL) text_quoted(out, n->name.text);
  if (n->args.len == 0) return;
  strbuf_printf(out, ", ");
  print_args(out, &n->args, 0);
}

static void print_section(strbuf *out, const ast_node *n) {
  strbuf_printf(out, "%s ", n->name.text);
  print_expr(out, n->per);
  strbuf_printf(out, " .. ");
  print_expr(out, n->value);
  strbuf_printf(out, " : %s", n->type.width->name.text);
  print_named(out, &n->type.width->args);
}

// name : type per granule sparse share
static void print_field(strbuf *out, const ast_node *n) {
  strbuf_printf(out, "%s : ", n->name.text);
  print_type(out, &n->type);
  print_per(out, n->per);
  if (n->word.text != NULL) strbuf_printf(out, " %s", n->word.text);
  if (n->value == NULL) return;
  strbuf_putc(out, ' ');
  print_expr(out, n->value);
}

static void print_place(strbuf *out, const ast_node *n) {
  strbuf_printf(out, "%s", n->name.text);
  if (n->suffix.text != NULL) strbuf_printf(out, ".%s", n->suffix.text);
  print_binders(out, &n->binders);
  print_assigned(out, n->value);
}

static void print_colon_type(strbuf *out, const ast_type *type) {
  if (type->name.text == NULL) return;
  strbuf_printf(out, " : ");
  print_type(out, type);
}

static void print_typed(strbuf *out, const ast_node *n, int indent) {
  strbuf_printf(out, "%s", n->name.text);
  print_colon_type(out, &n->type);
  print_per(out, n->per);
  if (n->kind == AST_TABLE) print_elements(out, &n->args, indent);
  print_binders(out, &n->binders);
  print_assigned(out, n->value);
}

// ---- operators and networks ----

static void print_indices(strbuf *out, const ast_args *args) {
  if (args->len == 0) return;
  strbuf_putc(out, '[');
  print_args(out, args, 0);
  strbuf_putc(out, ']');
}

// name[count] : type < bound = value
static void print_param(strbuf *out, const ast_node *n) {
  strbuf_printf(out, "%s", n->name.text);
  print_indices(out, &n->args);
  print_colon_type(out, &n->type);
  if (n->per != NULL) {
    strbuf_printf(out, " < ");
    print_operand(out, n->per, OPERAND_PRECEDENCE);
  }
  print_assigned(out, n->value);
}

static void print_list(strbuf *out, const ast_nodes *nodes, void (*print)(strbuf *, const ast_node *)) {
  for (size_t i = 0; i < nodes->len; i++) {
    if (i > 0) strbuf_printf(out, ", ");
    print(out, nodes->data[i]);
  }
}

static void print_params(strbuf *out, const ast_nodes *params) {
  strbuf_putc(out, '(');
  print_list(out, params, print_param);
  strbuf_putc(out, ')');
}

const char *fe_params_text(arena *a, const ast_nodes *params) {
  strbuf out = {.mem = a};
  print_params(&out, params);
  return strbuf_text(&out);
}

static void print_state(strbuf *out, const ast_node *n) {
  for (size_t i = 0; i < n->binders.len; i++) strbuf_printf(out, "%s%s", i > 0 ? ", " : "", n->binders.data[i].text);
  print_indices(out, &n->args);
  print_colon_type(out, &n->type);
  print_assigned(out, n->value);
}

static void print_assignment(strbuf *out, const ast_node *n) {
  print_args(out, &n->args, 0);
  print_colon_type(out, &n->type);
  strbuf_printf(out, " %s ", n->word.text);
  print_expr(out, n->value);
}

static void print_require(strbuf *out, const ast_node *n) {
  print_expr(out, n->value);
  strbuf_printf(out, ", ");
  text_quoted(out, n->word.text);
}

static void print_result(strbuf *out, const ast_node *n) {
  if (n->name.text != NULL) strbuf_printf(out, "%s", n->name.text);
  print_colon_type(out, &n->type);
  if (n->name.text != NULL) strbuf_printf(out, " = ");
  print_expr(out, n->value);
}

static void print_return(strbuf *out, const ast_node *n) {
  if (n->body.len > 0) strbuf_putc(out, ' ');
  print_list(out, &n->body, print_result);
}

static void print_for_head(strbuf *out, const ast_node *n) {
  if (n->word.text != NULL)
    print_binders(out, &n->binders);
  else
    strbuf_printf(out, "%s", n->binders.data[0].text);
  strbuf_printf(out, n->per != NULL ? " < " : " in ");
  print_expr(out, n->per != NULL ? n->per : n->value);
}

static void print_if(strbuf *out, const ast_node *n, int indent) {
  for (;;) {
    strbuf_printf(out, "if ");
    print_expr(out, n->value);
    print_body(out, &n->body, indent);
    if (n->otherwise.len == 0) return;
    strbuf_printf(out, " else ");
    if (n->otherwise.len > 1 || n->otherwise.data[0]->kind != AST_IF) break;
    n = n->otherwise.data[0];
  }
  strbuf_printf(out, "{\n");
  print_nodes(out, &n->otherwise, indent + 2);
  strbuf_printf(out, "%*s}", indent, "");
}

// ---- all kinds ----

static void print_head(strbuf *out, const ast_node *n) {
  bool has_params = n->kind == AST_OPERATOR || n->kind == AST_BLOCK || n->kind == AST_ENTRY;
  if (n->kind == AST_MODEL) strbuf_printf(out, "%s ", n->word.text == NULL ? "model" : n->word.text);
  if (n->kind == AST_FOR) print_for_head(out, n);
  if (n->name.text != NULL) strbuf_printf(out, "%s", n->name.text);
  if (n->kind == AST_LOOP) strbuf_printf(out, " < ");
  if (n->kind == AST_LOOP) print_expr(out, n->per);
  if (n->kind == AST_SCHEME || n->kind == AST_LAYOUT) print_named(out, &n->args);
  if (!has_params) return;
  print_params(out, &n->params);
  if (n->args.len == 0) return;
  strbuf_printf(out, " -> ");
  print_args(out, &n->args, 0);
}

static void print_block(strbuf *out, const ast_node *n, int indent) {
  if (n->kind == AST_IF) {
    print_if(out, n, indent);
  } else {
    print_head(out, n);
    print_body(out, &n->body, indent);
  }
  strbuf_putc(out, '\n');
}

static void print_statement(strbuf *out, const ast_node *n, int indent) {
  switch (n->kind) {
  case AST_INCLUDE: text_quoted(out, n->name.text); break;
  case AST_WEIGHTS: print_weights(out, n); break;
  case AST_VALUE: print_assigned(out, n->value); break;
  case AST_TENSOR: print_tensor(out, n); break;
  case AST_PLACE: print_place(out, n); break;
  case AST_RULE: print_rule(out, n); break;
  case AST_PRESET: print_preset(out, n); break;
  case AST_FIELD: print_field(out, n); break;
  case AST_SECTION: print_section(out, n); break;
  case AST_DIM: print_dim(out, n); break;
  case AST_INPUT: print_param(out, n); break;
  case AST_STATE: print_state(out, n); break;
  case AST_STATEMENT: print_assignment(out, n); break;
  case AST_REQUIRE: print_require(out, n); break;
  case AST_RETURN: print_return(out, n); break;
  default: print_typed(out, n, indent); break;
  }
  strbuf_printf(out, ";\n");
}

static bool is_block(ast_kind kind) {
  static const bool blocks[] = {[AST_SCHEME] = true, [AST_MODEL] = true,    [AST_QUANTIZE] = true, [AST_LAYOUT] = true,
                                [AST_IF] = true,     [AST_FOR] = true,      [AST_LOOP] = true,     [AST_BLOCK] = true,
                                [AST_ENTRY] = true,  [AST_OPERATOR] = true, [AST_RESULT] = false};
  return blocks[kind];
}

static void print_nodes(strbuf *out, const ast_nodes *nodes, int indent) {
  for (size_t i = 0; i < nodes->len; i++) {
    const ast_node *n = nodes->data[i];
    if (i > 0 && indent == 0 && is_block(n->kind)) strbuf_putc(out, '\n');
    print_doc(out, n->doc, indent);
    strbuf_printf(out, "%*s%s", indent, "", keywords[n->kind]);
    if (is_block(n->kind))
      print_block(out, n, indent);
    else
      print_statement(out, n, indent);
  }
}

const char *fe_print_ast(arena *a, const ast *tree) {
  strbuf out = {.mem = a};
  print_nodes(&out, &tree->items, 0);
  return strbuf_text(&out);
}
