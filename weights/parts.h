// Weights that are packed in parts (format/scheme_parts.h).
#ifndef QCC_WEIGHTS_PARTS_H
#define QCC_WEIGHTS_PARTS_H

#include "format/scheme_parts.h"
#include "ir/ir.h"
#include "pack/pack.h"

// Packs the entries of a sparse part of `whole` into `out`, `size` bytes. False (reported) when there are more entries
// than room.
bool pack_entries(diag *d, const sparse_packing *p, const tensor_codes *whole, const scheme_part *part, uint8_t *out,
                  uint64_t size);

// Packs every part of weight `w` of the module, whose codes are given, at its offset in the payload. *bytes is what they
// take together. False (reported) when something does not fit.
bool pack_parts(diag *d, arena *a, const ir_module *m, const ir_weight *w, const tensor_codes *codes, payload *out,
                uint64_t *bytes);

#endif
