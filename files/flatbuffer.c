// Reading FlatBuffers without trust.
#include "files/flatbuffer.h"

#include <inttypes.h>

enum { OFFSET_BYTES = 4, VTABLE_HEAD = 4 };

#define DAMAGE(r, offset, ...) tensor_parse_error((r)->d, (r)->f, (offset), __VA_ARGS__)

static bool inside(const fb_reader *r, uint64_t at, uint64_t bytes) { return at <= r->size && bytes <= r->size - at; }

static bool out_of_bytes(const fb_reader *r, size_t at, const char *what) {
  return DAMAGE(r, at, "%s does not lie inside the file", what);
}

// Follows the offset that is stored at `at` (inside) to something of at least four bytes.
static bool follow(const fb_reader *r, size_t at, const char *what, size_t *out) {
  uint64_t target = (uint64_t)at + tensor_le32(r->data + at);
  if (!inside(r, target, OFFSET_BYTES)) return out_of_bytes(r, at, what);
  *out = (size_t)target;
  return true;
}

// The table at a position that has at least four bytes.
static bool open_table(const fb_reader *r, size_t at, const char *what, fb_table *out) {
  int64_t vtable = (int64_t)at - (int32_t)tensor_le32(r->data + at);
  if (vtable < 0 || !inside(r, (uint64_t)vtable, VTABLE_HEAD)) return out_of_bytes(r, at, what);
  unsigned vtable_bytes = tensor_le16(r->data + vtable), bytes = tensor_le16(r->data + vtable + 2);
  if (vtable_bytes < VTABLE_HEAD || vtable_bytes % 2 != 0 || !inside(r, (uint64_t)vtable, vtable_bytes) ||
      bytes < OFFSET_BYTES || !inside(r, at, bytes))
    return out_of_bytes(r, at, what);
  *out = (fb_table){.at = at, .vtable = (size_t)vtable, .fields = (vtable_bytes - VTABLE_HEAD) / 2, .bytes = bytes};
  return true;
}

// The place of a field of `width` bytes, inside its table; 0 when it is left out.
static bool find_field(const fb_reader *r, const fb_table *t, unsigned field, unsigned width, const char *what,
                       size_t *out) {
  unsigned place = field < t->fields ? tensor_le16(r->data + t->vtable + VTABLE_HEAD + (size_t)2 * field) : 0;
  *out = place == 0 ? 0 : t->at + place;
  if (place == 0 || (place >= OFFSET_BYTES && place <= t->bytes && width <= t->bytes - place)) return true;
  return DAMAGE(r, t->vtable, "%s lies outside of its table", what);
}

bool fb_root(const fb_reader *r, fb_table *out) {
  size_t at;
  if (r->size < (size_t)2 * OFFSET_BYTES) return out_of_bytes(r, r->size, "the root table");
  return follow(r, 0, "the root table", &at) && open_table(r, at, "the root table", out);
}

bool fb_number(const fb_reader *r, const fb_table *t, unsigned field, unsigned width, uint64_t absent, const char *what,
               uint64_t *out) {
  size_t at;
  if (!find_field(r, t, field, width, what, &at)) return false;
  *out = at == 0 ? absent : 0;
  for (unsigned i = 0; i < width && at != 0; i++) *out |= (uint64_t)r->data[at + i] << 8 * i;
  return true;
}

bool fb_vector_of(const fb_reader *r, const fb_table *t, unsigned field, unsigned width, const char *what,
                  fb_vector *out) {
  size_t at;
  *out = (fb_vector){0};
  if (!find_field(r, t, field, OFFSET_BYTES, what, &at)) return false;
  if (at == 0) return true;
  if (!follow(r, at, what, &at)) return false;
  uint64_t count = tensor_le32(r->data + at);
  if (!inside(r, (uint64_t)at + OFFSET_BYTES, count * width)) { // below 2^35: width is at most 8
    return DAMAGE(r, at, "%s has %" PRIu64 " elements, which reach beyond the end of the file", what, count);
  }
  *out = (fb_vector){.at = at + OFFSET_BYTES, .count = (size_t)count};
  return true;
}

bool fb_table_of(const fb_reader *r, const fb_table *t, unsigned field, const char *what, fb_table *out,
                 bool *present) {
  size_t at;
  if (!find_field(r, t, field, OFFSET_BYTES, what, &at)) return false;
  *present = at != 0;
  return at == 0 || (follow(r, at, what, &at) && open_table(r, at, what, out));
}

bool fb_table_at(const fb_reader *r, const fb_vector *v, size_t index, const char *what, fb_table *out) {
  size_t at;
  return follow(r, v->at + OFFSET_BYTES * index, what, &at) && open_table(r, at, what, out);
}
