// Running a plan: references, sizes for a batch, checks of a call, pieces of work.
#include <math.h>
#include <string.h>

#include "ir/plan_bytes.h"
#include "small_model.h"
#include "tests/check_main.h"

#define BATCH ((size_t)7)
#define WORKSPACE 16384

typedef struct workspace {
  _Alignas(64) uint8_t bytes[WORKSPACE];
} workspace;

static small_file file; // each test runs in a process of its own
static workspace work;

static qrt_model opened(const qrt_plan *plan) {
  qrt_model model;
  small_file_make(&file);
  ck_assert_int_eq(qrt_open_memory(&model, plan, file.bytes, SMALL_FILE), QRT_OK);
  return model;
}

static qrt_status run(const qrt_model *model, const float *x, float *y, size_t batch, const qrt_pool *pool) {
  const void *inputs[] = {x};
  void *outputs[] = {y};
  return qrt_run(model, batch, inputs, outputs, work.bytes, sizeof work, pool);
}

START_TEST(the_answer_is_exact_for_every_batch) {
  qrt_model model = opened(&small_plan);
  float *x = malloc(SMALL_MAX_BATCH * SMALL_COLUMNS * sizeof *x), y[SMALL_MAX_BATCH * SMALL_ROWS];
  small_inputs(x, SMALL_MAX_BATCH);
  for (size_t batch = 1; batch <= SMALL_MAX_BATCH; batch += batch < 20 ? 1 : 97) {
    memset(y, 0xff, sizeof y);
    ck_assert_int_eq(run(&model, x, y, batch, NULL), QRT_OK);
    for (size_t i = 0; i < batch * SMALL_ROWS; i++)
      ck_assert_float_eq(y[i], small_expected(x, i / SMALL_ROWS, i % SMALL_ROWS));
    for (size_t i = batch * SMALL_ROWS; i < SMALL_MAX_BATCH * SMALL_ROWS; i++) ck_assert(isnan(y[i])); // untouched
  }
  free(x);
}
END_TEST

START_TEST(a_call_is_checked) {
  qrt_model model = opened(&small_plan), none = {0};
  float x[BATCH * SMALL_COLUMNS] = {0}, y[BATCH * SMALL_ROWS];
  memset(y, 0xff, sizeof y);
  const void *inputs[] = {x}, *no_inputs[] = {NULL}, *odd_inputs[] = {(uint8_t *)x + 2};
  void *outputs[] = {y}, *no_outputs[] = {NULL}, *odd_outputs[] = {(uint8_t *)y + 1};
  size_t needed = qrt_workspace_size(&small_plan, BATCH);
  const struct {
    const qrt_model *model;
    size_t batch;
    const void *const *inputs;
    void *const *outputs;
    void *workspace;
    size_t size;
    qrt_status status;
  } cases[] = {
      {NULL, BATCH, inputs, outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&none, BATCH, inputs, outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, 0, inputs, outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, SMALL_MAX_BATCH + 1, inputs, outputs, work.bytes, WORKSPACE, QRT_ERROR_ARGUMENT},
      {&model, SIZE_MAX, inputs, outputs, work.bytes, WORKSPACE, QRT_ERROR_ARGUMENT},
      {&model, BATCH, NULL, outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, BATCH, no_inputs, outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, BATCH, odd_inputs, outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, BATCH, inputs, odd_outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, BATCH, inputs, NULL, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, BATCH, inputs, no_outputs, work.bytes, needed, QRT_ERROR_ARGUMENT},
      {&model, BATCH, inputs, outputs, NULL, needed, QRT_ERROR_WORKSPACE},
      {&model, BATCH, inputs, outputs, work.bytes, 0, QRT_ERROR_WORKSPACE},
      {&model, BATCH, inputs, outputs, work.bytes, needed - 1, QRT_ERROR_WORKSPACE},
      {&model, BATCH, inputs, outputs, work.bytes + 1, needed, QRT_ERROR_WORKSPACE},
      {&model, BATCH, inputs, outputs, work.bytes + 32, needed, QRT_ERROR_WORKSPACE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    qrt_status status = qrt_run(cases[i].model, cases[i].batch, cases[i].inputs, cases[i].outputs, cases[i].workspace,
                                cases[i].size, NULL);
    ck_assert_msg(status == cases[i].status, "case %zu: %s", i, qrt_status_text(status));
  }
  for (size_t i = 0; i < BATCH * SMALL_ROWS; i++) ck_assert(isnan(y[i])); // nothing ran
  ck_assert_int_eq(qrt_run(&model, BATCH, inputs, outputs, work.bytes, needed, NULL), QRT_OK);
}
END_TEST

START_TEST(a_closed_model_does_not_run) {
  qrt_model model = opened(&small_plan);
  float x[SMALL_COLUMNS] = {0}, y[SMALL_ROWS];
  qrt_close(&model);
  ck_assert_int_eq(run(&model, x, y, 1, NULL), QRT_ERROR_ARGUMENT);
}
END_TEST

START_TEST(workspace_sizes) {
  ck_assert_uint_eq(qrt_workspace_size(&small_plan, 1), 64 + 12);
  ck_assert_uint_eq(qrt_workspace_size(&small_plan, SMALL_MAX_BATCH), 64 + 12 * SMALL_MAX_BATCH);
  ck_assert_uint_eq(qrt_workspace_size(&small_plan, 0), 0);
  ck_assert_uint_eq(qrt_workspace_size(&small_plan, SMALL_MAX_BATCH + 1), 0);
  ck_assert_uint_eq(qrt_workspace_size(NULL, 1), 0);
  qrt_plan plan = small_plan;
  plan.bytes = NULL;
  ck_assert_uint_eq(qrt_workspace_size(&plan, 1), 0);
}
END_TEST

/* ---- plans made here ---- */
typedef struct kit {
  arena *mem;
  plan_writer w;
} kit;

static kit start(void) {
  kit k = {.mem = arena_new()};
  plan_writer_start(&k.w, k.mem);
  return k;
}

static plan_extent times(kit *k, plan_extent e, uint64_t factor) {
  return plan_combine(&k->w, QRT_PLAN_MUL, e, plan_constant(&k->w, factor));
}

static plan_extent plus(kit *k, plan_extent e, uint64_t more) {
  return plan_combine(&k->w, QRT_PLAN_ADD, e, plan_constant(&k->w, more));
}

static void record(const qrt_args *args, uint64_t begin, uint64_t end);
static const qrt_kernel made_kernels[] = {small_double, small_multiply, record};
static const qrt_tier made_tiers[] = {{.name = "base", .kernels = made_kernels}};

static qrt_plan finish(kit *k, uint64_t state_size) {
  plan_header header = {
      .name = "made", .model_id = SMALL_ID, .weights_size = SMALL_PAYLOAD, .state_size = state_size, .kernels = 3};
  plan_bytes bytes = plan_writer_finish(&k->w, &header);
  ck_assert_msg(bytes.data != NULL, "the plan %s", k->w.problem);
  return (qrt_plan){.abi_version = QRT_ABI_VERSION,
                    .tier_count = 1,
                    .kernel_count = 3,
                    .tiers = made_tiers,
                    .bytes = bytes.data,
                    .size = bytes.size};
}

START_TEST(workspaces_without_a_bound) {
  kit k = start();
  plan_extent batch = plan_add_symbol(&k.w, "batch", 1, 0), dims[] = {batch, plan_constant(&k.w, UINT64_MAX / 8)};
  plan_set_workspace(&k.w, plus(&k, times(&k, batch, 12), 64));
  qrt_plan plan = finish(&k, 0);
  ck_assert_uint_eq(qrt_workspace_size(&plan, 1000000), 64 + 12000000);
  ck_assert_uint_eq(qrt_workspace_size(&plan, SIZE_MAX / 12), 0); // with the fixed part it does not fit
  ck_assert_uint_eq(qrt_workspace_size(&plan, SIZE_MAX), 0);
  plan_add_port(&k.w, true, "x", QRT_F32, 2, dims);
  plan = finish(&k, 0);
  ck_assert_uint_ne(qrt_workspace_size(&plan, 2), 0);
  ck_assert_uint_eq(qrt_workspace_size(&plan, 3), 0);
  arena_free(k.mem);
}
END_TEST

/* ---- references ---- */
// Writes what it was given to its first buffer.
static void record(const qrt_args *args, uint64_t begin, uint64_t end) {
  qrt_args copy = *args;
  copy.sizes[QRT_MAX_SIZES - 2] = begin;
  copy.sizes[QRT_MAX_SIZES - 1] = end;
  memcpy(args->buffers[0], &copy, sizeof copy);
}

START_TEST(references_and_sizes_follow_the_batch) {
  kit k = start();
  plan_writer *w = &k.w;
  plan_extent batch = plan_add_symbol(w, "batch", 1, 10), none[] = {plan_constant(w, sizeof(qrt_args))};
  plan_set_workspace(w, plus(&k, times(&k, batch, 64), 64));
  plan_add_port(w, true, "a", QRT_I8, 1, &(plan_extent){plan_constant(w, 100)});
  plan_add_port(w, true, "b", QRT_F32, 2, (plan_extent[]){batch, plan_constant(w, 10)});
  plan_add_port(w, false, "c", QRT_U8, 1, none);
  plan_add_port(w, false, "d", QRT_I64, 1, &(plan_extent){plus(&k, times(&k, batch, 2), 1)});
  uint64_t buffers[] = {plan_buffer(w, QRT_OUTPUT, 0, 0),
                        plan_buffer(w, QRT_INPUT, 0, plan_constant(w, 100)),
                        plan_buffer(w, QRT_INPUT, 1, times(&k, batch, 40)),
                        plan_buffer(w, QRT_OUTPUT, 1, plus(&k, times(&k, batch, 8), 8)),
                        plan_buffer(w, QRT_WEIGHTS, 0, plan_constant(w, SMALL_PAYLOAD)),
                        plan_buffer(w, QRT_WORKSPACE, 0, plus(&k, times(&k, batch, 64), 32)),
                        plan_buffer(w, QRT_NONE, 9, batch)};
  plan_extent sizes[] = {plan_constant(w, 11), times(&k, batch, 2), plus(&k, times(&k, batch, 10), 1000),
                         plan_constant(w, UINT64_MAX)};
  plan_step step = {.kernel = 2,
                    .buffer_count = 7,
                    .buffers = buffers,
                    .size_count = 4,
                    .sizes = sizes,
                    .work = plus(&k, times(&k, batch, 3), 5),
                    .grain = 1};
  plan_add_step(w, &step);
  qrt_plan plan = finish(&k, 0);
  qrt_model model = opened(&plan);
  _Alignas(8) uint8_t a[100], b[400], d[168];
  qrt_args seen;
  const void *in[] = {a, b};
  void *out[] = {&seen, d};
  ck_assert_int_eq(qrt_run(&model, BATCH, in, out, work.bytes, 64 + 64 * BATCH, NULL), QRT_OK);
  ck_assert_ptr_eq(seen.buffers[1], a + 100);
  ck_assert_ptr_eq(seen.buffers[2], b + 40 * BATCH);
  ck_assert_ptr_eq(seen.buffers[3], d + 8 + 8 * BATCH);
  ck_assert_ptr_eq(seen.buffers[4], file.bytes + 64 + SMALL_PAYLOAD);
  ck_assert_ptr_eq(seen.buffers[5], work.bytes + 32 + 64 * BATCH);
  ck_assert_ptr_null(seen.buffers[6]);
  ck_assert_uint_eq(seen.sizes[0], 11);
  ck_assert_uint_eq(seen.sizes[1], 2 * BATCH);
  ck_assert_uint_eq(seen.sizes[2], 1000 + 10 * BATCH);
  ck_assert_uint_eq(seen.sizes[3], UINT64_MAX);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 2], 0);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 1], 5 + 3 * BATCH);
  arena_free(k.mem);
}
END_TEST

// A plan whose one step records a buffer at `offset` of a space of 64 + 8 batch bytes, twice that for the state.
static qrt_plan plan_of_place(kit *k, qrt_space space, plan_extent (*offset)(kit *k, plan_extent batch)) {
  *k = start();
  plan_extent batch = plan_add_symbol(&k->w, "batch", 1, 100), bytes = plus(k, times(k, batch, 8), 64);
  plan_set_workspace(&k->w, bytes);
  plan_add_port(&k->w, true, "x", QRT_U8, 1, &bytes);
  plan_add_port(&k->w, false, "y", QRT_U8, 1, &bytes);
  plan_add_port(&k->w, false, "seen", QRT_U8, 1, &(plan_extent){plan_constant(&k->w, sizeof(qrt_args))});
  uint64_t buffers[] = {plan_buffer(&k->w, QRT_OUTPUT, 1, 0), plan_buffer(&k->w, space, 0, offset(k, batch))};
  plan_step step = {.kernel = 2, .buffer_count = 2, .buffers = buffers, .work = 2, .grain = 1};
  plan_add_step(&k->w, &step);
  return finish(k, 128);
}

static plan_extent at_16_batch(kit *k, plan_extent batch) { return times(k, batch, 16); }
static plan_extent at_overflow(kit *k, plan_extent batch) { return times(k, batch, UINT64_MAX / 9); }
static plan_extent below_0(kit *k, plan_extent batch) {
  return plan_combine(&k->w, QRT_PLAN_SUB, plan_constant(&k->w, 9), batch);
}
static plan_extent by_0(kit *k, plan_extent batch) {
  plan_extent zero = plan_combine(&k->w, QRT_PLAN_SUB, plan_constant(&k->w, 10), batch);
  return plan_combine(&k->w, QRT_PLAN_DIV, plan_constant(&k->w, 10), zero);
}
static plan_extent rest_by_0(kit *k, plan_extent batch) {
  plan_extent zero = plan_combine(&k->w, QRT_PLAN_SUB, plan_constant(&k->w, 10), batch);
  return plan_combine(&k->w, QRT_PLAN_REM, plan_constant(&k->w, 10), zero);
}

static const struct place_case {
  qrt_space space;
  plan_extent (*offset)(kit *k, plan_extent batch);
  size_t last; // the largest batch for which the place exists
} place_cases[] = {
    {QRT_INPUT, at_16_batch, 8},     {QRT_OUTPUT, at_16_batch, 8}, {QRT_WEIGHTS, at_16_batch, 8},
    {QRT_WORKSPACE, at_16_batch, 8}, {QRT_STATE, at_16_batch, 8},  {QRT_WORKSPACE, below_0, 9},
    {QRT_WORKSPACE, by_0, 9},        {QRT_INPUT, rest_by_0, 9},    {QRT_STATE, at_overflow, 0},
};

START_TEST(places_stay_in_their_spaces) {
  const struct place_case *row = &place_cases[_i];
  kit k;
  qrt_plan plan = plan_of_place(&k, row->space, row->offset);
  qrt_model model = opened(&plan);
  _Alignas(64) static uint8_t x[1024], y[1024], state[128];
  for (uint64_t batch = 1; batch <= 20; batch++) {
    qrt_args seen = {.sizes = {7}};
    const void *in[] = {x};
    void *out[] = {y, &seen};
    qrt_call call = {.sizes = &batch,
                     .size_count = 1,
                     .inputs = in,
                     .outputs = out,
                     .state = state,
                     .state_size = sizeof state,
                     .workspace = work.bytes,
                     .workspace_size = sizeof work};
    qrt_status status = qrt_run_call(&model, &call);
    ck_assert_int_eq(status, batch <= row->last ? QRT_OK : QRT_ERROR_ARGUMENT);
    ck_assert_uint_eq(seen.sizes[0], status == QRT_OK ? 0 : 7); // a refused call runs nothing
  }
  arena_free(k.mem);
}
END_TEST

/* ---- several sizes, states and conditions ---- */
// tokens + past <= 16 is condition 4, tokens == 3 or less than past + 1 condition 5.
static qrt_plan plan_of_sizes(kit *k) {
  *k = start();
  plan_writer *w = &k->w;
  plan_extent tokens = plan_add_symbol(w, "tokens", 1, 8), past = plan_add_symbol(w, "past", 0, 0);
  plan_extent all = plan_combine(w, QRT_PLAN_ADD, tokens, past);
  plan_add_condition(w, QRT_PLAN_AT_MOST, all, plan_constant(w, 16), 4);
  plan_add_condition(w, QRT_PLAN_LESS, times(k, tokens, 1), plus(k, past, 4), 5);
  plan_set_workspace(w, plan_combine(w, QRT_PLAN_MAX, times(k, all, 64), plan_constant(w, 512)));
  plan_add_port(w, false, "seen", QRT_U8, 1, &(plan_extent){plan_constant(w, sizeof(qrt_args))});
  uint64_t buffers[] = {plan_buffer(w, QRT_OUTPUT, 0, 0), plan_buffer(w, QRT_STATE, 0, times(k, past, 8))};
  plan_extent sizes[] = {plan_combine(w, QRT_PLAN_MUL, tokens, all), plan_combine(w, QRT_PLAN_DIV, past, 6),
                         plan_combine(w, QRT_PLAN_REM, past, 6), plan_combine(w, QRT_PLAN_MIN, tokens, past),
                         plan_combine(w, QRT_PLAN_SUB, all, tokens)};
  plan_step step = {
      .kernel = 2, .buffer_count = 2, .buffers = buffers, .size_count = 5, .sizes = sizes, .work = all, .grain = 1};
  plan_add_step(w, &step);
  return finish(k, 128);
}

START_TEST(a_call_with_several_sizes) {
  kit k;
  qrt_plan plan = plan_of_sizes(&k);
  qrt_model model = opened(&plan);
  _Alignas(64) uint8_t state[128];
  qrt_args seen;
  void *out[] = {&seen};
  uint64_t sizes[] = {5, 11};
  qrt_call call = {.sizes = sizes, .size_count = 2, .outputs = out, .state = state, .state_size = 128};
  ck_assert_int_eq(qrt_call_workspace(&plan, sizes, 2, &call.workspace_size), QRT_OK);
  ck_assert_uint_eq(call.workspace_size, 1024);
  call.workspace = work.bytes;
  ck_assert_int_eq(qrt_run_call(&model, &call), QRT_OK);
  ck_assert_ptr_eq(seen.buffers[1], state + 88);
  const uint64_t expected[] = {80, 3, 2, 5, 11};
  for (size_t i = 0; i < 5; i++) ck_assert_uint_eq(seen.sizes[i], expected[i]);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 1], 16);
  call.state_size = 127;
  ck_assert_int_eq(qrt_run_call(&model, &call), QRT_ERROR_ARGUMENT);
  call.state_size = 128;
  call.state = state + 32;
  ck_assert_int_eq(qrt_run_call(&model, &call), QRT_ERROR_ARGUMENT);
  call.state = NULL;
  ck_assert_int_eq(qrt_run_call(&model, &call), QRT_ERROR_ARGUMENT);
  call.state = state;
  call.size_count = 1;
  ck_assert_int_eq(qrt_run_call(&model, &call), QRT_ERROR_ARGUMENT);
  call.size_count = 2;
  call.workspace_size = 1023;
  ck_assert_int_eq(qrt_run_call(&model, &call), QRT_ERROR_WORKSPACE);
  ck_assert_int_eq(qrt_run_call(&model, NULL), QRT_ERROR_ARGUMENT);
  ck_assert_uint_eq(qrt_workspace_size(&plan, 1), 0); // which has two sizes
  arena_free(k.mem);
}
END_TEST

START_TEST(conditions_are_told_by_their_numbers) {
  static const struct {
    uint64_t sizes[2];
    qrt_status status;
    uint32_t condition;
  } rows[] = {{{5, 11}, QRT_OK, 99},
              {{5, 12}, QRT_ERROR_CONDITION, 4},
              {{4, 1}, QRT_OK, 99},
              {{4, 0}, QRT_ERROR_CONDITION, 5},
              {{3, 0}, QRT_OK, 99},
              {{0, 0}, QRT_ERROR_ARGUMENT, 99},
              {{9, 0}, QRT_ERROR_ARGUMENT, 99},
              {{8, UINT64_MAX}, QRT_ERROR_ARGUMENT, 99}};
  kit k;
  qrt_plan plan = plan_of_sizes(&k);
  qrt_model model = opened(&plan);
  _Alignas(64) uint8_t state[128];
  qrt_args seen;
  void *out[] = {&seen};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    qrt_call call = {.sizes = rows[i].sizes,
                     .size_count = 2,
                     .condition = 99,
                     .outputs = out,
                     .state = state,
                     .state_size = 128,
                     .workspace = work.bytes,
                     .workspace_size = sizeof work};
    ck_assert_int_eq(qrt_run_call(&model, &call), rows[i].status);
    ck_assert_uint_eq(call.condition, rows[i].condition);
    size_t bytes = 7;
    ck_assert_int_eq(qrt_call_workspace(&plan, rows[i].sizes, 2, &bytes), rows[i].status);
    ck_assert((rows[i].status == QRT_OK) == (bytes != 7));
  }
  arena_free(k.mem);
}
END_TEST

// More values than the stack has room for are at the beginning of the workspace.
START_TEST(many_values_lie_in_the_workspace) {
  enum { VALUES = 200 };
  kit k = start();
  plan_extent batch = plan_add_symbol(&k.w, "batch", 1, 10), value = batch;
  plan_set_workspace(&k.w, times(&k, batch, 64));
  plan_add_port(&k.w, false, "seen", QRT_U8, 1, &(plan_extent){plan_constant(&k.w, sizeof(qrt_args))});
  uint64_t buffers[] = {plan_buffer(&k.w, QRT_OUTPUT, 0, 0), plan_buffer(&k.w, QRT_WORKSPACE, 0, times(&k, batch, 64))};
  for (int i = 0; i < VALUES; i++) value = plan_combine(&k.w, QRT_PLAN_ADD, value, batch);
  plan_step step = {
      .kernel = 2, .buffer_count = 2, .buffers = buffers, .size_count = 1, .sizes = &value, .work = 2, .grain = 1};
  plan_add_step(&k.w, &step);
  qrt_plan plan = finish(&k, 0);
  qrt_model model = opened(&plan);
  size_t slots = 1 + 1 + 1 + VALUES + 2, needed = (slots * 8 + 63) / 64 * 64 + 64 * 7;
  qrt_args seen;
  void *out[] = {&seen};
  ck_assert_uint_eq(qrt_workspace_size(&plan, 7), needed);
  ck_assert_int_eq(qrt_run(&model, 7, NULL, out, work.bytes, needed - 1, NULL), QRT_ERROR_WORKSPACE);
  ck_assert_int_eq(qrt_run(&model, 7, NULL, out, work.bytes, needed, NULL), QRT_OK);
  ck_assert_ptr_eq(seen.buffers[1], work.bytes + needed);
  ck_assert_uint_eq(seen.sizes[0], 7 * (VALUES + 1));
  arena_free(k.mem);
}
END_TEST

START_TEST(a_model_without_workspace_needs_none) {
  kit k = start();
  plan_add_port(&k.w, true, "x", QRT_F32, 1, &(plan_extent){plan_constant(&k.w, SMALL_COLUMNS)});
  plan_add_port(&k.w, false, "y", QRT_F32, 1, &(plan_extent){plan_constant(&k.w, SMALL_ROWS)});
  uint64_t buffers[] = {plan_buffer(&k.w, QRT_WEIGHTS, 0, plan_constant(&k.w, 64)), plan_buffer(&k.w, QRT_INPUT, 0, 0),
                        plan_buffer(&k.w, QRT_OUTPUT, 0, 0), 0};
  plan_extent sizes[] = {plan_constant(&k.w, SMALL_COLUMNS), plan_constant(&k.w, SMALL_ROWS)};
  plan_step step = {
      .kernel = 1, .buffer_count = 4, .buffers = buffers, .size_count = 2, .sizes = sizes, .work = 2, .grain = 1};
  plan_add_step(&k.w, &step);
  qrt_plan plan = finish(&k, 0);
  qrt_model model = opened(&plan);
  float x[SMALL_COLUMNS] = {2, 4, 6}, half[SMALL_COLUMNS] = {1, 2, 3}, y[SMALL_ROWS];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  ck_assert_int_eq(qrt_run(&model, 1, inputs, outputs, NULL, 0, NULL), QRT_OK);
  for (size_t i = 0; i < SMALL_ROWS; i++) ck_assert_float_eq(y[i], small_expected(half, 0, i));
  ck_assert_int_eq(qrt_run(&model, 2, inputs, outputs, NULL, 0, NULL), QRT_ERROR_ARGUMENT); // it has no batch
  ck_assert_int_eq(qrt_run(&model, 0, inputs, outputs, NULL, 0, NULL), QRT_ERROR_ARGUMENT);
  arena_free(k.mem);
}
END_TEST

/* ---- pieces ---- */
#define ITEMS 300

// Counts how often each item is computed, and checks the cuts: sizes[0] is the grain, sizes[1] the work.
static void count_items(const qrt_args *args, uint64_t begin, uint64_t end) {
  uint64_t grain = args->sizes[0], all = args->sizes[1];
  uint8_t *counts = args->buffers[0];
  ck_assert(begin < end && end <= all);
  ck_assert(begin % grain == 0 && (end % grain == 0 || end == all));
  ck_assert(end - begin >= grain || (begin == 0 && end == all));
  for (uint64_t i = begin; i < end; i++) counts[i]++;
}

// Runs the pieces backwards, as a pool may, and counts them.
static void run_backwards(void *self, void (*fn)(void *context, unsigned i), void *context, unsigned count) {
  *(unsigned *)self += count;
  while (count > 0) fn(context, --count);
}

START_TEST(pieces_cover_the_work_once) {
  for (unsigned threads = 0; threads <= 9; threads++)
    for (uint64_t grain = 0; grain < 40; grain += grain < 9 ? 1 : 6)
      for (uint64_t items = 0; items <= ITEMS; items += items < 70 ? 1 : 23) {
        uint8_t counts[ITEMS] = {0};
        unsigned pieces = 0;
        qrt_pool pool = {.self = &pieces, .threads = threads, .run = run_backwards};
        qrt_args args = {.buffers = {counts}, .sizes = {grain ? grain : 1, items}};
        qrt_parallel(&pool, count_items, &args, items, grain);
        unsigned wrong = 0;
        for (uint64_t i = 0; i < ITEMS; i++) wrong += counts[i] != (i < items);
        ck_assert_uint_eq(wrong, 0);
        if (grain && items / grain >= 2 && threads >= 2) ck_assert_uint_ge(pieces, 2);
        if (threads < 2) ck_assert_uint_eq(pieces, 0);
      }
}
END_TEST

START_TEST(huge_work_is_cut_without_overflow) {
  unsigned pieces = 0;
  qrt_pool pool = {.self = &pieces, .threads = UINT32_MAX, .run = run_backwards};
  qrt_args seen = {{NULL}, {0}}, args = {.buffers = {&seen}};
  qrt_parallel(&pool, record, &args, UINT64_MAX, 1);
  ck_assert_uint_gt(pieces, 1);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 2], 0); // the first piece ran last
  qrt_parallel(&pool, record, &args, UINT64_MAX, UINT64_MAX);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 1], UINT64_MAX);
}
END_TEST

START_TEST(a_pool_without_a_function_is_no_pool) {
  qrt_pool pool = {.threads = 4};
  uint8_t counts[ITEMS] = {0};
  qrt_args args = {.buffers = {counts}, .sizes = {1, ITEMS}};
  qrt_parallel(&pool, count_items, &args, ITEMS, 1);
  qrt_parallel(NULL, count_items, &args, ITEMS, 1);
  for (int i = 0; i < ITEMS; i++) ck_assert_uint_eq(counts[i], 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("qrt_run");
  const TTest *runs[] = {the_answer_is_exact_for_every_batch,
                         a_call_is_checked,
                         a_closed_model_does_not_run,
                         workspace_sizes,
                         workspaces_without_a_bound,
                         references_and_sizes_follow_the_batch,
                         a_call_with_several_sizes,
                         conditions_are_told_by_their_numbers,
                         many_values_lie_in_the_workspace,
                         a_model_without_workspace_needs_none,
                         NULL};
  check_add(suite, "run", runs);
  TCase *places = tcase_create("places");
  tcase_add_loop_test(places, places_stay_in_their_spaces, 0, sizeof place_cases / sizeof place_cases[0]);
  suite_add_tcase(suite, places);
  const TTest *pieces[] = {pieces_cover_the_work_once, huge_work_is_cut_without_overflow,
                           a_pool_without_a_function_is_no_pool, NULL};
  check_add(suite, "pieces", pieces);
  return check_main(suite);
}
