/* The digest of packed weights, piece by piece, for those that write them; qrt_digest is of all bytes at once. */
#ifndef QRT_DIGEST_H
#define QRT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct qrt_digester {
  uint64_t lanes[4];
  uint64_t size;    /* bytes so far */
  uint8_t rest[32]; /* those after the last whole stripe */
} qrt_digester;

void qrt_digest_begin(qrt_digester *d);
void qrt_digest_add(qrt_digester *d, const void *bytes, size_t size);
/* The digest of what was added; more can be added afterwards. */
uint64_t qrt_digest_end(const qrt_digester *d);

#endif
