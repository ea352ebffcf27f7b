// Reading Protocol Buffers without trust and without copying: a message is a run of fields, each a number, a wire type
// and a value, that is walked with a cursor. A library would copy every tensor out of the mapping. Internal to files/.
#ifndef QCC_FILES_PROTOBUF_H
#define QCC_FILES_PROTOBUF_H

#include "files/tensor_parse.h"

typedef enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 } pb_wire;

// The bytes of a message that are still to be read; inside f->bytes, where offsets in reports come from.
typedef struct pb_cursor {
  diag *d; // NULL: nothing is reported
  const tensor_file *f;
  const uint8_t *at;
  const uint8_t *end;
} pb_cursor;

typedef struct pb_field {
  uint32_t number;
  pb_wire wire;
  uint64_t value;      // of a varint or fixed number
  const uint8_t *data; // of PB_BYTES, and where the value of the others is
  size_t size;
} pb_field;

typedef enum pb_step { PB_END, PB_FIELD, PB_BAD } pb_step;

// The next field. PB_BAD, reported, when it is malformed or reaches beyond the message.
pb_step pb_next(pb_cursor *c, pb_field *out);

// A cursor over the message in a field of PB_BYTES.
static inline pb_cursor pb_inside(const pb_cursor *c, const pb_field *field) {
  return (pb_cursor){.d = c->d, .f = c->f, .at = field->data, .end = field->data + field->size};
}

// Reads one varint at c->at; false, reported, when it is cut off or has over ten bytes.
bool pb_varint(pb_cursor *c, uint64_t *out);

// Whether a field has the wire type that its number calls for; otherwise reports `what`.
bool pb_expect(const pb_cursor *c, const pb_field *field, pb_wire wire, const char *what);

// Text of a field in memory of the file: UTF-8 without control characters, at most `limit` bytes. NULL when reported.
const char *pb_text(const pb_cursor *c, const pb_field *field, size_t limit, const char *what);

// Whether a field of PB_BYTES is this text.
bool pb_is(const pb_field *field, const char *text);

// Offset in the file, for reports.
static inline uint64_t pb_offset(const pb_cursor *c, const uint8_t *p) { return (uint64_t)(p - c->f->bytes.data); }

#endif
