#include "inspect/beside.h"

#include <string.h>

#include "weights/from_float.h"

#define WEIGHT_ENDING ".weight"
#define GROUP_INDEX "g_idx"

// ---- numbers of integer tensors --------------------------------------------------------------------------

// Element i of an integer tensor, sign-extended where the type has a sign.
static bool integer_at(const tensor *t, uint64_t i, int64_t *out) {
  elem_type type;
  if (!solve_elem_type(t->dtype, &type) || elem_get(type)->kind == ELEM_KIND_FLOAT) return false;
  unsigned bytes = elem_get(type)->bits / 8;
  uint64_t raw = 0;
  if (bytes == 0 || i >= t->size / bytes) return false;
  for (unsigned b = 0; b < bytes; b++) raw |= (uint64_t)t->data[i * bytes + b] << 8 * b;
  *out = elem_decode_int(type, raw);
  return true;
}

// Two integers that could be a shape, rows first.
static bool shape_of(const tensor *t, uint64_t shape[2]) {
  int64_t numbers[2];
  if (t->rank != 1 || t->count != 2 || !integer_at(t, 0, &numbers[0]) || !integer_at(t, 1, &numbers[1])) return false;
  for (unsigned i = 0; i < 2; i++) {
    if (numbers[i] < 1 || numbers[i] > INT32_MAX) return false;
    shape[i] = (uint64_t)numbers[i];
  }
  return true;
}

// Whether column k is in group k / group for all columns.
static bool states_groups(const tensor *t, const fit *x) {
  int64_t index;
  if (t->rank != 1 || t->count != x->columns) return false;
  for (size_t p = 0; p < x->form->info->parameter_count; p++) {
    int64_t group = x->parameters.values[p];
    uint64_t k = 0;
    if (x->form->info->parameters[p].role != FE_PARAMETER_GROUP) continue;
    while (k < t->count && integer_at(t, k, &index) && index == (int64_t)k / group) k++;
    if (k == t->count) return true;
  }
  return false;
}

// Whether it may be the groups of all columns, and how many these are.
static bool lists_columns(const tensor *t, const extent *columns) {
  int64_t first;
  return t->rank == 1 && strstr(t->name, GROUP_INDEX) != NULL && integer_at(t, 0, &first) && t->count >= columns->min &&
         t->count <= columns->max;
}

// ---- what names say --------------------------------------------------------------------------------------

// Parts of the names of tensors without which weights are other numbers.
static const char *const changing[] = {"scale", "zero", "absmax", "codebook", GROUP_INDEX, "perm"};

// Words of names of scales that are of the activations.
static const char *const of_activations[] = {"input", "output", "act", "activation", "k", "v", "kv"};

static const char *last_part(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot == NULL ? name : dot + 1;
}

bool beside_changes_weights(const char *name) {
  for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
    if (strstr(last_part(name), changing[i]) != NULL) return true;
  return false;
}

static bool has_word(const char *text, const char *word) {
  for (size_t length; *text != '\0'; text += length + (text[length] != '\0')) {
    length = strcspn(text, "_");
    if (length == strlen(word) && strncmp(text, word, length) == 0) return true;
  }
  return false;
}

// One number for the whole layer: a number for each input would change the weights.
static bool is_of_activations(const tensor *t) {
  if (t->count != 1 || !beside_changes_weights(t->name)) return false;
  for (size_t i = 0; i < sizeof of_activations / sizeof *of_activations; i++)
    if (has_word(last_part(t->name), of_activations[i])) return true;
  return false;
}

// ---- what tensors say ------------------------------------------------------------------------------------

// Bytes that readers have taken numbers out of, or such a number: see files/json_tensors.h. Scales of a byte may begin with
// a brace, too, but do not go on like an object.
static bool is_text(const tensor *t) {
  if (t->dtype != TENSOR_U8 || t->rank != 1 || t->size < 2) return false;
  bool has_members = memchr(t->data, '"', t->size) != NULL && memchr(t->data, ':', t->size) != NULL;
  return t->data[0] == '{' && t->data[t->size - 1] == '}' && (has_members || t->size == 2);
}

static bool is_of_text(const tensor_file *f, const tensor *t) {
  const tensor *from = t->alias_of == NULL ? NULL : tensor_file_find(f, t->alias_of);
  return from != NULL && is_text(from) && !is_text(t);
}

// Whether the tensor holds the numbers of a constant table of the scheme.
static bool states_table(catalogue *c, const tensor *t, const scheme *s) {
  enum { MAX_NUMBERS = 65536 };
  for (size_t i = 0; i < s->table_count; i++) {
    if (s->tables[i].count != t->count || t->count > MAX_NUMBERS || t->dtype == TENSOR_BLOCKS) continue;
    arena *a = arena_new();
    float *numbers = ARENA_ARRAY(a, float, t->count);
    bool same = tensor_read_f32(c->quiet, t, 0, t->count, numbers);
    for (uint64_t n = 0; same && n < t->count; n++) same = numbers[n] == (float)s->tables[i].values[n];
    arena_free(a);
    if (same) return true;
  }
  return false;
}

static rest_kind classify(catalogue *c, const tensor_file *f, const tensor *t, const char *ending, const fit *x) {
  uint64_t shape[2];
  if (strcmp(ending, ".bias") == 0 && t->count == x->rows) return REST_BIAS;
  if (shape_of(t, shape) &&
      ((shape[0] == x->rows && shape[1] == x->columns) || (shape[1] == x->rows && shape[0] == x->columns)))
    return REST_SHAPE;
  if (states_groups(t, x)) return REST_GROUPS;
  if (is_of_activations(t)) return REST_ACTIVATIONS;
  return is_text(t) || is_of_text(f, t) || states_table(c, t, x->scheme) ? REST_STATED : REST_OTHER;
}

// ---- which tensors ---------------------------------------------------------------------------------------

static bool is_of_layout(const fit *x, const tensor *const *tensors, const tensor *t) {
  for (size_t i = 0; i < x->layout->tensor_count; i++)
    if (tensors[i] == t) return true;
  return false;
}

// A name belongs to the layer if it has one more part; or several, of which the first is one that the layout uses.
static bool belongs(const fit *x, const char *ending) {
  const char *dot = strchr(ending + 1, '.');
  if (dot == NULL) return true;
  size_t length = (size_t)(dot - ending);
  for (size_t i = 0; i < x->layout->tensor_count; i++)
    if (strncmp(x->layout->tensors[i].suffix, ending, length) == 0) return true;
  return false;
}

void beside_find(catalogue *c, const tensor_file *f, const char *layer, const fit *x, const tensor *const *tensors,
                 rest_list *out) {
  size_t length = strlen(layer);
  if (length == 0) return;
  const char *prefix = arena_printf(c->mem, "%s.", layer);
  tensor_range range = tensor_file_range(f, prefix);
  for (size_t i = range.begin; i < range.end; i++) {
    const tensor *t = tensor_file_by_name(f, i);
    if (is_of_layout(x, tensors, t) || !belongs(x, t->name + length)) continue;
    found_rest rest = {.tensor = t, .kind = classify(c, f, t, t->name + length, x)};
    vec_push(c->mem, out, rest);
  }
}

static void narrow_shape(uint64_t rows, uint64_t columns, shape_range *known) {
  if (known->columns.min > columns || known->columns.max < columns) return;
  known->rows = (extent){rows, rows};
  known->columns = (extent){columns, columns};
}

void beside_known_shape(catalogue *c, const tensor_file *f, const char *layer, const fields_note *noted,
                        shape_range *known) {
  size_t length = strlen(layer);
  if (length == 0) return;
  const char *prefix = arena_printf(c->mem, "%s.", layer);
  if (noted != NULL) narrow_shape(noted->rows, noted->columns, known);
  tensor_range range = tensor_file_range(f, prefix);
  for (size_t i = range.begin; i < range.end; i++) {
    const tensor *t = tensor_file_by_name(f, i);
    uint64_t shape[2];
    if (strchr(t->name + length + 1, '.') != NULL && !is_of_text(f, t)) continue;
    if (lists_columns(t, &known->columns)) known->columns = (extent){t->count, t->count};
    if (shape_of(t, shape)) narrow_shape(shape[0], shape[1], known);
  }
}

// "fc" of "fc.weight", and of "fc".
static const char *layer_of(arena *a, const char *name) {
  size_t length = strlen(name), ending = strlen(WEIGHT_ENDING);
  bool ends = length > ending && strcmp(name + length - ending, WEIGHT_ENDING) == 0;
  return arena_strndup(a, name, ends ? length - ending : length);
}

// Floats of a byte hardly ever are weights without a scale, whatever it is called.
static bool lacks_scale(const tensor *t) { return from_float_dtype(t->dtype) && tensor_dtype_bits(t->dtype) <= 8; }

static bool is_of_other_use(const tensor *weights, const tensor *t) {
  uint64_t shape[2];
  if (shape_of(t, shape)) return shape[0] * shape[1] == weights->count;
  return strcmp(last_part(t->name), "bias") == 0 || is_text(t);
}

const tensor *beside_plain(catalogue *c, const tensor_file *f, const tensor *t) {
  const char *layer = layer_of(c->mem, t->name), *prefix = arena_printf(c->mem, "%s.", layer);
  size_t own = strlen(t->name);
  tensor_range range = tensor_file_range(f, prefix);
  for (size_t i = range.begin; i < range.end; i++) {
    const tensor *other = tensor_file_by_name(f, i);
    bool is_own = strncmp(other->name, t->name, own) == 0; // as fc.weight.absmax
    if (other == t || (!is_own && strchr(other->name + range.length, '.') != NULL)) continue;
    if (is_of_activations(other)) continue;
    if (beside_changes_weights(other->name) || (lacks_scale(t) && !is_of_other_use(t, other))) return other;
  }
  return NULL;
}
