// TFLite models (FlatBuffers with the mark TFL3): their constant tensors, with the scales and zero points of each as
// tensors of their own, `<name>.scale` F32 and `<name>.zero_point` I64. Of the graph itself, what it does with them is read
// (files/tflite_use.c).
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "files/name_index.h"
#include "files/tflite_read.h"

enum { MAX_NAME = 4096, MAX_TEXT = 4096, SCHEMA_VERSION = 3 };

// Numbers of the fields in the tables of the schema.
enum { MODEL_VERSION = 0, MODEL_SUBGRAPHS = 2, MODEL_DESCRIPTION = 3, MODEL_BUFFERS = 4, MODEL_METADATA = 6 };
enum { TENSOR_SHAPE = 0, TENSOR_TYPE = 1, TENSOR_BUFFER = 2, TENSOR_NAME = 3, TENSOR_QUANT = 4, TENSOR_SPARSITY = 6 };
enum { QUANT_SCALE = 2, QUANT_ZERO_POINT = 3, QUANT_DETAILS_TYPE = 4, QUANT_DETAILS = 5, QUANT_DIMENSION = 6 };
enum { BLOCKWISE_SCALES = 0, BLOCKWISE_ZERO_POINTS = 1, BLOCKWISE_SIZE = 2 };
enum { DETAILS_NONE = 0, DETAILS_CUSTOM = 1, DETAILS_BLOCKWISE = 2 };
enum { BUFFER_DATA = 0, BUFFER_OFFSET = 1, BUFFER_SIZE = 2 };
enum { METADATA_NAME = 0, METADATA_BUFFER = 1 };

// Types that are no numbers; their constants are left out.
enum { TYPE_STRING = 5, TYPE_RESOURCE = 13, TYPE_VARIANT = 14 };

bool tflite_recognise(const uint8_t *data, size_t size) { return size >= 8 && memcmp(data + 4, "TFL3", 4) == 0; }

#define DAMAGE(r, offset, ...) tensor_parse_error((r)->d, (r)->f, (offset), __VA_ARGS__)

// Offsets can lead to the same place again and again, so that a small file could make much work or fill the memory. What
// is copied or looked through is therefore counted; a file without such sharing has far less than its size.
bool tflite_spend(tflite_reader *r, uint64_t amount) {
  if (amount > r->budget) return DAMAGE(r, r->fb.size, "the model uses the same bytes too many times");
  r->budget -= amount;
  return true;
}

// ---- buffers ---------------------------------------------------------------------------------------------

// The bytes of buffer `index`: in the FlatBuffer, or behind it in the file.
static bool read_buffer(tflite_reader *r, uint64_t index, const char *what, const uint8_t **data, uint64_t *size) {
  fb_table t;
  fb_vector bytes;
  uint64_t offset = 0, length = 0;
  *data = NULL;
  *size = 0;
  if (index >= r->buffers.count) {
    return DAMAGE(r, r->buffers.at, "%s is in buffer %" PRIu64 ", but there are %zu", what, index, r->buffers.count);
  }
  if (!fb_table_at(&r->fb, &r->buffers, (size_t)index, what, &t) ||
      !fb_vector_of(&r->fb, &t, BUFFER_DATA, 1, what, &bytes) ||
      !fb_number(&r->fb, &t, BUFFER_OFFSET, 8, 0, what, &offset) ||
      !fb_number(&r->fb, &t, BUFFER_SIZE, 8, 0, what, &length))
    return false;
  if (bytes.count > 0) {
    *data = r->fb.data + bytes.at;
    *size = bytes.count;
  } else if (offset > 1) { // 0 and 1 say that there are no bytes
    if (offset > r->fb.size || length > r->fb.size - offset) {
      return DAMAGE(r, t.at, "%s is outside of the file: it is truncated", what);
    }
    *data = r->fb.data + offset;
    *size = length;
  }
  return true;
}

// A text of at most `limit` bytes without control characters; "" when it is left out.
static bool read_text(tflite_reader *r, const fb_table *t, unsigned field, size_t limit, const char *what,
                      const char **out) {
  fb_vector text;
  if (!fb_vector_of(&r->fb, t, field, 1, what, &text)) return false;
  if (text.count > limit || !tensor_utf8_valid(r->fb.data + text.at, text.count, true)) {
    return DAMAGE(r, text.at, "%s %s is not at most %zu bytes of UTF-8 text without control characters", what,
                  tensor_quote(r->f->mem, r->fb.data + text.at, text.count), limit);
  }
  if (!tflite_spend(r, text.count)) return false;
  *out = arena_strndup(r->f->mem, (const char *)r->fb.data + text.at, text.count);
  return true;
}

// ---- which tensors are constants -------------------------------------------------------------------------

static bool is_number_type(uint64_t type) {
  return type != TYPE_STRING && type != TYPE_RESOURCE && type != TYPE_VARIANT;
}

static bool note_tensor(tflite_reader *r, const fb_table *t, size_t subgraph, size_t index) {
  enum { LEAST_BYTES = 16 }; // of a tensor that shares nothing but its vtable
  tflite_constant c = {.table = *t, .subgraph = (uint32_t)subgraph, .index = (uint32_t)index};
  uint64_t buffer, type;
  const uint8_t *data;
  uint64_t size;
  if (!fb_number(&r->fb, t, TENSOR_BUFFER, 4, 0, "a tensor's buffer", &buffer) ||
      !fb_number(&r->fb, t, TENSOR_TYPE, 1, 0, "a tensor's type", &type) ||
      !read_buffer(r, buffer, "a tensor", &data, &size))
    return false;
  if (size == 0 || !is_number_type(type)) return true;
  if (!read_text(r, t, TENSOR_NAME, MAX_NAME, "a tensor's name", &c.name)) return false;
  if (c.name[0] == '\0') c.name = "unnamed";
  vec_push(r->f->mem, &r->constants, c);
  return tflite_spend(r, (uint64_t)4 * LEAST_BYTES);
}

static bool note_subgraph(tflite_reader *r, size_t index) {
  fb_table graph;
  fb_vector tensors;
  if (!fb_table_at(&r->fb, &r->subgraphs, index, "a subgraph", &graph) ||
      !fb_vector_of(&r->fb, &graph, SUBGRAPH_TENSORS, 4, "the list of tensors", &tensors))
    return false;
  for (size_t i = 0; i < tensors.count; i++) {
    fb_table t;
    if (!fb_table_at(&r->fb, &tensors, i, "a tensor", &t) || !note_tensor(r, &t, index, i)) return false;
  }
  return true;
}

// Names need not be unique: all but the first of a name get their position added.
static const char *position_name(arena *a, const void *row, size_t position) {
  const tflite_constant *c = row;
  (void)position;
  return c->subgraph == 0 ? arena_printf(a, "%s#%" PRIu32, c->name, c->index)
                          : arena_printf(a, "%s#%" PRIu32 ".%" PRIu32, c->name, c->subgraph, c->index);
}

// ---- a tensor --------------------------------------------------------------------------------------------

static tensor_dtype dtype_of(uint64_t type) {
  static const int types[TENSOR_DTYPE_COUNT] = {[TENSOR_BLOCKS] = -1,
#define X(name, bits, st, npy, gguf, onnx, tflite, load) [TENSOR_##name] = tflite,
                                                TENSOR_DTYPES(X)
#undef X
  };
  for (int i = TENSOR_BLOCKS + 1; i < TENSOR_DTYPE_COUNT; i++)
    if (types[i] >= 0 && (uint64_t)types[i] == type) return (tensor_dtype)i;
  return TENSOR_BLOCKS;
}

static bool read_shape(tflite_reader *r, const fb_table *table, tensor *t) {
  fb_vector shape;
  if (!fb_vector_of(&r->fb, table, TENSOR_SHAPE, 4, "a tensor's shape", &shape)) return false;
  if (!tensor_rank_check(r->d, r->f, shape.at, t->name, shape.count)) return false;
  uint64_t *dims = ARENA_ARRAY(r->f->mem, uint64_t, shape.count);
  for (size_t i = 0; i < shape.count; i++) dims[i] = fb_u32_at(&r->fb, &shape, i); // negative ones are too large
  t->rank = (unsigned)shape.count;
  t->dims = dims;
  return true;
}

static bool read_type(tflite_reader *r, const fb_table *table, tensor *t) {
  uint64_t type;
  fb_table sparsity;
  bool sparse;
  if (!fb_number(&r->fb, table, TENSOR_TYPE, 1, 0, "a tensor's type", &type) ||
      !fb_table_of(&r->fb, table, TENSOR_SPARSITY, "a tensor's sparsity", &sparsity, &sparse))
    return false;
  t->dtype = dtype_of(type);
  if (t->dtype == TENSOR_BLOCKS) {
    return tensor_refuse(r->d, r->f, table->at, "tensor '%s': elements of type number %" PRIu64 " are not supported",
                         t->name, type);
  }
  return !sparse || tensor_refuse(r->d, r->f, table->at,
                                  "tensor '%s' is stored sparse; convert the model without sparse tensors", t->name);
}

static bool read_data(tflite_reader *r, const fb_table *table, tensor *t) {
  uint64_t buffer, have, size = 0;
  if (!fb_number(&r->fb, table, TENSOR_BUFFER, 4, 0, t->name, &buffer) ||
      !read_buffer(r, buffer, t->name, &t->data, &have))
    return false;
  const char *reason = tensor_shape_check_padded(t, &size);
  if (reason != NULL) return tensor_shape_refused(r->d, r->f, table->at, t, r->fb.size, reason);
  if (size != have) {
    return DAMAGE(r, table->at, "tensor '%s': its shape needs %" PRIu64 " bytes, but its buffer has %" PRIu64, t->name,
                  size, have);
  }
  t->size = (size_t)size;
  return true;
}

// ---- scales and zero points ------------------------------------------------------------------------------

// The dimension that `count` scales run along.
static bool read_axis(tflite_reader *r, const fb_table *quant, const tensor *t, size_t count, int *axis) {
  uint64_t dimension;
  if (!fb_number(&r->fb, quant, QUANT_DIMENSION, 4, 0, t->name, &dimension)) return false;
  *axis = count == 1 ? -1 : (int)dimension;
  if (count == 1 || (dimension < t->rank && t->dims[dimension] == count)) return true;
  return DAMAGE(r, quant->at, "tensor '%s' has %zu scales along dimension %" PRIu64 ", which does not fit to %s",
                t->name, count, dimension, tensor_describe(r->f->mem, t));
}

static bool add_zero_points(tflite_reader *r, const tensor *t, const fb_vector *zeros, tensor_quant *q) {
  bool is_signed = false;
  unsigned bits = companion_integer_bits(t->dtype, &is_signed);
  tensor zero = companion_vector(r->f, arena_printf(r->f->mem, "%s" COMPANION_ZERO_POINT, t->name), TENSOR_I64,
                                 r->fb.data + zeros->at, zeros->count);
  if (bits > 0 && !companion_check_zero(r->d, &zero, bits, is_signed)) return false;
  q->zero_point = zero.name;
  vec_push(r->f->mem, &r->tensors, zero);
  return true;
}

static bool add_scales(tflite_reader *r, const fb_table *quant, const tensor *t, tensor_quant *q) {
  fb_vector scales, zeros;
  if (!fb_vector_of(&r->fb, quant, QUANT_SCALE, 4, t->name, &scales) ||
      !fb_vector_of(&r->fb, quant, QUANT_ZERO_POINT, 8, t->name, &zeros))
    return false;
  if (scales.count == 0) return true;
  if (!tflite_spend(r, scales.count + zeros.count)) return false;
  if (zeros.count > 1 && zeros.count != scales.count) {
    return DAMAGE(r, quant->at, "tensor '%s' has %zu scales, but %zu zero points", t->name, scales.count, zeros.count);
  }
  tensor scale = companion_vector(r->f, arena_printf(r->f->mem, "%s" COMPANION_SCALE, t->name), TENSOR_F32,
                                  r->fb.data + scales.at, scales.count);
  if (!read_axis(r, quant, t, scales.count, &q->axis) || !companion_check_scale(r->d, &scale)) return false;
  q->scale = scale.name;
  vec_push(r->f->mem, &r->tensors, scale);
  return zeros.count == 0 || add_zero_points(r, t, &zeros, q);
}

// The constant at position `index` of a subgraph; NULL when there is none.
const tflite_constant *tflite_find(const tflite_reader *r, uint32_t subgraph, uint64_t index) {
  size_t low = 0, high = r->constants.len; // in the order of subgraphs and indices
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    const tflite_constant *c = &r->constants.data[mid];
    if (c->subgraph == subgraph && c->index == index) return c;
    if (c->subgraph < subgraph || (c->subgraph == subgraph && c->index < index))
      low = mid + 1;
    else
      high = mid;
  }
  return NULL;
}

// Scales of blocks are tensors of the same subgraph.
static bool add_blockwise(tflite_reader *r, const fb_table *quant, const tflite_constant *c, const tensor *t,
                          tensor_quant *q) {
  fb_table details;
  bool present;
  uint64_t scales = 0, zeros = 0, block = 0, dimension = 0;
  if (!fb_table_of(&r->fb, quant, QUANT_DETAILS, t->name, &details, &present)) return false;
  if (!present) return DAMAGE(r, quant->at, "tensor '%s' says nothing of its blocks", t->name);
  if (!fb_number(&r->fb, &details, BLOCKWISE_SCALES, 4, 0, t->name, &scales) ||
      !fb_number(&r->fb, &details, BLOCKWISE_ZERO_POINTS, 4, 0, t->name, &zeros) ||
      !fb_number(&r->fb, &details, BLOCKWISE_SIZE, 4, 0, t->name, &block) ||
      !fb_number(&r->fb, quant, QUANT_DIMENSION, 4, 0, t->name, &dimension))
    return false;
  const tflite_constant *scale = tflite_find(r, c->subgraph, scales), *zero = tflite_find(r, c->subgraph, zeros);
  if (scale == NULL || block == 0 || block > INT32_MAX || dimension >= t->rank) {
    return DAMAGE(r, details.at,
                  "tensor '%s': its blocks of %" PRIu64 " along dimension %" PRIu64
                  " with the scales in tensor %" PRIu64 " make no sense",
                  t->name, block, dimension, scales);
  }
  q->scale = scale->name;
  q->zero_point = zeros == 0 || zero == NULL ? NULL : zero->name;
  q->axis = (int)dimension;
  q->block = block;
  return true;
}

static bool read_quant(tflite_reader *r, const tflite_constant *c, tensor *t) {
  fb_table quant;
  bool present;
  uint64_t details = DETAILS_NONE;
  tensor_quant q = {.by = "TFLite", .axis = -1, .block = 1};
  if (!fb_table_of(&r->fb, &c->table, TENSOR_QUANT, t->name, &quant, &present)) return false;
  bool is_signed;
  if (!present || companion_integer_bits(t->dtype, &is_signed) == 0)
    return true; // of floats it says what they once were
  if (!fb_number(&r->fb, &quant, QUANT_DETAILS_TYPE, 1, DETAILS_NONE, t->name, &details)) return false;
  if (details > DETAILS_BLOCKWISE) {
    return tensor_refuse(r->d, r->f, quant.at,
                         "tensor '%s' is quantized in a way that is not known here (%" PRIu64 "); convert the model "
                         "with scales for each tensor or channel",
                         t->name, details);
  }
  bool ok = details == DETAILS_BLOCKWISE ? add_blockwise(r, &quant, c, t, &q) : add_scales(r, &quant, t, &q);
  if (ok && q.scale != NULL) t->quant = arena_memdup(r->f->mem, &q, sizeof q);
  return ok;
}

static bool read_constant(tflite_reader *r, tflite_constant *c) {
  tensor t = {.name = c->name, .path = r->f->bytes.path};
  if (!read_type(r, &c->table, &t) || !read_shape(r, &c->table, &t) || !read_data(r, &c->table, &t)) return false;
  c->at = r->tensors.len;
  t.use = &tensor_unused;
  vec_push(r->f->mem, &r->tensors, t); // before its scales
  if (!read_quant(r, c, &t)) return false;
  r->tensors.data[c->at] = t;
  return true;
}

// ---- metadata --------------------------------------------------------------------------------------------

static void add_meta(tflite_reader *r, const char *key, const char *type, const char *value) {
  tensor_meta m = {.key = key, .type = type, .value = value};
  vec_push(r->f->mem, &r->meta, m);
}

// The model's inputs and outputs: "name: I8 [1, 10], scale 0.5, zero point -1".
static bool describe_port(tflite_reader *r, const fb_table *table, const char **out) {
  tensor t = {0};
  fb_table quant;
  fb_vector scales = {0}, zeros = {0};
  bool present;
  uint64_t type;
  if (!read_text(r, table, TENSOR_NAME, MAX_NAME, "a tensor's name", &t.name) ||
      !fb_number(&r->fb, table, TENSOR_TYPE, 1, 0, t.name, &type) || !read_shape(r, table, &t) ||
      !fb_table_of(&r->fb, table, TENSOR_QUANT, t.name, &quant, &present))
    return false;
  if (present && (!fb_vector_of(&r->fb, &quant, QUANT_SCALE, 4, t.name, &scales) ||
                  !fb_vector_of(&r->fb, &quant, QUANT_ZERO_POINT, 8, t.name, &zeros)))
    return false;
  t.dtype = dtype_of(type);
  strbuf text = {.mem = r->f->mem};
  strbuf_printf(&text, "%s: %s", t.name, tensor_describe(r->f->mem, &t));
  if (scales.count == 1) {
    tensor scale = companion_vector(r->f, t.name, TENSOR_F32, r->fb.data + scales.at, 1);
    float value;
    if (!tensor_read_f32(r->d, &scale, 0, 1, &value)) return false;
    strbuf_printf(&text, ", scale %.9g", (double)value);
  }
  if (scales.count == 1 && zeros.count == 1)
    strbuf_printf(&text, ", zero point %" PRId64, (int64_t)tensor_le64(r->fb.data + zeros.at));
  *out = strbuf_text(&text);
  return true;
}

static bool read_ports(tflite_reader *r, const fb_table *graph, unsigned field, const char *key) {
  fb_vector ports, tensors;
  if (!fb_vector_of(&r->fb, graph, field, 4, key, &ports) ||
      !fb_vector_of(&r->fb, graph, SUBGRAPH_TENSORS, 4, "the list of tensors", &tensors))
    return false;
  if (ports.count > tensors.count) return DAMAGE(r, ports.at, "the list of %s is longer than that of tensors", key);
  for (size_t i = 0; i < ports.count; i++) {
    uint32_t index = fb_u32_at(&r->fb, &ports, i);
    fb_table t;
    const char *text;
    if (index >= tensors.count)
      return DAMAGE(r, ports.at, "%s name tensor %" PRIu32 ", which does not exist", key, index);
    if (!fb_table_at(&r->fb, &tensors, index, key, &t) || !describe_port(r, &t, &text)) return false;
    add_meta(r, arena_printf(r->f->mem, "%s[%zu]", key, i), "tensor", text);
  }
  return true;
}

// Texts are kept, other data by their size.
static bool read_metadata_entry(tflite_reader *r, const fb_table *t) {
  const char *name;
  const uint8_t *data;
  uint64_t buffer, size;
  if (!read_text(r, t, METADATA_NAME, MAX_TEXT, "a metadata name", &name) ||
      !fb_number(&r->fb, t, METADATA_BUFFER, 4, 0, name, &buffer) || !read_buffer(r, buffer, name, &data, &size))
    return false;
  uint64_t length = size <= MAX_TEXT ? size : 0;
  while (length > 0 && data[length - 1] == 0) length--; // padded texts
  bool text = size <= MAX_TEXT && tensor_utf8_valid(data, (size_t)length, true);
  const char *value = text ? arena_strndup(r->f->mem, (const char *)data, (size_t)length)
                           : arena_printf(r->f->mem, "%" PRIu64 " bytes", size);
  if (!tflite_spend(r, length)) return false;
  add_meta(r, arena_printf(r->f->mem, "metadata.%s", name), text ? "string" : "bytes", value);
  return true;
}

static bool read_metadata(tflite_reader *r, const fb_table *model, uint64_t version) {
  const char *description;
  fb_vector entries;
  fb_table t;
  if (!read_text(r, model, MODEL_DESCRIPTION, MAX_TEXT, "the description", &description) ||
      !fb_vector_of(&r->fb, model, MODEL_METADATA, 4, "the list of metadata", &entries))
    return false;
  add_meta(r, "version", "u32", arena_printf(r->f->mem, "%" PRIu64, version));
  add_meta(r, "description", "string", description);
  add_meta(r, "subgraphs", "u64", arena_printf(r->f->mem, "%zu", r->subgraphs.count));
  for (size_t i = 0; i < entries.count; i++)
    if (!fb_table_at(&r->fb, &entries, i, "metadata", &t) || !read_metadata_entry(r, &t)) return false;
  if (r->subgraphs.count == 0) return true;
  return fb_table_at(&r->fb, &r->subgraphs, 0, "a subgraph", &t) && read_ports(r, &t, SUBGRAPH_INPUTS, "inputs") &&
         read_ports(r, &t, SUBGRAPH_OUTPUTS, "outputs");
}

// ---- the model -------------------------------------------------------------------------------------------

static bool read_model(tflite_reader *r) {
  fb_table model;
  uint64_t version;
  if (!fb_root(&r->fb, &model) || !fb_number(&r->fb, &model, MODEL_VERSION, 4, 0, "the version", &version))
    return false;
  if (version != SCHEMA_VERSION) {
    return tensor_refuse(r->d, r->f, model.at, "TFLite schema version %" PRIu64 " is not supported (%d is); convert it",
                         version, SCHEMA_VERSION);
  }
  if (!fb_vector_of(&r->fb, &model, MODEL_SUBGRAPHS, 4, "the list of subgraphs", &r->subgraphs) ||
      !fb_vector_of(&r->fb, &model, MODEL_BUFFERS, 4, "the list of buffers", &r->buffers))
    return false;
  for (size_t i = 0; i < r->subgraphs.count; i++)
    if (!note_subgraph(r, i)) return false;
  name_index_separate(r->f->mem, r->constants.data, sizeof *r->constants.data, r->constants.len, position_name);
  for (size_t i = 0; i < r->constants.len; i++)
    if (!read_constant(r, &r->constants.data[i])) return false;
  return tflite_read_uses(r, &model) && read_metadata(r, &model, version);
}

bool tflite_parse(diag *d, tensor_file *f) {
  enum { SHARING = 4, LEAST_BUDGET = 1024 };
  tflite_reader r = {.fb = {.d = d, .f = f, .data = f->bytes.data, .size = f->bytes.size}, .d = d, .f = f};
  r.budget = (uint64_t)f->bytes.size * SHARING + LEAST_BUDGET;
  if (!read_model(&r)) return false;
  f->tensors = r.tensors.data;
  f->count = r.tensors.len;
  f->meta = r.meta.data;
  f->meta_count = r.meta.len;
  return true;
}
