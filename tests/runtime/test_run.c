// Running a plan: references, sizes for a batch, checks of a call, pieces of work.
#include <math.h>
#include <string.h>

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
  qrt_plan unbounded = small_plan;
  unbounded.max_batch = 0;
  ck_assert_uint_eq(qrt_workspace_size(&unbounded, 1000000), 64 + 12000000);
  ck_assert_uint_eq(qrt_workspace_size(&unbounded, SIZE_MAX / 12), 0); // with the fixed part it does not fit
  ck_assert_uint_eq(qrt_workspace_size(&unbounded, SIZE_MAX), 0);
  qrt_port huge = {.name = "x", .bytes = {.per_batch = UINT64_MAX / 2}};
  unbounded.inputs = &huge;
  ck_assert_uint_ne(qrt_workspace_size(&unbounded, 2), 0);
  ck_assert_uint_eq(qrt_workspace_size(&unbounded, 3), 0);
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
  static const qrt_kernel kernels[] = {NULL, NULL, record};
  static const qrt_tier tiers[] = {{.name = "base", .kernels = kernels}};
  static const qrt_port inputs[] = {{"a", {.fixed = 100}}, {"b", {.per_batch = 40}}};
  static const qrt_port outputs[] = {{"c", {.fixed = sizeof(qrt_args)}}, {"d", {8, 16}}};
  static const qrt_step steps[] = {{.kernel = 2,
                                    .buffer_count = 7,
                                    .size_count = 3,
                                    .work = {5, 3},
                                    .grain = 1,
                                    .buffers = {{QRT_OUTPUT, 0, {0, 0}},
                                                {QRT_INPUT, 0, {100, 0}},
                                                {QRT_INPUT, 1, {0, 40}},
                                                {QRT_OUTPUT, 1, {8, 8}},
                                                {QRT_WEIGHTS, 0, {SMALL_PAYLOAD, 0}},
                                                {QRT_WORKSPACE, 0, {32, 64}},
                                                {QRT_NONE, 9, {1, 2}}},
                                    .sizes = {{11, 0}, {0, 2}, {1000, 10}}}};
  const qrt_plan plan = {.abi_version = QRT_ABI_VERSION,
                         .tier_count = 1,
                         .step_count = 1,
                         .input_count = 2,
                         .output_count = 2,
                         .max_batch = 10,
                         .model_id = SMALL_ID,
                         .weights_size = SMALL_PAYLOAD,
                         .workspace = {64, 64},
                         .name = "references",
                         .tiers = tiers,
                         .steps = steps,
                         .inputs = inputs,
                         .outputs = outputs};
  qrt_model model = opened(&plan);
  uint8_t a[100], b[400], d[168];
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
  ck_assert_ptr_null(seen.buffers[7]);
  ck_assert_uint_eq(seen.sizes[0], 11);
  ck_assert_uint_eq(seen.sizes[1], 2 * BATCH);
  ck_assert_uint_eq(seen.sizes[2], 1000 + 10 * BATCH);
  ck_assert_uint_eq(seen.sizes[3], 0);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 2], 0);
  ck_assert_uint_eq(seen.sizes[QRT_MAX_SIZES - 1], 5 + 3 * BATCH);
}
END_TEST

START_TEST(a_model_without_workspace_needs_none) {
  static const qrt_step step = {.kernel = 1,
                                .buffer_count = 3,
                                .size_count = 2,
                                .work = {.per_batch = 1},
                                .buffers = {{QRT_WEIGHTS, 0, {64, 0}}, {QRT_INPUT, 0, {0, 0}}, {QRT_OUTPUT, 0, {0, 0}}},
                                .sizes = {{SMALL_COLUMNS, 0}, {SMALL_ROWS, 0}}};
  qrt_plan plan = small_plan;
  plan.step_count = 1;
  plan.steps = &step;
  plan.workspace = (qrt_size){0, 0};
  qrt_model model = opened(&plan);
  float x[SMALL_COLUMNS] = {2, 4, 6}, half[SMALL_COLUMNS] = {1, 2, 3}, y[SMALL_ROWS];
  const void *inputs[] = {x};
  void *outputs[] = {y};
  ck_assert_int_eq(qrt_run(&model, 1, inputs, outputs, NULL, 0, NULL), QRT_OK);
  for (size_t i = 0; i < SMALL_ROWS; i++) ck_assert_float_eq(y[i], small_expected(half, 0, i));
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
                         references_and_sizes_follow_the_batch,
                         a_model_without_workspace_needs_none,
                         NULL};
  check_add(suite, "run", runs);
  const TTest *pieces[] = {pieces_cover_the_work_once, huge_work_is_cut_without_overflow,
                           a_pool_without_a_function_is_no_pool, NULL};
  check_add(suite, "pieces", pieces);
  return check_main(suite);
}
