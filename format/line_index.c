#include "format/line_index.h"

#include <stdlib.h>

#include "format/eval.h"
#include "format/int_math.h"
#include "support/num.h"

// Facts about a tensor's elements along one axis, each with the shape of the tensor; NULL where no place asks.
typedef struct line_facts {
  uint32_t *order;    // the element that is number i of its line
  uint32_t *descents; // of the elements up to this one, those that are not greater than the one before them
  uint64_t *ones;     // bits set in the elements before this one
} line_facts;

struct line_index {
  const layout_input *inputs;
  line_facts (*facts)[SCHEME_MAX_RANK]; // by tensor and axis
};

static int64_t element(const layout_input *t, uint64_t at) { return elem_decode_int(t->type, eval_element(t, at)); }

static uint64_t element_count(const layout_input *t) {
  uint64_t count = 1;
  for (unsigned i = 0; i < t->rank; i++) count *= t->dims[i]; // the tensor is in memory: this cannot overflow
  return count;
}

// ---- facts of one line ----

typedef struct keyed {
  int64_t key;
  uint32_t at;
} keyed;

static int compare_keyed(const void *x, const void *y) {
  const keyed *a = x, *b = y;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->at < b->at ? -1 : a->at > b->at;
}

static void sort_line(const layout_input *t, const tensor_line *line, keyed *keys, uint32_t *order) {
  bool sorted = true;
  for (uint64_t i = 0; i < line->length; i++) {
    keys[i] = (keyed){.key = element(t, line->first + i * line->stride), .at = (uint32_t)i};
    sorted = sorted && (i == 0 || keys[i - 1].key <= keys[i].key);
  }
  if (!sorted) qsort(keys, (size_t)line->length, sizeof *keys, compare_keyed);
  for (uint64_t i = 0; i < line->length; i++) order[line->first + i * line->stride] = keys[i].at;
}

static void count_descents(const layout_input *t, const tensor_line *line, uint32_t *descents) {
  uint32_t count = 0;
  int64_t before = 0;
  for (uint64_t i = 0; i < line->length; i++) {
    uint64_t at = line->first + i * line->stride;
    int64_t number = element(t, at);
    count += i > 0 && number <= before;
    descents[at] = count;
    before = number;
  }
}

static void count_ones(const layout_input *t, const tensor_line *line, uint64_t *ones) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < line->length; i++) {
    uint64_t at = line->first + i * line->stride;
    ones[at] = count;
    count += (uint64_t)__builtin_popcountll(eval_element(t, at));
  }
}

// ---- facts of a tensor ----

// Calls nothing for tensors without elements. Lines are the elements that differ along the axis only.
static void fill_facts(const layout_input *t, unsigned axis, expr_op op, line_facts *facts, keyed *keys) {
  uint64_t stride = eval_stride(t, axis), length = t->dims[axis], count = element_count(t);
  for (uint64_t outer = 0; outer < count; outer += length * stride)
    for (uint64_t inner = 0; inner < stride; inner++) {
      tensor_line line = {.first = outer + inner, .stride = stride, .length = length};
      if (op == EXPR_ORDER) sort_line(t, &line, keys, facts->order);
      if (op == EXPR_FIND) count_descents(t, &line, facts->descents);
      if (op == EXPR_RANK) count_ones(t, &line, facts->ones);
    }
}

static bool add_facts(arena *a, line_index *x, const expr *e) {
  const layout_input *t = &x->inputs[e->index];
  line_facts *facts = &x->facts[e->index][e->axis];
  uint64_t count = element_count(t), bytes;
  if (!num_mul(count, sizeof(uint64_t), &bytes) || bytes > SIZE_MAX / 2 || t->dims[e->axis] > UINT32_MAX) return false;
  if (e->op == EXPR_ORDER ? facts->order != NULL : e->op == EXPR_FIND ? facts->descents != NULL : facts->ones != NULL)
    return true;
  keyed *keys = NULL;
  if (e->op == EXPR_ORDER) facts->order = ARENA_ARRAY(a, uint32_t, (size_t)count);
  if (e->op == EXPR_ORDER) keys = ARENA_ARRAY(a, keyed, (size_t)t->dims[e->axis]);
  if (e->op == EXPR_FIND) facts->descents = ARENA_ARRAY(a, uint32_t, (size_t)count);
  if (e->op == EXPR_RANK) facts->ones = ARENA_ARRAY(a, uint64_t, (size_t)count);
  fill_facts(t, e->axis, e->op, facts, keys);
  return true;
}

static bool add_used(arena *a, line_index *x, const expr *e) {
  bool asks = e->op == EXPR_ORDER || e->op == EXPR_FIND || e->op == EXPR_RANK;
  bool ok = !asks || add_facts(a, x, e);
  for (unsigned i = 0; ok && i < e->arg_count; i++) ok = add_used(a, x, e->args[i]);
  return ok;
}

line_index *line_index_new(arena *a, const scheme_layout *l, const layout_input *inputs) {
  line_index *x = ARENA_NEW(a, line_index);
  x->inputs = inputs;
  x->facts = arena_alloc(a, l->tensor_count, sizeof *x->facts);
  for (size_t p = 0; p < l->place_count; p++)
    if (!add_used(a, x, l->places[p].raw)) return NULL;
  return x;
}

// ---- questions ----

int64_t line_order(const line_index *x, const tensor_line *line, uint64_t at) {
  return x->facts[line->tensor][line->axis].order[line->first + at * line->stride];
}

bool line_find(const line_index *x, const tensor_line *line, uint64_t from, uint64_t to, int64_t number, int64_t *out) {
  const layout_input *t = &x->inputs[line->tensor];
  const uint32_t *descents = x->facts[line->tensor][line->axis].descents;
  *out = -1;
  if (from == to) return true;
  if (descents[line->first + from * line->stride] != descents[line->first + (to - 1) * line->stride]) return false;
  while (from < to) {
    uint64_t middle = from + (to - from) / 2;
    int64_t found = element(t, line->first + middle * line->stride);
    if (found == number) return *out = (int64_t)middle, true;
    if (found < number)
      from = middle + 1;
    else
      to = middle;
  }
  return true;
}

int64_t line_rank(const line_index *x, const tensor_line *line, uint64_t at) {
  const layout_input *t = &x->inputs[line->tensor];
  unsigned bits = elem_get(t->type)->bits;
  if (line->length == 0) return 0;
  uint64_t i = at / bits, skip = at % bits;
  if (i == line->length) {
    i--;
    skip = bits;
  }
  uint64_t e = line->first + i * line->stride, before = int_low_bits(eval_element(t, e), (unsigned)skip);
  return (int64_t)x->facts[line->tensor][line->axis].ones[e] + __builtin_popcountll(before);
}
