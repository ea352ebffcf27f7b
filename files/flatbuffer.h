// Reading FlatBuffers without trust: every offset is followed through a function that checks it against the bytes.
//
// A table is a position whose first four bytes lead to its vtable: 16-bit sizes of vtable and table, then for each field
// of the schema its 16-bit place in the table, 0 for a field that is left out. Strings, vectors and other tables are
// reached by 32-bit offsets from where the offset is stored. Nothing here recurses, and no alignment is assumed.
// Internal to files/.
#ifndef QCC_FILES_FLATBUFFER_H
#define QCC_FILES_FLATBUFFER_H

#include "files/tensor_parse.h"

// The bytes, and where reports go.
typedef struct fb_reader {
  diag *d;
  tensor_file *f;
  const uint8_t *data;
  size_t size;
} fb_reader;

typedef struct fb_table {
  size_t at;
  size_t vtable;
  unsigned fields; // places in the vtable
  unsigned bytes;  // of the table
} fb_table;

// `count` elements at `at`; count 0 for a vector that is left out.
typedef struct fb_vector {
  size_t at;
  size_t count;
} fb_vector;

// All return false when they have reported damage. Messages name what was read by `what`.
bool fb_root(const fb_reader *r, fb_table *out);

// A number of `width` bytes as it is stored; `absent` when the field is left out.
bool fb_number(const fb_reader *r, const fb_table *t, unsigned field, unsigned width, uint64_t absent, const char *what,
               uint64_t *out);

// A vector of elements of `width` bytes, all of them inside the bytes.
bool fb_vector_of(const fb_reader *r, const fb_table *t, unsigned field, unsigned width, const char *what,
                  fb_vector *out);

// A table of its own, `*present` false when the field is left out.
bool fb_table_of(const fb_reader *r, const fb_table *t, unsigned field, const char *what, fb_table *out, bool *present);

// Element `index` (below v->count) of a vector of tables.
bool fb_table_at(const fb_reader *r, const fb_vector *v, size_t index, const char *what, fb_table *out);

// Element `index` of a vector of 32-bit numbers.
static inline uint32_t fb_u32_at(const fb_reader *r, const fb_vector *v, size_t index) {
  return tensor_le32(r->data + v->at + 4 * index);
}

#endif
