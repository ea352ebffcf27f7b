#include "random_plan.h"

#include "support/num.h"
#include "tests/sampling.h"

typedef struct drawing {
  random_plan *p;
  plan_writer w;
  uint64_t *state;
} drawing;

static uint64_t draw(drawing *t, uint64_t count) { return sampling_next(t->state) % count; }

// ---- nodes -----------------------------------------------------------------------------------------------

static uint64_t draw_constant(drawing *t) {
  switch (draw(t, 40)) {
  case 0: return sampling_next(t->state);
  case 1: return UINT64_MAX;
  case 2: return UINT64_C(1) << draw(t, 64);
  default: return draw(t, 20);
  }
}

static void add_node(drawing *t) {
  random_plan *p = t->p;
  random_node *n = &p->nodes[p->node_count];
  uint64_t kind = draw(t, p->node_count < 4 ? 2 : 4);
  *n = (random_node){.kind = NODE_OPERATION, .op = (qrt_plan_op)draw(t, QRT_PLAN_OPS)};
  if (kind == 1 && p->symbol_count > 0) {
    n->kind = NODE_SYMBOL;
    n->constant = draw(t, p->symbol_count);
    n->extent = 2 * n->constant + 1;
  } else if (kind < 2) {
    n->kind = NODE_CONSTANT;
    n->constant = draw_constant(t);
    n->extent = plan_constant(&t->w, n->constant);
  } else {
    n->a = draw(t, p->node_count);
    n->b = draw(t, p->node_count);
    n->extent = plan_combine(&t->w, n->op, p->nodes[n->a].extent, p->nodes[n->b].extent);
  }
  p->node_count++;
}

__extension__ typedef unsigned __int128 wide;

static bool compute(qrt_plan_op op, wide a, wide b, uint64_t *out) {
  wide r = 0;
  switch (op) {
  case QRT_PLAN_ADD: r = a + b; break;
  case QRT_PLAN_SUB:
    if (a < b) return false;
    r = a - b;
    break;
  case QRT_PLAN_MUL: r = a * b; break;
  case QRT_PLAN_DIV:
  case QRT_PLAN_REM:
    if (b == 0) return false;
    r = op == QRT_PLAN_DIV ? a / b : a % b;
    break;
  case QRT_PLAN_MIN: r = a < b ? a : b; break;
  default: r = a > b ? a : b; break;
  }
  *out = (uint64_t)r;
  return r <= UINT64_MAX;
}

void random_plan_values(const random_plan *p, const uint64_t *sizes, uint64_t *values, bool *exist) {
  for (size_t i = 0; i < p->node_count; i++) {
    const random_node *n = &p->nodes[i];
    exist[i] = true;
    if (n->kind == NODE_CONSTANT)
      values[i] = n->constant;
    else if (n->kind == NODE_SYMBOL)
      values[i] = sizes[n->constant];
    else
      exist[i] = exist[n->a] && exist[n->b] && compute(n->op, values[n->a], values[n->b], &values[i]);
  }
}

// ---- sections --------------------------------------------------------------------------------------------

static void draw_head(drawing *t) {
  random_plan *p = t->p;
  p->symbol_count = draw(t, RANDOM_SYMBOLS + 1);
  for (size_t i = 0; i < p->symbol_count; i++) {
    p->least[i] = draw(t, 3);
    p->most[i] = draw(t, 4) == 0 ? 0 : p->least[i] + draw(t, 300);
    plan_add_symbol(&t->w, "n", p->least[i], p->most[i]);
  }
  for (size_t i = 0; i < 8; i++) add_node(t);
  p->condition_count = draw(t, RANDOM_CONDITIONS + 1);
  for (size_t i = 0; i < p->condition_count; i++) {
    size_t a = draw(t, p->node_count), b = draw(t, p->node_count);
    qrt_plan_relation relation = draw(t, 8) == 0 ? QRT_PLAN_EQUAL : draw(t, 2) ? QRT_PLAN_LESS : QRT_PLAN_AT_MOST;
    p->conditions[i].relation = relation;
    p->conditions[i].a = a;
    p->conditions[i].b = b;
    plan_add_condition(&t->w, relation, p->nodes[a].extent, p->nodes[b].extent, (uint32_t)i + 1);
  }
  p->workspace = draw(t, p->node_count);
  plan_set_workspace(&t->w, p->nodes[p->workspace].extent);
  p->head_count = p->node_count;
}

static void draw_ports(drawing *t) {
  random_plan *p = t->p;
  p->port_count = 1 + draw(t, RANDOM_PORTS);
  p->input_count = draw(t, p->port_count); // an output at least
  for (size_t i = 0; i < p->port_count; i++) {
    p->dims[i] = draw(t, p->node_count);
    plan_add_port(&t->w, i < p->input_count, "p", QRT_U8, 1, &p->nodes[p->dims[i]].extent);
  }
}

static random_buffer draw_buffer(drawing *t) {
  const random_plan *p = t->p;
  random_buffer b = {.space = (qrt_space)draw(t, QRT_STATE + 1), .offset = draw(t, p->node_count)};
  if (b.space == QRT_INPUT && p->input_count == 0) b.space = QRT_NONE;
  if (b.space == QRT_INPUT) b.index = draw(t, p->input_count);
  if (b.space == QRT_OUTPUT) b.index = draw(t, p->port_count - p->input_count);
  return b;
}

static void draw_step(drawing *t) {
  random_plan *p = t->p;
  random_step *s = &p->steps[p->step_count++];
  uint64_t buffers[QRT_MAX_BUFFERS];
  plan_extent sizes[QRT_MAX_SIZES];
  *s = (random_step){.kernel = draw(t, RANDOM_KERNELS), .grain = 1 + draw(t, 300), .work = draw(t, p->node_count)};
  s->buffer_count = draw(t, draw(t, 4) == 0 ? QRT_MAX_BUFFERS + 1 : 2);
  s->size_count = draw(t, QRT_MAX_SIZES + 1);
  for (size_t i = 0; i < s->buffer_count; i++) {
    s->buffers[i] = draw_buffer(t);
    const random_buffer *b = &s->buffers[i];
    buffers[i] = plan_buffer(&t->w, b->space, b->index, p->nodes[b->offset].extent);
  }
  for (size_t i = 0; i < s->size_count; i++) {
    s->sizes[i] = draw(t, p->node_count);
    sizes[i] = p->nodes[s->sizes[i]].extent;
  }
  plan_step step = {.kernel = s->kernel,
                    .buffer_count = s->buffer_count,
                    .buffers = buffers,
                    .size_count = s->size_count,
                    .sizes = sizes,
                    .work = p->nodes[s->work].extent,
                    .grain = s->grain};
  plan_add_step(&t->w, &step);
}

const random_plan *random_plan_draw(arena *mem, uint64_t *state) {
  drawing t = {.p = ARENA_NEW(mem, random_plan), .state = state};
  random_plan *p = t.p;
  plan_writer_start(&t.w, mem);
  draw_head(&t);
  draw_ports(&t);
  (void)plan_buffer(&t.w, QRT_NONE, 0, 0); // what comes now is later
  for (size_t i = 0, more = draw(&t, RANDOM_NODES - p->node_count); i < more; i++) add_node(&t);
  for (size_t i = 0, steps = draw(&t, RANDOM_STEPS + 1); i < steps; i++) draw_step(&t);
  p->weights_size = 64 * draw(&t, 4);
  p->state_size = 64 * draw(&t, 4);
  plan_header header = {
      .name = "random", .weights_size = p->weights_size, .state_size = p->state_size, .kernels = RANDOM_KERNELS};
  p->bytes = plan_writer_finish(&t.w, &header);
  return p;
}
