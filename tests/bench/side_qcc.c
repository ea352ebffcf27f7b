#include "tests/bench/side_qcc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cost/tuning.h"
#include "pack/pack.h"
#include "support/num.h"

#define PAGE 4096

// ---- kernels ---------------------------------------------------------------------------------------------

bool qcc_compile(qcc_kernels *out, meter *m, arena *a, const recipe *r) {
  ir_module *module = ir_module_new(a, "bench");
  matmul_shape shape = {.epilogue = "", .schedules = schedule_choose_all(a, r, m->o.tier, NULL)};
  lower_emit_matmul(module, r, m->o.tier, false, &shape, "matmul");
  lower_emit_prepare(module, &r->prepared, m->o.tier, false, "prepare");
  clock_t start = clock();
  *out = (qcc_kernels){.recipe = r, .code = meter_load(m, module)};
  out->seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  if (out->code == NULL) return false;
  out->product = meter_kernel(m, out->code, "matmul");
  out->prepare = meter_kernel(m, out->code, "prepare");
  return out->product != NULL && out->prepare != NULL;
}

// ---- weights ---------------------------------------------------------------------------------------------

bool qcc_pack(qcc_weights *out, diag *d, arena *a, const recipe *r, const matter *from) {
  const packing *p = &r->pack;
  uint64_t size;
  *out = (qcc_weights){.recipe = r, .rows = from->rows, .columns = from->columns, .head_bytes = p->tensor_head_bytes};
  if (!packing_tensor_bytes(p, from->rows, from->columns, &out->bytes) ||
      !packing_tensor_bytes(p, MATTER_ROWS, from->columns, &size) ||
      !packing_tile_bytes(p, from->columns, &out->tile_bytes)) {
    diag_error_file(d, r->name, "the matrix is too large");
    return false;
  }
  out->pattern_tiles = MATTER_ROWS / p->rows;
  out->tiles = num_ceil_div(from->rows, p->rows);
  uint8_t *bytes = ARENA_ARRAY(a, uint8_t, size);
  out->pattern = bytes;
  return pack_tensor(d, a, r, from->codes, bytes, size);
}

static void write_copy(const qcc_weights *w, uint8_t *to) {
  memcpy(to, w->pattern, w->head_bytes);
  for (uint64_t i = 0; i < w->tiles; i++)
    memcpy(to + w->head_bytes + i * w->tile_bytes, w->pattern + w->head_bytes + i % w->pattern_tiles * w->tile_bytes,
           w->tile_bytes);
}

// ---- a product -------------------------------------------------------------------------------------------

static bool take_memory(qcc_product *p, const prepared_sizes *sizes) {
  diag *d = p->meter->d;
  p->stride = num_ceil_div(p->weights->bytes, PAGE) * PAGE;
  p->copies = p->meter->o.memory / p->stride;
  if (p->copies == 0) p->own = meter_memory(d, p->stride);
  p->memory = p->copies == 0 ? p->own : p->meter->memory;
  if (p->copies == 0 || p->tokens > 1) p->copies = 1;
  p->y = meter_memory(d, p->tokens * p->weights->rows * sizeof *p->y);
  p->prepared = meter_memory(d, p->tokens * sizes->row_bytes);
  return p->memory != NULL && p->y != NULL && p->prepared != NULL;
}

static void set_args(qcc_product *p, const float *x, const prepared_sizes *s) {
  uint64_t positions = 0, tile = 0, columns = p->weights->columns;
  packing_positions(&p->weights->recipe->pack, columns, &positions);
  packing_tile_bytes(&p->weights->recipe->pack, columns, &tile);
  p->prepare_args = (qrt_args){
      .buffers = {(void *)(uintptr_t)x, p->prepared},
      .sizes = {columns, columns, s->row_bytes, s->scales_offset, s->isums_offset, s->fsums_offset, s->positions}};
  p->args = (qrt_args){.buffers = {p->memory, p->prepared, p->y},
                       .sizes = {p->tokens, p->weights->rows, positions, tile, s->row_bytes, s->scales_offset,
                                 s->isums_offset, s->fsums_offset, p->weights->rows}};
}

bool qcc_begin(qcc_product *p, meter *m, const qcc_kernels *k, const qcc_weights *w, const float *x, uint64_t tokens) {
  prepared_sizes sizes;
  *p = (qcc_product){.meter = m, .kernels = k, .weights = w, .tokens = tokens};
  if (!prepared_get_sizes(&w->recipe->prepared, w->columns, &sizes) || !take_memory(p, &sizes)) return false;
  set_args(p, x, &sizes);
  for (uint64_t i = 0; i < p->copies; i++) write_copy(w, p->memory + i * p->stride);
  qcc_time_prepare(p);
  return true;
}

void qcc_end(qcc_product *p) {
  free(p->own);
  free(p->y);
  free(p->prepared);
}

double qcc_time(void *state) {
  qcc_product *p = state;
  double total = 0;
  for (uint64_t i = 0; i < p->copies; i++) {
    p->args.buffers[0] = p->memory + i * p->stride;
    total += meter_time(p->meter, p->kernels->product, &p->args, p->weights->tiles);
  }
  return total / (double)p->copies;
}

double qcc_time_prepare(void *state) {
  qcc_product *p = state;
  return meter_time(p->meter, p->kernels->prepare, &p->prepare_args, p->tokens);
}
