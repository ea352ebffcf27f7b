#include "cost/predict.h"

#include "kernel/kernel.h"

#define PREDICT_COLUMNS 4096 // positions of the matrix that is thought of
#define OVERLAP \
  0.2 // of what the resources that are not the slowest need is seen: they do not work side by side at all times
#define PREDICT_TILES 4 // and its rows, in interleaved tiles: enough for any schedule of a kernel

const char *bound_name(bound b) {
  static const char *const names[BOUND_COUNT] = {[BOUND_MEMORY] = "memory",
                                                 [BOUND_LOADS] = "load ports",
                                                 [BOUND_DOTS] = "dot units",
                                                 [BOUND_DECODE] = "decoding",
                                                 [BOUND_SCALES] = "scaling"};
  return names[b];
}

machine lower_machine(const target_tier *tier) {
  return (machine){.clock = tier->clock_ghz * 1e9, .bandwidth = tier->bandwidth_gbs * 1e9, .speed = 1};
}

static kernel_counts count_call(const recipe *r, const target_tier *tier, const schedule *schedules, uint64_t tokens,
                                uint64_t positions) {
  arena *mem = arena_new();
  ir_module *m = ir_module_new(mem, "predicted");
  matmul_shape shape = {.epilogue = "", .schedules = schedules, .whole_blocks = true};
  const ir_func *f = lower_emit_matmul(m, r, tier, false, &shape, "matmul");
  uint64_t rows = (uint64_t)PREDICT_TILES * r->pack.rows;
  // Only loops' lengths matter: bytes of activation rows and where their parts begin do not.
  const uint64_t sizes[] = {tokens, rows, positions, 0, 0, 0, 0, 0, rows};
  bool integer = mode_is_integer(r->mode) || r->mode == MODE_PAIR_DOT;
  kernel_counts c = lower_count(f, tier, integer, sizeof sizes / sizeof *sizes, sizes, PREDICT_TILES);
  arena_free(mem);
  return c;
}

// The vector units do products, decoding and scaling in turn; what takes most of that time is called the bound.
static bound largest_part(const prediction *p) {
  bound b = BOUND_DOTS;
  if (p->parts[BOUND_DECODE] > p->parts[b]) b = BOUND_DECODE;
  return p->parts[BOUND_SCALES] > p->parts[b] ? BOUND_SCALES : b;
}

prediction lower_predict(const recipe *r, const target_tier *tier, const machine *on, const schedule *schedules,
                         uint64_t tokens) {
  uint64_t positions = (PREDICT_COLUMNS + r->pack.block - 1) / r->pack.block * r->pack.block;
  kernel_counts c = count_call(r, tier, schedules, tokens, positions);
  double weights = (double)positions * PREDICT_TILES * r->pack.rows;
  double each = 1 / (weights * (double)tokens);
  double loads = tier->loads > 0 ? tier->loads : 1, stores = tier->stores > 0 ? tier->stores : 1;
  double bytes = (double)r->pack.block_bytes / ((double)r->pack.block * r->pack.rows);
  prediction p = {.parts = {[BOUND_MEMORY] = bytes * on->clock / on->bandwidth / (double)tokens,
                            [BOUND_LOADS] = ((c.loads + c.spills) / loads + (c.stores + c.spills) / stores) * each,
                            [BOUND_DOTS] = c.dots / on->speed * each,
                            [BOUND_DECODE] = (c.decode / on->speed + c.gathers) * each,
                            [BOUND_SCALES] = c.scales / on->speed * each}};
  double units = p.parts[BOUND_DOTS] + p.parts[BOUND_DECODE] + p.parts[BOUND_SCALES];
  double slowest = units, all = units + p.parts[BOUND_MEMORY] + p.parts[BOUND_LOADS];
  p.bound = largest_part(&p);
  for (bound b = BOUND_MEMORY; b <= BOUND_LOADS; b++) {
    if (p.parts[b] <= slowest) continue;
    slowest = p.parts[b];
    p.bound = b;
  }
  p.cycles = slowest + OVERLAP * (all - slowest);
  p.macs = on->clock / p.cycles;
  p.bytes = p.macs / (double)tokens * bytes;
  return p;
}
