#include "inspect/sample.h"

#include <math.h>
#include <string.h>

#include "support/fp.h"
#include "weights/stored.h"

enum { PROBES = 256, MAX_CODE_BITS = 8 };

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

// ---- reading ---------------------------------------------------------------------------------------------

// Elements of less than a byte are unpacked once, however many layouts are tried.
static void unpack(catalogue *c, const layout_tensor *l, const tensor *t, layout_input *out) {
  bool spread = elem_get(l->type)->kind == ELEM_KIND_INT;
  for (size_t i = 0; i < c->unpacked.len; i++) {
    const catalogue_unpacked *u = &c->unpacked.data[i];
    if (u->packed != t->data || u->spread_sign != spread) continue;
    out->data = u->bytes;
    out->size = (size_t)t->count;
    return;
  }
  stored_unpack_tensor(c->mem, l, t, out);
  vec_push(c->mem, &c->unpacked, ((catalogue_unpacked){t->data, spread, out->data}));
}

layout_input *sample_inputs(catalogue *c, const scheme_layout *l, const tensor *const *tensors) {
  layout_input *inputs = ARENA_ARRAY(c->mem, layout_input, l->tensor_count);
  for (size_t i = 0; i < l->tensor_count; i++) {
    const tensor *t = tensors[i];
    inputs[i] = (layout_input){.data = t->data, .size = t->size, .rank = t->rank};
    if (t->rank > SCHEME_MAX_RANK || !solve_input_type(t->dtype, &inputs[i].type)) return NULL;
    if (tensor_dtype_bits(t->dtype) < 8) unpack(c, &l->tensors[i], t, &inputs[i]);
    for (unsigned r = 0; r < t->rank; r++) inputs[i].dims[r] = t->dims[r];
  }
  return inputs;
}

tensor_codes *sample_tensors(diag *d, arena *a, const scheme *s, const scheme_layout *l, const layout_input *inputs,
                             uint64_t rows, uint64_t columns) {
  return layout_read_corner(d, a, s, l, "sample", inputs, rows, columns, smaller(rows, SAMPLE_ROWS),
                            smaller(columns, SAMPLE_COLUMNS));
}

tensor_codes *sample_blocks(diag *d, arena *a, const scheme *s, const scheme_layout *l, const uint8_t *data,
                            uint64_t rows, uint64_t columns) {
  uint64_t blocks = columns / l->block_weights, taken = smaller(blocks, SAMPLE_COLUMNS / l->block_weights + 1);
  uint64_t corner_rows = smaller(rows, SAMPLE_ROWS), each = taken * l->block_bytes;
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, (size_t)(corner_rows * each));
  for (uint64_t n = 0; n < corner_rows; n++) memcpy(bytes + n * each, data + n * blocks * l->block_bytes, (size_t)each);
  return layout_read_blocks(d, a, s, l, "sample", bytes, corner_rows * each, corner_rows, taken * l->block_weights);
}

// ---- weights ---------------------------------------------------------------------------------------------

// Folds a weight into a digest (FNV-1a), as far as floats tell weights apart.
static uint64_t add_to_digest(uint64_t digest, double weight) {
  uint32_t bits = isnan(weight) ? UINT32_MAX : fp_bits32((float)weight + 0.0f); // one zero
  return (digest ^ bits) * 0x100000001b3;
}

static void measure_weights(const tensor_codes *t, sample_facts *out) {
  arena *a = arena_new();
  double *row = ARENA_ARRAY(a, double, (size_t)t->columns), sum = 0, squares = 0, count = 0, zeros = 0;
  out->finite = true;
  out->digest = 0xcbf29ce484222325;
  for (uint64_t n = 0; n < t->rows; n++) {
    scheme_row(t, n, row);
    for (uint64_t k = 0; k < t->columns; k++) {
      out->digest = add_to_digest(out->digest, row[k]);
      if (!isfinite(row[k])) {
        out->finite = false;
        continue;
      }
      sum += row[k];
      squares += row[k] * row[k];
      zeros += row[k] == 0;
      count++;
    }
  }
  double mean = count > 0 ? sum / count : 0, variance = count > 0 ? squares / count - mean * mean : 0;
  out->bias = variance > 0 ? fabs(mean) / sqrt(variance) : 0;
  out->weights = count;
  out->sparsity = count > 0 ? zeros / count : 0;
  arena_free(a);
}

// ---- codes -----------------------------------------------------------------------------------------------

// The field of codes, one a weight; false when there is none or several.
static bool find_code_field(const scheme *s, unsigned *out) {
  unsigned count = 0;
  for (unsigned f = 0; f < s->field_count; f++) {
    const scheme_field *field = &s->fields[f];
    if (field->gran.kind != GRAN_WEIGHT || field->sparse) continue;
    bool is_code = field->rank == 0 && elem_get(field->type)->bits <= MAX_CODE_BITS;
    if (!is_code || ++count > 1) return false;
    *out = f;
  }
  return count == 1;
}

// The weight (n, k) if its code were this one.
static double weight_of_code(tensor_codes *t, unsigned field, uint64_t n, uint64_t k, uint32_t raw) {
  uint32_t *code = &t->elements[field][scheme_field_index(&t->scheme->fields[field], t->columns, n, k)];
  uint32_t kept = *code;
  *code = raw;
  double value = scheme_weight(t, n, k);
  *code = kept;
  return value;
}

// The codes with the least and the largest number there; false when fewer than two are numbers that differ.
static bool find_ends(tensor_codes *t, unsigned field, uint64_t n, uint64_t k, uint32_t ends[2]) {
  double least = INFINITY, most = -INFINITY;
  for (uint32_t raw = 0; raw < 1u << elem_get(t->scheme->fields[field].type)->bits; raw++) {
    double value = weight_of_code(t, field, n, k, raw);
    if (!isfinite(value)) continue;
    if (value < least) least = value, ends[0] = raw;
    if (value > most) most = value, ends[1] = raw;
  }
  return least < most;
}

// The middle between the ends, in steps of evenly spaced numbers: -1/2 for two's complement.
static bool middle_of_codes(tensor_codes *t, unsigned field, uint64_t n, uint64_t k, const uint32_t ends[2],
                            double *out) {
  double a = weight_of_code(t, field, n, k, ends[0]), b = weight_of_code(t, field, n, k, ends[1]);
  double steps = (double)((1u << elem_get(t->scheme->fields[field].type)->bits) - 1);
  if (!isfinite(a) || !isfinite(b) || a == b) return false;
  *out = (a + b) / fabs(b - a) * steps / 2;
  return true;
}

static void measure_codes(tensor_codes *t, sample_facts *out) {
  unsigned field;
  uint32_t ends[2] = {0};
  double total = 0, count = 0;
  bool has_ends = false;
  out->symmetric = true;
  if (!find_code_field(t->scheme, &field)) return;
  for (uint64_t i = 0; i < PROBES; i++) {
    uint64_t n = i * 7 % t->rows, k = i * 61 % t->columns;
    double middle;
    has_ends = has_ends || find_ends(t, field, n, k, ends);
    if (!has_ends || !middle_of_codes(t, field, n, k, ends, &middle)) continue;
    // Two's complement has one number more below zero than above: half a step below is as good as the middle.
    double distance = middle <= 0 && middle >= -0.5 ? 0 : fabs(middle < 0 ? middle + 0.5 : middle);
    out->symmetric &= fabs(middle) < 0.5 + 1e-6;
    total += distance;
    count++;
  }
  out->has_codes = count > 0;
  out->centre = count > 0 ? total / count : 0;
}

bool sample_is_whole(const tensor_codes *corner, const tensor_codes *wide) {
  for (size_t f = 0; f < corner->scheme->field_count; f++) {
    const scheme_field *field = &corner->scheme->fields[f];
    uint64_t count = 0;
    if (field->gran.kind != GRAN_WEIGHT || field->sparse || elem_get(field->type)->kind == ELEM_KIND_FLOAT) continue;
    if (!scheme_field_count(field, corner->rows, corner->columns, &count)) return false;
    const uint32_t *a = corner->elements[f], *b = wide->elements[f];
    for (uint64_t i = 1; i < count; i++)
      if (b[i] - a[i] != b[0] - a[0]) return false;
  }
  return true;
}

static double count_groups(const tensor_codes *t) {
  double groups = 1;
  for (size_t f = 0; f < t->scheme->field_count; f++) {
    uint64_t count = 0;
    bool is_shared = t->scheme->fields[f].gran.kind != GRAN_WEIGHT && t->scheme->fields[f].rank == 0;
    if (is_shared && scheme_field_count(&t->scheme->fields[f], t->rows, t->columns, &count))
      groups = fmax(groups, (double)count);
  }
  return groups;
}

sample_facts sample_measure(tensor_codes *corner) {
  sample_facts facts = {.known = corner != NULL};
  if (corner == NULL) return facts;
  measure_weights(corner, &facts);
  measure_codes(corner, &facts);
  facts.groups = count_groups(corner);
  return facts;
}
