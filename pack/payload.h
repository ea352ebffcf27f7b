// Where packed weights go: memory, or a file that is written piece by piece so that no more than a piece is in memory.
#ifndef QCC_PACK_PAYLOAD_H
#define QCC_PACK_PAYLOAD_H

#include "support/file.h"

typedef struct payload payload;

// `size` bytes that the caller has zeroed.
payload *payload_in_memory(arena *a, uint8_t *bytes, uint64_t size);

// `size` zero bytes at the end of an output.
payload *payload_in_file(arena *a, out_file *f, uint64_t size);

uint64_t payload_size(const payload *p);

// Memory to write `size` bytes at `offset` in; for a file room in the arena, zeroed, which payload_put must follow.
uint8_t *payload_room(const payload *p, arena *a, uint64_t offset, uint64_t size);

// The bytes at `offset`, which is inside. In memory they may be there already. One thread at a time.
void payload_put(payload *p, uint64_t offset, const uint8_t *bytes, uint64_t size);

bool payload_is_memory(const payload *p);

// Says that no byte before `offset` will change any more.
void payload_settle(payload *p, uint64_t offset);

// qrt_digest of all of it, which will not change any more.
uint64_t payload_digest(payload *p);

#endif
