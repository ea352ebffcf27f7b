// Cycles of operations: a pattern's own cost, or that of the portable expansion.
#include "targets/target.h"

// Portable expansions: `vector` cycles for each natural vector of the result, and `lane` cycles for each lane where the
// expansion goes lane by lane. An operation without a row is one instruction.
typedef struct portable_cost {
  double vector;
  double lane;
} portable_cost;

static const portable_cost portable[IR_OPCODE_COUNT] = {
    [IR_FOR] = {1, 0},        [IR_YIELD] = {0, 0},         [IR_LOAD] = {0.5, 0},       [IR_LOAD_SPLAT] = {0.5, 0},
    [IR_LOAD_FIRST] = {4, 2}, [IR_STORE] = {1, 0},         [IR_STORE_FIRST] = {4, 2},  [IR_GATHER] = {0, 3},
    [IR_POPCOUNT] = {10, 0},  [IR_MUL] = {2, 0},           [IR_BITS] = {1, 0},         [IR_DOT4] = {12, 0},
    [IR_PAIRS_U] = {7, 0},    [IR_PAIRS_S] = {7, 0},       [IR_DOT4S] = {14, 0},       [IR_LOOKUP] = {0, 2.5},
    [IR_DOT2] = {6, 0},       [IR_LOOKUP_BF16] = {1, 2.5}, [IR_LOOKUP_F32] = {1, 2.5}, [IR_ITOF] = {1, 0},
    [IR_FTOI] = {1, 0},       [IR_EXTF] = {3, 0},          [IR_TRUNCF] = {8, 0},       [IR_FDIV] = {8, 0},
    [IR_FSQRT] = {10, 0},     [IR_FMA] = {1, 0},           [IR_REDUCE_FADD] = {6, 0},  [IR_REDUCE_FMAX] = {6, 0},
    [IR_REDUCE_ADD] = {6, 0}, [IR_SELECT_LT] = {1.5, 0},
};

static double vectors(const target_tier *tier, elem_type elem, uint32_t lanes) {
  uint64_t bits = (uint64_t)lanes * elem_get(elem)->bits;
  uint64_t natural = (uint64_t)tier->lanes * 32;
  return (double)((bits + natural - 1) / natural);
}

double target_cost(const target_tier *tier, ir_opcode op, elem_type elem, uint32_t lanes, uint64_t limit) {
  const target_pattern *p = target_find_pattern(tier, op, elem, lanes, limit);
  if (p != NULL) return p->cost * (double)(lanes / p->lanes);
  portable_cost c = portable[op];
  bool listed = c.vector > 0 || c.lane > 0;
  double cycles = tier->cycles > 0 ? tier->cycles : 1;
  return (listed ? c.vector : 0.5) * cycles * vectors(tier, elem, lanes) + c.lane * (double)lanes;
}
