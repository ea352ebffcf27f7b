// The digest is taken as bytes come, in the order of the payload; what came out of order is read back.
#include "pack/pack.h"

#include <string.h>

#include "runtime/qrt_digest.h"

enum { READ_BYTES = 1 << 20 };

struct payload {
  arena *mem;
  uint8_t *memory; // NULL: a file
  out_file *file;
  uint64_t base; // in the file
  uint64_t size;
  qrt_digester digest; // of the first digest.size bytes
  uint8_t *buffer;
};

payload *payload_in_memory(arena *a, uint8_t *bytes, uint64_t size) {
  payload *p = ARENA_NEW(a, payload);
  *p = (payload){.mem = a, .memory = bytes, .size = size};
  qrt_digest_begin(&p->digest);
  return p;
}

payload *payload_in_file(arena *a, out_file *f, uint64_t size) {
  payload *p = payload_in_memory(a, NULL, size);
  p->file = f;
  p->base = out_size(f);
  p->buffer = ARENA_ARRAY(a, uint8_t, READ_BYTES);
  out_reserve(f, size);
  return p;
}

uint64_t payload_size(const payload *p) { return p->size; }

bool payload_is_memory(const payload *p) { return p->file == NULL; }

uint8_t *payload_room(const payload *p, arena *a, uint64_t offset, uint64_t size) {
  return payload_is_memory(p) ? p->memory + offset : ARENA_ARRAY(a, uint8_t, (size_t)size);
}

void payload_put(payload *p, uint64_t offset, const uint8_t *bytes, uint64_t size) {
  if (payload_is_memory(p)) {
    if (size > 0 && bytes != p->memory + offset) memcpy(p->memory + offset, bytes, (size_t)size);
    return;
  }
  out_patch(p->file, p->base + offset, bytes, (size_t)size);
  if (offset == p->digest.size) qrt_digest_add(&p->digest, bytes, (size_t)size);
}

void payload_settle(payload *p, uint64_t offset) {
  while (!payload_is_memory(p) && p->digest.size < offset) {
    uint64_t left = offset - p->digest.size;
    size_t size = left < READ_BYTES ? (size_t)left : READ_BYTES;
    out_read(p->file, p->base + p->digest.size, p->buffer, size);
    qrt_digest_add(&p->digest, p->buffer, size);
  }
}

uint64_t payload_digest(payload *p) {
  payload_settle(p, p->size);
  if (payload_is_memory(p)) qrt_digest_add(&p->digest, p->memory, (size_t)p->size);
  return qrt_digest_end(&p->digest);
}
