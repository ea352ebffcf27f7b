// Reading Protocol Buffers without trust and without copying.
#include "files/protobuf.h"

#include <string.h>

enum { MAX_VARINT = 10, TYPE_BITS = 3 };

static bool damage(const pb_cursor *c, const uint8_t *at, const char *what) {
  if (c->d != NULL) tensor_report_damage(c->d, c->f, pb_offset(c, at), "%s", what);
  return false;
}

bool pb_varint(pb_cursor *c, uint64_t *out) {
  uint64_t value = 0;
  for (unsigned i = 0; i < MAX_VARINT; i++) {
    if (c->at + i >= c->end) return damage(c, c->at, "a message ends within a number: the file is truncated");
    uint8_t byte = c->at[i];
    value |= (uint64_t)(byte & 0x7f) << 7 * i; // the tenth byte's upper bits fall out
    if (byte < 0x80) {
      c->at += i + 1;
      *out = value;
      return true;
    }
  }
  return damage(c, c->at, "a number has more than ten bytes");
}

static bool read_fixed(pb_cursor *c, pb_field *out, size_t bytes) {
  if ((size_t)(c->end - c->at) < bytes) {
    return damage(c, c->at, "a message ends within a number: the file is truncated");
  }
  out->value = bytes == 8 ? tensor_le64(c->at) : tensor_le32(c->at);
  out->data = c->at;
  out->size = bytes;
  c->at += bytes;
  return true;
}

static bool read_bytes(pb_cursor *c, pb_field *out) {
  uint64_t length;
  const uint8_t *begin = c->at;
  if (!pb_varint(c, &length)) return false;
  if (length > (size_t)(c->end - c->at)) {
    return damage(c, begin, "a field reaches beyond its message: the file is truncated");
  }
  out->data = c->at;
  out->size = (size_t)length;
  c->at += out->size;
  return true;
}

static bool read_value(pb_cursor *c, pb_field *out) {
  const uint8_t *begin = c->at;
  switch (out->wire) {
  case PB_VARINT: out->data = begin; return pb_varint(c, &out->value);
  case PB_FIXED64: return read_fixed(c, out, 8);
  case PB_BYTES: return read_bytes(c, out);
  case PB_FIXED32: return read_fixed(c, out, 4);
  default: return damage(c, begin, "a field is of a wire type that does not exist");
  }
}

pb_step pb_next(pb_cursor *c, pb_field *out) {
  uint64_t tag;
  const uint8_t *begin = c->at;
  *out = (pb_field){0};
  if (c->at == c->end) return PB_END;
  if (!pb_varint(c, &tag)) return PB_BAD;
  if (tag >> TYPE_BITS == 0 || tag > UINT32_MAX) {
    damage(c, begin, "a field has an impossible number");
    return PB_BAD;
  }
  out->number = (uint32_t)(tag >> TYPE_BITS);
  out->wire = (pb_wire)(tag & ((1u << TYPE_BITS) - 1));
  return read_value(c, out) ? PB_FIELD : PB_BAD;
}

bool pb_expect(const pb_cursor *c, const pb_field *field, pb_wire wire, const char *what) {
  if (field->wire == wire) return true;
  if (c->d != NULL)
    tensor_report_damage(c->d, c->f, pb_offset(c, field->data), "%s is of wire type %d, not %d", what, (int)field->wire,
                         (int)wire);
  return false;
}

const char *pb_text(const pb_cursor *c, const pb_field *field, size_t limit, const char *what) {
  if (!pb_expect(c, field, PB_BYTES, what)) return NULL;
  if (field->size <= limit && tensor_utf8_valid(field->data, field->size, true))
    return arena_strndup(c->f->mem, (const char *)field->data, field->size);
  if (c->d != NULL)
    tensor_report_damage(c->d, c->f, pb_offset(c, field->data),
                         "%s %s is not at most %zu bytes of UTF-8 text without control characters", what,
                         tensor_quote(c->f->mem, field->data, field->size), limit);
  return NULL;
}

bool pb_is(const pb_field *field, const char *text) {
  return field->wire == PB_BYTES && field->size == strlen(text) && memcmp(field->data, text, field->size) == 0;
}
