#include "tests/pack/pack_kit.h"

#include <stdlib.h>
#include <string.h>

#include "network/lower.h"

static uint64_t next(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t x = *state;
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

// Whether some place reads elements at a place that this tensor tells.
static bool is_index(const expr *e, unsigned tensor, bool inside) {
  bool loads = e->op == EXPR_LOAD || e->op == EXPR_ORDER || e->op == EXPR_FIND;
  if (loads && e->index == tensor && (inside || e->op != EXPR_LOAD)) return true;
  bool reads = loads || e->op == EXPR_STREAM || e->op == EXPR_RANK;
  for (unsigned i = 0; i < e->arg_count; i++)
    if (is_index(e->args[i], tensor, inside || reads)) return true;
  return false;
}

static bool tensor_is_index(const scheme_layout *l, unsigned tensor) {
  for (size_t i = 0; i < l->place_count; i++)
    if (is_index(l->places[i].raw, tensor, false)) return true;
  return false;
}

// Memory of exactly that size, so that a sanitizer sees any read beyond it.
static uint8_t *fill(uint64_t size, unsigned skew, uint64_t *state, uint8_t **memory) {
  *memory = malloc((size_t)size + skew);
  if (*memory == NULL) abort();
  uint8_t *bytes = *memory + skew;
  for (uint64_t i = 0; i < size; i += 8) {
    uint64_t word = next(state);
    memcpy(bytes + i, &word, size - i < 8 ? (size_t)(size - i) : 8);
  }
  return bytes;
}

// Elements 0, 0, .., 1, 1, ..: as many groups of columns as the greatest that are allowed.
static void put_order(const layout_input *in, uint8_t *bytes, uint64_t group) {
  uint64_t size = elem_get(in->type)->bits / 8;
  for (uint64_t i = 0; i < in->size / size; i++)
    for (uint64_t b = 0; b < size; b++) bytes[i * size + b] = b < 8 ? (uint8_t)(i / group >> 8 * b) : 0;
}

static uint64_t any_group(const scheme *s) {
  for (size_t f = 0; f < s->field_count; f++)
    if (granularity_columns(&s->fields[f].gran) > 1) return granularity_columns(&s->fields[f].gran);
  return 1;
}

bool pack_file_new(arena *a, const scheme *s, const scheme_layout *l, uint64_t rows, uint64_t columns, unsigned skew,
                   uint64_t seed, pack_file *out) {
  diag *d = diag_new(a, NULL, false);
  *out = (pack_file){.scheme = s, .layout = l, .rows = rows, .columns = columns};
  bool blocks = l->block_weights != 0;
  size_t count = blocks ? 1 : l->tensor_count;
  out->inputs = ARENA_ARRAY(a, layout_input, count);
  if (l->fit || (blocks && !layout_block_bytes(d, l, "w", rows, columns, &out->inputs[0].size)) ||
      (!blocks && !layout_tensor_shapes(d, s, l, rows, columns, out->inputs)))
    return false;
  out->memory = ARENA_ARRAY(a, uint8_t *, count);
  for (size_t i = 0; i < count; i++) {
    layout_input *in = &out->inputs[i];
    uint8_t *bytes = fill(in->size, skew, &seed, &out->memory[i]);
    if (!blocks && tensor_is_index(l, (unsigned)i)) put_order(in, bytes, any_group(s));
    in->data = bytes;
    out->bytes += in->size;
  }
  return true;
}

void pack_file_free(pack_file *f) {
  size_t count = f->layout->block_weights != 0 ? 1 : f->layout->tensor_count;
  for (size_t i = 0; i < count; i++) free(f->memory[i]);
}

const tensor_codes *pack_file_codes(arena *a, const pack_file *f) {
  diag *d = diag_new(a, NULL, false);
  if (f->layout->block_weights != 0)
    return layout_read_blocks(d, a, f->scheme, f->layout, "w", f->inputs[0].data, f->inputs[0].size, f->rows,
                              f->columns);
  return layout_read_tensors(d, a, f->scheme, f->layout, "w", f->inputs, f->rows, f->columns);
}

const recipe *pack_recipe(arena *a, const scheme *s, const act_spec *act) {
  diag *d = diag_new(a, NULL, false);
  diag_set_warning(d, "fallback", DIAG_ACTION_IGNORE);
  return lower_make_recipe(d, a, s, act, "w", &(lower_options){.target = target_get(0)});
}
