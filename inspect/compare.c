#include "inspect/compare.h"

#include <math.h>
#include <string.h>

#include "inspect/convert_source.h"
#include "support/map.h"

// "fc" of "fc.weight": other files have the weights in tensors of other names.
static const char *layer_of(arena *a, const char *name) {
  static const char ending[] = ".weight";
  size_t length = strlen(name), extra = sizeof ending - 1;
  bool ends = length > extra && strcmp(name + length - extra, ending) == 0;
  return ends ? arena_strndup(a, name, length - extra) : name;
}

// ---- numbers ---------------------------------------------------------------------------------------------

static bool same_shape(const found *a, const found *b) {
  if (a->rows != b->rows || a->columns != b->columns) return false;
  if (a->scheme != NULL || b->scheme != NULL || a->tensor_count == 0 || b->tensor_count == 0) return true;
  const tensor *x = a->tensors[0], *y = b->tensors[0];
  return x->rank == y->rank && memcmp(x->dims, y->dims, x->rank * sizeof *x->dims) == 0;
}

// Plain elements of less than a byte are nobody's weights without a layout.
static bool can_be_read(const found *w) {
  enum { BYTE_BITS = 8 };
  if (w->rows == 0 || w->columns == 0 || w->kind == FOUND_UNKNOWN) return false;
  if (w->scheme != NULL) return w->problem == NULL;
  return w->tensor_count == 1 && tensor_dtype_bits(w->tensors[0]->dtype) >= (unsigned)BYTE_BITS;
}

static void count_pair(compared *out, double x, double y, double sums[2]) {
  if (isnan(x) && isnan(y)) return;
  if (x >= y && x <= y) {
    sums[1] += x * x;
    return;
  }
  double by = fabs(x - y);
  out->different++;
  sums[0] += by * by;
  sums[1] += x * x;
  if (!(by <= out->max_abs)) out->max_abs = by;
}

static void measure(const subject *a, const subject *b, compared *out) {
  arena *mem = arena_new();
  convert_source x, y;
  double sums[2] = {0};
  out->measured = can_be_read(out->a) && can_be_read(out->b) && convert_source_open(a->c->quiet, mem, a, out->a, &x) &&
                  convert_source_open(b->c->quiet, mem, b, out->b, &y);
  if (out->measured) {
    double *from = ARENA_ARRAY(mem, double, (size_t)out->a->columns),
           *to = ARENA_ARRAY(mem, double, (size_t)out->a->columns);
    for (uint64_t n = 0; n < out->a->rows; n++) {
      convert_source_row(&x, n, from);
      convert_source_row(&y, n, to);
      for (uint64_t k = 0; k < out->a->columns; k++) count_pair(out, from[k], to[k], sums);
    }
    out->relative_rms = out->different == 0 ? 0 : sqrt(sums[0] / sums[1]);
  }
  arena_free(mem);
}

// ---- both files ------------------------------------------------------------------------------------------

comparison_report *compare_files(const subject *a, const subject *b, bool (*wanted)(void *context, const char *name),
                                 void *context) {
  arena *mem = a->c->mem;
  comparison_report *r = ARENA_NEW(mem, comparison_report);
  found_list first = {0}, second = {0};
  name_map of_second = {.mem = mem}, matched = {.mem = mem};
  *r = (comparison_report){.a = a->file, .b = b->file};
  catalogue_forget(a->c);
  recognise_file(a, &first);
  catalogue_forget(b->c);
  recognise_file(b, &second);
  for (size_t i = 0; i < second.len; i++) name_map_set(&of_second, layer_of(mem, second.data[i]->name), second.data[i]);
  for (size_t i = 0; i < first.len; i++) {
    const char *name = layer_of(mem, first.data[i]->name);
    compared row = {.name = name, .a = first.data[i], .b = name_map_get(&of_second, name)};
    name_map_set(&matched, name, first.data[i]);
    if (wanted != NULL && !wanted(context, row.a->name)) continue;
    row.same_shape = row.b != NULL && same_shape(row.a, row.b);
    if (row.same_shape) measure(a, b, &row);
    r->equal += row.measured && row.different == 0;
    vec_push(mem, &r->all, row);
  }
  for (size_t i = 0; i < second.len; i++) {
    compared row = {.name = layer_of(mem, second.data[i]->name), .b = second.data[i]};
    if (name_map_get(&matched, row.name) == NULL && (wanted == NULL || wanted(context, row.b->name)))
      vec_push(mem, &r->all, row);
  }
  return r;
}
