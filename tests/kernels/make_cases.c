// Makes a differential test for one tier: make_cases TARGET TRIPLE TIER DIRECTORY quick|full SCHEMES ..
//
// SCHEMES are folders. Each format is drawn for one tier of some in a row, of more in "quick" than in "full"; of modes,
// epilogues and shapes both draw some (tests/sampling.h).
//
// DIRECTORY gets kernels_<n>.o (each format's kernels, compiled for the tier; .s for a GPU), table.c (their list), cases.bin
// (calls with expected results, see case_file.h) and formats.tsv: each format, "made", "refused" or "failed", its number, and why. The
// exit status is 3 when a format failed, that is, when the oracles disagree or only some of its kernels can be made.
//
// What is expected comes from two oracles that never saw the compiled code: the value expression interpreted in double, and
// the kernel program of another tier interpreted lane by lane, which integer modes must equal bit for bit.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "cost/tuning.h"
#include "format/scheme_parts.h"
#include "network/passes.h"
#include "tests/kernels/case_file.h"
#include "tests/kernels/case_formats.h"
#include "tests/kernels/kernel_case.h"
#include "tests/sampling.h"
#include "weights/parts.h"

static const act_spec acts[] = {
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 0},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 256},
    {.kind = ACT_PLAIN, .type = ELEM_F32},
    {.kind = ACT_PLAIN, .type = ELEM_BF16},
    {.kind = ACT_STATIC, .type = ELEM_I8, .scale = 0.01, .zero = -5},
    {.kind = ACT_STATIC, .type = ELEM_U8, .scale = 0.01, .zero = 117},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I4},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U8, .group = 64},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U8},
    {.kind = ACT_SIGN, .type = ELEM_U1, .group = 128},
    {.kind = ACT_STATIC, .type = ELEM_U4, .scale = 0.13, .zero = 9},
    {.kind = ACT_ASYMMETRIC, .type = ELEM_U4, .group = 32},
    {.kind = ACT_PLAIN, .type = ELEM_F16},
    {.kind = ACT_SYMMETRIC, .type = ELEM_F8E4M3},
    {.kind = ACT_SYMMETRIC, .type = ELEM_F8E5M2, .group = 64},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I2, .group = 32},
    {.kind = ACT_SYMMETRIC, .type = ELEM_I6, .group = 160},
    {.kind = ACT_SIGN, .type = ELEM_U1},
    {.kind = ACT_STATIC, .type = ELEM_U2, .scale = 1 / 3.0},
};

typedef struct shape {
  uint64_t tokens, rows, columns;
  sample_data data;
} shape;

// The first ones are tried in every mode, the others in a format's own.
static const shape usual_shapes[] = {
    {1, 16, 256, SAMPLE_RANDOM}, {2, 17, 96, SAMPLE_EDGES},  {7, 5, 37, SAMPLE_ALL_HIGH}, {33, 9, 76, SAMPLE_RANDOM},
    {3, 1, 1, SAMPLE_ALL_LOW},   {1, 15, 512, SAMPLE_EDGES}, {9, 33, 300, SAMPLE_RANDOM}, {1, 7, 1000, SAMPLE_RANDOM}};
enum {
  ACT_COUNT = sizeof acts / sizeof *acts,
  USUAL_SHAPES = sizeof usual_shapes / sizeof *usual_shapes,
  SHAPES_OF_OTHER_MODES = 4,
  SHAPES_OF_EPILOGUES = 2,
  DRAWN_SHAPES = 6,       // besides, in a full run
  DRAWN_MODES = 4,        // besides a format's own, in a full run; one in a quick one
  MOST_PRODUCTS = 200000, // of a drawn shape: the interpreter takes some 100 ns for each
  TIERS_TOGETHER = 2,     // a run takes a format for one of as many tiers of a target,
  TIERS_IF_QUICK = 5      // a quick one of these
};

// Anything, so that most sizes share no divisor.
static shape draw_shape(uint64_t *state) {
  shape x = {.tokens = 1 + sampling_next(state) % 34, .rows = 1 + sampling_next(state) % 70};
  uint64_t most = MOST_PRODUCTS / (x.tokens * x.rows), columns = sampling_next(state) % 8 == 0 ? 5000 : 600;
  x.columns = 1 + sampling_next(state) % (most < columns ? most : columns);
  x.data = (sample_data)(sampling_next(state) % (SAMPLE_ALL_HIGH + 1));
  return x;
}

static const matmul_shape epilogues[] = {{.epilogue = ""},
                                         {.epilogue = "relu", .bias = true, .residual = true},
                                         {.epilogue = "gelu", .bias = true, .addend = true}};
enum { EPILOGUE_COUNT = sizeof epilogues / sizeof *epilogues };

typedef struct maker {
  arena *mem;  // of the whole run
  arena *part; // of the format at hand, and what follows
  diag *d;
  size_t format;
  bool failed;
  lower_options options;
  lower_options reference;
  const target_tier *tier;
  uint64_t seed;
  uint64_t state; // of what is drawn for the format at hand
  const char *triple;
  const char *dir;
  ir_module *kernels;
  ir_module *programs;     // of the reference tier
  VEC(const char *) texts; // of all kernels, from their parameters on
  VEC(const char *) symbols;
  FILE *out;
  FILE *verdicts;
  uint64_t calls;
  bool full;
} maker;

static void fail(const char *why) {
  fprintf(stderr, "make_cases: %s\n", why);
  exit(1);
}

static void put(maker *m, const void *bytes, uint64_t size) {
  if (size > 0 && fwrite(bytes, 1, size, m->out) != size) fail("the case file cannot be written");
}

static void put_word(maker *m, uint64_t x) { put(m, &x, 8); }

static void put_text(maker *m, const char *text) {
  put_word(m, strlen(text));
  put(m, text, strlen(text));
}

// What is wrong with the format at hand; it has no further calls.
static bool reject(maker *m, const char *why) {
  if (!m->failed) diag_error(m->d, SRC_NOWHERE, "%s", why);
  m->failed = true;
  return false;
}

typedef struct case_buffer {
  ir_memory before;
  ir_memory after; // what the oracle left
  enum case_check check;
  const float *allowed;
} case_buffer;

static void put_call(maker *m, uint64_t kernel, uint64_t work, size_t size_count, const uint64_t *sizes, size_t count,
                     const case_buffer *buffers, const char *label) {
  put_word(m, m->format);
  put_word(m, kernel);
  put_word(m, work);
  put_word(m, size_count);
  put(m, sizes, 8 * size_count);
  put_word(m, count);
  for (size_t i = 0; i < count; i++) {
    const case_buffer *b = &buffers[i];
    put_word(m, b->before.size);
    put_word(m, b->check);
    put(m, b->before.data, b->before.size);
    if (b->check != CHECK_UNCHANGED) put(m, b->after.data, b->after.size);
    if (b->check == CHECK_BOUNDS) put(m, b->allowed, b->after.size);
  }
  put_text(m, label);
  m->calls++;
}

static ir_memory copy(arena *a, ir_memory x) {
  return (ir_memory){.data = arena_memdup(a, x.data, x.size), .size = x.size};
}

static ir_memory floats(arena *a, uint64_t count, uint64_t seed) {
  float *x = ARENA_ARRAY(a, float, count);
  for (uint64_t i = 0; i < count; i++) x[i] = (float)((i * 37 + seed * 11) % 101) / 25.0f - 2.0f;
  return (ir_memory){.data = (uint8_t *)x, .size = 4 * count};
}

// What a kernel shall write, and nothing that it may read.
static ir_memory unwritten(arena *a, uint64_t bytes) {
  ir_memory m = ir_unwritten(a, bytes);
  m.written = NULL; // the kernels are run on copies
  return m;
}

// The number of the kernel that was emitted last. Formats and modes share kernels: one that is there already is dropped.
static uint64_t kernel_number(maker *m) {
  ir_func *last = m->kernels->funcs.data[m->kernels->funcs.len - 1];
  const char *parameters = strchr(ir_print_func(m->part, m->kernels, last), '(');
  if (parameters == NULL) fail("a kernel without parameters");
  for (size_t i = 0; i < m->texts.len; i++) {
    if (strcmp(m->texts.data[i], parameters) != 0) continue;
    m->kernels->funcs.len--;
    return i;
  }
  vec_push(m->mem, &m->texts, arena_strdup(m->mem, parameters));
  vec_push(m->mem, &m->symbols, cg_kernel_symbol(m->mem, &(cg_options){0}, m->tier, last->name));
  return m->texts.len - 1;
}

// ---- matmul ----------------------------------------------------------------------------------------------

// Whether all tiers give the same bits. No sum of these cases is so small that pairs could take it for zero.
static bool is_exact(const recipe *r) { return mode_is_integer(r->mode) || r->mode == MODE_PAIR_DOT; }

static bool case_call(maker *m, const kernel_case *c, const matmul_shape *s, uint64_t kernel, const ir_func *program,
                      const char *kind) {
  const recipe *r = c->recipe;
  arena *a = c->mem;
  uint64_t sizes[16];
  size_t size_count = case_sizes(c, sizes);
  uint64_t outputs = c->tokens * c->rows;
  case_buffer buffers[6] = {{.before = c->packed}, {.before = c->prepared}, {.before = unwritten(a, 4 * outputs)}};
  size_t count = 3;
  if (s->bias) buffers[count++].before = floats(a, c->rows, 2);
  if (s->addend) buffers[count++].before = floats(a, outputs, 5), sizes[size_count++] = c->rows;
  if (s->residual) buffers[count++].before = floats(a, outputs, 3), sizes[size_count++] = c->rows;
  ir_memory run[6];
  for (size_t i = 0; i < count; i++) run[i] = copy(a, buffers[i].before);
  const char *message = "the interpreter failed";
  bool plain = !s->bias && !s->residual && !s->addend;
  bool ok = ir_interpret(m->d, program, count, run, size_count, sizes, 0, case_tiles(c)) &&
            (!plain || case_check(c, (const float *)(const void *)run[2].data, &message));
  if (!ok) reject(m, message);
  buffers[2].after = run[2];
  buffers[2].check = is_exact(r) ? CHECK_FLOATS : CHECK_BOUNDS;
  float *allowed = ARENA_ARRAY(a, float, outputs);
  for (uint64_t i = 0; i < outputs; i++) allowed[i] = 2 * (float)c->bound[i];
  buffers[2].allowed = allowed;
  const char *label = arena_printf(a, "%s M=%llu N=%llu K=%llu %s", program->name, (unsigned long long)c->tokens,
                                   (unsigned long long)c->rows, (unsigned long long)c->columns, kind);
  if (ok && (plain || is_exact(r))) put_call(m, kernel, case_tiles(c), size_count, sizes, count, buffers, label);
  return ok;
}

static bool matmul_call(maker *m, const recipe *r, const matmul_shape *s, uint64_t kernel, const ir_func *program,
                        const shape *at, uint64_t seed) {
  static const char *const kinds[] = {"random", "edges", "all low", "all high"};
  arena *a = arena_new();
  kernel_case *c = case_new(m->d, a, r, at->tokens, at->rows, case_columns(r->scheme, at->columns), seed, at->data);
  bool ok = c != NULL ? case_call(m, c, s, kernel, program, kinds[at->data]) : reject(m, "a case cannot be made");
  arena_free(a);
  return ok;
}

// Every exponent of scales that are powers of two.
static bool scales_call(maker *m, const recipe *r, uint64_t kernel, const ir_func *program, uint64_t seed) {
  arena *a = arena_new();
  const act_spec *act = &r->act;
  bool itself = act->kind == ACT_PLAIN || (act->kind == ACT_SYMMETRIC && act->type == ELEM_I8);
  kernel_case *c = itself ? case_scales(m->d, a, r, case_columns(r->scheme, 96), seed) : NULL;
  bool ok = c == NULL || case_call(m, c, &epilogues[0], kernel, program, "scales");
  arena_free(a);
  return ok;
}

static void matmul_calls(maker *m, const recipe *r, size_t act, size_t e, size_t shapes, size_t drawn) {
  const char *name = arena_printf(m->part, "matmul_%zu_%zu_%zu_%zu", m->format, act, e, m->texts.len);
  matmul_shape tiled = epilogues[e];
  if (!m->options.target->gpu) tiled.schedules = schedule_choose_all(m->part, r, m->tier, NULL);
  lower_emit_matmul(m->kernels, r, m->tier, m->options.target->gpu, &tiled, name);
  uint64_t kernel = kernel_number(m), seed = m->format * 1000 + act * 100;
  const char *said = arena_printf(m->part, "%s %s %s", r->scheme->name, act_text(m->part, &r->act), name);
  const ir_func *program =
      lower_emit_matmul(m->programs, r, &m->reference.target->tiers[0], false, &epilogues[e], said);
  bool ok = true;
  for (size_t i = 0; ok && i < shapes; i++)
    ok = matmul_call(m, r, &epilogues[e], kernel, program, &usual_shapes[i], seed + i);
  for (size_t i = 0; ok && i < drawn; i++) {
    const shape x = draw_shape(&m->state);
    ok = matmul_call(m, r, &epilogues[e], kernel, program, &x, seed + 50 + i);
  }
  if (ok && e == 0) scales_call(m, r, kernel, program, seed);
}

// ---- prepare ---------------------------------------------------------------------------------------------

// Here and there what is no ordinary number.
static void put_specials(ir_memory x) {
  static const float specials[] = {NAN, 1e30f, -0.0f, INFINITY, 0x1p-140f, -INFINITY, -1e30f, 0x1p-149f};
  float *numbers = (float *)(void *)x.data;
  for (uint64_t i = 5, n = 0; i < x.size / 4; i += 3 + i % 7, n++)
    numbers[i] = specials[n % (sizeof specials / sizeof *specials)];
}

// With `specials` where what becomes of them is the same bits, or NaN, on all tiers.
static void prepare_call(maker *m, const recipe *r, uint64_t kernel, const ir_func *program, uint64_t tokens,
                         uint64_t columns, bool specials) {
  arena *a = arena_new();
  prepared_sizes s;
  if (!prepared_get_sizes(&r->prepared, columns, &s)) fail("sizes overflow");
  const uint64_t sizes[] = {columns,        columns,        s.row_bytes, s.scales_offset,
                            s.isums_offset, s.fsums_offset, s.positions};
  case_buffer buffers[] = {{.before = floats(a, tokens * columns, columns)},
                           {.before = unwritten(a, tokens * s.row_bytes), .check = CHECK_BYTES}};
  bool floats_only = r->prepared.as_f32;
  if (specials && (floats_only || r->act.kind == ACT_STATIC)) put_specials(buffers[0].before);
  if (floats_only) buffers[1].check = CHECK_FLOATS;
  ir_memory run[] = {copy(a, buffers[0].before), copy(a, buffers[1].before)};
  bool ok = ir_interpret(m->d, program, 2, run, 7, sizes, 0, tokens);
  if (!ok) reject(m, "the interpreter failed");
  buffers[1].after = run[1];
  if (ok) put_call(m, kernel, tokens, 7, sizes, 2, buffers, program->name);
  arena_free(a);
}

static void prepare_calls(maker *m, const recipe *r, size_t act) {
  lower_emit_prepare(m->kernels, &r->prepared, m->tier, m->options.target->gpu,
                     arena_printf(m->part, "prepare_%zu_%zu_%zu", m->format, act, m->texts.len));
  uint64_t kernel = kernel_number(m);
  const ir_func *program =
      lower_emit_prepare(m->programs, &r->prepared, &m->reference.target->tiers[0], false,
                         arena_printf(m->part, "prepare %s %s", r->scheme->name, act_text(m->part, &r->act)));
  static const uint64_t columns[] = {1, 37, 256, 300};
  for (size_t i = 0; i < 4; i++) prepare_call(m, r, kernel, program, 1 + i % 3, columns[i], i % 2 == 1);
}

// ---- rows ------------------------------------------------------------------------------------------------

static const rows_kernel rows_kernels[] = {
    {.op = IR_RELU},
    {.op = IR_GELU},
    {.op = IR_SILU},
    {.op = IR_TANH},
    {.op = IR_SIGMOID},
    {.op = IR_TADD},
    {.op = IR_TSUB},
    {.op = IR_TMUL},
    {.op = IR_TDIV},
    {.op = IR_TNEG},
    {.op = IR_SOFTMAX},
    {.op = IR_RESHAPE},
    {.op = IR_TSCALE, .mul = 2.5, .add = -1},
    {.op = IR_TSCALE, .mul = 0.5, .add = -0.0},
    {.op = IR_LAYERNORM, .gain = true, .bias = true, .eps = 1e-5},
    {.op = IR_RMSNORM, .gain = true, .eps = 1e-6},
    {.op = IR_TAKE},
    {.op = IR_HADAMARD, .block = 2},
    {.op = IR_HADAMARD, .block = 8},
    {.op = IR_HADAMARD, .block = 16},
    {.op = IR_HADAMARD, .block = 64},
    {.op = IR_HADAMARD, .block = 512},
};

// Indices in an order that depends on the number of columns.
static ir_memory indices(arena *a, uint64_t columns) {
  ir_memory m = {.data = ARENA_ARRAY(a, uint8_t, 4 * columns), .size = 4 * columns};
  for (uint64_t i = 0; i < columns; i++) {
    uint32_t index = (uint32_t)((i * 7 + 3) * (i + 1) % columns);
    for (unsigned b = 0; b < 4; b++) m.data[4 * i + b] = (uint8_t)(index >> 8 * b);
  }
  return m;
}

static void rows_call(maker *m, const rows_kernel *k, uint64_t kernel, const ir_func *program, uint64_t columns) {
  arena *a = arena_new();
  bool binary = k->op == IR_TADD || k->op == IR_TSUB || k->op == IR_TMUL || k->op == IR_TDIV;
  uint64_t rows = 3;
  case_buffer buffers[4] = {{.before = floats(a, rows * columns, columns)},
                            {.before = unwritten(a, 4 * rows * columns)}};
  buffers[1].check = CHECK_BYTES;
  size_t count = 2;
  if (binary || k->gain) buffers[count++].before = floats(a, columns, 4);
  if (k->op == IR_TAKE) buffers[count++].before = indices(a, columns);
  if (k->bias) buffers[count++].before = floats(a, columns, 5);
  const uint64_t sizes[] = {columns, 1};
  ir_memory run[4];
  for (size_t i = 0; i < count; i++) run[i] = copy(a, buffers[i].before);
  if (!ir_interpret(m->d, program, count, run, binary ? 2 : 1, sizes, 0, rows)) fail("the interpreter failed");
  buffers[1].after = run[1];
  put_call(m, kernel, rows, binary ? 2 : 1, sizes, count, buffers, program->name);
  arena_free(a);
}

// At most four blocks.
static uint64_t whole_blocks(uint64_t columns, uint64_t block) {
  return block == 0 ? columns : (columns % 4 + 1) * block;
}

static void rows_calls(maker *m) {
  static const uint64_t columns[] = {1, 5, 16, 33, 100};
  for (size_t i = 0; i < sizeof rows_kernels / sizeof *rows_kernels; i++) {
    const char *name = lower_rows_name(m->part, &rows_kernels[i]);
    lower_emit_rows(m->kernels, &rows_kernels[i], m->tier, m->options.target->gpu, name);
    uint64_t kernel = kernel_number(m);
    const ir_func *program =
        lower_emit_rows(m->programs, &rows_kernels[i], &m->reference.target->tiers[0], false, name);
    for (size_t c = 0; c < 5; c++)
      rows_call(m, &rows_kernels[i], kernel, program, whole_blocks(columns[c], rows_kernels[i].block));
  }
}

// ---- lists of entries ------------------------------------------------------------------------------------

static const struct {
  const char *text;
  matmul_shape shape;
} sparse_formats[] = {
    {"o : f16 sparse 0.05; value = o;", {.epilogue = ""}},
    {"o : i8 sparse 0.1; g : f16 per row; value = g * o;", {.epilogue = "relu", .bias = true, .residual = true}},
    {"o : bf16 sparse 0.2; value = o;", {.epilogue = "", .addend = true}},
    {"o : i4 sparse 0.1; g : f16 per 8; value = g * o;", {.epilogue = "gelu", .addend = true}},
    {"o : i8[16, 32] per [16, 32] sparse 0.3; g : f32 per row; value = g * o[n % 16, k % 32];", {.epilogue = ""}},
    {"o : f16[2, 4] per [2, 4] sparse 0.3; value = o[n % 2, k % 4];", {.epilogue = "", .bias = true}},
    {"o : u8[1, 160] per 160 sparse 0.5; value = o[0, k % 160];", {.epilogue = "", .residual = true}},
};
static const shape sparse_shapes[] = {
    {1, 16, 160, SAMPLE_RANDOM}, {3, 17, 320, SAMPLE_EDGES}, {2, 5, 37, SAMPLE_ALL_HIGH}, {9, 33, 480, SAMPLE_RANDOM}};

// The part of the scheme that is a list, and how kernels read it for this shape.
static const sparse_packing *sparse_part(maker *m, arena *a, const scheme *s, const shape *at,
                                         const scheme_part **part) {
  const int64_t x_dims[] = {(int64_t)at->columns}, y_dims[] = {(int64_t)at->rows};
  ir_weight w = {.name = "w", .layer = "w", .scheme = s, .rows = at->rows, .columns = at->columns};
  ir_module *module = ir_module_new(a, "list");
  vec_push(a, &module->schemes, s);
  vec_push(a, &module->weights, &w);
  ir_func *f = ir_func_new(module, "m", IR_FUNC_MODEL);
  ir_builder b = {.mem = a, .func = f, .block = f->body};
  ir_value *x = ir_add_param(&b, f->body, ir_tensor(ELEM_F32, 1, x_dims), "x");
  ir_value *y = ir_emit_attr(&b, IR_LINEAR, ir_tensor(ELEM_F32, 1, y_dims), x, ir_sym(IR_ATTR_WEIGHT, "w"));
  ir_emit(&b, IR_RETURN, NULL, 1, &y, 0, NULL);
  if (!pass_split(m->d, module, &m->options)) fail(s->name);
  for (size_t i = 0; i < module->weights.len; i++) {
    const ir_weight *made = module->weights.data[i];
    if (made->sparse == NULL) continue;
    size_t count = scheme_split(m->d, a, s, part);
    if (made->part->index < count) *part += made->part->index;
    return made->sparse;
  }
  fail("no list of entries");
  return NULL;
}

// What the kernel shall give, in double, before the activation function.
static void expect_entries(const tensor_codes *t, const scheme_part *part, const shape *at, const float *x, double *sum,
                           double *size) {
  for (uint64_t i = 0; i < at->tokens * at->rows; i++)
    for (uint64_t k = 0; k < at->columns; k++) {
      double weight = scheme_eval(t, part->element, i % at->rows, k);
      if (part->coefficient != NULL) weight *= scheme_eval(t, part->coefficient, i % at->rows, k);
      double product = weight * (double)x[i / at->rows * at->columns + k];
      sum[i] += product;
      size[i] += fabs(product);
    }
}

static void sparse_call(maker *m, const scheme *s, const matmul_shape *shape_, const shape *at, uint64_t seed) {
  arena *a = arena_new();
  const scheme_part *part;
  const sparse_packing *p = sparse_part(m, a, s, at, &part);
  tensor_codes *codes = sample_codes(m->d, a, s, at->rows, at->columns, seed, at->data);
  sparse_sizes z;
  if (codes == NULL || !sparse_get_sizes(p, at->rows, &z)) fail("a list cannot be made");
  uint64_t outputs = at->tokens * at->rows;
  case_buffer buffers[6] = {{.before = {.data = ARENA_ARRAY(a, uint8_t, z.bytes), .size = z.bytes}},
                            {.before = floats(a, at->tokens * at->columns, seed)},
                            {.before = unwritten(a, 4 * outputs), .check = CHECK_BOUNDS}};
  if (!pack_entries(m->d, p, codes, part, buffers[0].before.data, z.bytes)) fail("a list cannot be packed");
  uint64_t sizes[8] = {at->tokens, at->columns, at->rows, z.starts_offset, z.columns_offset, z.values_offset};
  size_t count = 3, size_count = 6;
  if (shape_->bias) buffers[count++].before = floats(a, at->rows, 2);
  if (shape_->addend) buffers[count++].before = floats(a, outputs, 3), sizes[size_count++] = at->rows;
  if (shape_->residual) buffers[count++].before = floats(a, outputs, 4), sizes[size_count++] = at->rows;
  const char *name = arena_printf(m->part, "list_%zu_%zu_%llu", m->format, m->texts.len, (unsigned long long)seed);
  lower_emit_sparse(m->kernels, p, m->options.target->gpu, shape_, name);
  uint64_t kernel = kernel_number(m);
  const ir_func *program =
      lower_emit_sparse(m->programs, p, false, shape_, arena_printf(m->part, "%s %s", name, s->name));
  ir_memory run[6];
  for (size_t i = 0; i < count; i++) run[i] = copy(a, buffers[i].before);
  if (!ir_interpret(m->d, program, count, run, size_count, sizes, 0, at->rows)) fail("the interpreter failed");
  double *sum = ARENA_ARRAY(a, double, outputs), *magnitude = ARENA_ARRAY(a, double, outputs);
  float *allowed = ARENA_ARRAY(a, float, outputs), *y = (float *)(void *)run[2].data;
  bool plain = !shape_->bias && !shape_->addend && !shape_->residual;
  expect_entries(codes, part, at, (const float *)(const void *)buffers[1].before.data, sum, magnitude);
  for (uint64_t i = 0; i < outputs; i++) {
    allowed[i] = (float)((magnitude[i] + 4) * 0x1p-24 * (16 + (double)at->columns));
    if (plain && !(fabs((double)y[i] - sum[i]) <= (double)allowed[i])) reject(m, name);
  }
  buffers[2].after = run[2];
  buffers[2].allowed = allowed;
  put_call(m, kernel, at->rows, size_count, sizes, count, buffers, program->name);
  arena_free(a);
}

// The list of a format that has one.
static void list_calls(maker *m, const scheme *s) {
  for (size_t i = 0; i < sizeof sparse_shapes / sizeof *sparse_shapes && !m->failed; i++)
    sparse_call(m, s, &epilogues[0], &sparse_shapes[i], 50 + i);
}

static void sparse_calls(maker *m) {
  for (size_t f = 0; f < sizeof sparse_formats / sizeof *sparse_formats; f++) {
    const char *text = arena_printf(m->part, "scheme list%zu { %s }", f, sparse_formats[f].text);
    ast *tree = fe_parse(m->d, m->part, "lists", text, strlen(text));
    const scheme *s = fe_find_scheme(m->d, m->part, tree, &(fe_options){0}, arena_printf(m->part, "list%zu", f));
    if (s == NULL) fail(text);
    for (size_t i = 0; i < sizeof sparse_shapes / sizeof *sparse_shapes; i++)
      sparse_call(m, s, &sparse_formats[f].shape, &sparse_shapes[i], 10 * f + i);
  }
}

// ---- all -------------------------------------------------------------------------------------------------

static void write_bytes(const char *dir, const char *name, const void *data, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  if (f == NULL || fwrite(data, 1, size, f) != size || fclose(f) != 0) fail("an output cannot be written");
}

// One mode of a format. False when there are no kernels for it.
static bool mode_calls(maker *m, const recipe *r, size_t act, bool own) {
  if (r == NULL) return false;
  if (m->tier->special != 0 && !lower_recipe_uses(r, m->tier->special)) return true; // as on the next tier
  matmul_calls(m, r, act, 0, own ? USUAL_SHAPES : SHAPES_OF_OTHER_MODES,
               !m->full ? 0
               : own    ? DRAWN_SHAPES
                        : DRAWN_SHAPES / 3);
  for (size_t e = 1; is_exact(r) && e < EPILOGUE_COUNT && !m->failed; e++)
    if (sampling_next(&m->state) % EPILOGUE_COUNT == 0 ? own || m->full : own && m->full)
      matmul_calls(m, r, act, e, SHAPES_OF_EPILOGUES, m->full ? 1 : 0);
  prepare_calls(m, r, act);
  return true;
}

static const recipe *mode_recipe(maker *m, const scheme *s, const act_spec *act) {
  return lower_make_recipe(m->d, m->part, s, act, "mode", &m->options);
}

// The format's own mode, others that are drawn, and the first drawn one that counts bits. False when the format has no
// kernels at all.
static bool format_calls(maker *m, const scheme *s) {
  act_spec own = fe_default_act(s);
  bool counted = false;
  size_t first = sampling_next(&m->state) % ACT_COUNT, wanted = m->full ? DRAWN_MODES : 1;
  if (!mode_calls(m, mode_recipe(m, s, &own), ACT_COUNT, true)) return false;
  for (size_t n = 0; n < ACT_COUNT && !m->failed; n++) {
    size_t i = (first + 7 * n) % ACT_COUNT; // 7 and the number of modes share no divisor
    bool drawn = n < wanted || m->tier->special != 0, may_count = !counted && act_bit_planes(&acts[i]) > 0;
    if (act_equal(&own, &acts[i]) || !(drawn || may_count)) continue;
    const recipe *r = mode_recipe(m, s, &acts[i]);
    bool counts = r != NULL && r->mode == MODE_BIT_DOT;
    counted |= counts;
    if ((drawn || counts) && !mode_calls(m, r, i, false))
      reject(m, arena_printf(m->part, "no kernels for act = %s", act_text(m->part, &acts[i])));
  }
  return true;
}

// The parts of a format, most often itself alone.
static bool part_calls(maker *m, const scheme *s) {
  const scheme_part *parts;
  size_t count = scheme_split(m->d, m->part, s, &parts);
  bool made = count > 0;
  for (size_t i = 0; i < count && !m->failed; i++) {
    if (parts[i].kind != PART_SPARSE)
      made = format_calls(m, parts[i].scheme) && made;
    else if (m->tier->special == 0)
      list_calls(m, s);
  }
  return made;
}

static void compile(maker *m) {
  cg_options options = {.opt_level = 2};
  cg_context *cg = cg_new(m->d, m->part);
  cg_bytes object;
  bool gpu = m->options.target->gpu;
  if (cg_emit_kernels(cg, m->kernels, m->options.target, m->tier, m->triple, &options, gpu ? CG_ASM : CG_OBJECT,
                      &object))
    write_bytes(m->dir, arena_printf(m->part, gpu ? "kernels_%zu.s" : "kernels_%zu.o", m->format), object.data,
                object.size);
  else
    reject(m, "compiling failed");
  cg_free(cg);
}

// Begins a format: nothing is kept of the one before but its kernels.
static void begin_part(maker *m, size_t format, const char *name) {
  m->part = arena_new();
  m->state = sampling_state(m->seed, arena_printf(m->part, "%s %s", m->tier->name, name));
  m->d = diag_new(m->part, NULL, false);
  diag_set_warning(m->d, "fallback", DIAG_ACTION_IGNORE);
  m->format = format;
  m->failed = false;
  m->kernels = ir_module_new(m->part, "kernels");
  m->programs = ir_module_new(m->part, "programs");
}

// Ends it. True unless it failed.
static bool end_part(maker *m, const char *name, bool made) {
  if (m->kernels->funcs.len > 0) compile(m);
  const char *text = diag_text(m->d);
  fprintf(m->verdicts, "%s\t%s\t%zu\t%.*s\n", name,
          m->failed ? "failed"
          : made    ? "made"
                    : "refused",
          m->format, (int)strcspn(text, "\n"), text);
  if (m->failed) printf("FAILED %s: %.*s\n", name, (int)strcspn(text, "\n"), text);
  bool ok = !m->failed;
  arena_free(m->part);
  return ok;
}

// Whether this tier tries the format.
static bool is_drawn(const maker *m, const char *format) {
  uint64_t state = sampling_state(m->seed, format), tier = (uint64_t)(m->tier - m->options.target->tiers);
  return (sampling_next(&state) + tier) % (m->full ? TIERS_TOGETHER : TIERS_IF_QUICK) == 0;
}

static bool all_calls(maker *m, const case_formats *formats) {
  bool ok = true;
  for (size_t f = 0; f < formats->count; f++) {
    if (!is_drawn(m, formats->names[f])) continue;
    begin_part(m, f, formats->names[f]);
    const scheme *s = case_formats_find(m->d, m->part, formats, f);
    if (s == NULL) reject(m, "the scheme is wrong");
    bool made = s != NULL && part_calls(m, s);
    ok &= end_part(m, formats->names[f], made);
  }
  if (m->tier->special != 0) return ok;
  begin_part(m, formats->count, "rows");
  rows_calls(m);
  sparse_calls(m);
  return end_part(m, "rows", true) && ok;
}

static void write_table(maker *m) {
  strbuf text = {.mem = m->mem};
  strbuf_printf(&text, "#include \"runtime/qrt.h\"\n");
  for (size_t i = 0; i < m->symbols.len; i++)
    strbuf_printf(&text, "void %s(const qrt_args *, uint64_t, uint64_t);\n", m->symbols.data[i]);
  strbuf_printf(&text, "extern const qrt_kernel case_kernels[];\nextern const unsigned case_kernel_count;\n"
                       "extern const uint64_t case_cpu_features;\n");
  strbuf_printf(&text, "const qrt_kernel case_kernels[] = {\n");
  for (size_t i = 0; i < m->symbols.len; i++) strbuf_printf(&text, "  %s,\n", m->symbols.data[i]);
  strbuf_printf(&text, "};\nconst unsigned case_kernel_count = %zu;\nconst uint64_t case_cpu_features = %lluu;\n",
                m->symbols.len, (unsigned long long)m->tier->cpu_features);
  write_bytes(m->dir, "table.c", text.data, text.len);
}

static FILE *open_output(maker *m, const char *name) {
  FILE *f = fopen(arena_printf(m->mem, "%s/%s", m->dir, name), "wb");
  if (f == NULL) fail("the directory cannot be written");
  return f;
}

static void write_head(maker *m, const case_formats *formats) {
  put_word(m, CASE_MAGIC);
  put_word(m, formats->count + 1);
  for (size_t i = 0; i < formats->count; i++) put_text(m, formats->names[i]);
  put_text(m, "rows");
}

int main(int argc, char **argv) {
  if (argc < 7) fail("usage: make_cases TARGET TRIPLE TIER DIRECTORY quick|full SCHEMES ..");
  maker m = {.mem = arena_new(), .seed = sampling_seed(), .triple = argv[2], .dir = argv[4]};
  m.full = strcmp(argv[5], "full") == 0;
  m.options.target = target_for_triple(argv[1]);
  m.reference.target = target_get(0);
  m.tier = target_find_tier(m.options.target, argv[3]);
  if (m.tier == NULL) fail("no such tier");
  case_formats formats;
  const char *const *dirs = (const char *const *)(argv + 6);
  if (!case_formats_list(diag_new(m.mem, stderr, false), m.mem, dirs, (size_t)argc - 6, &formats))
    fail("a scheme is wrong");
  m.out = open_output(&m, "cases.bin");
  m.verdicts = open_output(&m, "formats.tsv");
  write_head(&m, &formats);
  long count_at = ftell(m.out);
  put_word(&m, 0);
  bool ok = all_calls(&m, &formats);
  write_table(&m);
  if (fseek(m.out, count_at, SEEK_SET) != 0) fail("the case file cannot be written");
  put_word(&m, m.calls);
  if (fclose(m.out) != 0 || fclose(m.verdicts) != 0) fail("the outputs cannot be written");
  printf("%llu calls of %zu kernels, QCC_TEST_SEED=%llu\n", (unsigned long long)m.calls, m.symbols.len,
         (unsigned long long)m.seed);
  arena_free(m.mem);
  return ok ? 0 : 3;
}
