// Tensors of ONNX models (TensorProto): raw bytes, numbers in fields by their type, or bytes in another file.
#include <inttypes.h>
#include <string.h>

#include "files/onnx_read.h"

// Fields of TensorProto.
enum {
  DIMS = 1,
  DATA_TYPE = 2,
  SEGMENT = 3,
  FLOAT_DATA = 4,
  INT32_DATA = 5,
  STRING_DATA = 6,
  INT64_DATA = 7,
  NAME = 8,
  RAW_DATA = 9,
  DOUBLE_DATA = 10,
  UINT64_DATA = 11,
  EXTERNAL_DATA = 13,
  DATA_LOCATION = 14,
};

enum { TYPE_STRING = 8, LOCATION_EXTERNAL = 1 };

// A TensorProto being read: how its fields say what they hold.
typedef struct tensor_message {
  tensor t;
  uint64_t type;
  uint64_t rank; // may be more than what there is room for
  uint64_t dims[TENSOR_MAX_RANK];
  pb_cursor whole;
  pb_field raw;
  bool has_raw, external;
  uint32_t typed; // number of the field with numbers; 0: none
  onnx_place place;
} tensor_message;

#define DAMAGE(r, m, ...) tensor_parse_error((r)->d, (r)->f, pb_offset(&(m)->whole, (m)->whole.at), __VA_ARGS__)
#define REFUSE(r, m, ...) tensor_refuse((r)->d, (r)->f, pb_offset(&(m)->whole, (m)->whole.at), __VA_ARGS__)

// ---- the description -------------------------------------------------------------------------------------

static bool add_dim(tensor_message *m, uint64_t dim) {
  if (m->rank < TENSOR_MAX_RANK) m->dims[m->rank] = dim; // negative ones are too large
  m->rank++;
  return true;
}

static bool read_dims(tensor_message *m, const pb_cursor *c, const pb_field *field) {
  if (field->wire == PB_VARINT) return add_dim(m, field->value);
  if (!pb_expect(c, field, PB_BYTES, "a tensor's dimension")) return false;
  pb_cursor packed = pb_inside(c, field);
  uint64_t dim;
  while (packed.at < packed.end)
    if (!pb_varint(&packed, &dim) || !add_dim(m, dim)) return false;
  return true;
}

static bool note_typed(onnx_reader *r, tensor_message *m, uint32_t number) {
  if (m->typed != 0 && m->typed != number) return DAMAGE(r, m, "a tensor has numbers in two fields");
  m->typed = number;
  return true;
}

static bool read_field(onnx_reader *r, tensor_message *m, const pb_cursor *c, const pb_field *field) {
  switch (field->number) {
  case DIMS: return read_dims(m, c, field);
  case DATA_TYPE: return m->type = field->value, pb_expect(c, field, PB_VARINT, "a tensor's type");
  case SEGMENT:
    return tensor_refuse(r->d, r->f, pb_offset(c, field->data), "a tensor in segments; save the model whole");
  case NAME:
    if (m->t.name == NULL) m->t.name = pb_text(c, field, ONNX_MAX_NAME, "a tensor's name");
    return m->t.name != NULL;
  case RAW_DATA: return m->raw = *field, m->has_raw = true, pb_expect(c, field, PB_BYTES, "a tensor's raw data");
  case FLOAT_DATA:
  case INT32_DATA:
  case INT64_DATA:
  case DOUBLE_DATA:
  case UINT64_DATA: return note_typed(r, m, field->number);
  case EXTERNAL_DATA:
    return pb_expect(c, field, PB_BYTES, "a tensor's external data") &&
           onnx_read_place(r, pb_inside(c, field), m->t.name == NULL ? "" : m->t.name, &m->place);
  case DATA_LOCATION:
    return m->external = field->value == LOCATION_EXTERNAL, pb_expect(c, field, PB_VARINT, "a tensor's data location");
  default: return true;
  }
}

static tensor_dtype dtype_of(uint64_t type) {
  static const int types[TENSOR_DTYPE_COUNT] = {[TENSOR_BLOCKS] = -1,
#define X(name, bits, st, npy, gguf, onnx, tflite, load) [TENSOR_##name] = onnx,
                                                TENSOR_DTYPES(X)
#undef X
  };
  for (int i = TENSOR_BLOCKS + 1; i < TENSOR_DTYPE_COUNT; i++)
    if (types[i] >= 0 && (uint64_t)types[i] == type) return (tensor_dtype)i;
  return TENSOR_BLOCKS;
}

// ---- numbers in fields -----------------------------------------------------------------------------------

// The field that holds numbers of a type, and how they are in it.
static uint32_t field_of(tensor_dtype dtype) {
  switch (dtype) {
  case TENSOR_F32:
  case TENSOR_C64: return FLOAT_DATA;
  case TENSOR_F64:
  case TENSOR_C128: return DOUBLE_DATA;
  case TENSOR_I64: return INT64_DATA;
  case TENSOR_U32:
  case TENSOR_U64: return UINT64_DATA;
  default: return INT32_DATA;
  }
}

// Numbers of `entry` bits each, which become the tensor's bytes.
typedef struct typed_output {
  uint8_t *bytes;
  uint64_t size;
  unsigned entry;
  uint64_t bit; // where the next one goes
} typed_output;

// Bits of one entry of int32_data: a whole byte of elements of 2 or 4 bits, else one element.
static unsigned entry_bits(tensor_dtype dtype) {
  unsigned bits = tensor_dtype_bits(dtype);
  return bits == 2 || bits == 4 ? 8 : bits;
}

static bool put_entry(onnx_reader *r, tensor_message *m, typed_output *out, uint64_t value) {
  int64_t number = (int64_t)value;
  if (out->bit + out->entry > out->size * 8 + 7) {
    return DAMAGE(r, m, "tensor '%s' has more numbers than its shape needs", m->t.name);
  }
  if (out->entry < 64 && (number < -((int64_t)1 << (out->entry - 1)) || number > ((int64_t)1 << out->entry) - 1)) {
    return DAMAGE(r, m, "tensor '%s': number %" PRId64 " does not fit %s", m->t.name, number,
                  tensor_dtype_name(m->t.dtype));
  }
  for (unsigned i = 0; i < out->entry; i++) {
    uint64_t at = out->bit + i;
    if (at / 8 < out->size) out->bytes[at / 8] |= (uint8_t)((value >> i & 1) << at % 8);
  }
  out->bit += out->entry;
  return true;
}

static bool put_varints(onnx_reader *r, tensor_message *m, pb_cursor c, typed_output *out) {
  uint64_t value;
  while (c.at < c.end)
    if (!pb_varint(&c, &value) || !put_entry(r, m, out, value)) return false;
  return true;
}

static bool put_fixed(onnx_reader *r, tensor_message *m, pb_cursor c, typed_output *out, size_t width) {
  if ((size_t)(c.end - c.at) % width != 0) return DAMAGE(r, m, "tensor '%s' ends within a number", m->t.name);
  for (; c.at < c.end; c.at += width)
    if (!put_entry(r, m, out, width == 8 ? tensor_le64(c.at) : (uint64_t)(int32_t)tensor_le32(c.at))) return false;
  return true;
}

static bool put_field(onnx_reader *r, tensor_message *m, const pb_cursor *c, const pb_field *field, typed_output *out) {
  bool fixed = m->typed == FLOAT_DATA || m->typed == DOUBLE_DATA;
  size_t width = m->typed == FLOAT_DATA ? 4 : 8;
  pb_wire single = !fixed ? PB_VARINT : width == 4 ? PB_FIXED32 : PB_FIXED64;
  if (field->wire == single)
    return put_entry(r, m, out, width == 4 && fixed ? (uint64_t)(int32_t)field->value : field->value);
  if (!pb_expect(c, field, PB_BYTES, "a list of numbers")) return false;
  return fixed ? put_fixed(r, m, pb_inside(c, field), out, width) : put_varints(r, m, pb_inside(c, field), out);
}

// Floats in one packed field are already what the tensor's bytes are.
static bool use_packed_floats(tensor_message *m, uint64_t size) {
  pb_cursor c = m->whole;
  pb_field field, found = {0};
  size_t fields = 0;
  if (m->typed != FLOAT_DATA && m->typed != DOUBLE_DATA) return false;
  while (pb_next(&c, &field) == PB_FIELD)
    if (field.number == m->typed) found = field, fields++;
  if (fields != 1 || found.wire != PB_BYTES || found.size != size) return false;
  m->t.data = found.data;
  return true;
}

// Everything that the numbers can need: a number takes a byte of the file at least, and eight bytes here at most.
static bool read_typed(onnx_reader *r, tensor_message *m, uint64_t size) {
  pb_cursor c = m->whole;
  pb_field field;
  unsigned bits = m->typed == FLOAT_DATA ? 32 : m->typed == DOUBLE_DATA ? 64 : entry_bits(m->t.dtype);
  if (use_packed_floats(m, size)) return true;
  if (size / 8 > (uint64_t)(c.end - c.at))
    return DAMAGE(r, m, "tensor '%s' has fewer numbers than its shape needs", m->t.name);
  typed_output out = {.bytes = arena_alloc(r->f->mem, (size_t)size + 1, 1), .size = size, .entry = bits};
  while (pb_next(&c, &field) == PB_FIELD)
    if (field.number == m->typed && !put_field(r, m, &c, &field, &out)) return false;
  m->t.data = out.bytes;
  return (out.bit + 7) / 8 == size || DAMAGE(r, m, "tensor '%s' has fewer numbers than its shape needs", m->t.name);
}

// ---- the data --------------------------------------------------------------------------------------------

static bool read_data(onnx_reader *r, tensor_message *m, uint64_t size) {
  if (m->external) return onnx_map_place(r, &m->place, size, &m->t);
  if (m->has_raw) {
    m->t.data = m->raw.data;
    return m->raw.size == size ||
           DAMAGE(r, m, "tensor '%s': its shape needs %" PRIu64 " bytes, but it has %zu", m->t.name, size, m->raw.size);
  }
  if (m->typed == 0) {
    m->t.data = r->f->bytes.data;
    return size == 0 || DAMAGE(r, m, "tensor '%s' has no data", m->t.name);
  }
  if (m->typed != field_of(m->t.dtype)) {
    return DAMAGE(r, m, "tensor '%s' is %s, but its numbers are in field %" PRIu32, m->t.name,
                  tensor_dtype_name(m->t.dtype), m->typed);
  }
  return read_typed(r, m, size);
}

static bool finish(onnx_reader *r, tensor_message *m) {
  uint64_t size = 0;
  if (m->t.name == NULL || m->t.name[0] == '\0') m->t.name = ONNX_UNNAMED;
  m->t.dtype = dtype_of(m->type);
  if (m->type == 0) return DAMAGE(r, m, "tensor '%s' has no type", m->t.name);
  if (m->t.dtype == TENSOR_BLOCKS)
    return REFUSE(r, m, "tensor '%s': elements of type number %" PRIu64 " are not supported", m->t.name, m->type);
  if (!tensor_rank_check(r->d, r->f, pb_offset(&m->whole, m->whole.at), m->t.name, m->rank)) return false;
  m->t.rank = (unsigned)m->rank;
  m->t.dims = arena_memdup(r->f->mem, m->dims, m->t.rank * sizeof *m->dims);
  m->t.path = r->f->bytes.path;
  const char *reason = tensor_shape_check_padded(&m->t, &size);
  if (reason == NULL && !num_to_size(size, &m->t.size)) reason = "it does not fit into memory";
  uint64_t have = m->external ? UINT64_MAX : r->f->bytes.size;
  if (reason != NULL) return tensor_shape_refused(r->d, r->f, pb_offset(&m->whole, m->whole.at), &m->t, have, reason);
  if (!read_data(r, m, size)) return false;
  vec_push(r->f->mem, &r->tensors, m->t);
  return true;
}

bool onnx_read_tensor(onnx_reader *r, pb_cursor message, const char *name) {
  tensor_message m = {.whole = message, .t = {.name = name}};
  pb_cursor c = message;
  pb_field field;
  pb_step step;
  while ((step = pb_next(&c, &field)) == PB_FIELD)
    if (!read_field(r, &m, &c, &field)) return false;
  if (step == PB_BAD) return false;
  return m.type == TYPE_STRING || finish(r, &m);
}
