// Fully connected parts of networks that nobody here trained: `qcc run` in several formats beside the same sums in
// double. Files and shapes: a small convolutional classifier of digits (K = 11616), a language model of 260 thousand
// parameters (K = 172, no multiple of any group), a voice detector.
#include "tests/support/temp_dir.h" // first: it asks for nftw

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "files/tensor_file.h"
#include "tests/check_main.h"
#include "tests/models/models.h"

enum { BATCH = 5, SKIPPED = 77 };

static const char *qcc_path;

// ---- files ------------------------------------------------------------------------------------------------------------

const char *models_path(arena *a, const char *name) {
  const char *shared = getenv("QCC_SHARED");
  const char *base = shared != NULL ? shared : QCC_SOURCE_DIR "/../shared";
  const char *path = arena_printf(a, "%s/models/%s", base, name);
  if (access(path, R_OK) == 0) return path;
  printf("skipped: %s is not present\n", path);
  return NULL;
}

void models_write_npy(const char *name, const float *numbers, size_t rows, size_t columns) {
  char head[128] = "\x93NUMPY\x01\x00\x76"; // 118 bytes of text follow
  int length = snprintf(head + 10, sizeof head - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }",
                        rows, columns);
  memset(head + 10 + length, ' ', sizeof head - 10 - (size_t)length);
  head[sizeof head - 1] = '\n';
  char file[64];
  snprintf(file, sizeof file, "%s.npy", name);
  FILE *f = fopen(temp_path(file), "wb");
  ck_assert_ptr_nonnull(f);
  ck_assert_uint_eq(fwrite(head, 1, sizeof head, f), sizeof head);
  ck_assert_uint_eq(fwrite(numbers, sizeof *numbers, rows * columns, f), rows * columns);
  ck_assert_int_eq(fclose(f), 0);
}

static const float *read_all(arena *a, const tensor_file *f, const char *name, uint64_t *count) {
  diag *d = diag_new(a, NULL, false);
  const tensor *t = tensor_file_require(d, f, name);
  ck_assert_msg(t != NULL, "%s", diag_text(d));
  float *numbers = ARENA_ARRAY(a, float, t->count);
  ck_assert_msg(tensor_read_f32(d, t, 0, t->count, numbers), "%s", diag_text(d));
  *count = t->count;
  return numbers;
}

static tensor_file *open_file(arena *a, const char *path) {
  diag *d = diag_new(a, NULL, false);
  tensor_file *f = tensor_file_open(d, a, path);
  ck_assert_msg(f != NULL, "%s", diag_text(d));
  return f;
}

const float *models_run(arena *a, const char *text, size_t count) {
  temp_write("m.q", text);
  const char *command =
      arena_printf(a, "cd %s && '%s' run m.q -w -I '%s/examples/codebook3' --input x.npy --output y=y.npy", temp_dir,
                   qcc_path, QCC_SOURCE_DIR);
  ck_assert_int_eq(system(command), 0);
  tensor_file *f = open_file(a, temp_path("y.npy"));
  uint64_t got;
  const float *y = read_all(a, f, "y", &got);
  ck_assert_uint_eq(got, count);
  tensor_file_close(f);
  return y;
}

// ---- the networks in double -----------------------------------------------------------------------------------------------

// A network being computed for one item; arrays live in `mem`.
typedef struct net_run {
  arena *mem;
  const tensor_file *file;
} net_run;

// x [columns] times the transposed weights [rows, columns], plus a bias unless it is NULL; *count: columns, then rows.
static double *matmul(const net_run *r, const double *x, const char *weight, const char *bias, uint64_t *count) {
  uint64_t columns = *count, biases = 0, all;
  const float *w = read_all(r->mem, r->file, weight, &all);
  const float *b = bias == NULL ? NULL : read_all(r->mem, r->file, bias, &biases);
  uint64_t rows = all / columns;
  ck_assert_uint_eq(rows * columns, all);
  ck_assert(b == NULL || biases == rows);
  double *y = ARENA_ARRAY(r->mem, double, rows);
  for (uint64_t n = 0; n < rows; n++) {
    double sum = b == NULL ? 0 : (double)b[n];
    for (uint64_t k = 0; k < columns; k++) sum += (double)w[n * columns + k] * x[k];
    y[n] = sum;
  }
  *count = rows;
  return y;
}

static double *rmsnorm(const net_run *r, const double *x, const char *gain, uint64_t count) {
  uint64_t gains;
  const float *g = read_all(r->mem, r->file, gain, &gains);
  ck_assert_uint_eq(gains, count);
  double squares = 0;
  for (uint64_t i = 0; i < count; i++) squares += x[i] * x[i];
  double *y = ARENA_ARRAY(r->mem, double, count);
  for (uint64_t i = 0; i < count; i++) y[i] = x[i] / sqrt(squares / (double)count + 1e-5) * (double)g[i];
  return y;
}

static double *classifier(const net_run *r, const double *x, uint64_t *count) {
  double *h = matmul(r, x, "fc1.weight", "fc1.bias", count);
  for (uint64_t i = 0; i < *count; i++) h[i] = fmax(h[i], 0);
  double *y = matmul(r, h, "fc2.weight", "fc2.bias", count), sum = 0;
  for (uint64_t i = 0; i < *count; i++) sum += exp(y[i]);
  for (uint64_t i = 0; i < *count; i++) y[i] = exp(y[i]) / sum;
  return y;
}

static double *feed_forward(const net_run *r, const double *x, uint64_t *count) {
  double *t = arena_memdup(r->mem, x, *count * sizeof *x);
  for (int block = 0; block < 5; block++) {
    uint64_t up_count = *count, gate_count = *count;
    double *n = rmsnorm(r, t, arena_printf(r->mem, "blk.%d.ffn_norm.weight", block), *count);
    double *up = matmul(r, n, arena_printf(r->mem, "blk.%d.ffn_up.weight", block), NULL, &up_count);
    double *gate = matmul(r, n, arena_printf(r->mem, "blk.%d.ffn_gate.weight", block), NULL, &gate_count);
    for (uint64_t i = 0; i < gate_count; i++) up[i] *= gate[i] / (1 + exp(-gate[i]));
    double *down = matmul(r, up, arena_printf(r->mem, "blk.%d.ffn_down.weight", block), NULL, &up_count);
    for (uint64_t i = 0; i < *count; i++) t[i] += down[i];
  }
  return t;
}

static double *gates(const net_run *r, const double *x, uint64_t *count) {
  uint64_t second = *count;
  double *g = matmul(r, x, "lstm_cell.weight_ih", "lstm_cell.bias_ih", count);
  double *h = matmul(r, x, "lstm_cell.weight_hh", "lstm_cell.bias_hh", &second);
  for (uint64_t i = 0; i < *count; i++) g[i] = tanh(g[i] + h[i]);
  return g;
}

// ---- the networks in .q ---------------------------------------------------------------------------------------------------

#define FEED_FORWARD(from, to, block)                                \
  "  n" to " = rmsnorm(" from ", \"blk." block ".ffn_norm\");\n"     \
  "  g" to " = silu(linear(n" to ", \"blk." block ".ffn_gate\"));\n" \
  "  " to " = " from " + linear(g" to " * linear(n" to ", \"blk." block ".ffn_up\"), \"blk." block ".ffn_down\");\n"

typedef struct net {
  const char *path;
  uint64_t columns;
  const char *body; // from the input x to the output y
  double *(*reference)(const net_run *r, const double *x, uint64_t *count);
} net;

static const net nets[] = {
    {"mnist/mnist.safetensors", 11616, "  output y = softmax(linear(relu(linear(x, \"fc1\")), \"fc2\"));\n",
     classifier},
    {"llama2c/stories260K.gguf", 64,
     FEED_FORWARD("x", "t0", "0") FEED_FORWARD("t0", "t1", "1") FEED_FORWARD("t1", "t2", "2")
         FEED_FORWARD("t2", "t3", "3") FEED_FORWARD("t3", "t4", "4") "  output y = t4;\n",
     feed_forward},
    {"silero-vad/silero_vad_16k.safetensors", 128,
     "  both = linear(x, \"lstm_cell.weight_hh\") + constant(\"lstm_cell.bias_hh\");\n"
     "  output y = tanh(linear(x, \"lstm_cell.weight_ih\") + constant(\"lstm_cell.bias_ih\") + both);\n",
     gates},
};
enum { NET_COUNT = sizeof nets / sizeof *nets };

// Relative error of the outputs (root of the mean square): at most `most`, for each network; at least `least`, so that
// float weights do not pass for quantized ones.
static const struct {
  const char *rule;
  double least;
  double most[NET_COUNT];
} formats[] = {
    {"f32", 0, {1e-5, 1e-5, 1e-5}},
    {"q8_0", 1e-4, {0.03, 0.04, 0.03}},
    {"int8_row, act = i8 per token", 1e-4, {0.05, 0.06, 0.04}},
    {"q4_0, act = f32", 1e-2, {0.15, 0.3, 0.25}},
    {"q4_K", 1e-2, {0.15, 0.3, 0.25}},
    {"int4_g(group = 40)", 1e-2, {0.2, 0.3, 0.25}},
    {"codebook3", 1e-2, {0.3, 0.5, 0.45}},
};
enum { FORMAT_COUNT = sizeof formats / sizeof *formats };

// ---- tests ----------------------------------------------------------------------------------------------------------------

// The same numbers in every run, about -1.7 to 1.7.
static float *inputs(arena *a, size_t count) {
  float *x = ARENA_ARRAY(a, float, count);
  uint32_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525 + 1013904223;
    x[i] = (float)(state >> 8) * 0x1.b8p-23f - 1.72f;
  }
  return x;
}

static double relative_error(arena *a, const net *n, const char *path, const float *x, const float *y) {
  tensor_file *file = open_file(a, path);
  net_run r = {.mem = a, .file = file};
  double errors = 0, squares = 0;
  const float *at = y;
  for (size_t item = 0; item < BATCH; item++) {
    double *one = ARENA_ARRAY(a, double, n->columns);
    for (size_t k = 0; k < n->columns; k++) one[k] = (double)x[item * n->columns + k];
    uint64_t count = n->columns;
    const double *exact = n->reference(&r, one, &count);
    for (uint64_t i = 0; i < count; i++, at++) {
      errors += ((double)*at - exact[i]) * ((double)*at - exact[i]);
      squares += exact[i] * exact[i];
    }
  }
  tensor_file_close(file);
  return sqrt(errors / squares);
}

static const size_t outputs[NET_COUNT] = {10, 64, 512};

START_TEST(network) {
  int which = _i / FORMAT_COUNT, format = _i % FORMAT_COUNT;
  const net *n = &nets[which];
  arena *a = arena_new();
  const char *path = models_path(a, n->path);
  if (path != NULL) {
    const float *x = inputs(a, BATCH * n->columns);
    models_write_npy("x", x, BATCH, n->columns);
    const char *text = arena_printf(
        a,
        "model m {\n  weights \"%s\";\n  dim batch <= 8;\n  input x : f32[batch, %d];\n%s}\nquantize { \"*\" : %s; }\n",
        path, (int)n->columns, n->body, formats[format].rule);
    const float *y = models_run(a, text, BATCH * outputs[which]);
    double error = relative_error(a, n, path, x, y);
    printf("%-40s %-30s relative error %.3g\n", n->path, formats[format].rule, error);
    ck_assert_msg(error <= formats[format].most[which] && error >= formats[format].least, "%s in %s: %g", n->path,
                  formats[format].rule, error);
  }
  arena_free(a);
}
END_TEST

START_TEST(captured_product) { gemm_exactly(); }
END_TEST

static bool anything_there(void) {
  arena *a = arena_new();
  bool found = false;
  for (int i = 0; i < NET_COUNT; i++) found |= models_path(a, nets[i].path) != NULL;
  arena_free(a);
  return found;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  qcc_path = argv[1];
  if (!anything_there()) return SKIPPED;
  Suite *suite = suite_create("models");
  TCase *t = tcase_create("models");
  tcase_add_checked_fixture(t, temp_dir_make, temp_dir_remove);
  tcase_add_loop_test(t, network, 0, NET_COUNT * FORMAT_COUNT);
  tcase_add_test(t, captured_product);
  suite_add_tcase(suite, t);
  return check_main(suite);
}
