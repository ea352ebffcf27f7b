#include "inspect/convert_source.h"

#include <string.h>

#include "format/eval.h"
#include "format/transform.h"
#include "support/fp.h"
#include "support/num.h"
#include "weights/fields.h"

static tensor_codes *read_codes(diag *d, arena *a, const subject *s, const found *w) {
  if (w->inputs != NULL)
    return layout_read_tensors(d, a, w->scheme, w->layout, w->name, w->inputs, w->rows, w->columns);
  if (w->layout == NULL) return fields_read(d, a, s->file, w->name, w->scheme, w->rows, w->columns);
  return layout_read_blocks(d, a, w->scheme, w->layout, w->name, w->data, w->bytes, w->rows, w->columns);
}

bool convert_source_open(diag *d, arena *a, const subject *s, const found *w, convert_source *out) {
  *out = (convert_source){.what = w};
  if (w->scheme == NULL) return solve_elem_type(w->tensors[0]->dtype, &out->type);
  out->codes = read_codes(d, a, s, w);
  if (out->codes == NULL || !transform_check_codes(d, out->codes, w->name)) return false;
  out->weights = transform_weights(a, out->codes);
  return true;
}

void convert_source_row(const convert_source *s, uint64_t n, double *out) {
  if (s->weights != NULL) {
    memcpy(out, s->weights + n * s->codes->columns, (size_t)s->codes->columns * sizeof *out);
    return;
  }
  if (s->codes != NULL) {
    scheme_row(s->codes, n, out);
    return;
  }
  unsigned bits = elem_get(s->type)->bits;
  const tensor *t = s->what->tensors[0];
  for (uint64_t k = 0; k < s->what->columns; k++)
    out[k] = elem_decode(s->type, eval_bits(tensor_element(t, n * s->what->columns + k), 0, bits));
}

bool convert_source_floats(diag *d, arena *a, const convert_source *s, tensor *out) {
  const found *w = s->what;
  uint64_t count = w->rows * w->columns, *dims = ARENA_ARRAY(a, uint64_t, 2);
  size_t size;
  if (!num_mul(count, 4, &count) || !num_to_size(count, &size)) {
    diag_error_file(d, w->tensors[0]->path, "'%s' has too many weights for this machine", w->name);
    return false;
  }
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, size);
  double *row = ARENA_ARRAY(a, double, (size_t)w->columns);
  for (uint64_t n = 0; n < w->rows; n++) {
    convert_source_row(s, n, row);
    for (uint64_t k = 0; k < w->columns; k++) {
      uint32_t raw = fp_bits32((float)row[k]);
      for (unsigned b = 0; b < 4; b++) bytes[4 * (n * w->columns + k) + b] = (uint8_t)(raw >> 8 * b);
    }
  }
  dims[0] = w->rows;
  dims[1] = w->columns;
  *out = (tensor){.name = w->name, .dtype = TENSOR_F32, .rank = 2, .dims = dims, .count = w->rows * w->columns};
  out->data = bytes;
  out->size = size;
  out->path = w->tensor_count > 0 ? w->tensors[0]->path : "";
  return true;
}
