// Quantized matrices in a safetensors file: tensors of fields, or blocks.
#include "weights/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/identity.h"
#include "format/scheme_parts.h"
#include "support/num.h"
#include "weights/bits.h"
#include "weights/fields_sparse.h"

#define SCHEME_KEY "qcc.scheme."
#define DIGEST_KEY "qcc.digest."
#define LAYOUT_KEY "qcc.layout."

enum { MAX_DIM = INT32_MAX };

// ---- the note in the metadata ----------------------------------------------------------------------------

const char *fields_noted_name(const char *key) {
  size_t length = strlen(SCHEME_KEY);
  return strncmp(key, SCHEME_KEY, length) == 0 && key[length] != '\0' ? key + length : NULL;
}

static const char *find_meta(const tensor_file *f, const char *key, const char *name) {
  arena *a = arena_new();
  const char *value = tensor_file_meta(f, arena_printf(a, "%s%s", key, name));
  arena_free(a);
  return value;
}

// A number of at least 1 that can be a dimension; *text moves behind it.
static bool take_number(const char **text, uint64_t *out) {
  uint64_t n = 0;
  const char *p = *text;
  for (; *p >= '0' && *p <= '9'; p++) {
    n = n * 10 + (uint64_t)(*p - '0');
    if (n > MAX_DIM) return false;
  }
  if (p == *text || n == 0) return false;
  *text = p;
  *out = n;
  return true;
}

// "<scheme> <rows>x<columns>"
static bool parse_note(arena *a, const char *text, fields_note *out) {
  const char *space = strrchr(text, ' ');
  if (space == NULL || space == text) return false;
  const char *p = space + 1;
  out->scheme = arena_strndup(a, text, (size_t)(space - text));
  return take_number(&p, &out->rows) && *p++ == 'x' && take_number(&p, &out->columns) && *p == '\0';
}

static bool parse_digest(const char *text, fields_note *out) {
  out->digest = 0;
  out->has_digest = text != NULL;
  if (text == NULL) return true;
  if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) return false;
  out->digest = strtoull(text, NULL, 16);
  return true;
}

fields_answer fields_find(diag *d, arena *a, const tensor_file *f, const char *name, fields_note *out) {
  const char *text = find_meta(f, SCHEME_KEY, name);
  const char *digest = find_meta(f, DIGEST_KEY, name);
  if (text == NULL) return FIELDS_ABSENT;
  *out = (fields_note){.layout = find_meta(f, LAYOUT_KEY, name)};
  if (parse_note(a, text, out) && parse_digest(digest, out)) return FIELDS_FOUND;
  diag_error_file(d, tensor_file_path(f), "the metadata of tensor '%s' are damaged: '%s', digest '%s'", name, text,
                  digest == NULL ? "" : digest);
  diag_hint(d, "quantize the float weights again; the form is '<scheme> <rows>x<columns>'");
  return FIELDS_WRONG;
}

bool fields_find_layout(arena *a, const tensor_file *f, const char *layer, fields_note *out) {
  const char *text = find_meta(f, LAYOUT_KEY, layer), *blank = text == NULL ? NULL : strrchr(text, ' ');
  if (blank == NULL) return false;
  *out = (fields_note){.layout = blank + 1};
  return parse_note(a, arena_strndup(a, text, (size_t)(blank - text)), out);
}

bool fields_check(diag *d, const tensor_file *f, const char *name, const fields_note *note, const scheme *s,
                  uint64_t rows, uint64_t columns) {
  const char *path = tensor_file_path(f);
  if (strcmp(note->scheme, s->name) != 0) {
    diag_error_file(d, path, "tensor '%s' is stored in the format '%s', but the model asks for '%s'", name,
                    note->scheme, s->name);
    diag_hint(d, "give the layer the scheme %s, or use the float weights", note->scheme);
    return false;
  }
  if (note->has_digest && note->digest != identity_scheme_digest(s)) {
    diag_error_file(d, path, "tensor '%s' was quantized with another definition of '%s'", name, s->name);
    diag_hint(d, "the fields, tables or value of the scheme were changed since; quantize the float weights again");
    return false;
  }
  if (note->rows == rows && note->columns == columns) return true;
  diag_error_file(d, path,
                  "tensor '%s' has %" PRIu64 " x %" PRIu64 " weights, but the model needs %" PRIu64 " x %" PRIu64, name,
                  note->rows, note->columns, rows, columns);
  return false;
}

// ---- how a field is stored -------------------------------------------------------------------------------

// The tensor of a field: `streams` dense streams of `per_stream` elements of `bits`, each in `stream_bytes`. For natural
// types streams have no gaps.
typedef struct field_store {
  tensor_dtype dtype;
  unsigned rank;
  uint64_t dims[TENSOR_MAX_RANK];
  uint64_t streams, per_stream, stream_bytes, bytes;
  unsigned bits;
} field_store;

// Types that tensors have, too; others are stored as streams of bits.
static const struct {
  elem_type type;
  tensor_dtype dtype;
} natural[] = {
    {ELEM_U8, TENSOR_U8},   {ELEM_I8, TENSOR_I8},     {ELEM_U16, TENSOR_U16},
    {ELEM_I16, TENSOR_I16}, {ELEM_U32, TENSOR_U32},   {ELEM_I32, TENSOR_I32},
    {ELEM_F16, TENSOR_F16}, {ELEM_BF16, TENSOR_BF16}, {ELEM_F32, TENSOR_F32},
};

bool fields_natural_dtype(elem_type type, tensor_dtype *out) {
  for (size_t i = 0; i < sizeof natural / sizeof *natural; i++)
    if (natural[i].type == type) return *out = natural[i].dtype, true;
  return false;
}

static void add_dim(field_store *s, uint64_t dim) { s->dims[s->rank++] = dim; }

static void natural_dims(const scheme_field *f, field_store *s) {
  uint64_t size = 1;
  scheme_field_size(f, &size);
  if (granularity_rows(&f->gran) != 0) add_dim(s, s->streams);
  if (granularity_columns(&f->gran) != 0) add_dim(s, s->per_stream / size);
  for (unsigned r = 0; r < f->rank; r++) add_dim(s, f->dims[r]);
  if (s->rank == 0) add_dim(s, 1);
}

static void stream_dims(const scheme_field *f, field_store *s) {
  s->dtype = TENSOR_U8;
  if (granularity_rows(&f->gran) != 0) add_dim(s, s->streams);
  add_dim(s, s->stream_bytes);
}

// False when sizes overflow.
static bool field_store_of(const scheme_field *f, uint64_t rows, uint64_t columns, field_store *out) {
  *out = (field_store){.bits = elem_get(f->type)->bits, .streams = scheme_field_rows(f, rows)};
  uint64_t bits, count;
  if (!scheme_field_count(f, rows, columns, &count)) return false;
  out->per_stream = out->streams == 0 ? 0 : count / out->streams;
  if (!num_mul(out->per_stream, out->bits, &bits)) return false;
  out->stream_bytes = num_ceil_div(bits, 8);
  if (fields_natural_dtype(f->type, &out->dtype))
    natural_dims(f, out);
  else
    stream_dims(f, out);
  return num_mul(out->streams, out->stream_bytes, &out->bytes);
}

static const char *tensor_name(arena *a, const char *name, const scheme_field *f) {
  return arena_printf(a, "%s.%s", name, f->name);
}

static uint8_t *write_streams(arena *a, const field_store *s, const uint32_t *elements) {
  uint8_t *out = ARENA_ARRAY(a, uint8_t, (size_t)s->bytes);
  for (uint64_t r = 0; r < s->streams; r++)
    for (uint64_t i = 0; i < s->per_stream; i++)
      bits_put(out + r * s->stream_bytes, i * s->bits, s->bits, elements[r * s->per_stream + i]);
  return out;
}

static void read_streams(const field_store *s, const uint8_t *in, uint32_t *elements) {
  for (uint64_t r = 0; r < s->streams; r++)
    for (uint64_t i = 0; i < s->per_stream; i++)
      elements[r * s->per_stream + i] = bits_get(in + r * s->stream_bytes, i * s->bits, s->bits);
}

// ---- reading ---------------------------------------------------------------------------------------------

static bool same_shape(const tensor *t, const field_store *s) {
  bool same = t->dtype == s->dtype && t->rank == s->rank && t->size == s->bytes;
  for (unsigned i = 0; same && i < s->rank; i++) same = t->dims[i] == s->dims[i];
  return same;
}

static bool check_field(diag *d, const tensor_file *f, const char *name, const scheme_field *field, uint64_t rows,
                        uint64_t columns) {
  arena *a = arena_new();
  field_store s;
  const tensor *t = tensor_file_require(d, f, tensor_name(a, name, field));
  bool sized = field_store_of(field, rows, columns, &s), ok = t != NULL && sized && same_shape(t, &s);
  if (t != NULL && !ok) {
    tensor expected = {.dtype = s.dtype, .rank = s.rank, .dims = s.dims};
    diag_error_file(d, t->path, "tensor '%s' is %s, but field '%s' of %" PRIu64 " x %" PRIu64 " weights needs %s",
                    t->name, tensor_describe(a, t), field->name, rows, columns,
                    sized ? tensor_describe(a, &expected) : "more than can be counted");
  }
  arena_free(a);
  return ok;
}

// The sections of a scheme are stored like tensors of their own, `<name>.section0` and so on.
static const char *section_name(arena *a, const char *name, size_t i) {
  return arena_printf(a, "%s.section%zu", name, i);
}

static bool check_section(diag *d, const tensor_file *f, const char *name, const scheme *s, size_t i, uint64_t rows,
                          uint64_t columns) {
  arena *a = arena_new();
  scheme_part part = {.kind = PART_SECTION, .section = (unsigned)i};
  part_shape shape;
  bool ok = scheme_part_shape(d, s, &part, rows, columns, &shape) &&
            fields_check_tensors(d, f, section_name(a, name, i), s->sections[i].scheme, shape.rows, shape.columns);
  arena_free(a);
  return ok;
}

bool fields_check_tensors(diag *d, const tensor_file *f, const char *name, const scheme *s, uint64_t rows,
                          uint64_t columns) {
  bool ok = true;
  for (size_t i = 0; i < s->section_count; i++) ok &= check_section(d, f, name, s, i, rows, columns);
  for (size_t i = 0; i < s->field_count; i++)
    ok &= (s->fields[i].sparse ? fields_sparse_check : check_field)(d, f, name, &s->fields[i], rows, columns);
  return ok;
}

static bool read_parts(diag *d, arena *a, const tensor_file *f, const char *name, tensor_codes *t) {
  bool ok = true;
  for (size_t i = 0; i < t->scheme->section_count && ok; i++) {
    const tensor_codes *empty = t->sections[i];
    t->sections[i] = fields_read(d, a, f, section_name(a, name, i), empty->scheme, empty->rows, empty->columns);
    ok = t->sections[i] != NULL;
  }
  for (unsigned i = 0; i < t->scheme->field_count && ok; i++)
    ok = !t->scheme->fields[i].sparse || fields_sparse_read(d, a, f, name, t, i);
  return ok;
}

tensor_codes *fields_read(diag *d, arena *a, const tensor_file *f, const char *name, const scheme *s, uint64_t rows,
                          uint64_t columns) {
  tensor_codes *t = tensor_codes_new(d, a, s, rows, columns);
  for (size_t i = 0; t != NULL && i < s->field_count; i++) {
    field_store store;
    if (s->fields[i].sparse) continue;
    const tensor *stored = tensor_file_find(f, tensor_name(a, name, &s->fields[i]));
    if (field_store_of(&s->fields[i], rows, columns, &store)) read_streams(&store, stored->data, t->elements[i]);
  }
  return t != NULL && read_parts(d, a, f, name, t) ? t : NULL;
}

// ---- writing ---------------------------------------------------------------------------------------------

size_t fields_item_count(const scheme *s) {
  size_t count = 0;
  for (size_t i = 0; i < s->section_count; i++) count += fields_item_count(s->sections[i].scheme);
  for (size_t i = 0; i < s->field_count; i++) count += s->fields[i].sparse ? FIELDS_SPARSE_ITEMS : 1;
  return count;
}

void fields_item_names(arena *a, const scheme *s, const char *name, const char **out) {
  static const char *const lists[FIELDS_SPARSE_ITEMS] = {"starts", "columns", "values"};
  for (size_t i = 0; i < s->section_count; i++) {
    fields_item_names(a, s->sections[i].scheme, section_name(a, name, i), out);
    out += fields_item_count(s->sections[i].scheme);
  }
  for (size_t i = 0; i < s->field_count; i++) {
    const char *field = tensor_name(a, name, &s->fields[i]);
    if (!s->fields[i].sparse) *out++ = field;
    for (size_t j = 0; s->fields[i].sparse && j < FIELDS_SPARSE_ITEMS; j++)
      *out++ = arena_printf(a, "%s.%s", field, lists[j]);
  }
}

void fields_make_items(arena *a, const tensor_codes *t, const char *name, safetensors_item *items) {
  for (size_t i = 0; i < t->scheme->section_count; i++) {
    fields_make_items(a, t->sections[i], section_name(a, name, i), items);
    items += fields_item_count(t->sections[i]->scheme);
  }
  for (unsigned i = 0; i < t->scheme->field_count; i++) {
    const scheme_field *f = &t->scheme->fields[i];
    if (f->sparse) {
      fields_sparse_items(a, t, i, name, items);
      items += FIELDS_SPARSE_ITEMS;
      continue;
    }
    field_store *s = ARENA_NEW(a, field_store);
    field_store_of(f, t->rows, t->columns, s); // cannot overflow: the elements are in memory
    *items++ = (safetensors_item){.name = tensor_name(a, name, f),
                                  .dtype = s->dtype,
                                  .rank = s->rank,
                                  .dims = s->dims,
                                  .data = write_streams(a, s, t->elements[i]),
                                  .size = (size_t)s->bytes};
  }
}

// The bytes of a layout that is one tensor and no blocks.
static bool make_typed(diag *d, arena *a, const tensor_codes *t, const scheme_layout *l, const char *name,
                       safetensors_item *item) {
  layout_input shape;
  size_t size;
  if (!layout_tensor_shapes(d, t->scheme, l, t->rows, t->columns, &shape) || !num_to_size(shape.size, &size))
    return false;
  uint8_t *data = ARENA_ARRAY(a, uint8_t, size);
  if (!layout_write_tensors(d, t, l, &shape, &data)) return false;
  *item = (safetensors_item){.name = name, .dtype = TENSOR_U8, .rank = shape.rank, .data = data, .size = size};
  item->dims = arena_memdup(a, shape.dims, sizeof shape.dims);
  return true;
}

bool fields_make_blocks(diag *d, arena *a, const tensor_codes *t, const scheme_layout *l, const char *name,
                        safetensors_item *item) {
  uint64_t bytes;
  size_t size;
  if (l->block_weights == 0) return make_typed(d, a, t, l, name, item);
  if (!layout_block_bytes(d, l, name, t->rows, t->columns, &bytes) || !num_to_size(bytes, &size)) return false;
  uint8_t *data = ARENA_ARRAY(a, uint8_t, size);
  if (!layout_write_blocks(d, t, l, data, size)) return false;
  uint64_t *dims = ARENA_ARRAY(a, uint64_t, 2);
  dims[0] = t->rows;
  dims[1] = bytes / t->rows;
  *item = (safetensors_item){.name = name, .dtype = TENSOR_U8, .rank = 2, .dims = dims, .data = data, .size = size};
  return true;
}

static tensor_meta make_note(arena *a, const char *key, const char *name, const char *value) {
  return (tensor_meta){.key = arena_printf(a, "%s%s", key, name), .type = "string", .value = value};
}

size_t fields_make_notes(arena *a, const tensor_codes *t, const char *name, const scheme_layout *l,
                         tensor_meta notes[FIELDS_MAX_NOTES]) {
  const scheme *s = t->scheme;
  const char *shape = arena_printf(a, "%s %" PRIu64 "x%" PRIu64, s->name, t->rows, t->columns);
  notes[0] = make_note(a, SCHEME_KEY, name, shape);
  notes[1] = make_note(a, DIGEST_KEY, name, arena_printf(a, "%016" PRIx64, identity_scheme_digest(s)));
  if (l == NULL) return 2;
  notes[2] = make_note(a, LAYOUT_KEY, name, arena_strdup(a, l->name));
  return 3;
}

tensor_meta fields_make_layout_note(arena *a, const char *layer, const tensor_codes *t, const scheme_layout *l) {
  const char *text = arena_printf(a, "%s %" PRIu64 "x%" PRIu64 " %s", t->scheme->name, t->rows, t->columns, l->name);
  return make_note(a, LAYOUT_KEY, layer, text);
}
