// Sparse fields in separate tensors: as a list of entries (in rows, or each with its row and column), or told element by
// element, where those granules are listed that are not all zeros.
#ifndef QCC_FORMAT_LAYOUT_SPARSE_H
#define QCC_FORMAT_LAYOUT_SPARSE_H

#include "format/line_index.h"
#include "format/tensor_codes.h"

typedef struct sparse_source {
  const char *tensor; // for messages
  const scheme_layout *layout;
  const layout_input *inputs;
  const line_index *lines;
  uint64_t rows, columns; // of the stored matrix, of which the result may be a corner
} sparse_source;

// Reads the field of `place` into t, in memory of `a`. False (reported) when a place reads outside of its tensors or the
// entries are no list.
bool layout_read_sparse(diag *d, arena *a, const sparse_source *source, const layout_place *place, tensor_codes *t);

// How many granules there can be: the open size of a tensor (written *) that the place reads its numbers from; where there is
// none, what the field's density says. dims[i] is the shape of layout tensor i.
uint64_t layout_sparse_count(const scheme *s, const scheme_layout *l, const layout_place *place, uint64_t rows,
                             uint64_t columns, uint64_t (*dims)[SCHEME_MAX_RANK]);

#endif
