// Stored tensors of models: what the weights files say about them, biases and constants.
#include <inttypes.h>
#include <string.h>

#include "frontend/model.h"
#include "support/num.h"

// Where the text names its weights file number `index`.
static src_loc place_of_file(const fe_model *f, size_t index) {
  for (size_t i = 0; i < f->node->body.len; i++)
    if (f->node->body.data[i]->kind == AST_WEIGHTS && index-- == 0) return f->node->body.data[i]->name.loc;
  return SRC_NOWHERE;
}

void fe_note_file(fe_model *f, size_t index, size_t errors_before) {
  if (diag_error_count(f->c->d) > errors_before) diag_note(f->c->d, place_of_file(f, index), "the file is named here");
}

static fe_answer ask_file(fe_model *f, size_t index, const char *name, fe_tensor *out) {
  const fe_options *o = f->c->options;
  size_t before = diag_error_count(f->c->d);
  *out = (fe_tensor){.block_type = -1};
  if (o->find_tensor == NULL) return FE_TENSOR_UNKNOWN;
  fe_answer answer = o->find_tensor(o->context, f->m->sources.data[index], name, out);
  fe_note_file(f, index, before);
  return answer;
}

fe_stored fe_ask(fe_model *f, const char *name) {
  fe_stored stored = {.answer = f->m->sources.len == 0 ? FE_TENSOR_UNKNOWN : FE_TENSOR_ABSENT,
                      .tensor = {.block_type = -1}};
  if (f->m->sources.len > 0) stored.source = f->m->sources.data[0];
  for (size_t i = 0; i < f->m->sources.len; i++) {
    fe_tensor tensor;
    fe_answer answer = ask_file(f, i, name, &tensor);
    if (answer == FE_TENSOR_FOUND)
      return (fe_stored){.answer = answer, .tensor = tensor, .source = f->m->sources.data[i]};
    if (answer == FE_TENSOR_UNKNOWN) stored.answer = answer;
  }
  return stored;
}

bool fe_file_failed(fe_model *f, const char *name) {
  return f->c->options->find_tensor != NULL && f->m->sources.len > 0 && fe_ask(f, name).answer == FE_TENSOR_UNKNOWN;
}

// The closest name, or what there is.
static void suggest_tensor(fe_model *f, const char *name) {
  enum { SHOWN = 4 };
  const fe_options *o = f->c->options;
  VEC(const char *) names = {0};
  if (!diag_may_search(f->c->d)) return;
  for (size_t i = 0; o->tensor_names != NULL && i < f->m->sources.len; i++) {
    const char *const *some = NULL;
    size_t count = o->tensor_names(o->context, f->m->sources.data[i], &some);
    for (size_t n = 0; n < count; n++) vec_push(f->c->mem, &names, some[n]);
  }
  if (diag_closest(name, names.data, names.len) != NULL) {
    fe_suggest(f->c, name, names.data, names.len);
    return;
  }
  strbuf some = {.mem = f->c->mem};
  for (size_t i = 0; i < names.len && i < SHOWN; i++) strbuf_printf(&some, "%s'%s'", i == 0 ? "" : ", ", names.data[i]);
  if (names.len > SHOWN) strbuf_printf(&some, " and %zu more", names.len - SHOWN);
  if (names.len > 0) diag_hint(f->c->d, "the weights have %s", strbuf_text(&some));
}

void fe_missing_tensor(fe_model *f, src_loc loc, const char *name) {
  if (f->m->sources.len == 1)
    diag_error(f->c->d, loc, "there is no tensor \"%s\" in \"%s\"", name, f->m->sources.data[0]);
  else
    diag_error(f->c->d, loc, "there is no tensor \"%s\" in the %zu weights files", name, f->m->sources.len);
  suggest_tensor(f, name);
}

const char *fe_layer_of(arena *a, const char *name) {
  static const char ending[] = ".weight";
  size_t length = strlen(name), extra = sizeof ending - 1;
  bool ends = length > extra && fe_same_text(name + length - extra, ending);
  return arena_strndup(a, name, ends ? length - extra : length);
}

// ---- weights of the module ----

static bool same_weight(const ir_weight *a, const ir_weight *b) {
  return a->rows == b->rows && a->columns == b->columns && a->scheme == b->scheme && a->layout == b->layout;
}

ir_weight *fe_add_weight(fe_model *f, ir_weight weight) {
  ir_weight *other = ir_find_weight(f->m, weight.name);
  if (other != NULL && same_weight(other, &weight)) return other;
  if (other != NULL) {
    diag_error(f->c->d, weight.loc,
               "the tensor \"%s\" is used in two ways: as %" PRIu64 " x %" PRIu64 "%s and as %" PRIu64 " x %" PRIu64
               "%s",
               weight.name, other->rows, other->columns, other->scheme == NULL ? " numbers" : " weights", weight.rows,
               weight.columns, weight.scheme == NULL ? " numbers" : " weights");
    diag_note(f->c->d, other->loc, "the other use is here");
    return NULL;
  }
  ir_weight *made = ARENA_NEW(f->m->mem, ir_weight);
  *made = weight;
  vec_push(f->m->mem, &f->m->weights, made);
  return made;
}

// Sizes as messages show them.
static const char *dims_text(arena *a, const fe_tensor *t) {
  strbuf out = {.mem = a};
  strbuf_putc(&out, '[');
  for (unsigned i = 0; i < t->rank; i++) strbuf_printf(&out, "%s%" PRIu64, i == 0 ? "" : ", ", t->dims[i]);
  strbuf_putc(&out, ']');
  return strbuf_text(&out);
}

// The same sizes, where leading ones of 1 do not count.
static bool has_shape(const fe_tensor *t, const ir_type *type) {
  unsigned i = 0, j = 0;
  while (i < t->rank && t->dims[i] == 1) i++;
  while (j < type->rank && type->dims[j] == 1) j++;
  if (t->rank - i != type->rank - j) return false;
  for (; i < t->rank; i++, j++)
    if (t->dims[i] != (uint64_t)type->dims[j]) return false;
  return true;
}

static void count_rows(const ir_type *type, uint64_t *rows, uint64_t *columns) {
  *rows = 1;
  *columns = 1;
  for (unsigned i = 0; i < type->rank; i++) {
    *rows *= *columns;
    *columns = (uint64_t)type->dims[i];
  }
}

ir_value *fe_stored_const(fe_model *f, const char *name, const ir_type *type, src_loc loc) {
  fe_stored stored = fe_ask(f, name);
  if (stored.answer == FE_TENSOR_ABSENT) {
    fe_missing_tensor(f, loc, name);
    return NULL;
  }
  if (stored.answer == FE_TENSOR_FOUND && !has_shape(&stored.tensor, type)) {
    diag_error(f->c->d, loc, "the tensor \"%s\" is %s, but must be %s here", name, dims_text(f->c->mem, &stored.tensor),
               fe_type_text(f, type));
    return NULL;
  }
  ir_weight weight = {.name = name, .layer = fe_layer_of(f->m->mem, name), .source = stored.source, .loc = loc};
  count_rows(type, &weight.rows, &weight.columns);
  if (fe_add_weight(f, weight) == NULL) return NULL;
  f->b.loc = loc;
  return ir_emit_attr(&f->b, IR_CONST, *type, NULL, ir_sym(IR_ATTR_WEIGHT, name));
}

// ---- biases ----

typedef enum bias_rule { BIAS_IF_STORED, BIAS_NONE, BIAS_REQUIRED, BIAS_WRONG } bias_rule;

static bias_rule build_bias_rule(fe_model *f, const ast_expr *call) {
  const ast_arg *arg = fe_find_arg(&call->args, "bias");
  if (arg == NULL) return BIAS_IF_STORED;
  const char *word = arg->value->kind == AST_NAME ? arg->value->name.text : "";
  if (fe_same_text(word, "none")) return BIAS_NONE;
  if (fe_same_text(word, "required")) return BIAS_REQUIRED;
  diag_error(f->c->d, arg->value->loc, "bias is either none or required");
  diag_hint(f->c->d, "without the option there is a bias when the weights file has one");
  return BIAS_WRONG;
}

bool fe_bias(fe_model *f, const ast_expr *call, const char *layer, uint64_t count, ir_value **out) {
  bias_rule rule = build_bias_rule(f, call);
  const char *name = arena_printf(f->m->mem, "%s.bias", layer);
  int64_t dims[] = {(int64_t)count};
  ir_type type = ir_tensor(ELEM_F32, 1, dims);
  *out = NULL;
  if (rule == BIAS_NONE || rule == BIAS_WRONG) return rule == BIAS_NONE;
  if (rule == BIAS_IF_STORED && fe_ask(f, name).answer != FE_TENSOR_FOUND) return true;
  *out = fe_stored_const(f, name, &type, call->loc);
  return *out != NULL;
}
