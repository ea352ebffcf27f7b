#include "measure/subject.h"

#include <stdlib.h>
#include <string.h>

#include "encode/encode.h"
#include "pack/pack.h"
#include "support/num.h"

#define STRIDE 4096 // copies begin at pages
#define SEED 1

// ---- weights ---------------------------------------------------------------------------------------------

// One tile of random codes in the kernel's layout, behind the tensor's head. All tiles of a matrix are alike.
static bool make_pattern(meter *m, arena *a, subject *s) {
  const packing *p = &s->r->pack;
  uint64_t columns = s->shape.columns, size;
  s->work = num_ceil_div(s->shape.rows, p->rows);
  if (!packing_tensor_bytes(p, p->rows, columns, &size) || !packing_tile_bytes(p, columns, &s->tile_bytes) ||
      !packing_tensor_bytes(p, s->shape.rows, columns, &s->packed_bytes)) {
    diag_error_file(m->d, "qcc", "a matrix of %llu x %llu is too large to be measured",
                    (unsigned long long)s->shape.rows, (unsigned long long)columns);
    return false;
  }
  tensor_codes *codes = sample_codes(m->d, a, s->r->scheme, p->rows, columns, SEED, SAMPLE_RANDOM);
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, size);
  s->head_bytes = p->tensor_head_bytes;
  s->pattern = bytes;
  return codes != NULL && pack_tensor(m->d, a, s->r, codes, bytes, size);
}

static void write_copy(const subject *s, uint8_t *to) {
  memcpy(to, s->pattern, s->head_bytes);
  for (uint64_t i = 0; i < s->work; i++)
    memcpy(to + s->head_bytes + i * s->tile_bytes, s->pattern + s->head_bytes, s->tile_bytes);
}

void subject_lay(meter *m, subject *s) {
  for (uint64_t i = 0; i < s->copies; i++) write_copy(s, m->memory + i * s->stride);
}

static bool fit_copies(meter *m, subject *s) {
  s->stride = num_ceil_div(s->packed_bytes, STRIDE) * STRIDE;
  s->copies = m->o.memory / s->stride;
  if (s->copies == 0)
    diag_error_file(m->d, "qcc", "a matrix of %llu bytes does not fit the memory to measure with, %zu bytes",
                    (unsigned long long)s->packed_bytes, m->o.memory);
  if (s->shape.tokens > 1 && s->copies > 1) s->copies = 1;
  return s->copies > 0;
}

// ---- activations -----------------------------------------------------------------------------------------

static float *random_floats(meter *m, uint64_t count) {
  float *x = meter_memory(m->d, count * sizeof *x);
  uint64_t state = SEED;
  for (uint64_t i = 0; x != NULL && i < count; i++) x[i] = (float)(2 * sample_uniform(&state) - 1);
  return x;
}

static bool run_prepare(meter *m, arena *a, subject *s, float *x) {
  ir_module *module = ir_module_new(a, "prepare");
  lower_emit_prepare(module, &s->r->prepared, m->o.tier, false, "prepare");
  meter_code *code = meter_load(m, module);
  qrt_kernel k = code == NULL ? NULL : meter_kernel(m, code, "prepare");
  const prepared_sizes *z = &s->sizes;
  qrt_args args = {.buffers = {x, s->prepared},
                   .sizes = {s->shape.columns, s->shape.columns, z->row_bytes, z->scales_offset, z->isums_offset,
                             z->fsums_offset, z->positions}};
  if (k != NULL) k(&args, 0, s->shape.tokens);
  meter_unload(code);
  return k != NULL;
}

static bool make_activations(meter *m, arena *a, subject *s) {
  uint64_t count, bytes, outputs;
  if (!num_mul(s->shape.tokens, s->shape.columns, &count) || count > SIZE_MAX / sizeof(float) ||
      !prepared_get_sizes(&s->r->prepared, s->shape.columns, &s->sizes) ||
      !num_mul(s->shape.tokens, s->sizes.row_bytes, &bytes) || !num_mul(s->shape.tokens, s->shape.rows, &outputs) ||
      outputs > SIZE_MAX / sizeof(float)) {
    diag_error_file(m->d, "qcc", "%llu tokens are too many to be measured", (unsigned long long)s->shape.tokens);
    return false;
  }
  float *x = random_floats(m, count);
  s->prepared = meter_memory(m->d, bytes);
  s->y = meter_memory(m->d, outputs * sizeof(float));
  bool ok = x != NULL && s->prepared != NULL && s->y != NULL && run_prepare(m, a, s, x);
  free(x);
  return ok;
}

// ---- the whole -------------------------------------------------------------------------------------------

static void set_args(meter *m, subject *s) {
  uint64_t positions = 0;
  packing_positions(&s->r->pack, s->shape.columns, &positions);
  s->args = (qrt_args){.buffers = {m->memory, s->prepared, s->y},
                       .sizes = {s->shape.tokens, s->shape.rows, positions, s->tile_bytes, s->sizes.row_bytes,
                                 s->sizes.scales_offset, s->sizes.isums_offset, s->sizes.fsums_offset, s->shape.rows}};
}

meter_limit subject_limit(const recipe *r, const target_tier *tier, uint64_t tokens) {
  bool pairs = r->mode == MODE_PAIR_DOT && target_find_pattern(tier, IR_DOT2, ELEM_F32, tier->lanes, 0) != NULL;
  if (tokens == 1) return METER_READ;
  if (pairs) return METER_PAIR_DOT;
  return mode_is_integer(r->mode) ? METER_BYTE_DOT : METER_FMA;
}

subject *subject_new(meter *m, arena *a, const recipe *r, const subject_shape *shape) {
  subject *s = ARENA_NEW(a, subject);
  *s = (subject){.r = r, .shape = *shape, .limit = subject_limit(r, m->o.tier, shape->tokens)};
  if (make_pattern(m, a, s) && fit_copies(m, s) && make_activations(m, a, s)) {
    set_args(m, s);
    return s;
  }
  subject_free(s);
  return NULL;
}

void subject_free(subject *s) {
  if (s == NULL) return;
  free(s->prepared);
  free(s->y);
}

meter_code *subject_compile(meter *m, arena *a, const recipe *r, const struct schedule *schedules) {
  ir_module *module = ir_module_new(a, "measured");
  matmul_shape shape = {.epilogue = "", .schedules = schedules};
  lower_emit_matmul(module, r, m->o.tier, false, &shape, "matmul");
  return meter_load(m, module);
}

double subject_time(const meter *m, subject *s, qrt_kernel k) {
  double total = 0;
  for (uint64_t i = 0; i < s->copies; i++) {
    s->args.buffers[0] = m->memory + i * s->stride;
    total += meter_time(m, k, &s->args, s->work);
  }
  return total / (double)s->copies;
}

subject_result subject_measure(const meter *m, subject *s, qrt_kernel k, double seconds) {
  subject_result r = {.seconds = 1e30};
  double start = meter_now();
  do {
    double t = subject_time(m, s, k), limit = meter_rate(m, s->limit);
    if (t < r.seconds) r.seconds = t;
    if (limit > r.limit) r.limit = limit;
  } while (meter_now() - start < seconds);
  r.bytes = (double)s->packed_bytes / r.seconds;
  r.macs = (double)s->shape.tokens * (double)s->shape.rows * (double)s->shape.columns / r.seconds;
  r.ratio = (s->limit == METER_READ ? r.bytes : r.macs) / r.limit;
  return r;
}
