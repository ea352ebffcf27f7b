// Modules and functions as text. Every value gets a name of its own; everything else is printed as it is.
#include "ir/print.h"

#include <string.h>

#include "support/map.h"
#include "support/text.h"

typedef struct printer {
  strbuf out;
  ptr_map names; // ir_value -> index into texts
  VEC(const char *) texts;
  name_map taken;
  name_map repeated; // name -> size_t: the number that was last put behind it
  size_t next;       // number for the next value without a name
  unsigned depth;
} printer;

static void print_block(printer *p, const ir_block *block);

static void put(printer *p, const char *text) { text_put(&p->out, text); }

static void put_symbol(printer *p, const char *name) {
  put(p, "@");
  text_name(&p->out, name == NULL ? "" : name);
}

// ---- types -----------------------------------------------------------------------------------------------

static void print_dims(strbuf *out, const ir_type *type) {
  for (unsigned i = 0; i < type->rank && i < IR_MAX_RANK; i++) {
    if (type->dims[i] == IR_BATCH)
      text_put(out, "batch");
    else
      text_int(out, type->dims[i]);
    text_put(out, " x ");
  }
}

void print_type(strbuf *out, const ir_type *type) {
  static const char *const names[] = {[IR_TENSOR] = "tensor",
                                      [IR_PREPARED] = "prepared",
                                      [IR_VECTOR] = "vector",
                                      [IR_INDEX] = "index",
                                      [IR_BUFFER] = "buffer"};
  text_put(out, names[type->kind]);
  if (type->kind == IR_INDEX || type->kind == IR_BUFFER) return;
  strbuf_putc(out, '<');
  if (type->kind == IR_VECTOR) {
    text_int(out, type->lanes);
    text_put(out, " x ");
  } else {
    print_dims(out, type);
  }
  text_put(out, elem_get(type->elem)->name);
  strbuf_putc(out, '>');
}

// ---- names of values -------------------------------------------------------------------------------------

static bool is_free(const printer *p, const char *name) { return name_map_get(&p->taken, name) == NULL; }

// "name.3", or "3".
static const char *numbered(arena *mem, const char *name, size_t number) {
  strbuf text = {.mem = mem};
  if (name != NULL) {
    text_put(&text, name);
    strbuf_putc(&text, '.');
  }
  text_int(&text, (int64_t)number);
  return strbuf_text(&text);
}

// The value's own name where nothing has it yet, else with a number after it; a number for those without.
static const char *choose_name(printer *p, const ir_value *v) {
  arena *mem = p->out.mem;
  if (v->name != NULL && is_free(p, v->name)) return v->name;
  if (v->name == NULL) {
    const char *number;
    do number = numbered(mem, NULL, p->next++);
    while (!is_free(p, number));
    return number;
  }
  size_t *last = name_map_get(&p->repeated, v->name);
  if (last == NULL) name_map_set(&p->repeated, v->name, last = ARENA_NEW(mem, size_t));
  const char *name;
  do name = numbered(mem, v->name, ++*last);
  while (!is_free(p, name));
  return name;
}

static void name_value(printer *p, const ir_value *v) {
  const char *name = choose_name(p, v);
  name_map_set(&p->taken, name, p);
  ptr_map_set(&p->names, v, p->texts.len);
  vec_push(p->out.mem, &p->texts, name);
}

static void put_value(printer *p, const ir_value *v) {
  size_t i = ptr_map_get(&p->names, v, SIZE_MAX);
  put(p, "%");
  text_value_name(&p->out, i == SIZE_MAX ? "undefined" : p->texts.data[i]);
}

static void define(printer *p, const ir_value *v) {
  name_value(p, v);
  put_value(p, v);
}

static void put_values(printer *p, size_t count, ir_value *const *values) {
  for (size_t i = 0; i < count; i++) {
    put(p, i == 0 ? "" : ", ");
    put_value(p, values[i]);
  }
}

// ---- attributes ------------------------------------------------------------------------------------------

static void put_word(printer *p, const char *word) {
  strbuf word_text = {.mem = p->out.mem};
  text_name(&word_text, word);
  bool plain = word_text.data[0] != '"' && strpbrk(word, ".-") == NULL;
  if (plain)
    put(p, word);
  else
    text_quoted(&p->out, word);
}

static void put_reals(printer *p, const ir_attr *attr) {
  put(p, "[");
  for (size_t i = 0; i < attr->count; i++) {
    put(p, i == 0 ? "" : ", ");
    text_real(&p->out, attr->reals[i], 1);
  }
  put(p, "]");
}

static void put_attr(printer *p, const ir_attr *attr) {
  put(p, ir_attr_name(attr->key));
  put(p, " = ");
  switch (ir_attr_get_kind(attr->key)) {
  case IR_ATTR_KIND_INT: text_int(&p->out, attr->i); break;
  case IR_ATTR_KIND_REAL: text_real(&p->out, attr->r, 1); break;
  case IR_ATTR_KIND_SYM: put_symbol(p, attr->s); break;
  case IR_ATTR_KIND_BYTES: text_bytes(&p->out, attr->data, attr->count); break;
  case IR_ATTR_KIND_REALS: put_reals(p, attr); break;
  case IR_ATTR_KIND_ACT: put(p, act_text(p->out.mem, &attr->act)); break;
  case IR_ATTR_KIND_WORD: put_word(p, attr->s == NULL ? "" : attr->s); break;
  }
}

static void put_attrs(printer *p, const ir_op *op) {
  for (size_t i = 0; i < op->attr_count; i++) {
    put(p, i == 0 ? " {" : ", ");
    put_attr(p, &op->attrs[i]);
  }
  if (op->attr_count > 0) put(p, "}");
}

// ---- operations ------------------------------------------------------------------------------------------

static void put_indent(printer *p) {
  for (unsigned i = 0; i < p->depth; i++) put(p, "  ");
}

static void put_result_types(printer *p, const ir_op *op) {
  for (size_t i = 0; i < op->result_count; i++) {
    put(p, i == 0 ? " : " : ", ");
    print_type(&p->out, &op->results[i]->type);
  }
}

static void put_operands(printer *p, const ir_op *op) {
  if (op->operand_count > 0) put(p, " ");
  put_values(p, op->operand_count, op->operands);
  if (op->operand_count == 0 && op->result_count == 0) put(p, " ()");
}

// `for %i = %lo to %hi step %s iter(%a = %init, ..)`; the parameters are named where they are printed.
static void put_loop_head(printer *p, const ir_op *op) {
  put(p, " ");
  define(p, op->body->params[0]);
  put(p, " = ");
  put_value(p, op->operands[0]);
  put(p, " to ");
  put_value(p, op->operands[1]);
  put(p, " step ");
  put_value(p, op->operands[2]);
  for (size_t i = 1; i < op->body->param_count && i + 2 < op->operand_count; i++) {
    put(p, i == 1 ? " iter(" : ", ");
    define(p, op->body->params[i]);
    put(p, " = ");
    put_value(p, op->operands[i + 2]);
  }
  if (op->body->param_count > 1) put(p, ")");
}

// Results have their names before the body, whose values cannot then take them.
static void print_op(printer *p, const ir_op *op) {
  bool loop = op->body != NULL && op->operand_count >= 3 && op->body->param_count >= 1;
  put_indent(p);
  for (size_t i = 0; i < op->result_count; i++) name_value(p, op->results[i]);
  put_values(p, op->result_count, op->results);
  put(p, op->result_count > 0 ? " = " : "");
  put(p, ir_op_get_info(op->code)->name);
  if (loop)
    put_loop_head(p, op);
  else
    put_operands(p, op);
  put_attrs(p, op);
  put_result_types(p, op);
  if (op->body != NULL) print_block(p, op->body);
  put(p, "\n");
}

static void print_block(printer *p, const ir_block *block) {
  put(p, " {\n");
  p->depth++;
  for (size_t i = 0; i < block->ops.len; i++) print_op(p, block->ops.data[i]);
  p->depth--;
  put_indent(p);
  put(p, "}");
}

// ---- functions -------------------------------------------------------------------------------------------

static void put_params(printer *p, const ir_block *body) {
  put(p, "(");
  for (size_t i = 0; i < body->param_count; i++) {
    put(p, i == 0 ? "" : ", ");
    define(p, body->params[i]);
    put(p, ": ");
    print_type(&p->out, &body->params[i]->type);
  }
  put(p, ")");
}

static void put_outputs(printer *p, const ir_func *f) {
  put(p, " -> (");
  for (size_t i = 0; i < f->output_count; i++) {
    put(p, i == 0 ? "" : ", ");
    text_quoted(&p->out, f->output_names[i]);
  }
  put(p, ")");
}

static void print_function(printer *p, const ir_func *f) {
  arena *mem = p->out.mem;
  p->names = (ptr_map){.mem = mem};
  p->taken = (name_map){.mem = mem};
  p->repeated = (name_map){.mem = mem};
  p->texts.len = 0;
  p->next = 0;
  put(p, f->kind == IR_FUNC_MODEL ? "model " : "kernel ");
  put_symbol(p, f->name);
  put_params(p, f->body);
  if (f->kind == IR_FUNC_MODEL) put_outputs(p, f);
  print_block(p, f->body);
  put(p, "\n");
}

// ---- the module ------------------------------------------------------------------------------------------

static void print_weight(printer *p, const ir_weight *w) {
  put(p, "weight ");
  put_symbol(p, w->name);
  put(p, " ");
  print_record(&p->out, &record_weight, w);
  put(p, "\n");
}

static void print_recipe(printer *p, const recipe *r) {
  put(p, "\nrecipe ");
  put_symbol(p, r->name);
  put(p, " ");
  print_record(&p->out, &record_recipe, r);
  put(p, "\n");
}

static void print_head(printer *p, const ir_module *m) {
  put(p, "module ");
  text_quoted(&p->out, m->name);
  strbuf_printf(&p->out, " batch %llu\n", (unsigned long long)m->max_batch);
  for (size_t i = 0; i < m->sources.len; i++) {
    put(p, i == 0 ? "\nsource " : "source ");
    text_quoted(&p->out, m->sources.data[i]);
    put(p, "\n");
  }
}

const char *ir_print(arena *a, const ir_module *m) {
  printer p = {.out = {.mem = a}};
  print_head(&p, m);
  for (size_t i = 0; i < m->schemes.len; i++) {
    put(&p, "\n");
    print_scheme(&p.out, m->schemes.data[i]);
  }
  for (size_t i = 0; i < m->recipes.len; i++) print_recipe(&p, m->recipes.data[i]);
  for (size_t i = 0; i < m->weights.len; i++) {
    put(&p, i == 0 ? "\n" : "");
    print_weight(&p, m->weights.data[i]);
  }
  for (size_t i = 0; i < m->funcs.len; i++) {
    put(&p, "\n");
    print_function(&p, m->funcs.data[i]);
  }
  if (m->plan != NULL) {
    put(&p, "\nplan ");
    print_record(&p.out, &record_plan, m->plan);
    put(&p, "\n");
  }
  return strbuf_text(&p.out);
}

const char *ir_print_func(arena *a, const ir_module *m, const ir_func *f) {
  (void)m; // names are printed as they are; a form that resolves them would need the module
  printer p = {.out = {.mem = a}};
  print_function(&p, f);
  return strbuf_text(&p.out);
}
