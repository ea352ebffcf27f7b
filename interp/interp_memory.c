// Loads and stores: every byte that an operation touches lies inside the buffer it was given, and what it reads has been
// written, or the run ends.
#include <math.h>
#include <string.h>

#include "interp/inside.h"
#include "support/fp.h"

static const char *name_of(const ir_value *v) { return v->name == NULL ? "" : v->name; }

// Whether `size` bytes at `offset` lie in the buffer.
static bool inside(const ir_memory *m, uint64_t offset, uint64_t size) {
  return offset <= m->size && size <= m->size - offset;
}

static bool outside(interp *vm, const insn *in, const ir_memory *m, uint64_t offset, uint64_t size) {
  return interp_fail(vm, in, "%llu bytes at offset %llu are outside buffer %%%s, which has %llu bytes",
                     (unsigned long long)size, (unsigned long long)offset, name_of(in->op->operands[0]),
                     (unsigned long long)m->size);
}

// Whether all of the bytes have been written.
static bool is_written(const ir_memory *m, uint64_t offset, uint64_t size) {
  return m->written == NULL || memchr(m->written + offset, 0, size) == NULL;
}

static bool unwritten(interp *vm, const insn *in, const ir_memory *m, uint64_t offset, uint64_t size) {
  const uint8_t *at = memchr(m->written + offset, 0, size);
  return interp_fail(vm, in, "byte %llu of the %llu at offset %llu has not been written",
                     (unsigned long long)((uint64_t)(at - m->written) - offset), (unsigned long long)size,
                     (unsigned long long)offset);
}

static void mark_written(const ir_memory *m, uint64_t offset, uint64_t size) {
  if (m->written != NULL) memset(m->written + offset, 1, size);
}

// Lanes `at` .. of a place, from or to memory.
static void widen(place to, uint32_t at, const uint8_t *from, uint32_t n, unsigned bits) {
  uint32_t *lanes = to.lanes + at;
  if (bits == 8) {
    for (size_t i = 0; i < n; i++) lanes[i] = from[i];
  } else if (bits == 16) {
    for (size_t i = 0; i < n; i++) lanes[i] = (uint32_t)from[2 * i] | (uint32_t)from[2 * i + 1] << 8;
  } else if (bits == 32) {
    memcpy(lanes, from, n * sizeof *lanes);
  } else {
    memcpy(to.wide + at, from, n * sizeof *to.wide);
  }
}

static void narrow(uint8_t *to, place from, uint32_t n, unsigned bits) {
  const uint32_t *lanes = from.lanes;
  if (bits == 8) {
    for (size_t i = 0; i < n; i++) to[i] = (uint8_t)lanes[i];
  } else if (bits == 16) {
    for (size_t i = 0; i < n; i++) {
      to[2 * i] = (uint8_t)lanes[i];
      to[2 * i + 1] = (uint8_t)(lanes[i] >> 8);
    }
  } else {
    memcpy(to, lanes, (size_t)n * (bits / 8));
  }
}

// Where an access begins; NULL (reported) when a byte of it is outside, or when it is not as aligned as promised. What
// can be seen here is the offset: buffers are taken to begin at a multiple of any alignment.
static uint8_t *access(interp *vm, const insn *in, uint64_t size) {
  const ir_memory *m = in->arg[0].buffer;
  uint64_t offset = *in->arg[1].index;
  if (!inside(m, offset, size)) {
    outside(vm, in, m, offset, size);
    return NULL;
  }
  if (offset % in->align == 0) return m->data + offset;
  interp_fail(vm, in, "the offset %llu is no multiple of %u, as was promised", (unsigned long long)offset, in->align);
  return NULL;
}

// The same for bytes that are read, which have to be written.
static const uint8_t *access_written(interp *vm, const insn *in, uint64_t size) {
  const uint8_t *from = access(vm, in, size);
  const ir_memory *m = in->arg[0].buffer;
  if (from == NULL || is_written(m, *in->arg[1].index, size)) return from;
  unwritten(vm, in, m, *in->arg[1].index, size);
  return NULL;
}

// Loads `count` lanes (not more than there are); the others become zero.
static bool load(interp *vm, const insn *in, uint32_t count) {
  if (count > 0) {
    const uint8_t *from = access_written(vm, in, (uint64_t)count * (in->lane.bits / 8));
    if (from == NULL) return false;
    widen(in->dst, 0, from, count, in->lane.bits);
  }
  size_t size = in->dst_wide ? sizeof(uint64_t) : sizeof(uint32_t);
  if (count < in->lanes) memset((uint8_t *)in->dst.bytes + count * size, 0, (in->lanes - count) * size);
  return true;
}

static bool store(interp *vm, const insn *in, uint32_t count) {
  if (count == 0) return true;
  uint64_t size = (uint64_t)count * (in->lane.bits / 8);
  uint8_t *to = access(vm, in, size);
  if (to == NULL) return false;
  narrow(to, in->arg[2], count, in->lane.bits);
  mark_written(in->arg[0].buffer, *in->arg[1].index, size);
  return true;
}

static uint32_t first(const insn *in, const uint64_t *count) {
  return *count < in->lanes ? (uint32_t)*count : in->lanes;
}

static bool run_load(interp *vm, const insn *in) { return load(vm, in, in->lanes); }
static bool run_load_first(interp *vm, const insn *in) { return load(vm, in, first(in, in->arg[2].index)); }
static bool run_store(interp *vm, const insn *in) { return store(vm, in, in->lanes); }
static bool run_store_first(interp *vm, const insn *in) { return store(vm, in, first(in, in->arg[3].index)); }

static bool run_load_splat(interp *vm, const insn *in) {
  const uint8_t *from = access_written(vm, in, in->lane.bits / 8);
  if (from == NULL) return false;
  for (uint32_t i = 0; i < in->lanes; i++) widen(in->dst, i, from, 1, in->lane.bits);
  return true;
}

static bool run_gather(interp *vm, const insn *in) {
  const ir_memory *m = in->arg[0].buffer;
  uint64_t base = in->op->operand_count > 2 ? *in->arg[2].index : 0;
  for (uint32_t i = 0; i < in->lanes; i++) {
    uint32_t offset = in->arg[1].lanes[i];
    uint64_t at = base + offset;
    if (offset > INT32_MAX || at < base || !inside(m, at, in->lane.bits / 8))
      return outside(vm, in, m, at, in->lane.bits / 8);
    if (!is_written(m, at, in->lane.bits / 8)) return unwritten(vm, in, m, at, in->lane.bits / 8);
    widen(in->dst, i, m->data + at, 1, in->lane.bits);
  }
  return true;
}

// The memory was made when the kernel was compiled.
static bool run_nothing(interp *vm, const insn *in) {
  (void)vm;
  (void)in;
  return true;
}

// Only a hint: no memory is touched, so nothing is checked.
static bool run_prefetch(interp *vm, const insn *in) {
  (void)vm;
  (void)in;
  return true;
}

// ---- products of tiles -----------------------------------------------------------------------------------

enum { TILE = 16, TILE_BYTES = 64 };

static uint8_t *tile_at(interp *vm, const insn *in, int arg, uint64_t size) {
  const ir_memory *m = in->arg[arg].buffer;
  uint64_t offset = *in->arg[arg + 1].index;
  if (inside(m, offset, size)) return m->data + offset;
  outside(vm, in, m, offset, size);
  return NULL;
}

static const uint8_t *written_tile_at(interp *vm, const insn *in, int arg, uint64_t size) {
  const uint8_t *at = tile_at(vm, in, arg, size);
  const ir_memory *m = in->arg[arg].buffer;
  uint64_t offset = *in->arg[arg + 1].index;
  if (at == NULL || is_written(m, offset, size)) return at;
  unwritten(vm, in, m, offset, size);
  return NULL;
}

static uint32_t word_at(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t dot_bytes(uint32_t sum, uint32_t a, uint32_t b) {
  for (unsigned j = 0; j < 4; j++) sum += (uint32_t)((int32_t)(int8_t)(a >> 8 * j) * (int32_t)(uint8_t)(b >> 8 * j));
  return sum;
}

static uint32_t dot_pair(uint32_t sum, uint32_t a, uint32_t b) {
  float s = fp_from_bits32(sum);
  s = fmaf(fp_from_bits32(a & 0xffff0000), fp_from_bits32(b & 0xffff0000), s);
  return fp_bits32(fmaf(fp_from_bits32(a << 16), fp_from_bits32(b << 16), s));
}

static bool multiply_tiles(interp *vm, const insn *in, uint32_t (*dot)(uint32_t sum, uint32_t a, uint32_t b)) {
  uint64_t rows = in->index;
  uint8_t *c = tile_at(vm, in, 0, (uint64_t)TILE * TILE_BYTES);
  const uint8_t *a = c == NULL ? NULL : written_tile_at(vm, in, 2, rows * 4 * TILE);
  const uint8_t *b = a == NULL ? NULL : written_tile_at(vm, in, 4, TILE_BYTES * rows);
  if (b == NULL) return false;
  mark_written(in->arg[0].buffer, *in->arg[1].index, (uint64_t)TILE * TILE_BYTES);
  for (unsigned m = 0; m < TILE; m++)
    for (unsigned n = 0; n < TILE; n++) {
      uint32_t sum = 0;
      for (uint64_t k = 0; k < rows; k++)
        sum = dot(sum, word_at(a + 4 * (m * rows + k)), word_at(b + TILE_BYTES * k + (size_t)4 * n));
      memcpy(c + (size_t)4 * (TILE * m + n), &sum, 4);
    }
  return true;
}

static bool run_tile_dot(interp *vm, const insn *in) { return multiply_tiles(vm, in, dot_bytes); }
static bool run_tile_pairs(interp *vm, const insn *in) { return multiply_tiles(vm, in, dot_pair); }

const insn_run interp_memory_runs[IR_OPCODE_COUNT] = {
    [IR_LOAD] = run_load,         [IR_LOAD_SPLAT] = run_load_splat,   [IR_LOAD_FIRST] = run_load_first,
    [IR_STORE] = run_store,       [IR_STORE_FIRST] = run_store_first, [IR_GATHER] = run_gather,
    [IR_PREFETCH] = run_prefetch, [IR_SCRATCH] = run_nothing,         [IR_DATA] = run_nothing,
    [IR_TILE_DOT] = run_tile_dot, [IR_TILE_PAIRS] = run_tile_pairs,
};
