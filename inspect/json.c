// The report of `qcc inspect` for programs. Members are only ever added; "qcc_inspect" counts changes that break readers.
#include <jansson.h>

#include "inspect/inspection.h"

enum { SCHEMA = 1 };

static json_t *text(const char *value) { return value == NULL ? json_null() : json_string(value); }
static json_t *number(uint64_t value) { return json_integer((json_int_t)value); }

static json_t *texts(const char *const *values, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(list, text(values[i]));
  return list;
}

// ---- metadata --------------------------------------------------------------------------------------------

static json_t *meta_list(const tensor_meta *first, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "key", first[i].key, "type", first[i].type, "value", first[i].value));
  return list;
}

static json_t *file_meta(const tensor_file *f) {
  size_t count = tensor_file_meta_count(f);
  return meta_list(count == 0 ? NULL : tensor_file_meta_at(f, 0), count);
}

static json_t *config(const quant_config *q) {
  if (q == NULL) return json_null();
  return json_pack("{s:o, s:o, s:o, s:o, s:o}", "files", texts(q->paths, q->path_count), "method", text(q->method),
                   "format", text(q->format), "checkpoint_format", text(q->checkpoint_format), "members",
                   meta_list(q->members, q->member_count));
}

// ---- tensors ---------------------------------------------------------------------------------------------

static const char *const kinds[] = {
    [FOUND_TENSORS] = "tensors", [FOUND_BLOCKS] = "blocks",   [FOUND_FIELDS] = "fields",
    [FOUND_FLOAT] = "float",     [FOUND_NUMBERS] = "numbers", [FOUND_UNKNOWN] = "unknown",
};

static json_t *shape(const inspected *t) {
  const found *w = t->what;
  json_t *list = json_array();
  if (w->scheme != NULL || w->noted != NULL || w->tensor_count == 0) {
    json_array_append_new(list, number(w->rows));
    json_array_append_new(list, number(w->columns));
    return list;
  }
  for (unsigned r = 0; r < w->tensors[0]->rank; r++) json_array_append_new(list, number(w->tensors[0]->dims[r]));
  return list;
}

static json_t *stored(const found *w) {
  json_t *list = json_array();
  for (size_t i = 0; i < w->tensor_count; i++) {
    const tensor *t = w->tensors[i];
    json_t *dims = json_array();
    for (unsigned r = 0; r < t->rank; r++) json_array_append_new(dims, number(t->dims[r]));
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "name", t->name, "type", tensor_dtype_name(t->dtype),
                                          "shape", dims, "bytes", number(t->size)));
  }
  return list;
}

static json_t *symmetric(const inspected *t) {
  if (t->levels.kind != LEVELS_MANY) return json_boolean(t->levels.symmetric);
  const sample_facts *f = &t->what->facts;
  return f->known && f->has_codes ? json_boolean(f->symmetric) : json_null();
}

static json_t *group(const inspected *t) {
  if (t->group == NULL) return json_null();
  return json_pack("{s:s, s:o, s:o}", "text", t->group, "rows", number(t->group_rows), "columns",
                   number(t->group_columns));
}

static json_t *levels(const inspected *t) {
  const level_facts *l = &t->levels;
  if (l->kind == LEVELS_MANY) return json_null();
  return json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:f, s:f}", "kind", level_kind_word(l->kind), "count",
                   number(l->count), "bits", number(l->bits), "group", number(l->group), "whole", l->whole, "symmetric",
                   l->symmetric, "format", text(l->format == NULL ? NULL : l->format->name), "step", l->step, "offset",
                   l->offset);
}

static json_t *values(const value_facts *v) {
  if (!v->known) return json_null();
  return json_pack("{s:o, s:o, s:f, s:o, s:o, s:o, s:o}", "least", v->finite == 0 ? json_null() : json_real(v->min),
                   "largest", v->finite == 0 ? json_null() : json_real(v->max), "rms", v->rms, "finite",
                   number(v->finite), "nan", number(v->nan), "infinite", number(v->infinite), "outliers",
                   number(v->outliers));
}

static json_t *tensor_row(const inspected *t) {
  const found *w = t->what;
  json_t *row =
      json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "name", w->name, "kind", kinds[w->kind], "shape", shape(t),
                "format", t->format, "scheme", text(w->scheme == NULL ? NULL : w->scheme->name), "layout",
                text(w->layout == NULL ? NULL : w->layout->name), "packing", text(t->packing), "stored", stored(w));
  json_t *numbers =
      json_pack("{s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:o}", "group", group(t), "symmetric", symmetric(t), "code_bits",
                t->code_bits == 0 ? json_null() : number(t->code_bits), "bytes", number(w->bytes), "bits_per_weight",
                t->bits, "share_of_f32", t->bits / 32, "share_of_f16", t->bits / 16, "levels", levels(t));
  json_t *verdict = json_pack("{s:b, s:b, s:b, s:o, s:o}", "matrix", t->is_matrix, "exact", inspected_exact(t),
                              "certain", w->others.len == 0, "problem", text(found_inexact(w)), "alternatives",
                              texts(w->others.data, w->others.len));
  json_t *place =
      json_pack("{s:s, s:o, s:b, s:o, s:o}", "role", inspect_role_word(t->role), "use", text(t->use), "transposed",
                t->transposed, "offset", t->has_offset ? number(t->offset) : json_null(), "values", values(&t->values));
  json_object_update_new(row, numbers);
  json_object_update_new(row, place);
  json_object_update_new(row, verdict);
  return row;
}

static json_t *tensor_list(const inspection *x) {
  json_t *list = json_array();
  for (size_t i = 0; i < x->tensors.len; i++) json_array_append_new(list, tensor_row(&x->tensors.data[i]));
  return list;
}

// ---- the whole -------------------------------------------------------------------------------------------

static json_t *format_list(const inspection *x) {
  json_t *list = json_array();
  for (size_t i = 0; i < x->formats.len; i++) {
    const format_share *s = &x->formats.data[i];
    json_array_append_new(list,
                          json_pack("{s:s, s:o, s:o, s:o, s:f}", "format", s->format, "tensors", number(s->tensors),
                                    "weights", number(s->weights), "bytes", number(s->bytes), "bits_per_weight",
                                    s->weights == 0 ? 0.0 : 8 * (double)s->bytes / (double)s->weights));
  }
  return list;
}

static json_t *name(const name_parts *n) {
  return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "text", n->text, "base", text(n->base),
                   "parameters", text(n->parameters), "method", text(n->method), "scheme",
                   text(n->scheme == NULL ? NULL : n->scheme->name), "bits", number(n->bits), "activation_bits",
                   number(n->activation_bits), "group", number(n->group), "extra", text(n->extra), "extension",
                   text(n->extension));
}

// A matrix of the format that most weights are in, but for integers that nothing explains.
static const inspected *main_format(const inspection *x) {
  for (size_t f = 0; f < x->formats.len; f++) {
    const inspected *t = x->formats.data[f].matrix;
    if (t != NULL && (t->what->scheme != NULL || t->what->kind == FOUND_FLOAT)) return t;
  }
  return NULL;
}

// The file in a few words: those of the format that most weights are in.
static json_t *assessment(const inspection *x) {
  const inspected *t = main_format(x);
  bool quantized = t != NULL && t->what->scheme != NULL;
  json_t *issues = texts(x->warnings.data, x->warnings.len);
  for (size_t i = 0; i < x->tensors.len; i++)
    if (x->tensors.data[i].is_matrix && found_inexact(x->tensors.data[i].what) != NULL)
      json_array_append_new(
          issues, json_sprintf("%s: %s", x->tensors.data[i].what->name, found_inexact(x->tensors.data[i].what)));
  return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "detected", quantized, "method",
                   text(quantized ? t->what->scheme->name : NULL), "bit_width",
                   quantized && t->code_bits != 0 ? number(t->code_bits) : json_null(), "symmetric",
                   t == NULL ? json_null() : symmetric(t), "per_channel",
                   quantized && t->group != NULL ? json_boolean(t->group_rows == 1) : json_null(), "issues", issues,
                   "upgrade_recommendations", texts(x->advice.data, x->advice.len));
}

// How many tensors have each role but that of a matrix.
static json_t *others(const inspection *x) {
  json_t *counts = json_object();
  for (size_t r = 0; r < ROLE_COUNT; r++)
    if (r != ROLE_MATRIX) json_object_set_new(counts, inspect_role_word((inspect_role)r), number(x->roles[r]));
  return counts;
}

static json_t *inspection_json(const inspection *x) {
  double bits = x->weights == 0 ? 0 : 8 * (double)x->bytes / (double)x->weights;
  json_t *totals = json_pack("{s:o, s:o, s:f, s:f, s:f}", "weights", number(x->weights), "bytes", number(x->bytes),
                             "bits_per_weight", bits, "share_of_f32", bits / 32, "share_of_f16", bits / 16);
  json_t *verdict =
      json_pack("{s:o, s:o, s:o, s:b, s:o}", "matrices", number(x->matrices), "exact", number(x->exact), "open",
                number(x->open), "compiles_exactly", x->matrices > 0 && x->exact == x->matrices, "others", others(x));
  return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "qcc_inspect", SCHEMA, "path",
                   tensor_file_path(x->file), "kind", tensor_file_kind(x->file), "metadata", file_meta(x->file),
                   "config", config(x->config), "tensors", tensor_list(x), "formats", format_list(x), "totals", totals,
                   "name", name(&x->name), "warnings", texts(x->warnings.data, x->warnings.len), "verdict", verdict,
                   "assessment", assessment(x));
}

static int write_bytes(const char *bytes, size_t size, void *out) {
  return fwrite(bytes, 1, size, out) == size ? 0 : -1;
}

bool inspection_print_json(FILE *out, const inspection *const *all, size_t count) {
  json_t *value = count == 1 ? inspection_json(all[0]) : json_array();
  for (size_t i = 0; count > 1 && i < count; i++) json_array_append_new(value, inspection_json(all[i]));
  bool ok = value != NULL && json_dump_callback(value, write_bytes, out,
                                                JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9)) == 0;
  json_decref(value);
  fputc('\n', out);
  return ok;
}
