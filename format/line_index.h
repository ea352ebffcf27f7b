// What the places of a layout may ask of the lines of a stored tensor (its elements along one axis): their order, where a
// number is among them, how many bits are set before one. All that takes more than a look is computed once, for the
// whole tensor. Internal to format/.
#ifndef QCC_FORMAT_LINE_INDEX_H
#define QCC_FORMAT_LINE_INDEX_H

#include "format/tensor_codes.h"

typedef struct line_index line_index;

// A line: element i is number first + i * stride of tensor `tensor` of the layout.
typedef struct tensor_line {
  unsigned tensor, axis;
  uint64_t first, stride, length;
} tensor_line;

// For what the places of the layout use. `inputs` (one for each tensor, checked, of the types that the layout declares)
// must stay valid. Lives in the arena; NULL when it would not fit in memory.
line_index *line_index_new(arena *a, const scheme_layout *l, const layout_input *inputs);

// Which element is number `at` in the order of their numbers; the caller has checked that at < line.length.
int64_t line_order(const line_index *x, const tensor_line *line, uint64_t at);

// Which of the elements from .. to - 1 (from <= to <= length) is `number`; -1 when none is. False when they do not
// ascend: the answer could be any then.
bool line_find(const line_index *x, const tensor_line *line, uint64_t from, uint64_t to, int64_t number, int64_t *out);

// The bits that are set before bit `at` of the stream, at <= length * bits of an element.
int64_t line_rank(const line_index *x, const tensor_line *line, uint64_t at);

#endif
