// Linear layers: which scheme and layout the weights have, and how many outputs there are.
#include <inttypes.h>
#include <string.h>

#include "format/eval.h"
#include "format/layout_sparse.h"
#include "format/scheme_parts.h"
#include "format/transform.h"
#include "frontend/model.h"
#include "frontend/tree.h"

typedef struct linear_builder {
  fe_model *f;
  const ast_expr *call;
  src_loc loc;        // of the layer's name
  const char *layer;  // "fc1"
  const char *tensor; // "fc1.weight"
  const char *source;
  const scheme *scheme;
  const scheme_layout *layout;
  uint64_t *counts; // granules that the file has of each sparse field; NULL: not known
  act_spec act;
  const act_spec *given_act; // by a rule without a scheme; NULL: none
  uint64_t rows;             // 0: not known yet
  uint64_t columns;
} linear_builder;

// ---- scheme ----

// Float weights that no rule speaks of stay as they are.
static bool use_plain_scheme(linear_builder *b) {
  ast_name plain = {.text = "f32", .loc = b->loc};
  fe_scheme_decl *decl = fe_find_scheme_decl(b->f->c, plain);
  b->scheme = decl == NULL ? NULL : fe_instantiate(b->f->c, decl, &(ast_args){0}, b->loc);
  if (b->scheme == NULL) diag_note(b->f->c->d, b->loc, "no rule of `quantize` matches the layer \"%s\"", b->layer);
  return b->scheme != NULL;
}

// A scheme that the file names, as a tensor that was quantized before has one.
static bool use_noted_scheme(linear_builder *b, const char *text) {
  const char *where = arena_printf(b->f->c->mem, "<format of %s>", b->tensor);
  const ast_expr *reference = fe_parse_reference(b->f->c->d, b->f->c->mem, where, text);
  b->scheme = reference == NULL ? NULL : fe_resolve_scheme(b->f->c, reference);
  if (b->scheme == NULL)
    diag_note(b->f->c->d, b->loc, "\"%s\" is stored in the format %s", b->tensor, text);
  else
    b->act = fe_default_act(b->scheme);
  return b->scheme != NULL;
}

// A rule cannot change the format of weights that are quantized already.
static bool check_noted_scheme(linear_builder *b, const char *text) {
  if (text == NULL || fe_same_text(text, b->scheme->name)) return true;
  diag_error(b->f->c->d, b->loc, "\"%s\" is stored in the format %s, but the rule of the layer asks for %s", b->tensor,
             text, b->scheme->name);
  diag_hint(b->f->c->d, "quantized weights are not quantized again; start from the float weights, or use %s", text);
  return false;
}

// A number that several layouts have does not say which of them it is.
static bool check_only_layout(linear_builder *b, int64_t block_type) {
  const scheme_layout *other = scheme_typed_layout(b->scheme, block_type, b->layout);
  if (other == NULL) return true;
  diag_error(b->f->c->d, b->loc, "\"%s\" is stored in type %" PRId64 ", which may be the layout '%s' or '%s' of '%s'",
             b->tensor, block_type, b->layout->name, other->name, b->scheme->name);
  diag_hint(b->f->c->d, "say which in a rule of `quantize`: \"%s\" : %s, layout = %s;", b->layer, b->scheme->name,
            b->layout->name);
  return false;
}

// Without a rule a layer keeps the format that the file has.
static bool use_stored_scheme(linear_builder *b, const fe_tensor *t) {
  int64_t block_type = t->block_type;
  if (t->scheme != NULL) return use_noted_scheme(b, t->scheme);
  if (block_type < 0) return use_plain_scheme(b);
  b->scheme = fe_scheme_of_blocks(b->f->c, block_type, &b->layout);
  if (b->scheme == NULL) {
    diag_error(b->f->c->d, b->loc, "\"%s\" is stored in blocks of type %" PRId64 ", which no scheme reads", b->tensor,
               block_type);
    diag_hint(b->f->c->d,
              "declare its format: a scheme with a layout that has type = %" PRId64
              " (docs/language.md), in this text or in a folder given with -I",
              block_type);
    return false;
  }
  if (!check_only_layout(b, block_type)) return false;
  b->act = fe_default_act(b->scheme);
  return true;
}

static bool choose_scheme(linear_builder *b, const fe_rule *rule) {
  b->act = ACT_F32;
  if (rule == NULL) return true;
  if (rule->as_stored) {
    b->given_act = rule->has_act ? &rule->act : NULL;
    return true;
  }
  b->scheme = rule->scheme;
  b->act = rule->act;
  if (b->scheme != NULL && rule->layout.text != NULL) b->layout = scheme_find_layout(b->scheme, rule->layout.text);
  return b->scheme != NULL;
}

// ---- separate tensors that no rule speaks of ----

static bool check_recognised(linear_builder *b, const fe_recognised *r) {
  if (r->scheme == NULL) {
    diag_error(b->f->c->d, b->loc, "the weights of \"%s\" cannot be taken as they are: %s", b->layer, r->problem);
    diag_hint(b->f->c->d, "describe how they are stored in a layout, and name it in a rule of `quantize`: layout = ..");
    return false;
  }
  const char *wanted = b->scheme == NULL ? r->scheme : b->scheme->name;
  if (r->other != NULL) {
    diag_error(b->f->c->d, b->loc, "the tensors of \"%s\" may be %s, layout = %s, or %s", b->layer, r->scheme,
               r->layout, r->other);
    diag_hint(b->f->c->d, "say which in a rule of `quantize`");
  } else if (!fe_same_text(wanted, r->scheme)) {
    diag_error(b->f->c->d, b->loc, "the tensors of \"%s\" are %s, layout %s, but the rule of the layer asks for %s",
               b->layer, r->scheme, r->layout, wanted);
    diag_hint(b->f->c->d, "quantized weights are not quantized again: leave out the scheme, or name its layout");
  } else if (r->problem != NULL) {
    diag_error(b->f->c->d, b->loc, "the tensors of \"%s\" look like %s, layout %s, but %s", b->layer, r->scheme,
               r->layout, r->problem);
    diag_hint(b->f->c->d, "to take them as that all the same, say so in a rule: %s, layout = %s", r->scheme, r->layout);
  } else {
    return true;
  }
  return false;
}

// Where the file has tensors of a layout for the layer, that is what it is.
static bool recognise(linear_builder *b) {
  const fe_options *o = b->f->c->options;
  fe_recognised found;
  for (size_t i = 0; o->recognise != NULL && i < b->f->m->sources.len; i++) {
    const char *wanted = b->scheme == NULL ? NULL : b->scheme->name;
    size_t before = diag_error_count(b->f->c->d);
    bool is_found = o->recognise(o->context, b->f->m->sources.data[i], b->layer, b->columns, wanted, &found);
    fe_note_file(b->f, i, before);
    if (!is_found) continue;
    if (!check_recognised(b, &found)) return false;
    if (b->scheme == NULL && !use_noted_scheme(b, found.scheme)) return false;
    b->layout = scheme_find_layout(b->scheme, found.layout);
    return true;
  }
  return true;
}

// ---- outputs ----

static bool set_rows(linear_builder *b, uint64_t rows, const char *name) {
  if (b->rows == 0) b->rows = rows;
  if (b->rows == rows && rows != 0) return true;
  if (rows == 0)
    diag_error(b->f->c->d, b->loc, "\"%s\" has no outputs", name);
  else
    diag_error(b->f->c->d, b->loc, "\"%s\" has %" PRIu64 " outputs, but %" PRIu64 " are expected", name, rows, b->rows);
  return false;
}

static bool rows_from_option(linear_builder *b) {
  const ast_arg *arg = fe_find_arg(&b->call->args, "out");
  int64_t rows;
  if (arg == NULL) return true;
  if (!fe_constant_in(b->f->c, &b->f->scope, arg->value, "'out'", 1, INT32_MAX, &rows)) return false;
  b->rows = (uint64_t)rows;
  return true;
}

static void unknown_rows(linear_builder *b) {
  if (fe_file_failed(b->f, b->tensor)) return;
  diag_error(b->f->c->d, b->call->loc, "the number of outputs of the layer \"%s\" is not known", b->layer);
  if (b->f->m->sources.len == 0)
    diag_hint(b->f->c->d, "name the weights file: weights \"file.safetensors\"; or give the number: out = ..");
  else
    diag_hint(b->f->c->d, "give it: linear(x, \"%s\", out = ..)", b->layer);
}

static const char *dims_text(arena *a, unsigned rank, const uint64_t *dims) {
  strbuf out = {.mem = a};
  for (unsigned i = 0; i < rank; i++) strbuf_printf(&out, "%s%" PRIu64, i == 0 ? "[" : ", ", dims[i]);
  if (rank == 0) strbuf_putc(&out, '[');
  strbuf_putc(&out, ']');
  return strbuf_text(&out);
}

// ---- the shape and type of one tensor: plain numbers, blocks or their bytes ----

// Rows of blocks as bytes, in the layout that the rule names: the file need not know of blocks.
static bool has_byte_rows(const linear_builder *b, const fe_tensor *t) {
  const scheme_layout *l = b->layout;
  if (l == NULL || l->block_weights == 0 || t->block_type >= 0 || t->rank != 2) return false;
  return b->columns % l->block_weights == 0 && t->dims[1] == b->columns / l->block_weights * l->block_bytes;
}

static bool check_order(linear_builder *b, const fe_tensor *t) {
  if (!t->order_open) return true;
  diag_error(b->f->c->d, b->loc,
             "\"%s\" is %s, and nothing in its file says whether it is [outputs, inputs] or the other way round",
             b->tensor, dims_text(b->f->c->mem, t->rank, t->dims));
  diag_hint(b->f->c->d, "say which in a rule of `quantize`, with a scheme that has a layout for it");
  return false;
}

// Files with a graph may have weights [inputs, outputs].
static bool check_matrix(linear_builder *b, const ir_value *x, const fe_tensor *t) {
  if (has_byte_rows(b, t)) return set_rows(b, t->dims[0], b->tensor);
  unsigned rows = t->transposed ? 1 : 0, columns = t->transposed ? 0 : 1;
  if (t->rank == 2 && t->dims[columns] == b->columns) return check_order(b, t) && set_rows(b, t->dims[rows], b->tensor);
  diag_error(b->f->c->d, b->loc, "the input is %s, so \"%s\" must have %" PRIu64 " columns, but it is %s",
             fe_type_text(b->f, &x->type), b->tensor, b->columns, dims_text(b->f->c->mem, t->rank, t->dims));
  if (t->rank == 2 && t->dims[rows] == b->columns && !t->transposed)
    diag_hint(b->f->c->d, "weights are stored as [outputs, inputs]; this one looks transposed");
  return false;
}

// The layout that reads the block type of the file.
static bool choose_layout(linear_builder *b, int64_t block_type) {
  if (b->layout != NULL && (b->layout->type_id == block_type || block_type < 0)) return true;
  if (b->layout == NULL) {
    b->layout = scheme_typed_layout(b->scheme, block_type, NULL);
    if (b->layout != NULL) return check_only_layout(b, block_type);
    if (block_type < 0) return true;
  }
  diag_error(b->f->c->d, b->loc, "\"%s\" is stored in blocks of type %" PRId64 ", which '%s' does not read", b->tensor,
             block_type, b->scheme->name);
  diag_hint(b->f->c->d, "give the layer a scheme that has a layout with type = %" PRId64, block_type);
  return false;
}

static bool check_block(linear_builder *b) {
  if (b->layout == NULL || b->layout->block_weights == 0 || b->columns % b->layout->block_weights == 0) return true;
  diag_error(b->f->c->d, b->loc,
             "\"%s\" has %" PRIu64 " columns, which blocks of %" PRIu64 " weights ('%s') do not divide", b->tensor,
             b->columns, b->layout->block_weights, b->scheme->name);
  diag_hint(b->f->c->d, "no file can store it in this layout; choose another scheme for the layer");
  return false;
}

// ---- separate tensors ----

// A tensor of the file with the dimensions that the layout gives it.
static bool view_tensor(linear_builder *b, const layout_tensor *t, const char *name, fe_tensor *found) {
  uint64_t dims[SCHEME_MAX_RANK];
  if (!layout_tensor_view(t, found->rank, found->dims, dims)) {
    diag_error(b->f->c->d, b->loc, "\"%s\" is %s, but the layout '%s' of '%s' needs %u dimension%s", name,
               dims_text(b->f->c->mem, found->rank, found->dims), b->layout->name, b->scheme->name, t->rank,
               t->rank == 1 ? "" : "s");
    return false;
  }
  found->rank = t->rank;
  memcpy(found->dims, dims, t->rank * sizeof *dims);
  return true;
}

// The rows are known where a dimension is just N.
static bool rows_from_dims(linear_builder *b, const layout_tensor *t, const char *name, const fe_tensor *found) {
  for (unsigned i = 0; i < t->rank; i++)
    if (t->dims[i] != NULL && t->dims[i]->op == EXPR_VAR && t->dims[i]->index == VAR_ROWS &&
        !set_rows(b, found->dims[i], name))
      return false;
  return true;
}

static int64_t size_for(const linear_builder *b, const layout_tensor *t, unsigned i, uint64_t rows) {
  int64_t sizes[SCHEME_MAX_RANK];
  layout_tensor_sizes(b->scheme, t, rows, b->columns, sizes);
  return sizes[i];
}

// Where no dimension is just N, there may be one that grows with N and fits one number of rows only.
static void rows_from_size(linear_builder *b, const layout_tensor *t, const fe_tensor *found) {
  for (unsigned i = 0; i < t->rank && b->rows == 0; i++) {
    uint64_t low = 1, high = INT32_MAX;
    if (t->dims[i] == NULL || found->dims[i] > INT64_MAX) continue;
    int64_t size = (int64_t)found->dims[i];
    while (low < high) {
      uint64_t middle = low + (high - low) / 2;
      if (size_for(b, t, i, middle) < size)
        low = middle + 1;
      else
        high = middle;
    }
    bool one = size_for(b, t, i, low) == size && size_for(b, t, i, low + 1) > size;
    if (one && (low == 1 || size_for(b, t, i, low - 1) < size)) b->rows = low;
  }
}

static bool check_dims(linear_builder *b, const layout_tensor *t, const char *name, const fe_tensor *found) {
  int64_t dims[SCHEME_MAX_RANK];
  layout_tensor_sizes(b->scheme, t, b->rows, b->columns, dims);
  bool same = true;
  for (unsigned i = 0; same && i < t->rank; i++) same = layout_size_fits(dims[i], found->dims[i]);
  if (same) return true;
  diag_error(b->f->c->d, b->loc,
             "\"%s\" is %s, but the layout '%s' of '%s' needs %s for %" PRIu64 " x %" PRIu64 " weights", name,
             dims_text(b->f->c->mem, found->rank, found->dims), b->layout->name, b->scheme->name,
             layout_sizes_text(b->f->c->mem, t->rank, dims), b->rows, b->columns);
  return false;
}

// ---- one tensor ----

// Codes as plain bytes, of which only the rule says what they are. Float weights are not: they have the matrix's shape.
static bool is_bytes(const linear_builder *b, const fe_tensor *t) {
  return b->layout != NULL && t->block_type < 0 && t->scheme == NULL && t->rank > 0 &&
         t->dims[t->rank - 1] != b->columns;
}

static bool check_bytes(linear_builder *b, const fe_tensor *found) {
  const scheme_layout *l = b->layout;
  if (l->block_weights == 0) {
    fe_tensor t = *found;
    if (!view_tensor(b, l->tensors, b->tensor, &t) || !rows_from_dims(b, l->tensors, b->tensor, &t)) return false;
    if (b->rows == 0) rows_from_size(b, l->tensors, &t);
    return b->rows == 0 || check_dims(b, l->tensors, b->tensor, &t);
  }
  uint64_t bytes = b->columns / l->block_weights * l->block_bytes;
  if (found->rank == 2 && found->dims[1] == bytes) return set_rows(b, found->dims[0], b->tensor);
  diag_error(b->f->c->d, b->loc,
             "\"%s\" is %s, but rows of %" PRIu64 " weights have %" PRIu64 " bytes in the layout '%s' of '%s'",
             b->tensor, dims_text(b->f->c->mem, found->rank, found->dims), b->columns, bytes, l->name, b->scheme->name);
  return false;
}

static bool use_one_tensor(linear_builder *b, const ir_value *x) {
  fe_stored stored = fe_ask(b->f, b->tensor);
  if (stored.answer == FE_TENSOR_ABSENT) {
    fe_stored whole = fe_ask(b->f, b->layer);
    if (whole.answer != FE_TENSOR_FOUND) {
      fe_missing_tensor(b->f, b->loc, b->tensor);
      return false;
    }
    b->tensor = b->layer;
    stored = whole;
  }
  b->source = stored.source;
  if (b->scheme == NULL && !use_stored_scheme(b, &stored.tensor)) return false;
  if (!check_noted_scheme(b, stored.tensor.scheme)) return false;
  if (stored.answer == FE_TENSOR_UNKNOWN) return check_block(b);
  bool ok = is_bytes(b, &stored.tensor) ? check_bytes(b, &stored.tensor) : check_matrix(b, x, &stored.tensor);
  return choose_layout(b, stored.tensor.block_type) && check_block(b) && ok;
}

// How many granules there are of sparse fields, by the shapes of the tensors that hold them.
static void count_entries(linear_builder *b, const fe_stored *stored) {
  uint64_t (*dims)[SCHEME_MAX_RANK] = arena_alloc(b->f->c->mem, b->layout->tensor_count, sizeof *dims);
  for (size_t i = 0; i < b->layout->tensor_count; i++) {
    if (stored[i].answer != FE_TENSOR_FOUND) return;
    for (unsigned r = 0; r < b->layout->tensors[i].rank; r++) dims[i][r] = stored[i].tensor.dims[r];
  }
  b->counts = ARENA_ARRAY(b->f->c->mem, uint64_t, b->scheme->field_count);
  bool any = false;
  for (size_t p = 0; p < b->layout->place_count; p++) {
    const layout_place *place = &b->layout->places[p];
    if (!b->scheme->fields[place->field].sparse) continue;
    b->counts[place->field] = layout_sparse_count(b->scheme, b->layout, place, b->rows, b->columns, dims);
    any = true;
  }
  if (!any) b->counts = NULL;
}

// The float weights that the rest of the layout is fitted to.
static bool use_fitted(linear_builder *b, const ir_value *x) {
  fe_stored stored = fe_ask(b->f, b->tensor);
  if (stored.answer == FE_TENSOR_ABSENT) fe_missing_tensor(b->f, b->loc, b->tensor);
  b->source = stored.source;
  return stored.answer != FE_TENSOR_ABSENT &&
         (stored.answer == FE_TENSOR_UNKNOWN || check_matrix(b, x, &stored.tensor));
}

// Bytes of a numbered type are no elements that a layout without the number could know.
static bool check_untyped(linear_builder *b, const char *name, const fe_tensor *found) {
  if (found->block_type < 0) return true;
  diag_error(b->f->c->d, b->loc,
             "\"%s\" is stored in type %" PRId64 ", and the layout '%s' of '%s' is for tensors of plain elements", name,
             found->block_type, b->layout->name, b->scheme->name);
  diag_hint(b->f->c->d, "if its bytes are what the layout says, declare that: layout %s(type = %" PRId64 ")",
            b->layout->name, found->block_type);
  return false;
}

static bool use_tensors(linear_builder *b, const ir_value *x) {
  fe_stored *stored = ARENA_ARRAY(b->f->c->mem, fe_stored, b->layout->tensor_count);
  bool ok = !b->layout->fit || use_fitted(b, x);
  for (size_t i = 0; i < b->layout->tensor_count; i++) {
    const layout_tensor *t = &b->layout->tensors[i];
    const char *name = layout_tensor_name(b->f->c->mem, t, b->layer);
    stored[i] = fe_ask(b->f, name);
    if (stored[i].answer == FE_TENSOR_ABSENT) fe_missing_tensor(b->f, b->loc, name);
    ok &= stored[i].answer != FE_TENSOR_ABSENT;
    if (!b->layout->fit) b->source = stored[i].source;
    if (stored[i].answer == FE_TENSOR_FOUND)
      ok &= check_untyped(b, name, &stored[i].tensor) && view_tensor(b, t, name, &stored[i].tensor) &&
            rows_from_dims(b, t, name, &stored[i].tensor);
  }
  for (size_t i = 0; ok && b->rows == 0 && i < b->layout->tensor_count; i++)
    if (stored[i].answer == FE_TENSOR_FOUND) rows_from_size(b, &b->layout->tensors[i], &stored[i].tensor);
  for (size_t i = 0; ok && b->rows != 0 && i < b->layout->tensor_count; i++) {
    const char *name = layout_tensor_name(b->f->c->mem, &b->layout->tensors[i], b->layer);
    if (stored[i].answer == FE_TENSOR_FOUND) ok &= check_dims(b, &b->layout->tensors[i], name, &stored[i].tensor);
  }
  if (ok) count_entries(b, stored);
  return ok;
}

// ---- the operation ----

// The parts of the scheme fill the matrix of this layer.
static bool check_parts(linear_builder *b) {
  size_t before = diag_error_count(b->f->c->d);
  if (scheme_check_sections(b->f->c->d, b->scheme, b->rows, b->columns)) return true;
  if (diag_error_count(b->f->c->d) > before)
    diag_note(b->f->c->d, b->loc, "the layer \"%s\" has %" PRIu64 " x %" PRIu64 " weights", b->layer, b->rows,
              b->columns);
  return false;
}

static ir_value *emit_linear(linear_builder *b, ir_value *x) {
  if (b->given_act != NULL) b->act = *b->given_act;
  ir_value *operands[2] = {x, NULL};
  if (!transform_check_shape(b->f->c->d, b->scheme, b->layer, b->rows, b->columns, b->loc)) return NULL;
  if (!check_parts(b) || !fe_bias(b->f, b->call, b->layer, b->rows, &operands[1])) return NULL;
  ir_weight weight = {.name = b->tensor,
                      .layer = b->layer,
                      .source = b->source,
                      .scheme = b->scheme,
                      .layout = b->layout,
                      .counts = b->counts,
                      .count_count = b->counts == NULL ? 0 : b->scheme->field_count,
                      .rows = b->rows,
                      .columns = b->columns,
                      .loc = b->loc};
  if (fe_add_weight(b->f, weight) == NULL) return NULL;
  fe_add_scheme(b->f->c, b->f->m, b->scheme);
  ir_type type = x->type;
  type.dims[type.rank - 1] = (int64_t)b->rows;
  ir_attr act = {.key = IR_ATTR_ACT, .act = b->act};
  b->f->b.loc = b->call->loc;
  return ir_emit(&b->f->b, IR_LINEAR, &type, operands[1] == NULL ? 1 : 2, operands, 2,
                 (ir_attr[]){ir_sym(IR_ATTR_WEIGHT, b->tensor), act});
}

static bool check_input(linear_builder *b, const ir_value *x) {
  int64_t last = x->type.dims[x->type.rank - 1];
  b->columns = (uint64_t)last;
  if (last != IR_BATCH) return true;
  diag_error(b->f->c->d, b->call->loc, "the input %s has no dimension besides '%s'", fe_type_text(b->f, &x->type),
             b->f->batch.text);
  return false;
}

ir_value *fe_linear(fe_model *f, const ast_expr *call, const ast_expr *input, const ast_expr *name) {
  ir_value *x = fe_model_tensor(f, input, "the input of a layer");
  linear_builder b = {.f = f, .call = call, .loc = name->loc, .layer = fe_layer_of(f->m->mem, name->name.text)};
  b.tensor = arena_printf(f->m->mem, "%s.weight", b.layer);
  bool chosen = choose_scheme(&b, fe_match_rule(&f->rules, b.layer));
  if (!chosen || x == NULL || !check_input(&b, x) || !rows_from_option(&b)) return NULL;
  if (b.layout == NULL && !recognise(&b)) return NULL;
  bool separate = b.layout != NULL && !layout_is_one_tensor(b.layout);
  size_t before = diag_error_count(f->c->d);
  if (!(separate ? use_tensors(&b, x) : use_one_tensor(&b, x))) return NULL;
  if (b.rows != 0) return emit_linear(&b, x);
  if (diag_error_count(f->c->d) == before) unknown_rows(&b); // else the file cannot be read, which was reported
  return NULL;
}
