// Cycles of operations: a pattern's own cost, or that of the portable expansion.
#include "targets/target.h"

typedef struct portable_cost {
  double vector;
  double lane;
} portable_cost;

#define SIMPLE 0.5

static const portable_cost portable[IR_OPCODE_COUNT] = {
#define COST(op, vector, lane) [IR_##op] = {vector, lane},
#include "targets/costs.def"
#undef COST
};

// Operations of kernels, and rows of the table above; the compiler warns of two for one operation.
enum {
#define LEVEL_T 0
#define LEVEL_V 1
#define OP(id, text, level, least, most, results, flags) +LEVEL_##level
  OPERATIONS = 0
#include "ir/ops.def"
  ,
#undef OP
#define COST(op, vector, lane) +1
  WITH_A_COST = 0
#include "targets/costs.def"
#undef COST
};
_Static_assert(OPERATIONS == WITH_A_COST, "targets/costs.def lacks an operation");

static double vectors(const target_tier *tier, elem_type elem, uint32_t lanes) {
  uint64_t bits = (uint64_t)lanes * elem_get(elem)->bits;
  uint64_t natural = (uint64_t)tier->lanes * 32;
  return (double)((bits + natural - 1) / natural);
}

double target_cost(const target_tier *tier, ir_opcode op, elem_type elem, uint32_t lanes, uint64_t limit) {
  const target_pattern *p = target_find_pattern(tier, op, elem, lanes, limit);
  if (p != NULL) return p->cost * (double)(lanes / p->lanes);
  portable_cost c = portable[op];
  double cycles = tier->cycles > 0 ? tier->cycles : 1;
  return c.vector * cycles * vectors(tier, elem, lanes) + c.lane * (double)lanes;
}
