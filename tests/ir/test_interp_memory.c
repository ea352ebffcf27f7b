// Loads and stores touch the bytes they should and no others; a plan runs its steps on real memory.
#include <stdlib.h>
#include <string.h>

#include "../check_main.h"
#include "run_text.h"
#include "runtime/qrt.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

// ---- what is touched -------------------------------------------------------------------------------------

START_TEST(loads_need_no_alignment) {
  arena *mem = arena_new();
  uint8_t a[9] = {9, 0, 0, 0x80, 0x3f, 1, 2, 3, 4}, y[9];
  memset(y, 0xee, sizeof y);
  run_body(mem,
           "%one = index {value = 1} : index\n%five = index {value = 5} : index\n%f = load %a, %one : vector<1 x f32>\n"
           "store %y, %five, %f\n%h = load %a, %five : vector<2 x i16>\nstore %y, %one, %h",
           &(run_args){.a = RUN_MEMORY(a), .y = RUN_MEMORY(y)});
  ck_assert_mem_eq(y, ((uint8_t[]){0xee, 1, 2, 3, 4, 0, 0, 0x80, 0x3f}), sizeof y);
  arena_free(mem);
}
END_TEST

START_TEST(first_lanes_only) {
  arena *mem = arena_new();
  for (uint64_t n = 0; n < 10; n++) {
    uint16_t a[4] = {1, 2, 3, 4}, b[4], y[4] = {9, 9, 9, 9}, want_b[4] = {0}, want_y[4] = {9, 9, 9, 9};
    size_t real = n < 4 ? (size_t)n : 4;
    memcpy(want_b, a, real * 2);
    memcpy(want_y, a, real * 2);
    const char *said = run_body(mem,
                                "%x = load_first %a, %zero, %n : vector<4 x i16>\nstore %b, %zero, %x\n"
                                "store_first %y, %zero, %x, %n",
                                &(run_args){.a = {.data = (uint8_t *)a, .size = 2 * real},
                                            .b = RUN_MEMORY(b),
                                            .y = {.data = (uint8_t *)y, .size = 2 * real},
                                            .n = n});
    ck_assert_str_eq(said, "");
    ck_assert_mem_eq(b, want_b, sizeof b);
    ck_assert_mem_eq(y, want_y, sizeof y);
  }
  arena_free(mem);
}
END_TEST

START_TEST(nothing_is_loaded_from_nothing) {
  arena *mem = arena_new();
  uint8_t y[4];
  const char *said = run_body(
      mem, "%x = load_first %a, %n, %zero : vector<4 x i8>\nstore_first %b, %n, %x, %zero\nstore %y, %zero, %x",
      &(run_args){.y = RUN_MEMORY(y), .n = UINT64_MAX});
  ck_assert_str_eq(said, "");
  ck_assert_mem_eq(y, "\0\0\0\0", 4);
  arena_free(mem);
}
END_TEST

START_TEST(gathers_and_splats) {
  arena *mem = arena_new();
  uint8_t a[5] = {10, 11, 12, 13, 14};
  int32_t offsets[4] = {4, 0, 3, 3};
  uint8_t y[8];
  const char *said =
      run_body(mem,
               "%o = load %b, %zero : vector<4 x i32>\n%g = gather %a, %o : vector<4 x i8>\nstore %y, %zero, %g\n"
               "%s = load_splat %a, %n : vector<4 x i8>\n%four = index {value = 4} : index\nstore %y, %four, %s",
               &(run_args){.a = RUN_MEMORY(a), .b = RUN_MEMORY(offsets), .y = RUN_MEMORY(y), .n = 4});
  ck_assert_str_eq(said, "");
  ck_assert_mem_eq(y, ((uint8_t[]){14, 10, 13, 13, 14, 14, 14, 14}), 8);
  arena_free(mem);
}
END_TEST

// ---- what is refused -------------------------------------------------------------------------------------

static const struct {
  const char *body;
  uint64_t n;
  const char *message;
} bad[] = {
    {"%x = load %a, %n : vector<16 x i8>", 1,
     "'load' of %x: 16 bytes at offset 1 are outside buffer %a, which has 16 bytes"},
    {"%x = load %a, %n : vector<4 x f32>", 4, "'load' of %x: 16 bytes at offset 4"},
    {"%x = load %a, %n : vector<1 x i8>", 16, "1 bytes at offset 16"},
    {"%x = load %a, %n : vector<1 x i8>", UINT64_MAX, "1 bytes at offset 18446744073709551615"},
    {"%x = load %a, %n : vector<2 x i8>", UINT64_MAX, "2 bytes at offset 18446744073709551615"},
    {"%x = load_splat %a, %n : vector<4 x f32>", 13, "'load_splat' of %x: 4 bytes at offset 13"},
    {"%x = load_first %a, %zero, %n : vector<32 x i8>", 17, "'load_first' of %x: 17 bytes at offset 0"},
    {"%v = vector {value = 1} : vector<4 x i16>\n store %a, %n, %v", 9,
     "'store': 8 bytes at offset 9 are outside buffer %a"},
    {"%v = vector {value = 1} : vector<32 x i8>\n store_first %a, %zero, %v, %n", 17,
     "'store_first': 17 bytes at offset 0"},
    {"%v = vector {value = 13} : vector<1 x i32>\n%x = gather %a, %v : vector<1 x f32>", 0,
     "'gather' of %x: 4 bytes at offset 13"},
    {"%v = vector {value = -1} : vector<1 x i32>\n%x = gather %a, %v : vector<1 x i8>", 0,
     "1 bytes at offset 4294967295"},
    {"%x = load %b, %zero : vector<1 x i8>", 0, "outside buffer %b, which has 0 bytes"},
    {"%x = load %a, %n {align = 8} : vector<4 x i8>", 4, "the offset 4 is no multiple of 8, as was promised"},
};

START_TEST(bad_accesses_are_reported) {
  arena *mem = arena_new();
  uint8_t *a = calloc(1, 16); // of its own, so that AddressSanitizer sees a byte too many
  const char *said = run_body(mem, bad[_i].body, &(run_args){.a = {.data = a, .size = 16}, .n = bad[_i].n});
  ck_assert_msg(strstr(said, bad[_i].message) != NULL, "%s\ngave: %s", bad[_i].body, said);
  free(a);
  arena_free(mem);
}
END_TEST

// What only the first store has written is read by the operation after it.
static const struct {
  const char *body, *message; // message NULL: all that is read has been written
} read_rows[] = {
    {"%x = load %c, %zero : vector<2 x i8>\nstore %y, %zero, %x", NULL},
    {"%x = load %c, %two : vector<2 x i8>\nstore %y, %zero, %x",
     "'load' of %x: byte 1 of the 2 at offset 2 has not been written"},
    {"%x = load_first %c, %two, %one : vector<4 x i8>\nstore %y, %zero, %x", NULL},
    {"%x = load_first %c, %two, %two : vector<4 x i8>\nstore %y, %zero, %x", "byte 1 of the 2 at offset 2"},
    {"%x = load_splat %c, %two : vector<4 x i8>\nstore %y, %zero, %x", NULL},
    {"%x = load_splat %c, %zero : vector<4 x i32>\nstore %y, %zero, %x", "byte 3 of the 4 at offset 0"},
    {"%i = vector {value = 2} : vector<2 x i32>\n%x = gather %c, %i : vector<2 x i8>\nstore %y, %zero, %x", NULL},
    {"%i = vector {value = 3} : vector<2 x i32>\n%x = gather %c, %i : vector<2 x i8>\nstore %y, %zero, %x",
     "byte 0 of the 1 at offset 3"},
    {"%own = scratch {value = 8} : buffer\n%x = load %own, %zero : vector<1 x i32>\nstore %y, %zero, %x",
     "byte 0 of the 4 at offset 0 has not been written"},
};

START_TEST(reads_of_what_nobody_wrote_are_reported) {
  arena *mem = arena_new();
  uint8_t y[16];
  ir_memory c = ir_unwritten(mem, 4);
  ck_assert_uint_eq(ir_first_unwritten(&c), 0);
  const char *body = arena_printf(mem,
                                  "%%one = index {value = 1} : index\n%%two = index {value = 2} : index\n"
                                  "%%s = vector {value = 5} : vector<4 x i8>\n%%t = index.add %%one, %%two : index\n"
                                  "store_first %%c, %%zero, %%s, %%t\n%s",
                                  read_rows[_i].body);
  const char *said = run_body(mem, body, &(run_args){.c = c, .y = RUN_MEMORY(y)});
  ck_assert_uint_eq(ir_first_unwritten(&c), 3);
  if (read_rows[_i].message == NULL)
    ck_assert_str_eq(said, "");
  else
    ck_assert_msg(strstr(said, read_rows[_i].message) != NULL, "%s\ngave: %s", body, said);
  arena_free(mem);
}
END_TEST

START_TEST(wrong_arguments_are_reported) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  const ir_module *m = run_parse(mem, "module \"m\" batch 1\nkernel @k(%a: buffer, %begin: index, %end: index) { }\n"
                                      "model @n() -> () {\n  return ()\n}\n");
  const ir_memory none[2] = {{0}};
  uint64_t sizes[2] = {0};
  ck_assert(ir_interpret(d, m->funcs.data[0], 1, none, 0, NULL, 0, 0));
  ck_assert(!ir_interpret(d, m->funcs.data[0], 2, none, 0, NULL, 0, 0));
  ck_assert(!ir_interpret(d, m->funcs.data[0], 1, none, 1, sizes, 0, 0));
  ck_assert(!ir_interpret(d, m->funcs.data[1], 0, NULL, 0, NULL, 0, 0));
  ck_assert(strstr(diag_text(d), "kernel 'k' takes 1 buffers and 0 sizes, not 2 and 0") != NULL);
  ck_assert(strstr(diag_text(d), "'n' is a model, not a kernel") != NULL);
  arena_free(mem);
}
END_TEST

// ---- plans -----------------------------------------------------------------------------------------------

// y = (x + w) * (x + w), through the workspace; the second step gets an absent buffer too.
static const char plan_text[] =
    "module \"m\" batch 8\n"
    "kernel @add(%x: buffer, %w: buffer, %t: buffer, %stride: index, %begin: index, %end: index) {\n"
    "  %one = index {value = 1} : index\n  %zero = index {value = 0} : index\n  %b = load %w, %zero : vector<2 x f32>\n"
    "  for %i = %begin to %end step %one {\n"
    "    %eight = index {value = 8} : index\n    %from = index.mul %i, %eight : index\n    %to = index.mul %i, %stride "
    ": index\n"
    "    %v = load %x, %from : vector<2 x f32>\n    %s = add.f %v, %b : vector<2 x f32>\n    store %t, %to, %s\n    "
    "yield ()\n  }\n}\n"
    "kernel @square(%t: buffer, %none: buffer, %y: buffer, %stride: index, %rows: index, %begin: index, %end: index) "
    "{\n"
    "  %one = index {value = 1} : index\n"
    "  for %i = %begin to %rows step %one {\n"
    "    %eight = index {value = 8} : index\n    %to = index.mul %i, %eight : index\n    %from = index.mul %i, %stride "
    ": index\n"
    "    %v = load %t, %from : vector<2 x f32>\n    %s = mul.f %v, %v : vector<2 x f32>\n    store %y, %to, %s\n    "
    "yield ()\n  }\n}\n"
    "plan {\n"
    "  inputs = [{name = \"x\", type = tensor<batch x 2 x f32>}]\n  outputs = [{name = \"y\", type = tensor<batch x 2 "
    "x f32>}]\n"
    "  workspace = 64 + 64 batch\n  weights_size = 72\n  max_batch = 8\n"
    "  steps = [\n"
    "    {kernel = @add, layer = \"first\", buffers = [input 0 at 0, weights at 64, workspace at 64], sizes = [64], "
    "work = 0 + 1 batch, grain = 1},\n"
    "    {kernel = @square, buffers = [workspace at 64, none, output 0 at 0], sizes = [64, 0 + 1 batch], work = 1, "
    "grain = 1}\n"
    "  ]\n}\n";

typedef struct plan_case {
  arena *mem;
  diag *d;
  ir_module *m;
  float x[6];
  float y[6];
  float w[18];
  ir_memory input;
  ir_memory output;
  ir_memory weights;
} plan_case;

static void start(plan_case *t) {
  *t = (plan_case){.mem = arena_new(), .x = {1, 2, 3, 4, 5, 6}};
  t->d = diag_new(t->mem, NULL, false);
  t->m = run_parse(t->mem, plan_text);
  t->w[16] = 0.5f;
  t->w[17] = -2;
  t->input = RUN_MEMORY(t->x);
  t->output = RUN_MEMORY(t->y);
  t->weights = RUN_MEMORY(t->w);
}

static bool run_plan(plan_case *t, uint64_t batch) {
  return ir_interpret_plan(t->d, t->m, batch, &t->input, &t->output, &t->weights);
}

START_TEST(a_plan_runs) {
  plan_case t;
  start(&t);
  ck_assert_msg(run_plan(&t, 3), "%s", diag_text(t.d));
  for (int i = 0; i < 6; i++) {
    float s = t.x[i] + t.w[16 + i % 2];
    ck_assert(t.y[i] == s * s);
  }
  arena_free(t.mem);
}
END_TEST

static void expect(plan_case *t, uint64_t batch, const char *message) {
  ck_assert(!run_plan(t, batch));
  ck_assert_msg(strstr(diag_text(t->d), message) != NULL, "expected '%s', got: %s", message, diag_text(t->d));
  arena_free(t->mem);
}

START_TEST(a_batch_beyond_the_bound) {
  plan_case t;
  start(&t);
  expect(&t, 9, "a batch of 9 is not between 1 and the model's bound of 8");
}
END_TEST

START_TEST(a_batch_of_nothing) {
  plan_case t;
  start(&t);
  expect(&t, 0, "a batch of 0");
}
END_TEST

START_TEST(short_weights) {
  plan_case t;
  start(&t);
  t.weights.size = 71;
  expect(&t, 3, "the packed weights have 71 bytes, and the plan reads 72");
}
END_TEST

START_TEST(a_short_input) {
  plan_case t;
  start(&t);
  t.input.size = 20;
  expect(&t, 3, "8 bytes at offset 16 are outside buffer %x, which has 20 bytes");
}
END_TEST

START_TEST(steps_in_a_wrong_order) {
  plan_case t;
  start(&t);
  ir_step **steps = t.m->plan->steps.data, *first = steps[0];
  steps[0] = steps[1];
  steps[1] = first;
  expect(&t, 3, "byte 0 of the 8 at offset 0 has not been written");
}
END_TEST

START_TEST(an_output_with_a_hole) {
  plan_case t;
  start(&t);
  t.m->plan->steps.data[1]->sizes[1] = (ir_size){.fixed = 2};
  expect(&t, 3, "no step writes byte 16 of output 'y'");
}
END_TEST

START_TEST(a_missing_kernel) {
  plan_case t;
  start(&t);
  t.m->plan->steps.data[1]->kernel = "cube";
  expect(&t, 3, "the module has no kernel 'cube'");
}
END_TEST

START_TEST(no_plan) {
  plan_case t;
  start(&t);
  t.m->plan = NULL;
  expect(&t, 3, "has no plan");
}
END_TEST

START_TEST(a_buffer_outside_its_space) {
  plan_case t;
  start(&t);
  t.m->plan->steps.data[0]->buffers[2].offset.per_batch = 1000;
  expect(&t, 3, "buffer 2 lies outside its space for a batch of 3");
}
END_TEST

START_TEST(an_offset_that_overflows) {
  plan_case t;
  start(&t);
  t.m->plan->steps.data[0]->buffers[2].offset.per_batch = UINT64_MAX / 2;
  expect(&t, 3, "a size or an offset of a step overflows for a batch of 3");
}
END_TEST

START_TEST(a_buffer_of_no_input) {
  plan_case t;
  start(&t);
  t.m->plan->steps.data[0]->buffers[0] = (ir_ref){.space = IR_SPACE_INPUT, .index = 1};
  expect(&t, 3, "refers to what it does not have");
}
END_TEST

START_TEST(a_step_of_too_many_sizes) {
  plan_case t;
  start(&t);
  ir_step *step = t.m->plan->steps.data[0];
  step->sizes = ARENA_ARRAY(t.mem, ir_size, QRT_MAX_SIZES + 1);
  step->size_count = QRT_MAX_SIZES + 1;
  expect(&t, 3, "has a step with more buffers or sizes than a kernel takes");
}
END_TEST

START_TEST(a_workspace_that_no_machine_has) {
  plan_case t;
  start(&t);
  t.m->plan->workspace.per_batch = UINT64_MAX / 2;
  expect(&t, 3, "no memory for the workspace");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir interpreter on memory");
  TCase *rows = tcase_create("bad accesses");
  tcase_add_loop_test(rows, bad_accesses_are_reported, 0, COUNT(bad));
  tcase_add_loop_test(rows, reads_of_what_nobody_wrote_are_reported, 0, COUNT(read_rows));
  suite_add_tcase(suite, rows);
  check_add(suite, "accesses",
            (const TTest *const[]){loads_need_no_alignment, first_lanes_only, nothing_is_loaded_from_nothing,
                                   gathers_and_splats, wrong_arguments_are_reported, NULL});
  check_add(suite, "plans",
            (const TTest *const[]){a_plan_runs, a_batch_beyond_the_bound, a_batch_of_nothing, short_weights,
                                   a_short_input, steps_in_a_wrong_order, an_output_with_a_hole, a_missing_kernel,
                                   no_plan, a_buffer_outside_its_space, an_offset_that_overflows, a_buffer_of_no_input,
                                   a_step_of_too_many_sizes, a_workspace_that_no_machine_has, NULL});
  return check_main(suite);
}
