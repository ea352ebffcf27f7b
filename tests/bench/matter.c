#include "tests/bench/matter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode/encode.h"
#include "measure/meter.h"
#include "support/num.h"

#define SEED 1
#define PATCH 2048 // columns that an encoder is asked for; wider rows repeat them
#define DEVIATION 0.02
#define SAMPLE_TOKENS 4

// ---- weights that a container has ------------------------------------------------------------------------

static const scheme_layout *block_layout(const scheme *s) {
  for (size_t i = 0; i < s->layout_count; i++)
    if (s->layouts[i].block_weights > 0 && s->layouts[i].type_id >= 0) return &s->layouts[i];
  return NULL;
}

// A single float a weight, which is the value: the container's number of that type, else -1.
static int64_t plain_type(const scheme *s) {
  static const struct {
    elem_type type;
    int64_t id;
  } plain[] = {{ELEM_F32, 0}, {ELEM_F16, 1}, {ELEM_BF16, 30}};
  if (s->field_count != 1 || s->value == NULL || s->value->op != EXPR_FIELD || s->section_count > 0) return -1;
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (s->fields[0].type == plain[i].type && s->fields[0].gran.kind == GRAN_WEIGHT) return plain[i].id;
  return -1;
}

static double normal(uint64_t *state) {
  double u = sample_uniform(state), v = sample_uniform(state);
  return sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
}

// Rows of `bytes` from rows of `patch` bytes each, which repeat.
static void tile(uint8_t *out, uint64_t bytes, const uint8_t *patch, uint64_t patch_bytes) {
  for (uint64_t n = 0; n < MATTER_ROWS; n++)
    for (uint64_t at = 0; at < bytes; at += patch_bytes)
      memcpy(out + n * bytes + at, patch + n * patch_bytes, patch_bytes);
}

static bool encode_patch(matter *m, const peer_api *encoder, uint64_t columns, uint64_t bytes, uint8_t *out) {
  float *w = calloc(MATTER_ROWS * columns, sizeof *w);
  uint8_t *patch = malloc(bytes);
  uint64_t state = SEED;
  for (uint64_t i = 0; w != NULL && i < MATTER_ROWS * columns; i++) w[i] = (float)(DEVIATION * normal(&state));
  bool ok = w != NULL && patch != NULL && encoder->encode(m->block_type, w, MATTER_ROWS, columns, patch, bytes);
  if (ok) tile(out, m->block_bytes / m->rows, patch, bytes / MATTER_ROWS);
  free(w);
  free(patch);
  return ok;
}

// The first MATTER_ROWS rows of the blocks. False where the encoder does not have the format.
static bool encode(matter *m, const peer_api *encoder, double bytes_per_weight) {
  uint64_t columns = m->columns % PATCH == 0 ? PATCH : m->columns;
  uint64_t bytes = (uint64_t)((double)(MATTER_ROWS * columns) * bytes_per_weight + 0.5);
  return encoder != NULL && encode_patch(m, encoder, columns, bytes, m->blocks);
}

static void repeat_rows(uint8_t *data, uint64_t row_bytes, uint64_t rows) {
  for (uint64_t n = MATTER_ROWS; n < rows; n++)
    memcpy(data + n * row_bytes, data + n % MATTER_ROWS * row_bytes, row_bytes);
}

static bool drop_blocks(matter *m) {
  free(m->blocks);
  m->blocks = NULL;
  return true;
}

// Blocks from the encoder and the codes that they mean.
static bool read_encoded(diag *d, arena *a, matter *m, const scheme_layout *l) {
  uint64_t bytes = m->block_bytes / m->rows * MATTER_ROWS;
  m->codes = layout_read_blocks(d, a, m->scheme, l, "weights", m->blocks, bytes, MATTER_ROWS, m->columns);
  return m->codes != NULL;
}

static void plain_codes(matter *m, unsigned size) {
  for (uint64_t i = 0; i < MATTER_ROWS * m->columns; i++) memcpy(&m->codes->elements[0][i], m->blocks + i * size, size);
}

static bool make_blocks(diag *d, arena *a, matter *m, const peer_api *encoder) {
  const scheme_layout *l = block_layout(m->scheme);
  m->block_type = l != NULL ? l->type_id : plain_type(m->scheme);
  if (m->block_type < 0 || (l != NULL && m->columns % l->block_weights != 0)) return true;
  unsigned size = l == NULL ? elem_get(m->scheme->fields[0].type)->bits / 8 : 0;
  double per_weight = l != NULL ? (double)l->block_bytes / (double)l->block_weights : size;
  m->block_bytes = (uint64_t)((double)m->columns * per_weight + 0.5) * m->rows;
  m->blocks = meter_memory(d, m->block_bytes);
  if (m->blocks == NULL) return false;
  if (!encode(m, encoder, per_weight)) return drop_blocks(m);
  if (l != NULL && !read_encoded(d, a, m, l)) return false;
  if (l == NULL) {
    m->codes = tensor_codes_new(d, a, m->scheme, MATTER_ROWS, m->columns);
    if (m->codes == NULL) return false;
    plain_codes(m, size);
  }
  repeat_rows(m->blocks, m->block_bytes / m->rows, m->rows);
  return true;
}

// ---- all weights -----------------------------------------------------------------------------------------

matter *matter_new(diag *d, arena *a, const scheme *s, uint64_t rows, uint64_t columns, const peer_api *encoder) {
  matter *m = ARENA_NEW(a, matter);
  *m = (matter){.scheme = s, .rows = rows, .columns = columns, .block_type = -1};
  bool ok = rows < MATTER_ROWS || make_blocks(d, a, m, encoder);
  if (ok && m->codes == NULL) m->codes = sample_codes(d, a, s, MATTER_ROWS, columns, SEED, SAMPLE_RANDOM);
  if (!ok || m->codes == NULL) {
    matter_free(m);
    return NULL;
  }
  m->values = ARENA_ARRAY(a, double, MATTER_ROWS *columns);
  for (uint64_t n = 0; n < MATTER_ROWS; n++) scheme_row(m->codes, n, m->values + n * columns);
  return m;
}

uint64_t matter_stored_bytes(const matter *m) {
  const scheme_layout *l = block_layout(m->scheme);
  if (l != NULL) return m->rows * m->columns / l->block_weights * l->block_bytes;
  uint64_t bits = 0, count = 0;
  for (size_t i = 0; i < m->scheme->field_count; i++)
    if (scheme_field_count(&m->scheme->fields[i], m->rows, m->columns, &count))
      bits += count * elem_get(m->scheme->fields[i].type)->bits;
  return (bits + 7) / 8;
}

void matter_free(matter *m) {
  if (m != NULL) drop_blocks(m);
}

float *matter_activations(diag *d, uint64_t tokens, uint64_t columns) {
  uint64_t state = SEED + 1;
  float *x = meter_memory(d, tokens * columns * sizeof *x);
  for (uint64_t i = 0; x != NULL && i < tokens * columns; i++) x[i] = (float)(2 * sample_uniform(&state) - 1);
  return x;
}

float *matter_floats(diag *d, const matter *m) {
  float *w = meter_memory(d, m->rows * m->columns * sizeof *w);
  if (w == NULL) return NULL;
  for (uint64_t i = 0; i < MATTER_ROWS * m->columns; i++) w[i] = (float)m->values[i];
  repeat_rows((uint8_t *)w, m->columns * sizeof *w, m->rows);
  return w;
}

// ---- agreement -------------------------------------------------------------------------------------------

typedef struct expectation {
  double sum;
  double size; // squared: of the products, as independent numbers
} expectation;

static expectation product(const matter *m, const float *x, uint64_t n) {
  const double *w = m->values + n % MATTER_ROWS * m->columns;
  expectation e = {0};
  for (uint64_t k = 0; k < m->columns; k++) {
    double p = w[k] * (double)x[k];
    e.sum += p;
    e.size += p * p;
  }
  return e;
}

double matter_error(const matter *m, const float *x, uint64_t tokens, const float *y) {
  double wrong = 0, size = 0;
  for (uint64_t i = 0; i < SAMPLE_TOKENS && i < tokens; i++) {
    uint64_t token = i * (tokens - 1) / (SAMPLE_TOKENS - 1);
    for (uint64_t n = 0; n < m->rows; n += 31) {
      expectation e = product(m, x + token * m->columns, n);
      double difference = (double)y[token * m->rows + n] - e.sum;
      wrong += difference * difference;
      size += e.size;
    }
  }
  return isfinite(wrong) ? sqrt(wrong / size) : INFINITY;
}
