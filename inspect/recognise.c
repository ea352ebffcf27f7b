#include "inspect/recognise.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/endings.h"
#include "inspect/rank.h"
#include "support/num.h"
#include "weights/fields.h"
#include "weights/from_float.h"

// One run over a file.
typedef struct finder {
  const subject *s;
  catalogue *c;
  const tensor_file *f;
  found **of;    // by tensor: what it belongs to
  bool *used_up; // by tensor: only states what another says
  found_list *out;
} finder;

static size_t index_of(const finder *x, const tensor *t) { return (size_t)(t - tensor_file_at(x->f, 0)); }

// ---- separate tensors ------------------------------------------------------------------------------------

// The tensors of a layer that have the names, types and ranks of a layout's, and the same with the layout's dimensions.
typedef struct layer_tensors {
  const tensor **stored;
  const tensor **viewed;
} layer_tensors;

// False when one is of another type or rank. `all` are those of the layer by their endings, and the layout's are among them.
static bool take_tensors(const catalogue *c, const catalogue_form *form, const tensor *const *all, layer_tensors *out) {
  const scheme_layout *l = catalogue_layout(form, form->sample);
  out->stored = ARENA_ARRAY(c->mem, const tensor *, l->tensor_count);
  out->viewed = ARENA_ARRAY(c->mem, const tensor *, l->tensor_count);
  for (size_t i = 0; i < l->tensor_count; i++) {
    out->stored[i] = all[form->endings[i]];
    out->viewed[i] = solve_view(c->mem, &l->tensors[i], out->stored[i]);
    if (out->viewed[i] == NULL) return false;
    if (!catalogue_has_width(form) && !solve_takes(&l->tensors[i], out->viewed[i])) return false;
  }
  return true;
}

// Whether the tensors may be the form's: all are there, and they are not just floats, which are what they are.
static bool is_possible(const subject *s, const catalogue_form *form, const tensor *const *tensors) {
  if (!endings_have(form, tensors)) return false;
  const tensor *first = tensors[form->endings[0]];
  bool one_float = catalogue_layout(form, form->sample)->tensor_count == 1 && from_float_dtype(first->dtype);
  return !one_float || (s->asked == NULL ? tensor_order_open(first) : first->rank >= 2);
}

static bool is_any_possible(const subject *s, const tensor *const *tensors) {
  for (size_t i = 0; i < s->c->forms.len; i++)
    if (is_possible(s, &s->c->forms.data[i], tensors)) return true;
  return false;
}

static void read_layer(const rank_layer *layer, const tensor *const *all, const fit_hints *hints, readings *out) {
  catalogue *c = layer->s->c;
  for (size_t i = 0; i < c->forms.len; i++) {
    catalogue_form *form = &c->forms.data[i];
    layer_tensors tensors;
    fits list = {0};
    if (!is_possible(layer->s, form, all) || !take_tensors(c, form, all, &tensors)) continue;
    fit_form(c, form, tensors.viewed, hints, &list);
    for (size_t k = 0; k < list.len; k++) rank_add(layer, tensors.stored, tensors.viewed, &list.data[k], out);
  }
}

// Of readings that give the same weights one is named.
static void add_others(catalogue *c, readings *all, found *w) {
  VEC(size_t) named = {0};
  for (size_t i = 1; i < all->len; i++) {
    bool is_new = rank_same(c, &all->data[0], &all->data[i]);
    for (size_t k = 0; k < named.len; k++) is_new &= !rank_same_numbers(&all->data[named.data[k]], &all->data[i]);
    if (!is_new) continue;
    vec_push(c->mem, &named, i);
    vec_push(c->mem, &w->others, rank_text(c->mem, &all->data[i]));
  }
}

static found *found_of_reading(catalogue *c, const char *layer, readings *all) {
  const reading *r = &all->data[0];
  found *w = ARENA_NEW(c->mem, found);
  *w = (found){.kind = FOUND_TENSORS,
               .name = arena_strdup(c->mem, layer),
               .form = r->fit.form,
               .scheme = r->fit.scheme,
               .layout = r->fit.layout,
               .rows = r->fit.rows,
               .columns = r->fit.columns,
               .tensor_count = r->fit.layout->tensor_count,
               .tensors = r->tensors,
               .inputs = r->inputs,
               .certain = r->fit.certain,
               .any_size = !r->fit.certain && !rank_divides(r),
               .facts = r->facts,
               .problem = rank_problem(c, r),
               .unexplained = r->unexplained > 0};
  for (size_t i = 0; i < w->tensor_count; i++) w->bytes += w->tensors[i]->size;
  for (size_t i = 0; i < r->rest.len; i++) vec_push(c->mem, &w->rest, r->rest.data[i]);
  add_others(c, all, w);
  return w;
}

// All ways to read a layer, the best first; with `wanted` those in that scheme with its parameters.
static readings read_best(const subject *s, const char *name, uint64_t columns, const char *wanted) {
  const tensor *const *tensors = endings_find(s->c, s->file, name);
  shape_range known = shape_unknown;
  quant_args stated = {0};
  fields_note noted;
  readings out = {0};
  if (!is_any_possible(s, tensors)) return out;
  bool is_noted = fields_find_layout(s->c->mem, s->file, name, &noted);
  if (columns != 0) known.columns = (extent){columns, columns};
  beside_known_shape(s->c, s->file, name, is_noted ? &noted : NULL, &known);
  if (s->config != NULL) stated = quant_config_layer(s->config, name);
  rank_layer layer = {.s = s, .name = name, .noted = is_noted ? &noted : NULL};
  if (s->config != NULL) layer.stated = &stated;
  fit_hints hints = {.shape = &known, .stated = layer.stated, .wanted = wanted};
  read_layer(&layer, tensors, &hints, &out);
  rank_sort(s->c, &out);
  return out;
}

// What is wanted counts less than what files state: where something else is just what they say, it is that.
static found *read_separate(const subject *s, const char *layer, uint64_t columns, const char *wanted) {
  readings asked = {0};
  if (wanted != NULL) asked = read_best(s, layer, columns, wanted);
  if (asked.len > 0 && asked.data[0].differs == 0) return found_of_reading(s->c, layer, &asked);
  readings all = read_best(s, layer, columns, NULL);
  if (all.len == 0) return NULL;
  return found_of_reading(s->c, layer, asked.len > 0 && all.data[0].differs > 0 ? &asked : &all);
}

// ---- plain tensors ---------------------------------------------------------------------------------------

static void set_shape(const tensor *t, found *w) {
  w->columns = t->rank == 0 ? 1 : t->dims[t->rank - 1];
  w->rows = w->columns == 0 ? 0 : t->count / w->columns;
}

static found *new_found(arena *mem, found_kind kind, const tensor *t) {
  found *w = ARENA_NEW(mem, found);
  const tensor **tensors = ARENA_NEW(mem, const tensor *);
  t = kind == FOUND_FLOAT ? tensor_as_matrix(mem, t) : t;
  *tensors = t;
  *w = (found){.kind = kind, .name = t->name, .tensor_count = 1, .tensors = tensors, .bytes = t->size, .certain = true};
  set_shape(t, w);
  return w;
}

// A plain tensor that is not what it seems.
static void note_unexplained(arena *mem, found *w, const tensor *beside) {
  const char *why = beside_changes_weights(beside->name) ? "changes what it means" : "may be its scale";
  w->problem =
      arena_printf(mem, "no layout explains '%s' (%s), which %s", beside->name, tensor_describe(mem, beside), why);
  w->unexplained = true;
}

static found *find_unexplained(const subject *s, const char *layer) {
  const tensor *t = tensor_file_find(s->file, arena_printf(s->c->mem, "%s.weight", layer));
  if (t == NULL) t = tensor_file_find(s->file, layer);
  const tensor *beside = t == NULL || t->dtype == TENSOR_BLOCKS ? NULL : beside_plain(s->c, s->file, t);
  if (beside == NULL) return NULL;
  found *w = new_found(s->c->mem, from_float_dtype(t->dtype) ? FOUND_FLOAT : FOUND_NUMBERS, t);
  note_unexplained(s->c->mem, w, beside);
  return w;
}

found *recognise_layer(const subject *s, const char *layer, uint64_t columns, const char *wanted) {
  found *w = read_separate(s, layer, columns, wanted);
  return w != NULL ? w : find_unexplained(s, layer);
}

// ---- one tensor ------------------------------------------------------------------------------------------

// The bytes of a layout that is one tensor, in the shape that it gives them; of blocks they need none.
static bool set_typed_inputs(const catalogue *c, const tensor_file *f, const tensor *t, found *w) {
  layout_input *in = ARENA_NEW(c->mem, layout_input);
  if (w->layout->block_weights != 0) return true;
  if (!layout_tensor_shapes(c->quiet, w->scheme, w->layout, w->rows, w->columns, in)) return false;
  if (t->dtype == TENSOR_BLOCKS ? !tensor_bytes_check(c->d, f, t, in->size, &in->data) : in->size != t->size)
    return false;
  in->data = t->data;
  w->inputs = in;
  w->data = in->data;
  w->bytes = in->size;
  return true;
}

static bool set_block_bytes(finder *x, const tensor *t, found *w) {
  size_t size;
  if (w->layout->block_weights == 0) return set_typed_inputs(x->c, x->f, t, w);
  if (!tensor_blocks_check(x->c->d, x->f, t, w->layout->block_weights, w->layout->block_bytes, &w->data, &size))
    return false;
  w->bytes = size;
  return true;
}

static found *find_blocks(finder *x, const tensor *t) {
  const catalogue_form *form = catalogue_blocks(x->c, t->block_type);
  found *w = new_found(x->c->mem, form == NULL ? FOUND_UNKNOWN : FOUND_BLOCKS, t);
  if (form == NULL) {
    w->problem = arena_printf(x->c->mem, "no scheme has a layout with type = %" PRIu32, t->block_type);
    return w;
  }
  w->scheme = form->sample;
  w->layout = catalogue_layout(form, form->sample);
  const scheme_layout *other = scheme_typed_layout(w->scheme, t->block_type, w->layout);
  if (other != NULL)
    w->problem = arena_printf(x->c->mem, "its type may be the layout '%s', too: a rule has to say which", other->name);
  if (set_block_bytes(x, t, w)) return w;
  w->kind = FOUND_UNKNOWN;
  w->problem = "its bytes are no such blocks";
  return w;
}

static found *find_plain(finder *x, const tensor *t) {
  if (t->dtype == TENSOR_BLOCKS) return find_blocks(x, t);
  bool is_float = from_float_dtype(t->dtype);
  found *w = new_found(x->c->mem, is_float ? FOUND_FLOAT : FOUND_NUMBERS, t);
  const tensor *beside = beside_plain(x->c, x->f, t);
  bool is_used = beside != NULL && (x->of[index_of(x, beside)] != NULL || x->used_up[index_of(x, beside)]);
  if (!is_float) w->problem = "no scheme has a layout that explains it";
  if (is_float && t->quant != NULL)
    w->problem = arena_printf(x->c->mem, "no scheme has a layout that explains how %s reads it", t->quant->by);
  double first = 0;
  uint64_t rounded = is_float ? tensor_count_rounded(t, &first) : 0;
  if (rounded > 0)
    w->rounding = arena_printf(x->c->mem,
                               "%" PRIu64 " of its %" PRIu64
                               " numbers are no f32, in which networks compute: they are rounded; the first is %.17g",
                               rounded, t->count, first);
  if (is_float && tensor_order_open(t))
    w->problem = "it is square, and the file does not say which dimension is the outputs'";
  if (beside != NULL && !is_used) note_unexplained(x->c->mem, w, beside);
  return w;
}

// ---- what `qcc quantize` wrote ---------------------------------------------------------------------------

static void add_field_tensors(finder *x, found *w) {
  size_t count = fields_item_count(w->scheme);
  const tensor **tensors = ARENA_ARRAY(x->c->mem, const tensor *, count);
  const char **names = ARENA_ARRAY(x->c->mem, const char *, count);
  fields_item_names(x->c->mem, w->scheme, w->name, names);
  w->tensor_count = 0;
  for (size_t i = 0; i < count; i++) {
    const tensor *t = tensor_file_find(x->f, names[i]);
    if (t == NULL) continue;
    tensors[w->tensor_count++] = t;
    w->bytes += t->size;
  }
  w->tensors = tensors;
}

// Without the scheme the names of its fields are unknown: what has the matrix's name, or begins with it, belongs to it.
static void add_tensors_named(finder *x, found *w) {
  tensor_range range = tensor_file_range(x->f, w->name);
  const tensor **tensors = ARENA_ARRAY(x->c->mem, const tensor *, range.end - range.begin + 1);
  for (size_t i = range.begin; i < range.end; i++) {
    const tensor *t = tensor_file_by_name(x->f, i);
    if (t->name[range.length] != '\0' && t->name[range.length] != '.') continue;
    tensors[w->tensor_count++] = t;
    w->bytes += t->size;
  }
  w->tensors = tensors;
}

static void check_noted(finder *x, found *w, const fields_note *note) {
  if (!fields_check(x->c->d, x->f, w->name, note, w->scheme, w->rows, w->columns))
    w->problem = "it was written with another definition of the scheme";
  else if (note->layout == NULL && !fields_check_tensors(x->c->d, x->f, w->name, w->scheme, w->rows, w->columns))
    w->problem = "its fields are damaged";
}

static found *find_noted(finder *x, const char *name) {
  fields_note note;
  if (fields_find(x->c->d, x->c->mem, x->f, name, &note) != FIELDS_FOUND) return NULL;
  found *w = ARENA_NEW(x->c->mem, found);
  *w = (found){
      .kind = FOUND_FIELDS, .file = x->f, .name = name, .rows = note.rows, .columns = note.columns, .certain = true};
  w->scheme = fe_library_find(x->c->library, note.scheme);
  w->noted = note.scheme;
  const tensor *t = tensor_file_find(x->f, name);
  if (w->scheme == NULL) {
    w->problem = arena_printf(x->c->mem, "there is no scheme %s here; -I names a folder that has %s.q", note.scheme,
                              note.scheme);
    w->unexplained = true;
    add_tensors_named(x, w);
    return w;
  }
  check_noted(x, w, &note);
  if (note.layout == NULL) {
    add_field_tensors(x, w);
    return w;
  }
  w->layout = scheme_find_layout(w->scheme, note.layout);
  if (t == NULL || w->layout == NULL) {
    w->problem = arena_printf(x->c->mem, "the scheme has no layout '%s'", note.layout);
    return w;
  }
  const tensor **tensors = ARENA_NEW(x->c->mem, const tensor *);
  *tensors = t;
  w->tensors = tensors;
  w->tensor_count = 1;
  w->bytes = t->size;
  w->data = t->data;
  if (!set_typed_inputs(x->c, x->f, t, w)) w->problem = "it has not the bytes of the layout";
  return w;
}

// ---- the file --------------------------------------------------------------------------------------------

static bool is_free(const finder *x, const found *w) {
  for (size_t i = 0; i < w->tensor_count; i++)
    if (x->of[index_of(x, w->tensors[i])] != NULL) return false;
  return true;
}

// Tensors that only state the shape or the groups are used up with it.
static void claim(finder *x, found *w) {
  for (size_t i = 0; i < w->tensor_count; i++) {
    const char *first_name = w->tensors[i]->alias_of; // the same numbers under the name that the file has for them
    const tensor *first = first_name == NULL ? NULL : tensor_file_find(x->f, first_name);
    x->of[index_of(x, w->tensors[i])] = w;
    if (first != NULL) x->used_up[index_of(x, first)] = true;
  }
  for (size_t i = 0; i < w->rest.len; i++) {
    found_rest rest = w->rest.data[i];
    if (rest.kind == REST_SHAPE || rest.kind == REST_GROUPS || rest.kind == REST_STATED)
      x->used_up[index_of(x, rest.tensor)] = true;
  }
}

// ---- what a user asks for --------------------------------------------------------------------------------

static bool is_asked(const asked_reading *q, const char *name) {
  return q->wanted == NULL || q->wanted(q->context, name);
}

// The tensors of a layer in the scheme and layout that are asked for; NULL when they cannot be that.
static found *read_asked(const subject *s, const char *layer) {
  const asked_reading *q = s->asked;
  readings all = read_best(s, layer, q->columns, q->scheme), kept = {0};
  for (size_t i = 0; i < all.len; i++) {
    reading r = all.data[i];
    bool is_it =
        (q->layout == NULL || strcmp(r.fit.layout->name, q->layout) == 0) && (q->rows == 0 || r.fit.rows == q->rows);
    r.order = kept.len;
    if (is_it) vec_push(s->c->mem, &kept, r);
  }
  if (kept.len == 0) return NULL;
  rank_sort(s->c, &kept);
  return found_of_reading(s->c, layer, &kept);
}

// Whether the layer has tensors of these names.
static bool has_asked_names(const subject *s, const char *layer) {
  const tensor *const *tensors = endings_find(s->c, s->file, layer);
  for (size_t i = 0; i < s->c->forms.len; i++) {
    const catalogue_form *form = &s->c->forms.data[i];
    const char *layout = catalogue_layout(form, form->sample)->name;
    binding b;
    if (is_possible(s, form, tensors) && catalogue_binding(form, s->asked->scheme, &b) &&
        (s->asked->layout == NULL || strcmp(layout, s->asked->layout) == 0))
      return true;
  }
  return false;
}

// Rows of blocks: a tensor of bytes [N, bytes of a row], or of a type that the file numbers.
static bool take_blocks(finder *x, const tensor *t, found *w) {
  uint64_t row, bytes;
  if (t->dtype == TENSOR_BLOCKS) return set_block_bytes(x, t, w);
  if (w->columns % w->layout->block_weights != 0) return false;
  if (!num_mul(w->columns / w->layout->block_weights, w->layout->block_bytes, &row) || !num_mul(row, w->rows, &bytes))
    return false;
  w->data = t->data;
  w->bytes = bytes;
  return bytes == t->size;
}

static found *read_asked_tensor(finder *x, const tensor *t, const scheme *s, const scheme_layout *l) {
  const asked_reading *q = x->s->asked;
  found *w = new_found(x->c->mem, FOUND_BLOCKS, t);
  w->scheme = s;
  w->layout = l;
  if (t->dtype != TENSOR_BLOCKS && l->block_weights != 0) w->columns = w->columns / l->block_bytes * l->block_weights;
  if (t->dtype != TENSOR_BLOCKS && l->block_weights == 0 && q->rows == 0) return NULL; // bytes do not tell
  if (q->rows != 0) w->rows = q->rows, w->columns = q->columns;
  if (w->rows == 0 || w->columns == 0) return NULL;
  return (l->block_weights != 0 ? take_blocks(x, t, w) : set_typed_inputs(x->c, x->f, t, w)) ? w : NULL;
}

static const char *asked_text(const finder *x) {
  const asked_reading *q = x->s->asked;
  strbuf text = {.mem = x->c->mem};
  strbuf_printf(&text, "%s", q->scheme);
  if (q->layout != NULL) strbuf_printf(&text, ", layout = %s", q->layout);
  if (q->rows != 0) strbuf_printf(&text, ", of %" PRIu64 " x %" PRIu64 " weights", q->rows, q->columns);
  return strbuf_text(&text);
}

// Those that are named one by one have to be what is asked for.
static size_t claim_asked(finder *x, found *w, const char *name) {
  if (w != NULL && is_free(x, w)) return claim(x, w), 1;
  if (w == NULL && x->s->asked->wanted != NULL)
    diag_error_file(x->c->d, tensor_file_path(x->f), "'%s' cannot be read as %s", name, asked_text(x));
  return 0;
}

static void find_all_asked(finder *x) {
  const asked_reading *q = x->s->asked;
  const scheme *s = fe_library_find(x->c->library, q->scheme);
  const scheme_layout *l = s == NULL || q->layout == NULL ? NULL : scheme_find_layout(s, q->layout);
  size_t before = diag_error_count(x->c->d), count = 0;
  if (l != NULL && layout_is_one_tensor(l)) {
    for (size_t i = 0; i < tensor_file_count(x->f); i++) {
      const tensor *t = tensor_file_at(x->f, i);
      bool is_bytes = t->dtype == TENSOR_BLOCKS || t->dtype == TENSOR_U8 || t->dtype == TENSOR_I8;
      if (is_bytes && is_asked(q, t->name)) count += claim_asked(x, read_asked_tensor(x, t, s, l), t->name);
    }
  } else {
    text_list names = {0};
    endings_list_layers(x->c, x->f, &names);
    for (size_t i = 0; i < names.len; i++)
      if (is_asked(q, names.data[i]) && has_asked_names(x->s, names.data[i]))
        count += claim_asked(x, read_asked(x->s, names.data[i]), names.data[i]);
  }
  if (count == 0 && diag_error_count(x->c->d) == before)
    diag_error_file(x->c->d, tensor_file_path(x->f), "no tensors can be read as %s", asked_text(x));
}

// ---- all of it -------------------------------------------------------------------------------------------

static void find_all_noted(finder *x) {
  for (size_t i = 0; i < tensor_file_meta_count(x->f); i++) {
    const char *name = fields_noted_name(tensor_file_meta_at(x->f, i)->key);
    found *w = name == NULL ? NULL : find_noted(x, name);
    if (w != NULL && is_free(x, w)) claim(x, w);
    if (w != NULL && w->tensor_count == 0) vec_push(x->c->mem, x->out, w);
  }
}

static int compare_found(const void *a, const void *b) {
  const found *x = *(found *const *)a, *y = *(found *const *)b;
  if (x->tensor_count != y->tensor_count) return x->tensor_count > y->tensor_count ? -1 : 1;
  return strcmp(x->name, y->name);
}

// A layer and all ways to read it.
typedef struct layer_readings {
  const char *name;
  readings all;
} layer_readings;

typedef VEC(layer_readings) layer_list;

static void read_layers(finder *x, layer_list *out) {
  text_list names = {0};
  endings_list_layers(x->c, x->f, &names);
  for (size_t i = 0; i < names.len; i++) {
    layer_readings layer = {names.data[i], read_best(x->s, names.data[i], 0, NULL)};
    if (layer.all.len > 0) vec_push(x->c->mem, out, layer);
  }
}

static void choose_readings(finder *x, layer_list *layers, found_list *out) {
  out->len = 0;
  for (size_t i = 0; i < layers->len; i++) {
    rank_sort(x->c, &layers->data[i].all);
    vec_push(x->c->mem, out, found_of_reading(x->c, layers->data[i].name, &layers->data[i].all));
  }
}

// How much of the file each form explains without a doubt.
static void note_used(catalogue *c, const found_list *list) {
  for (size_t i = 0; i < list->len; i++) {
    const found *w = list->data[i];
    if (w->others.len == 0) c->forms.data[w->form - c->forms.data].used += w->rows * w->columns;
  }
}

// Of readings that share tensors the one with more of them counts. Layers are mostly alike: what most of them are tells
// what a small one is, so that they are chosen among twice.
static void find_all_layers(finder *x) {
  layer_list layers = {0};
  found_list list = {0};
  read_layers(x, &layers);
  choose_readings(x, &layers, &list);
  note_used(x->c, &list);
  if (list.len > 1) choose_readings(x, &layers, &list);
  if (list.len > 0) qsort(list.data, list.len, sizeof *list.data, compare_found);
  for (size_t i = 0; i < list.len; i++)
    if (is_free(x, list.data[i])) claim(x, list.data[i]);
}

static bool was_listed(const finder *x, const found *w, size_t before) {
  for (size_t i = 0; i < w->tensor_count; i++)
    if (index_of(x, w->tensors[i]) < before) return true;
  return false;
}

// The first rows are a tensor of their own. Fields of narrow numbers can only be read all at once.
static tensor_codes *fields_corner(catalogue *c, const found *w, arena *a) {
  enum { MAX_WEIGHTS = 1 << 22 };
  if (w->file == NULL || w->rows * w->columns > MAX_WEIGHTS) return NULL;
  tensor_codes *t = fields_read(c->quiet, a, w->file, w->name, w->scheme, w->rows, w->columns);
  if (t != NULL && t->rows > SAMPLE_ROWS) t->rows = SAMPLE_ROWS;
  return t;
}

tensor_codes *recognise_corner(catalogue *c, const found *w, arena *a) {
  if (w->scheme == NULL || w->rows == 0 || w->columns == 0) return NULL;
  if (w->kind == FOUND_TENSORS)
    return sample_tensors(c->quiet, a, w->scheme, w->layout, w->inputs, w->rows, w->columns);
  if (w->problem != NULL) return NULL;
  if (w->layout == NULL) return fields_corner(c, w, a);
  if (w->inputs != NULL) return sample_tensors(c->quiet, a, w->scheme, w->layout, w->inputs, w->rows, w->columns);
  return w->data == NULL ? NULL : sample_blocks(c->quiet, a, w->scheme, w->layout, w->data, w->rows, w->columns);
}

static void measure(finder *x, found *w) {
  if (w->facts.known || w->scheme == NULL) return;
  arena *a = arena_new();
  w->facts = sample_measure(recognise_corner(x->c, w, a));
  arena_free(a);
}

void recognise_file(const subject *s, found_list *out) {
  catalogue *c = s->c;
  size_t count = tensor_file_count(s->file);
  finder x = {.s = s, .c = c, .f = s->file, .out = out, .of = ARENA_ARRAY(c->mem, found *, count)};
  x.used_up = ARENA_ARRAY(c->mem, bool, count);
  if (s->asked != NULL) find_all_asked(&x);
  find_all_noted(&x);
  find_all_layers(&x);
  for (size_t i = 0; i < count; i++) {
    const tensor *t = tensor_file_at(s->file, i);
    found *w = x.of[i];
    if (w != NULL && was_listed(&x, w, i)) continue;
    if (w == NULL && x.used_up[i]) continue;
    if (w == NULL) w = find_plain(&x, t);
    measure(&x, w);
    vec_push(c->mem, out, w);
  }
}
