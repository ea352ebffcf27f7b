#include "inspect/convert_store.h"

#include <string.h>

#include "support/map.h"
#include "support/num.h"
#include "weights/fields.h"

// ---- converted -------------------------------------------------------------------------------------------

// "fc1" of "fc1.weight": what the names of a layout's tensors begin with.
static const char *layer_of(arena *a, const char *name) {
  static const char ending[] = ".weight";
  size_t length = strlen(name), extra = sizeof ending - 1;
  bool ends = length > extra && strcmp(name + length - extra, ending) == 0;
  return arena_strndup(a, name, ends ? length - extra : length);
}

// "fc1.weight" of both: what the names of a matrix that one tensor holds are.
static const char *tensor_name_of(arena *a, const char *name) {
  return arena_printf(a, "%s.weight", layer_of(a, name));
}

static bool find_dtype(elem_type type, tensor_dtype *out) {
  for (unsigned t = TENSOR_BLOCKS + 1; t < TENSOR_DTYPE_COUNT; t++) {
    elem_type same;
    if (solve_elem_type((tensor_dtype)t, &same) && same == type) return *out = (tensor_dtype)t, true;
  }
  return false;
}

static bool add_tensor(convert_output *out, const scheme_layout *l, size_t i, const layout_input *shape,
                       const uint8_t *bytes, const char *layer) {
  safetensors_item item = {.name = arena_printf(out->mem, "%s%s", layer, l->tensors[i].suffix), .rank = shape->rank};
  item.dims = arena_memdup(out->mem, shape->dims, sizeof shape->dims);
  item.data = bytes;
  item.size = (size_t)shape->size;
  if (!find_dtype(shape->type, &item.dtype)) return false;
  vec_push(out->mem, &out->items, item);
  return true;
}

static bool store_tensors(diag *d, convert_output *out, const tensor_codes *codes, const scheme_layout *l,
                          const char *name) {
  layout_input *shapes = ARENA_ARRAY(out->mem, layout_input, l->tensor_count);
  uint8_t **bytes = ARENA_ARRAY(out->mem, uint8_t *, l->tensor_count);
  if (!layout_tensor_shapes(d, codes->scheme, l, codes->rows, codes->columns, shapes)) return false;
  for (size_t i = 0; i < l->tensor_count; i++) bytes[i] = ARENA_ARRAY(out->mem, uint8_t, (size_t)shapes[i].size);
  if (!layout_write_tensors(d, codes, l, shapes, bytes)) return false;
  for (size_t i = 0; i < l->tensor_count; i++)
    if (!add_tensor(out, l, i, &shapes[i], bytes[i], layer_of(out->mem, name))) {
      diag_error(d, l->tensors[i].loc, "safetensors has no type for the tensor '%s' of the layout '%s'",
                 l->tensors[i].name, l->name);
      return false;
    }
  return true;
}

static bool store_noted(diag *d, convert_output *out, const tensor_codes *codes, const scheme_layout *l,
                        const char *name) {
  tensor_meta notes[FIELDS_MAX_NOTES];
  size_t count = l == NULL ? codes->scheme->field_count : 1;
  safetensors_item *items = ARENA_ARRAY(out->mem, safetensors_item, count);
  if (l == NULL)
    fields_make_items(out->mem, codes, name, items);
  else if (!fields_make_blocks(d, out->mem, codes, l, name, items))
    return false;
  for (size_t i = 0; i < count; i++) vec_push(out->mem, &out->items, items[i]);
  count = fields_make_notes(out->mem, codes, name, l, notes);
  for (size_t i = 0; i < count; i++) vec_push(out->mem, &out->meta, notes[i]);
  return true;
}

bool convert_store(diag *d, convert_output *out, const tensor_codes *codes, const scheme_layout *l, const char *name,
                   uint64_t *bytes) {
  size_t first = out->items.len;
  bool separate = l != NULL && !layout_is_one_tensor(l);
  bool ok =
      separate ? store_tensors(d, out, codes, l, name) : store_noted(d, out, codes, l, tensor_name_of(out->mem, name));
  vec_push(out->mem, &out->converted, name);
  *bytes = 0;
  for (size_t i = first; i < out->items.len; i++) *bytes += out->items.data[i].size;
  return ok;
}

void convert_note_layout(convert_output *out, const tensor_codes *codes, const scheme_layout *l, const char *name) {
  if (l == NULL || l->block_weights != 0) return;
  vec_push(out->mem, &out->meta, fields_make_layout_note(out->mem, layer_of(out->mem, name), codes, l));
}

// ---- kept ------------------------------------------------------------------------------------------------

static void keep_tensor(convert_output *out, const tensor *t) {
  safetensors_item item = {.name = t->name, .dtype = t->dtype, .rank = t->rank, .dims = t->dims, .size = t->size};
  item.data = tensor_in_order(out->mem, t);
  vec_push(out->mem, &out->items, item);
}

// Blocks become bytes, with a note of what they are.
static bool keep_blocks(convert_output *out, const found *w) {
  tensor_codes about = {.scheme = w->scheme, .rows = w->rows, .columns = w->columns};
  tensor_meta notes[FIELDS_MAX_NOTES];
  uint64_t *dims = ARENA_ARRAY(out->mem, uint64_t, SCHEME_MAX_RANK);
  unsigned rank = w->inputs == NULL ? 2 : w->inputs->rank;
  dims[0] = w->rows;
  dims[1] = w->bytes / w->rows;
  if (w->inputs != NULL) memcpy(dims, w->inputs->dims, rank * sizeof *dims);
  safetensors_item item = {.name = w->name, .dtype = TENSOR_U8, .rank = rank, .dims = dims, .data = w->data};
  item.size = (size_t)w->bytes;
  vec_push(out->mem, &out->items, item);
  size_t count = fields_make_notes(out->mem, &about, w->name, w->layout, notes);
  for (size_t i = 0; i < count; i++) vec_push(out->mem, &out->meta, notes[i]);
  return true;
}

bool convert_keep(convert_output *out, const found *w) {
  if (w->kind == FOUND_BLOCKS) return keep_blocks(out, w);
  if (w->kind == FOUND_UNKNOWN) return false;
  for (size_t i = 0; i < w->tensor_count; i++) keep_tensor(out, w->tensors[i]);
  for (size_t i = 0; i < w->rest.len; i++) {
    found_rest rest = w->rest.data[i];
    bool states = rest.kind == REST_SHAPE || rest.kind == REST_GROUPS || rest.kind == REST_STATED;
    if (states && rest.tensor->alias_of == NULL) keep_tensor(out, rest.tensor); // others are on the list themselves
  }
  return true;
}

// The names that metadata may call what is converted by.
static name_map names_of_converted(const convert_output *out) {
  name_map names = {.mem = out->mem};
  for (size_t i = 0; i < out->converted.len; i++) { // what is under a name does not matter
    name_map_set(&names, out->converted.data[i], out->mem);
    name_map_set(&names, layer_of(out->mem, out->converted.data[i]), out->mem);
  }
  return names;
}

// Whether a note "qcc.<what>.<name>" is about a tensor that is stored otherwise now.
static bool is_outdated(const name_map *converted, const char *key) {
  static const char ours[] = "qcc.";
  if (strncmp(key, ours, sizeof ours - 1) != 0) return false;
  const char *dot = strchr(key + sizeof ours - 1, '.');
  return dot != NULL && name_map_get(converted, dot + 1) != NULL;
}

void convert_keep_metadata(convert_output *out, const tensor_file *f) {
  bool keep = strcmp(tensor_file_kind(f), "safetensors") == 0;
  name_map converted = names_of_converted(out);
  for (size_t i = 0; keep && i < tensor_file_meta_count(f); i++) {
    const tensor_meta *m = tensor_file_meta_at(f, i);
    if (!is_outdated(&converted, m->key)) vec_push(out->mem, &out->meta, *m);
  }
}

bool convert_check(diag *d, const char *path, const convert_output *out) {
  return safetensors_check(d, path == NULL ? "the output" : path, out->items.data, out->items.len);
}

bool convert_write(diag *d, file_set *outputs, const char *path, const convert_output *out) {
  out_file *file = file_set_open(outputs, path);
  return file != NULL &&
         safetensors_write(d, path, file, out->items.data, out->items.len, out->meta.data, out->meta.len);
}
