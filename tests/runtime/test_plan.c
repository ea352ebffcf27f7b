// The plan's bytes: random plans do what direct arithmetic says, a lowered plan says what the IR's plan does, and no
// bytes lead out of the memory of a call.
#include <string.h>

#include "ir/plan_write.h"
#include "plan_call.h"
#include "random_plan.h"
#include "small_model.h"
#include "tests/check_main.h"

// ---- random plans ----------------------------------------------------------------------------------------

typedef struct expected {
  uint64_t values[RANDOM_NODES];
  bool exist[RANDOM_NODES];
} expected;

static bool sizes_are_in_bounds(const random_plan *p, const uint64_t *sizes) {
  for (size_t i = 0; i < p->symbol_count; i++)
    if (sizes[i] < p->least[i] || (p->most[i] != 0 && sizes[i] > p->most[i])) return false;
  return true;
}

static uint32_t broken_condition(const random_plan *p, const expected *e) {
  for (size_t i = 0; i < p->condition_count; i++) {
    uint64_t a = e->values[p->conditions[i].a], b = e->values[p->conditions[i].b];
    qrt_plan_relation relation = p->conditions[i].relation;
    bool holds = relation == QRT_PLAN_EQUAL ? a == b : relation == QRT_PLAN_LESS ? a < b : a <= b;
    if (!holds) return (uint32_t)i + 1;
  }
  return 0;
}

static bool all_exist(const expected *e, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!e->exist[i]) return false;
  return true;
}

static uint64_t space_bytes(const random_plan *p, const expected *e, const random_buffer *b) {
  switch (b->space) {
  case QRT_INPUT: return e->values[p->dims[b->index]];
  case QRT_OUTPUT: return e->values[p->dims[p->input_count + b->index]];
  case QRT_WEIGHTS: return p->weights_size;
  case QRT_WORKSPACE: return e->values[p->workspace];
  case QRT_STATE: return p->state_size;
  default: return UINT64_MAX;
  }
}

static bool places_exist(const random_plan *p, const expected *e) {
  for (size_t i = 0; i < p->step_count; i++)
    for (size_t j = 0; j < p->steps[i].buffer_count; j++)
      if (e->values[p->steps[i].buffers[j].offset] > space_bytes(p, e, &p->steps[i].buffers[j])) return false;
  return true;
}

static const uint8_t *buffer_of(const plan_call *c, const expected *e, const random_buffer *b) {
  uint64_t offset = e->values[b->offset];
  switch (b->space) {
  case QRT_INPUT: return c->ports[b->index] + offset;
  case QRT_OUTPUT: return c->ports[PLAN_MOST_PORTS + b->index] + offset;
  case QRT_WEIGHTS: return c->weights + offset;
  case QRT_WORKSPACE: return c->workspace + offset;
  case QRT_STATE: return c->state + offset;
  default: return NULL;
  }
}

static void compare_steps(const random_plan *p, const expected *e, const plan_call *c) {
  size_t at = 0;
  for (size_t i = 0; i < p->step_count; i++) {
    const random_step *s = &p->steps[i];
    if (e->values[s->work] == 0) continue;
    const noted_step *seen = &c->steps[at++];
    ck_assert_uint_eq(seen->work, e->values[s->work]);
    for (size_t j = 0; j < s->buffer_count; j++)
      ck_assert_ptr_eq(seen->args.buffers[j], buffer_of(c, e, &s->buffers[j]));
    for (size_t j = 0; j < s->size_count; j++) ck_assert_uint_eq(seen->args.sizes[j], e->values[s->sizes[j]]);
  }
  ck_assert_uint_eq(c->step_count, at);
}

// Weights at an offset that no call changes are looked at when the plan is.
static bool weights_exist(const random_plan *p) {
  for (size_t i = 0; i < p->step_count; i++)
    for (size_t j = 0; j < p->steps[i].buffer_count; j++) {
      const random_buffer *b = &p->steps[i].buffers[j];
      plan_extent offset = p->nodes[b->offset].extent;
      if (b->space == QRT_WEIGHTS && !(offset & 1) && offset >> 1 > p->weights_size) return false;
    }
  return true;
}

// 1 when the call ran, 0 when it was refused or takes more memory than the test has.
static unsigned try_sizes(const random_plan *p, const uint64_t *sizes) {
  plan_call c;
  expected e;
  random_plan_values(p, sizes, e.values, e.exist);
  if (!plan_call_run(&c, p->bytes.data, p->bytes.size, sizes)) return 0;
  bool head = sizes_are_in_bounds(p, sizes) && all_exist(&e, p->head_count);
  uint32_t condition = head ? broken_condition(p, &e) : 0;
  qrt_status status = head && condition                                             ? QRT_ERROR_CONDITION
                      : head && all_exist(&e, p->node_count) && places_exist(p, &e) ? QRT_OK
                                                                                    : QRT_ERROR_ARGUMENT;
  ck_assert_msg(c.status == status, "%s, not %s", qrt_status_text(c.status), qrt_status_text(status));
  ck_assert_uint_eq(c.condition, condition);
  if (status == QRT_OK)
    compare_steps(p, &e, &c);
  else
    ck_assert_uint_eq(c.step_count, 0);
  return status == QRT_OK;
}

START_TEST(random_plans_do_what_they_say) {
  uint64_t state = sampling_state(sampling_seed(), "random plans");
  unsigned ran = 0, plans = sampling_is_full() ? 200000 : 5000;
  for (unsigned i = 0; i < plans; i++) {
    arena *mem = arena_new();
    const random_plan *p = random_plan_draw(mem, &state);
    ck_assert_ptr_nonnull(p->bytes.data);
    ck_assert_int_eq(qrt_plan_check(p->bytes.data, p->bytes.size), weights_exist(p) ? QRT_OK : QRT_ERROR_FORMAT);
    for (unsigned j = 0; j < 4 && weights_exist(p); j++) {
      uint64_t sizes[RANDOM_SYMBOLS];
      for (size_t k = 0; k < RANDOM_SYMBOLS; k++)
        sizes[k] = sampling_next(&state) >> (sampling_next(&state) % 30 == 0 ? 0 : 57);
      ran += try_sizes(p, sizes);
    }
    arena_free(mem);
  }
  ck_assert_uint_gt(ran, plans / 4); // most of the rest subtract too much
}
END_TEST

START_TEST(equal_values_and_places_are_written_once) {
  arena *mem = arena_new();
  plan_writer w;
  plan_writer_start(&w, mem);
  plan_extent n = plan_add_symbol(&w, "n", 1, 9), three = plan_constant(&w, 3);
  plan_extent a = plan_combine(&w, QRT_PLAN_MUL, n, three), b = plan_combine(&w, QRT_PLAN_MUL, three, n);
  ck_assert_uint_eq(a, b);
  ck_assert_uint_eq(plan_combine(&w, QRT_PLAN_ADD, a, n), plan_combine(&w, QRT_PLAN_ADD, n, a));
  ck_assert_uint_ne(plan_combine(&w, QRT_PLAN_SUB, a, n), plan_combine(&w, QRT_PLAN_SUB, n, a));
  ck_assert_uint_eq(plan_combine(&w, QRT_PLAN_ADD, n, plan_constant(&w, 0)), n);
  ck_assert_uint_eq(plan_combine(&w, QRT_PLAN_MUL, plan_constant(&w, 1), n), n);
  ck_assert_uint_eq(plan_combine(&w, QRT_PLAN_MUL, n, plan_constant(&w, 0)), plan_constant(&w, 0));
  ck_assert_uint_eq(plan_combine(&w, QRT_PLAN_REM, plan_constant(&w, 17), three), plan_constant(&w, 2));
  uint64_t place = plan_buffer(&w, QRT_WORKSPACE, 0, a);
  ck_assert_uint_eq(place, plan_buffer(&w, QRT_WORKSPACE, 0, b));
  ck_assert_uint_ne(place, plan_buffer(&w, QRT_WORKSPACE, 0, n));
  ck_assert_uint_ne(place, plan_buffer(&w, QRT_STATE, 0, a));
  ck_assert_uint_eq(w.values.count, 4);
  arena_free(mem);
}
END_TEST

START_TEST(more_than_the_format_holds_is_a_problem) {
  static const struct {
    size_t values, buffers, kernels, rank;
    const char *problem;
  } rows[] = {{QRT_PLAN_STACK_SLOTS, 0, 1, 1, "has more sizes of inputs"},
              {1, QRT_MAX_BUFFERS + 1, 1, 1, "has a step with more buffers"},
              {1, 0, QRT_PLAN_MAX_KERNELS + 1, 1, "calls too many kernels"},
              {1, 0, 1, QRT_PLAN_MAX_RANK + 1, "of too many dimensions"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    arena *mem = arena_new();
    plan_writer w;
    plan_writer_start(&w, mem);
    plan_extent n = plan_add_symbol(&w, "n", 1, 9), value = n, dims[QRT_PLAN_MAX_RANK + 1] = {0};
    for (size_t j = 0; j < rows[i].values; j++) value = plan_combine(&w, QRT_PLAN_ADD, value, n);
    uint64_t buffers[QRT_MAX_BUFFERS + 1] = {0};
    plan_add_port(&w, false, "y", QRT_F32, rows[i].rank, dims);
    plan_add_step(&w, &(plan_step){.buffer_count = rows[i].buffers, .buffers = buffers, .grain = 1});
    plan_bytes bytes = plan_writer_finish(&w, &(plan_header){.name = "n", .kernels = rows[i].kernels});
    ck_assert_ptr_null(bytes.data);
    ck_assert_msg(strstr(w.problem, rows[i].problem) != NULL, "%s", w.problem);
    arena_free(mem);
  }
}
END_TEST

// ---- plans of modules ------------------------------------------------------------------------------------

static uint64_t at(ir_size s, uint64_t batch) { return s.fixed + s.per_batch * batch; }

static ir_size draw_size(uint64_t *state) {
  uint64_t kind = sampling_next(state) % 3;
  return (ir_size){.fixed = kind == 0 ? 0 : sampling_next(state) % 64,
                   .per_batch = kind == 1 ? 0 : sampling_next(state) % 64};
}

// Kernels take two buffers and three sizes each.
static ir_module *draw_module(arena *mem, uint64_t *state, uint64_t max_batch) {
  static const int64_t dims[] = {IR_BATCH, 100};
  static const char *const kernels[] = {"a", "b", "c"};
  ir_module *m = ir_module_new(mem, "drawn");
  ir_plan *p = m->plan = ARENA_NEW(mem, ir_plan);
  *p = (ir_plan){.input_count = 1, .output_count = 1, .weights_size = 64, .max_batch = max_batch};
  p->workspace = (ir_size){64, 64};
  p->inputs = ARENA_NEW(mem, ir_port);
  p->outputs = ARENA_NEW(mem, ir_port);
  p->inputs[0] = (ir_port){"x", ir_tensor(ELEM_F32, 2, dims)};
  p->outputs[0] = (ir_port){"y", ir_tensor(ELEM_F32, 2, dims)};
  for (size_t i = 0, count = sampling_next(state) % 20; i < count; i++) {
    ir_step *s = ARENA_NEW(mem, ir_step);
    *s = (ir_step){.kernel = kernels[sampling_next(state) % 3], .buffer_count = 2, .size_count = 3, .work = {1, 1}};
    s->grain = 1 + sampling_next(state) % 1000;
    s->buffers = ARENA_ARRAY(mem, ir_ref, 2);
    s->sizes = ARENA_ARRAY(mem, ir_size, 3);
    for (size_t j = 0; j < 2; j++) {
      ir_space space = (ir_space)(sampling_next(state) % (IR_SPACE_WORKSPACE + 1));
      s->buffers[j] = (ir_ref){.space = space};
      s->buffers[j].offset = space == IR_SPACE_WEIGHTS ? (ir_size){.fixed = 32} : draw_size(state);
    }
    for (size_t j = 0; j < 3; j++) s->sizes[j] = draw_size(state);
    vec_push(mem, &p->steps, s);
  }
  return m;
}

static const uint8_t *ir_buffer_of(const plan_call *c, const ir_ref *r, uint64_t batch) {
  const uint8_t *spaces[] = {[IR_SPACE_INPUT] = c->ports[0],
                             [IR_SPACE_OUTPUT] = c->ports[PLAN_MOST_PORTS],
                             [IR_SPACE_WEIGHTS] = c->weights,
                             [IR_SPACE_WORKSPACE] = c->workspace};
  return r->space == IR_SPACE_NONE ? NULL : spaces[r->space] + at(r->offset, batch);
}

static void compare_call(const ir_plan *p, const plan_image *image, uint64_t batch) {
  plan_call c;
  ck_assert(plan_call_run(&c, image->bytes, image->size, &batch));
  ck_assert_int_eq(c.status, QRT_OK);
  ck_assert_uint_eq(c.step_count, p->steps.len);
  for (size_t i = 0; i < p->steps.len; i++) {
    const ir_step *s = p->steps.data[i];
    ck_assert_uint_eq(c.steps[i].work, 1 + batch);
    for (size_t j = 0; j < 2; j++)
      ck_assert_ptr_eq(c.steps[i].args.buffers[j], ir_buffer_of(&c, &s->buffers[j], batch));
    for (size_t j = 0; j < 3; j++) ck_assert_uint_eq(c.steps[i].args.sizes[j], at(s->sizes[j], batch));
  }
}

static void compare_kernels(const ir_plan *p, const plan_image *image) {
  qrt_plan_reader r;
  qrt_plan_step step;
  uint64_t workspace, batch = 1;
  uint32_t condition;
  qrt_slot slots[QRT_PLAN_STACK_SLOTS + 1000];
  ck_assert_int_eq(qrt_plan_open(&r, image->bytes, image->size), QRT_OK);
  ck_assert_int_eq(qrt_plan_read_sizes(&r, &batch, r.symbols, slots, &workspace, &condition), QRT_OK);
  ck_assert(qrt_plan_read_ports(&r, slots, slots));
  ck_assert(qrt_plan_read_later(&r, slots));
  for (uint32_t i = 0; i < r.places; i++) (void)qrt_plan_read_place(&r);
  for (size_t i = 0; i < p->steps.len; i++) {
    qrt_plan_read_step(&r, &step);
    ck_assert_str_eq(image->kernels[step.kernel], p->steps.data[i]->kernel);
    ck_assert_uint_eq(step.grain, p->steps.data[i]->grain);
  }
  ck_assert_ptr_eq(r.at, image->bytes + image->size);
}

START_TEST(plans_of_modules_are_written_whole) {
  uint64_t state = sampling_state(sampling_seed(), "plans of modules");
  for (unsigned i = 0; i < 300; i++) {
    arena *mem = arena_new();
    diag *d = diag_new(mem, NULL, false);
    uint64_t bound = i % 4;
    ir_module *m = draw_module(mem, &state, bound);
    plan_image image;
    ck_assert_msg(ir_plan_write(d, mem, m, 7, &image), "%s", diag_text(d));
    ck_assert_int_eq(qrt_plan_check(image.bytes, image.size), QRT_OK);
    compare_kernels(m->plan, &image);
    for (uint64_t batch = 1; batch <= (bound == 0 ? 9 : bound); batch++) compare_call(m->plan, &image, batch);
    arena_free(mem);
  }
}
END_TEST

START_TEST(an_input_of_no_type_for_programs_is_told) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  uint64_t state = 1;
  ir_module *m = draw_module(mem, &state, 2);
  plan_image image;
  m->plan->inputs[0].type.elem = ELEM_F64;
  ck_assert(!ir_plan_write(d, mem, m, 7, &image));
  ck_assert_msg(strstr(diag_text(d), "no program can pass 'x' of type f64") != NULL, "%s", diag_text(d));
  arena_free(mem);
}
END_TEST

// ---- hostile bytes ---------------------------------------------------------------------------------------

static void damage(uint8_t *bytes, size_t size, uint64_t *state) {
  static const uint8_t usual[] = {0, 1, 2, 3, 0x7f, 0x80, 0xff};
  for (uint64_t i = 0, count = 1 + sampling_next(state) % 4; i < count; i++) {
    uint64_t number = sampling_next(state);
    bytes[24 + number % (size - 24)] =
        number >> 40 & 1 ? usual[(number >> 42) % sizeof usual] : (uint8_t)(number >> 48);
  }
}

START_TEST(damaged_plans_stay_in_the_memory_of_their_call) {
  uint64_t state = sampling_state(sampling_seed(), "damaged plans");
  unsigned accepted = 0, rounds = sampling_is_full() ? 1000000 : 30000;
  arena *mem = arena_new();
  for (unsigned i = 0; i < rounds; i++) {
    if (i % 100 == 0) {
      arena_free(mem);
      mem = arena_new();
    }
    const random_plan *p = random_plan_draw(mem, &state);
    uint8_t *bytes = malloc(p->bytes.size); // a sanitizer sees reads behind it
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, p->bytes.data, p->bytes.size);
    damage(bytes, p->bytes.size, &state);
    small_seal_plan(bytes, p->bytes.size);
    uint64_t sizes[QRT_PLAN_STACK_SLOTS];
    for (size_t k = 0; k < QRT_PLAN_STACK_SLOTS; k++) sizes[k] = sampling_next(&state) >> 59;
    plan_call c;
    if (qrt_plan_check(bytes, p->bytes.size) == QRT_OK && plan_call_run(&c, bytes, p->bytes.size, sizes)) {
      accepted++;
      ck_assert(plan_call_stayed_inside(&c));
    }
    free(bytes);
  }
  arena_free(mem);
  ck_assert_uint_gt(accepted, rounds / 50);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("qrt_plan");
  const TTest *all[] = {random_plans_do_what_they_say,
                        equal_values_and_places_are_written_once,
                        more_than_the_format_holds_is_a_problem,
                        plans_of_modules_are_written_whole,
                        an_input_of_no_type_for_programs_is_told,
                        damaged_plans_stay_in_the_memory_of_their_call,
                        NULL};
  check_add(suite, "plans", all);
  return check_main(suite);
}
