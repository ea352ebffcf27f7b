#include "weights/quantize_out.h"

#include <string.h>

// Of the meaning of block types as these files have it.
enum { QUANTIZATION_VERSION = 2 };

static const char *const file_type_key = "general.file_type", *const version_key = "general.quantization_version";

bool quantize_out_is_gguf(const char *path) { return path_ends_in(path, ".gguf"); }

static bool refuse(quantize_out *o, const tensor *t, const char *hint) {
  diag_error_file(o->d, t->path, "tensor '%s' has %s, which the output cannot hold", t->name,
                  tensor_describe(o->mem, t));
  diag_hint(o->d, "%s", hint);
  return false;
}

bool quantize_out_keep(quantize_out *o, const tensor *t) {
  uint32_t type = t->block_type;
  const uint8_t *bytes = t->dtype == TENSOR_BLOCKS ? t->data : tensor_in_order(o->mem, t);
  if (o->gguf) {
    if (t->dtype != TENSOR_BLOCKS && !gguf_plain_type(t->dtype, &type))
      return refuse(o, t, "GGUF has no such elements; a .safetensors output has");
    gguf_item item = {.name = t->name, .type = type, .rank = t->rank, .dims = t->dims, .data = bytes, .size = t->size};
    vec_push(o->mem, &o->gguf_items, item);
    return true;
  }
  if (t->dtype == TENSOR_BLOCKS)
    return refuse(o, t, "a model reads it from this file directly; a .gguf output keeps it as it is");
  safetensors_item item = {
      .name = t->name, .dtype = t->dtype, .rank = t->rank, .dims = t->dims, .data = bytes, .size = t->size};
  vec_push(o->mem, &o->items, item);
  return true;
}

const scheme_layout *quantize_gguf_layout(const scheme *s, bool *plain) {
  tensor_dtype dtype;
  uint32_t type;
  *plain = s->field_count == 1 && s->value != NULL && s->value->op == EXPR_FIELD && s->fields[0].rank == 0 &&
           s->fields[0].gran.kind == GRAN_WEIGHT && !s->fields[0].sparse &&
           elem_get(s->fields[0].type)->kind == ELEM_KIND_FLOAT && fields_natural_dtype(s->fields[0].type, &dtype) &&
           gguf_plain_type(dtype, &type);
  const scheme_layout *found = NULL; // rows of blocks go before types of another form
  for (size_t i = 0; i < s->layout_count; i++) {
    const scheme_layout *l = &s->layouts[i];
    if (l->type_id < 0 || !layout_is_one_tensor(l)) continue;
    if (found == NULL || (found->block_weights == 0 && l->block_weights > 0)) found = l;
  }
  return found;
}

static void count_weights(quantize_out *o, const scheme_layout *l, uint64_t weights) {
  size_t i = 0;
  while (i < o->layouts.len && o->layouts.data[i] != l) i++;
  if (i == o->layouts.len) {
    vec_push(o->mem, &o->layouts, l);
    vec_push(o->mem, &o->weights, 0);
  }
  o->weights.data[i] += weights;
}

static bool store_gguf(quantize_out *o, const tensor_codes *codes, const scheme_layout *layout, const tensor *t,
                       uint64_t *bytes) {
  safetensors_item made;
  gguf_item item = {.name = t->name, .rank = t->rank, .dims = t->dims};
  if (layout != NULL) {
    if (!fields_make_blocks(o->d, o->mem, codes, layout, t->name, &made)) return false;
    item.type = (uint32_t)layout->type_id;
  } else {
    fields_make_items(o->mem, codes, t->name, &made);
    if (!gguf_plain_type(made.dtype, &item.type)) return refuse(o, t, "GGUF has no such elements");
  }
  item.data = made.data;
  item.size = made.size;
  *bytes = made.size;
  vec_push(o->mem, &o->gguf_items, item);
  count_weights(o, layout, t->count);
  return true;
}

bool quantize_out_store(quantize_out *o, const tensor_codes *codes, const scheme_layout *layout, const tensor *t,
                        uint64_t *bytes) {
  if (o->gguf) return store_gguf(o, codes, layout, t, bytes);
  tensor_meta notes[FIELDS_MAX_NOTES];
  size_t first = o->items.len, count = layout == NULL ? fields_item_count(codes->scheme) : 1;
  safetensors_item *items = ARENA_ARRAY(o->mem, safetensors_item, count);
  if (layout == NULL)
    fields_make_items(o->mem, codes, t->name, items);
  else if (!fields_make_blocks(o->d, o->mem, codes, layout, t->name, items))
    return false;
  for (size_t i = 0; i < count; i++) vec_push(o->mem, &o->items, items[i]);
  size_t note_count = fields_make_notes(o->mem, codes, t->name, layout, notes);
  for (size_t i = 0; i < note_count; i++) vec_push(o->mem, &o->meta, notes[i]);
  *bytes = 0;
  for (size_t i = first; i < o->items.len; i++) *bytes += o->items.data[i].size;
  return true;
}

// ---- metadata of GGUF ------------------------------------------------------------------------------------

// The container's number for what most weights are; -1 when it has none.
static int64_t file_type(const quantize_out *o) {
  size_t most = 0;
  for (size_t i = 1; i < o->layouts.len; i++)
    if (o->weights.data[i] > o->weights.data[most]) most = i;
  return o->layouts.len == 0 || o->layouts.data[most] == NULL ? -1 : o->layouts.data[most]->file_type;
}

// Keys that say how the input was stored: the output is another file, in one part.
static bool is_replaced(const char *key) {
  return strcmp(key, file_type_key) == 0 || strcmp(key, version_key) == 0 || strncmp(key, "split.", 6) == 0 ||
         strncmp(key, "qcc.", 4) == 0;
}

static uint64_t alignment_of(const tensor_file *f) {
  const char *text = tensor_file_meta(f, "general.alignment");
  uint64_t alignment = 0;
  for (; text != NULL && *text >= '0' && *text <= '9'; text++) alignment = 10 * alignment + (uint64_t)(*text - '0');
  return alignment;
}

static bool write_gguf(quantize_out *o, out_file *out, const tensor_file *from) {
  VEC(gguf_entry) entries = {0};
  bool same = strcmp(tensor_file_kind(from), "GGUF") == 0;
  for (size_t i = 0; i < tensor_file_meta_count(from); i++) {
    const tensor_meta *m = tensor_file_meta_at(from, i);
    if (is_replaced(m->key)) continue;
    if (same && m->entry != NULL)
      vec_push(o->mem, &entries, ((gguf_entry){.bytes = m->entry, .size = m->entry_size}));
    else if (!same && strcmp(m->type, "string") == 0)
      vec_push(o->mem, &entries, gguf_entry_string(o->mem, m->key, m->value));
  }
  vec_push(o->mem, &entries, gguf_entry_u32(o->mem, version_key, QUANTIZATION_VERSION));
  if (file_type(o) >= 0) vec_push(o->mem, &entries, gguf_entry_u32(o->mem, file_type_key, (uint32_t)file_type(o)));
  return gguf_write(o->d, o->path, out, o->gguf_items.data, o->gguf_items.len, entries.data, entries.len,
                    same ? alignment_of(from) : 0);
}

bool quantize_out_write(quantize_out *o, out_file *out, const tensor_file *from) {
  if (o->gguf) return write_gguf(o, out, from);
  return safetensors_write(o->d, o->path, out, o->items.data, o->items.len, o->meta.data, o->meta.len);
}
