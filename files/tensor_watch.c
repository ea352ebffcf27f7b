// Weight files that somebody writes to while they are read.
#include <xxhash.h>

#include "files/tensor_parse.h"

enum { WHOLE = 64 << 20, SAMPLES = 512, SAMPLE = 4096 };

// Of small files all bytes count, of large ones pieces that are evenly spread.
static uint64_t digest_of(const mapped_file *m) {
  if (m->size <= WHOLE) return XXH3_64bits(m->data, m->size);
  uint64_t digest = 0;
  size_t step = (m->size - SAMPLE) / (SAMPLES - 1);
  for (size_t i = 0; i < SAMPLES; i++) digest = XXH3_64bits_withSeed(m->data + i * step, SAMPLE, digest);
  return digest;
}

void tensor_file_watch(const tensor_file *f) {
  for (size_t i = 0; f->mapped && i < f->parts.len; i++) {
    tensor_part *p = &f->parts.data[i];
    if (p->watched || p->bytes.data == NULL) continue;
    p->digest = digest_of(&p->bytes);
    p->watched = true;
  }
}

bool tensor_file_unchanged(diag *d, const tensor_file *f) {
  bool ok = true;
  for (size_t i = 0; f->mapped && i < f->parts.len; i++) {
    const tensor_part *p = &f->parts.data[i];
    const char *how = file_changed(f->mem, &p->bytes);
    if (how == NULL && p->watched && digest_of(&p->bytes) != p->digest) how = "it was written to";
    if (how == NULL) continue;
    diag_error_file(d, p->bytes.path, "this file changed while it was read: %s", how);
    diag_hint(d, "wait until it has been written, and run this again");
    ok = false;
  }
  return ok;
}
