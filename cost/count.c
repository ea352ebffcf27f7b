// Counting what a kernel does, by walking its loops with the sizes of a call.
#include <string.h>

#include "cost/predict.h"
#include "support/num.h"

#define MAX_KNOWN 64

// An index whose value is known: a parameter or the index of a loop that is being walked.
typedef struct known {
  const ir_value *value;
  uint64_t number;
} known;

typedef struct walker {
  arena *mem;
  const target_tier *tier;
  bool integer;
  size_t known_count;
  known known[MAX_KNOWN];
  double times; // that the operations at hand are done
  kernel_counts out;
} walker;

// ---- indices ---------------------------------------------------------------------------------------------

static uint64_t number_of(const walker *w, const ir_value *v) {
  for (size_t i = w->known_count; i-- > 0;)
    if (w->known[i].value == v) return w->known[i].number;
  const ir_op *op = v->def;
  if (op == NULL) return 0;
  if (op->code == IR_INDEX_CONST) return (uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0);
  if (op->operand_count != 2) return op->code == IR_THREADS;
  uint64_t x = number_of(w, op->operands[0]), y = number_of(w, op->operands[1]);
  switch (op->code) {
  case IR_IADD: return x + y;
  case IR_ISUB: return x - y;
  case IR_IMUL: return x * y;
  case IR_IDIV: return y == 0 ? 0 : x / y;
  case IR_IREM: return y == 0 ? 0 : x % y;
  case IR_IMIN: return x < y ? x : y;
  default: return 0;
  }
}

static void know(walker *w, const ir_value *v, uint64_t number) {
  if (w->known_count < MAX_KNOWN) w->known[w->known_count++] = (known){v, number};
}

// ---- registers -------------------------------------------------------------------------------------------

static double vectors_of(const walker *w, const ir_type *t) {
  if (t->kind != IR_VECTOR) return 0;
  uint64_t bits = (uint64_t)t->lanes * elem_get(t->elem)->bits, natural = (uint64_t)w->tier->lanes * 32;
  return (double)num_ceil_div(bits, natural);
}

static bool is_constant(const ir_value *v) { return v->def != NULL && v->def->code == IR_SPLAT_CONST; }

// The values that are alive, by a table of pointers.
typedef struct live_set {
  size_t mask;
  const ir_value **slots;
} live_set;

static bool add_live(live_set *s, const ir_value *v) {
  size_t at = ((uintptr_t)v >> 4) * 0x9E3779B9u & s->mask;
  while (s->slots[at] != NULL && s->slots[at] != v) at = (at + 1) & s->mask;
  bool fresh = s->slots[at] == NULL;
  s->slots[at] = v;
  return fresh;
}

// Registers that an innermost loop wants at most: backwards, a value is alive from its last use to its definition.
static double most_alive(const walker *w, const ir_block *body) {
  size_t size = 64;
  for (size_t i = 0; i < body->ops.len; i++)
    size += 2 * (body->ops.data[i]->operand_count + body->ops.data[i]->result_count);
  while ((size & (size - 1)) != 0) size &= size - 1;
  live_set s = {2 * size - 1, ARENA_ARRAY(w->mem, const ir_value *, 2 * size)};
  double alive = 0, most = 0;
  for (size_t i = body->ops.len; i-- > 0;) {
    const ir_op *op = body->ops.data[i];
    for (size_t r = 0; r < op->result_count; r++)
      if (!is_constant(op->results[r]) && !add_live(&s, op->results[r])) alive -= vectors_of(w, &op->results[r]->type);
    for (size_t k = 0; k < op->operand_count; k++)
      if (!is_constant(op->operands[k]) && add_live(&s, op->operands[k]))
        alive += vectors_of(w, &op->operands[k]->type);
    if (alive > most) most = alive;
  }
  return most;
}

// ---- operations ------------------------------------------------------------------------------------------

static bool is_innermost(const ir_block *b) {
  for (size_t i = 0; i < b->ops.len; i++)
    if (b->ops.data[i]->code == IR_FOR) return false;
  return true;
}

static uint64_t limit_of(const ir_op *op) {
  const ir_attr *table = ir_get_attr(op, IR_ATTR_TABLE), *levels = ir_get_attr(op, IR_ATTR_LEVELS);
  if (table != NULL) return table->count;
  return levels != NULL ? levels->count : (uint64_t)ir_attr_int(op, IR_ATTR_UMAX, 255);
}

typedef enum use { USE_FREE, USE_LOAD, USE_STORE, USE_DOT, USE_DECODE, USE_SCALE, USE_PRODUCT, USE_TILES } use;

static const unsigned char uses[IR_OPCODE_COUNT] = {
#define USE(op, use) [IR_##op] = USE_##use,
#include "cost/uses.def"
#undef USE
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
#define USE(op, use) +1
  WITH_A_USE = 0
#include "cost/uses.def"
#undef USE
};
_Static_assert(OPERATIONS == WITH_A_USE, "cost/uses.def lacks an operation");

static double *cycles_of(walker *w, use u) {
  if (u == USE_DOT || (u == USE_PRODUCT && !w->integer)) return &w->out.dots;
  return u == USE_DECODE ? &w->out.decode : &w->out.scales;
}

// Gathers are as slow as the table says however fast other operations are.
static bool is_gather(const walker *w, const ir_op *op, const ir_type *t) {
  if (op->code == IR_GATHER) return true;
  if (op->code != IR_LOOKUP && op->code != IR_LOOKUP_F32 && op->code != IR_LOOKUP_BF16) return false;
  const target_pattern *p = target_find_pattern(w->tier, op->code, t->elem, t->lanes, limit_of(op));
  return p == NULL || strcmp(p->sequence, "gather") == 0;
}

static void count_op(walker *w, const ir_op *op) {
  use u = (use)uses[op->code];
  if (u == USE_FREE) return;
  if (u == USE_TILES) {
    w->out.dots += w->times * (w->tier->tiles == NULL ? 0 : w->tier->tiles->cycles);
  } else if (u == USE_LOAD) {
    w->out.loads += w->times * (op->result_count > 0 ? vectors_of(w, &op->results[0]->type) : 1);
  } else if (u == USE_STORE) {
    w->out.stores += w->times * vectors_of(w, &op->operands[2]->type);
  } else {
    const ir_type *t = &op->results[0]->type;
    // A mask is as wide as what is compared.
    if (t->elem == ELEM_U1 && op->operand_count > 0) t = &op->operands[0]->type;
    *(is_gather(w, op, t) ? &w->out.gathers : cycles_of(w, u)) +=
        w->times * target_cost(w->tier, op->code, t->elem, t->lanes, limit_of(op));
  }
}

static void walk(walker *w, const ir_block *b);

// The body, for an index, as often as `turns` says.
static void walk_turns(walker *w, const ir_op *op, uint64_t index, uint64_t turns) {
  double before = w->times;
  size_t depth = w->known_count;
  w->times *= (double)turns;
  know(w, op->body->params[0], index);
  walk(w, op->body);
  w->known_count = depth;
  w->times = before;
}

// What the last turn does may be less, where the step does not divide the way.
static void walk_loop(walker *w, const ir_op *op) {
  uint64_t lo = number_of(w, op->operands[0]), hi = number_of(w, op->operands[1]), step = number_of(w, op->operands[2]);
  if (hi <= lo || step == 0) return;
  uint64_t turns = num_ceil_div(hi - lo, step), partial = (hi - lo) % step != 0 && turns > 1;
  walk_turns(w, op, lo, turns - partial);
  if (partial != 0) walk_turns(w, op, lo + (turns - 1) * step, 1);
}

static void walk(walker *w, const ir_block *b) {
  for (size_t i = 0; i < b->ops.len; i++) {
    if (b->ops.data[i]->code == IR_FOR) {
      walk_loop(w, b->ops.data[i]);
    } else {
      count_op(w, b->ops.data[i]);
    }
  }
  if (!is_innermost(b)) return;
  double excess = most_alive(w, b) - w->tier->registers;
  if (excess > 0) w->out.spills += w->times * excess;
}

kernel_counts lower_count(const ir_func *kernel, const target_tier *tier, bool integer, size_t size_count,
                          const uint64_t *sizes, uint64_t work) {
  walker w = {.mem = arena_new(), .tier = tier, .integer = integer, .times = 1};
  const ir_block *body = kernel->body;
  size_t first = body->param_count - 2 - size_count; // buffers come before
  for (size_t i = 0; i < size_count; i++) know(&w, body->params[first + i], sizes[i]);
  know(&w, body->params[body->param_count - 2], 0);
  know(&w, body->params[body->param_count - 1], work);
  walk(&w, body);
  arena_free(w.mem);
  return w.out;
}
