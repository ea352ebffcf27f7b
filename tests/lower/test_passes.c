// The passes over a network: prepare, fuse, clean, plan; lowered models interpreted against their evaluation in double.
#include <math.h>
#include <string.h>

#include "network/lower.h"
#include "tests/check_main.h"
#include "tests/lower/network.h"

static size_t count_ops(const ir_module *m, ir_opcode code) {
  const ir_block *b = ir_find_model(m)->body;
  size_t count = 0;
  for (size_t i = 0; i < b->ops.len; i++) count += b->ops.data[i]->code == code;
  return count;
}

static ir_module *lowered(lower_kit *k, const char *text) {
  ir_module *m = kit_module(k, text);
  ck_assert_msg(lower_module(k->d, m, &k->options), "%s\n%s", text, diag_text(k->d));
  return m;
}

// ---- what becomes of the operations ------------------------------------------------------------------------------------

#define LINEAR(x, name) "linear(" x ", \"" name "\", out = 16, bias = none)"

typedef struct pass_row {
  const char *body, *rules;
  size_t prepares, matmuls, others; // operations left besides constants and reshapes
  const char *epilogue;             // of the last matmul, NULL: none
  bool residual;                    // of the last matmul
} pass_row;

static const pass_row pass_rows[] = {
    {"output y = " LINEAR("x", "a") ";", "", 1, 1, 0, NULL, false},
    // layers of one input share its quantization, if they want the same sums of it
    {"output y = " LINEAR("x", "a") " * " LINEAR("x", "b") ";", "", 1, 2, 1, NULL, false},
    {"output y = " LINEAR("x", "a") " * " LINEAR("x", "b") ";",
     "\"a\" : q4_0, act = i8 per 32; \"b\" : q8_0, act = i8 per 32;", 2, 2, 1, NULL, false},
    {"output y = " LINEAR("x", "a") " * " LINEAR("x", "b") ";",
     "\"a\" : q4_0, act = i8 per 32; \"b\" : q4_0, act = f32;", 2, 2, 1, NULL, false},
    {"output y = " LINEAR("x", "a") " * " LINEAR("x", "b") ";",
     "\"a\" : q4_0, act = i8 per 32; \"b\" : q4_0, act = i8 per token;", 2, 2, 1, NULL, false},
    {"output y = " LINEAR("x", "a") " * " LINEAR("relu(x)", "b") ";", "", 2, 2, 2, NULL, false},
    // functions and sums join the matmul
    {"output y = relu(" LINEAR("x", "a") ");", "", 1, 1, 0, "relu", false},
    {"output y = gelu(" LINEAR("x", "a") ");", "", 1, 1, 0, "gelu", false},
    {"output y = softmax(" LINEAR("x", "a") ");", "", 1, 1, 1, NULL, false},
    {"output y = relu(gelu(" LINEAR("x", "a") "));", "", 1, 1, 1, "gelu", false},
    {"output y = x + " LINEAR("x", "a") ";", "", 1, 1, 0, NULL, true},
    {"output y = " LINEAR("x", "a") " + x;", "", 1, 1, 0, NULL, true},
    {"output y = x + relu(" LINEAR("x", "a") ");", "", 1, 1, 0, "relu", true},
    {"output y = relu(x + " LINEAR("x", "a") ");", "", 1, 1, 0, "relu", false},
    {"output y = x - " LINEAR("x", "a") ";", "", 1, 1, 1, NULL, false},
    {"output y = x + (x + " LINEAR("x", "a") ");", "", 1, 1, 0, NULL, true},
    {"output y = x + relu(x + " LINEAR("x", "a") ");", "", 1, 1, 0, "relu", true},
    {"output y = x + (x + (x + " LINEAR("x", "a") "));", "", 1, 1, 1, NULL, true},
    {"h = " LINEAR("x", "a") "; output y = h + h;", "", 1, 1, 1, NULL, false},
    {"h = " LINEAR("x", "a") "; output y = relu(h); output z = h;", "", 1, 1, 1, NULL, false},
    {"h = " LINEAR("x", "a") "; output y = x + h; output z = gelu(h);", "", 1, 1, 2, NULL, false},
    {"h = " LINEAR("x", "a") "; output y = x + relu(h); output z = silu(h);", "", 1, 1, 3, NULL, false},
    {"output y = " LINEAR("x", "a") " + constant(\"c\", shape = [16]);", "", 1, 1, 1, NULL, false},
    {"output y = " LINEAR("x", "a") " + " LINEAR("x", "b") ";", "", 1, 2, 0, NULL, true},
    // what nobody uses goes
    {"h = relu(" LINEAR("x", "a") "); output y = relu(x);", "", 0, 0, 1, NULL, false},
    {"h = relu(" LINEAR("x", "a") "); g = " LINEAR("h", "b") "; output y = " LINEAR("x", "c") ";", "", 1, 1, 0, NULL,
     false},
};

START_TEST(operations_are_shared_fused_and_cleaned) {
  const pass_row *row = &pass_rows[_i];
  lower_kit k = kit_new();
  diag_set_warning(k.d, "unused-value", DIAG_ACTION_IGNORE);
  const char *rules = *row->rules == '\0' ? "\"*\" : q4_0, act = i8 per 32;" : row->rules;
  ir_module *m =
      lowered(&k, arena_printf(k.mem,
                               "model m { weights \"w.safetensors\"; dim batch <= 4; input x : f32[batch, 16]; "
                               "%s }\nquantize { %s }",
                               row->body, rules));
  const char *text = ir_print_func(k.mem, m, ir_find_model(m));
  size_t others = 0;
  const ir_op *last = NULL;
  const ir_block *b = ir_find_model(m)->body;
  for (size_t i = 0; i < b->ops.len; i++) {
    const ir_op *op = b->ops.data[i];
    if (op->code == IR_MATMUL) last = op;
    others += op->code != IR_MATMUL && op->code != IR_PREPARE && op->code != IR_CONST && op->code != IR_RETURN;
  }
  ck_assert_msg(count_ops(m, IR_PREPARE) == row->prepares, "%s\n%s", row->body, text);
  ck_assert_msg(count_ops(m, IR_MATMUL) == row->matmuls && others == row->others, "%s\n%s", row->body, text);
  const ir_attr *epilogue = last == NULL ? NULL : ir_get_attr(last, IR_ATTR_EPILOGUE);
  ck_assert_msg((epilogue == NULL) == (row->epilogue == NULL), "%s\n%s", row->body, text);
  if (epilogue != NULL) ck_assert_str_eq(epilogue->s, row->epilogue);
  if (last != NULL) ck_assert_msg((ir_attr_int(last, IR_ATTR_HAS_RESIDUAL, 0) != 0) == row->residual, "%s", text);
  kit_free(&k);
}
END_TEST

// ---- the plan ---------------------------------------------------------------------------------------------------------------

typedef struct span {
  const ir_ref *ref;
  uint64_t at, bytes; // in its space, for a batch
} span;

static uint64_t at_batch(ir_size s, uint64_t batch) { return s.fixed + s.per_batch * batch; }

static span make_span(const ir_ref *ref, uint64_t bytes, uint64_t batch) {
  return (span){.ref = ref, .at = at_batch(ref->offset, batch), .bytes = bytes};
}

// What a step writes, and what it reads, from its sizes: see the kernels' headers in kernel/.
static size_t step_spans(const ir_step *s, uint64_t batch, span *written, span *read) {
  uint64_t size[11] = {0}, work = at_batch(s->work, batch);
  for (size_t i = 0; i < s->size_count; i++) size[i] = at_batch(s->sizes[i], batch);
  size_t n = 0;
  if (strncmp(s->kernel, "matmul_", 7) == 0) {
    *written = make_span(&s->buffers[2], 4 * size[0] * size[1], batch);
    read[n++] = make_span(&s->buffers[1], size[0] * size[4], batch);
    if (s->size_count > 9) read[n++] = make_span(&s->buffers[s->buffer_count - 1], 4 * size[0] * size[9], batch);
  } else if (strncmp(s->kernel, "prepare_", 8) == 0) {
    *written = make_span(&s->buffers[1], work * size[2], batch);
    read[n++] = make_span(&s->buffers[0], 4 * work * size[0], batch);
  } else {
    *written = make_span(&s->buffers[1], 4 * work * size[0], batch);
    read[n++] = make_span(&s->buffers[0], 4 * work * size[0], batch);
    if (s->size_count > 1) read[n++] = make_span(&s->buffers[2], 4 * size[1] * size[0], batch);
  }
  return n;
}

static bool overlap(const span *a, const span *b) {
  return a->ref->space == b->ref->space && a->ref->index == b->ref->index && a->at < b->at + b->bytes &&
         b->at < a->at + a->bytes;
}

static bool written_by_steps(const span *s) {
  return s->ref->space == IR_SPACE_WORKSPACE || s->ref->space == IR_SPACE_OUTPUT;
}

// What step i reads is what one step before it wrote, whole, with nothing written over it in between.
static void check_read(const span *all, size_t i, const span *read, const char *text) {
  if (!written_by_steps(read)) return;
  size_t from = i;
  while (from-- > 0 && !overlap(&all[from], read)) continue;
  ck_assert_msg(from != SIZE_MAX, "%s: step %zu reads what nobody wrote", text, i);
  ck_assert_msg(all[from].at == read->at && all[from].bytes == read->bytes, "%s: step %zu reads a part of step %zu's",
                text, i, from);
  ck_assert_msg(!overlap(&all[i], read), "%s: step %zu writes over what it reads", text, i);
}

static void check_plan(const ir_module *m, uint64_t batch, const char *text) {
  const ir_plan *p = m->plan;
  span all[128];
  ck_assert_uint_lt(p->steps.len, 128);
  bool outputs[8] = {false};
  for (size_t i = 0; i < p->steps.len; i++) {
    span read[2];
    size_t count = step_spans(p->steps.data[i], batch, &all[i], read);
    for (size_t j = 0; j < count; j++) check_read(all, i, &read[j], text);
    ck_assert_msg(written_by_steps(&all[i]), "%s: step %zu writes to an input", text, i);
    ck_assert_uint_eq(all[i].at % 64, 0);
    if (all[i].ref->space == IR_SPACE_WORKSPACE)
      ck_assert_uint_le(all[i].at + all[i].bytes, at_batch(p->workspace, batch));
    if (all[i].ref->space == IR_SPACE_OUTPUT) {
      ck_assert_msg(!outputs[all[i].ref->index], "%s: output %u is written twice", text, all[i].ref->index);
      outputs[all[i].ref->index] = true;
      ck_assert_uint_eq(all[i].bytes, 4 * network_count(&p->outputs[all[i].ref->index].type, batch));
    }
  }
  for (size_t i = 0; i < p->output_count; i++) ck_assert_msg(outputs[i], "%s: output %zu is never written", text, i);
}

// ---- models against their evaluation -------------------------------------------------------------------------------------

static ir_memory numbers(lower_kit *k, const ir_type *t, uint64_t batch, uint64_t *state) {
  uint64_t count = network_count(t, batch);
  float *x = ARENA_ARRAY(k->mem, float, count);
  for (uint64_t i = 0; i < count; i++) x[i] = (float)(kit_next(state) % 2001) / 1000 - 1;
  return (ir_memory){.data = (uint8_t *)x, .size = 4 * count};
}

static void check_numbers(const ir_memory *got, const double *want, const char *text, uint64_t batch) {
  const float *y = (const float *)(const void *)got->data;
  double most = 1;
  for (uint64_t i = 0; i < got->size / 4; i++) most = fmax(most, fabs(want[i]));
  for (uint64_t i = 0; i < got->size / 4; i++)
    ck_assert_msg(fabs((double)y[i] - want[i]) <= 2e-4 * most, "%s: batch %llu: number %llu is %.9g, not %.9g", text,
                  (unsigned long long)batch, (unsigned long long)i, (double)y[i], want[i]);
}

static void run_model(lower_kit *k, const ir_module *plain, ir_module *m, uint64_t batch, uint64_t seed,
                      const char *text) {
  network_weights w = network_make_weights(k, m, seed);
  const ir_plan *p = m->plan;
  ir_memory *in = ARENA_ARRAY(k->mem, ir_memory, p->input_count + 1);
  ir_memory *out = ARENA_ARRAY(k->mem, ir_memory, p->output_count + 1);
  const float **x = ARENA_ARRAY(k->mem, const float *, p->input_count + 1);
  for (size_t i = 0; i < p->input_count; i++) {
    in[i] = numbers(k, &p->inputs[i].type, batch, &seed);
    x[i] = (const float *)(const void *)in[i].data;
  }
  for (size_t i = 0; i < p->output_count; i++) out[i] = numbers(k, &p->outputs[i].type, batch, &seed);
  ck_assert_msg(ir_interpret_plan(k->d, m, batch, in, out, &w.packed), "%s\n%s", text, diag_text(k->d));
  double **want = network_evaluate(k, plain, m, &w, batch, x);
  for (size_t i = 0; i < p->output_count; i++) check_numbers(&out[i], want[i], text, batch);
}

static void check_model(const char *text, uint64_t seed) {
  static const uint64_t batches[] = {1, 3, 17};
  lower_kit k = kit_new();
  diag_set_warning(k.d, "unused-value", DIAG_ACTION_IGNORE);
  ir_module *plain = kit_module(&k, text), *m = lowered(&k, text);
  for (size_t i = 0; i < 3; i++) check_plan(m, batches[i], text);
  ck_assert_msg(lower_kernels(k.d, m, kit_tier(16), &k.options, m), "%s\n%s", text, diag_text(k.d));
  for (size_t i = 0; i < 3; i++) run_model(&k, plain, m, batches[i], seed, text);
  kit_free(&k);
}

static const char *const models[] = {
    // inputs and values returned in every way
    "input x : f32[batch, 16]; output y = x;",
    "input x : f32[batch, 16]; output y = x; output z = x;",
    "input x : f32[batch, 16]; h = relu(x); output y = h; output z = h; output u = h;",
    "input x : f32[batch, 16]; output y = reshape(x, [batch, 4, 4]);",
    "input x : f32[batch, 16]; h = relu(x); output y = h; output z = reshape(h, [batch, 2, 8]);",
    "input x : f32[batch, 16]; h = reshape(reshape(relu(x), [batch, 2, 8]), [batch, 4, 4]); output y = h + h;",
    "input x : f32[batch, 16]; h = relu(x); g = h + x; output h2 = h; output y = g * h;",
    "input x : f32[batch]; output y = relu(x);",
    "input x : f32[batch]; output y = x;",
    "input x : f32[batch]; input z : f32[batch]; output y = x + z;",
    "input x : f32[4]; input z : f32[batch, 4]; output y = 2 * x; output u = x + z; output v = z * x;",
    "input x : f32[3, 5]; input z : f32[batch, 3, 5]; output y = z + z;",
    "input x : f32[batch, 20]; h = linear(x, \"a\", out = 7, bias = required); output y = softmax(h);",
};

START_TEST(small_models_equal_their_evaluation) {
  arena *a = arena_new();
  check_model(arena_printf(a, "model m { weights \"w.safetensors\"; dim batch <= 17; %s }", models[_i]), 5);
  arena_free(a);
}
END_TEST

START_TEST(random_models_equal_their_evaluation) {
  arena *a = arena_new();
  uint64_t count = sampling_is_full() ? 100 : 6, first = 10000 * (sampling_seed() - 1) + (uint64_t)_i * count;
  for (uint64_t seed = first; seed < first + count; seed++) check_model(network_text(a, seed), seed);
  arena_free(a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("passes");
  TCase *tcase = tcase_create("networks");
#define LOOP(test, rows) tcase_add_loop_test(tcase, test, 0, (int)(sizeof(rows) / sizeof *(rows)))
  LOOP(operations_are_shared_fused_and_cleaned, pass_rows);
  LOOP(small_models_equal_their_evaluation, models);
  tcase_add_loop_test(tcase, random_models_equal_their_evaluation, 0, 10);
  suite_add_tcase(suite, tcase);
  return check_main(suite);
}
