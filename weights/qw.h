// The packed weights file (.qw) of a compiled model: runtime/qrt.h's header, then the payload in the kernels' layout.
// The bytes are the same on every machine.
#ifndef QCC_WEIGHTS_QW_H
#define QCC_WEIGHTS_QW_H

#include "ir/ir.h"
#include "runtime/qrt.h"
#include "support/file.h"
#include "weights/load.h"

enum { QW_HEADER_BYTES = 64, QW_ALIGNMENT = 64 };

// A whole packed file in memory, 64-byte aligned: to be written, embedded, or opened by qrt_open_memory.
typedef struct qw_image {
  uint8_t *bytes;
  size_t size;
  uint8_t *payload; // bytes + QW_HEADER_BYTES
  uint64_t payload_size;
} qw_image;

// A digest of all that compiled code takes for granted about the payload: the model's name, and of every weight its
// name, shape, place, format and recipe. Weights packed for anything else have another one.
uint64_t qw_model_id(const ir_module *m);

// Room for a zeroed payload. False (reported) when it is too large for this machine.
bool qw_image_new(diag *d, arena *a, uint64_t payload_size, qw_image *out);

// Writes the header, with the digest of the payload as it is now.
void qw_image_seal(qw_image *image, uint64_t model_id);

// All of it: packs the weights into an image for their module's plan. stats (may be NULL) has one entry a weight.
bool qw_build(diag *d, arena *a, weight_set *weights, const ir_module *m, qw_image *out, weight_stats *stats);

// The same into an output that is empty so far, without having all of it in memory.
bool qw_stream(diag *d, arena *a, weight_set *weights, const ir_module *m, out_file *out, weight_stats *stats);

// Appends the image to an output; failures are reported when the output's set is committed.
void qw_write(out_file *out, const qw_image *image);

// Checks a packed file's header, sizes and digest; false (reported under `path`, saying what to do) when it is damaged
// or another version's. `model_id` NULL: any model's. *header (may be NULL) gets the header in this machine's order.
bool qw_check(diag *d, const char *path, const uint8_t *bytes, size_t size, const uint64_t *model_id,
              qrt_weights_header *header);

#endif
