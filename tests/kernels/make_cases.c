// Makes a differential test for one tier: make_cases TARGET TRIPLE TIER DIRECTORY SCHEMES [full]
//
// DIRECTORY gets kernels.o (every kernel, compiled for the tier; kernels.s for a GPU), table.c (their list) and cases.bin
// (calls with expected results, see case_file.h). What is expected comes from two oracles that never saw the compiled
// code: the value expression interpreted in double, and the kernel program of another tier interpreted lane by lane,
// which integer modes must equal bit for bit.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "frontend/frontend.h"
#include "lower/passes.h"
#include "tests/kernels/case_file.h"
#include "tests/kernels/kernel_case.h"
#include "weights/parts.h"

static const char *const formats[] = {
    "q4_0",
    "q4_1",
    "q5_0",
    "q8_0",
    "q4_K",
    "q6_K",
    "nf4",
    "int8_row",
    "int4_g",
    "int4_g(group=20)",
    "int4_g(group=7)",
    "ternary",
    "codebook3",
    "levels_row",
    "two_fields",
    "f32",
    "f16",
    "bf16",
    "decoded",
    "grid",
    "books",
    "stored_books",
    "trellis",
    "tiles",
    "small_floats",
    "sparse24",
    "wide_codes",
    "down_columns",
    "signs",
    "thirds",
};

// 512 numbers of a byte.
#define GRID8(a) #a ",8,-25,43,8," #a ",-43,25"
#define GRID64(a) \
  GRID8(a) "," GRID8(-a) "," GRID8(1) "," GRID8(a) "," GRID8(7) "," GRID8(-3) "," GRID8(a) "," GRID8(127)
#define GRID \
  GRID64(1) "," GRID64(2) "," GRID64(3) "," GRID64(5) "," GRID64(8) "," GRID64(13) "," GRID64(21) "," GRID64(34)

// Formats that only tests need: stored levels, several fields per weight, an expression that is no sum of products.
static const char test_schemes[] =
    "scheme levels_row { code : u3; level : f16[8] per row; scale : f16 per 32; value = scale * level[code]; }\n"
    "scheme two_fields { sign : u1; mag : u4; scale : bf16 per 48; value = scale * (1 - 2 * sign) * (mag + 1); }\n"
    "scheme decoded { code : u4; shift : u2 per 32; scale : f32 per row;\n"
    "                 value = scale * select(code < 8, code + shift, 3 * shift - code); }\n"
    // Vectors of a constant table with signs; of tables stored with the tensor; computed from a window of codes.
    "scheme grid { point : u6 per 8; sign : u7 per 8; sc : u4 per 32; d : f16 per 256;\n"
    "  table at : i8[64, 8] = { " GRID " };\n"
    "  value = d * (0.5 + sc) * at[point, k % 8] * (1 - 2 * (sign >> min(k % 8, 6) & 1)); }\n"
    "scheme books { code : u8[2] per 4; book : f16[2, 256, 4] per tensor; scale : f16 per row;\n"
    "  value = scale * sum(b < 2, book[b, code[b], k % 4]); }\n"
    "scheme stored_books { code : u4; flag : u1 per 5; book : f16[2, 16] per tensor; level : i8[4] per 32;\n"
    "  value = book[flag, code] + level[code & 3]; }\n"
    "scheme trellis { code : u2; scale : f16 per row;\n"
    "  value = scale * f16(((window(code, 16, 64) * 89226354 + 64248484) & 0x8fff0fff) % 65536 ^ 0x3b60); }\n"
    "scheme tiles { code : u3; a : f8e4m3 per [5, 48]; b : e8m0 per column; c : bf16 per [3, *]; d : f16 per [*, 32];\n"
    "  value = a * b * c * d * (code - 3.5) * (k % 48 / 3 + 1); }\n"
    "scheme small_floats { code : f4e2m1; other : f6e3m2; scale : f8e5m2 per 16; value = scale * (code + other); }\n"
    "scheme sparse24 { code : u4[2] per 4; at : u2[2] per 4; scale : f16 per 64;\n"
    "  value = scale * sum(j < 2, (at[j] == k % 4) * (code[j] - 8)); }\n"
    "scheme down_columns { code : u9 per [8, 1]; book : bf16[512, 8] per tensor; gain : f16 per column;\n"
    "  value = to_bf16(gain * book[code, n % 8]) * (1 - 2 * (k / 4 % 2)); }\n"
    "scheme wide_codes { code : u12; scale : f16 per row; value = scale * (code / 7 - code % 7 * 100); }\n"
    // Codes and activations of a few bits are counted bit by bit.
    "scheme signs { code : u1; scale : f16 per 64; value = scale * (2 * code - 1); }\n"
    "scheme thirds { code : u2; scale : f32 per row; value = scale * (code / 3.0 - 0.5); }\n"
    "scheme codebook3 { code : u3; scale : f16 per 32;\n"
    "  table level : f32[8] = { -1.0, -0.62, -0.35, -0.11, 0.11, 0.35, 0.62, 1.0 };\n"
    "  value = scale * level[code]; }\n";

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
#define PLAIN_ACTS 5 // the first of them are tried with every format

typedef struct shape {
  uint64_t tokens, rows, columns;
  case_data data;
} shape;

static const shape quick_shapes[] = {{1, 16, 256, CASE_RANDOM}, {2, 17, 96, CASE_EDGES}, {1, 5, 37, CASE_ALL_HIGH},
                                     {9, 33, 300, CASE_RANDOM}, {3, 1, 1, CASE_ALL_LOW}, {1, 15, 512, CASE_EDGES}};
static const shape more_shapes[] = {
    {1, 31, 31, CASE_RANDOM},    {1, 32, 33, CASE_EDGES},     {4, 64, 64, CASE_ALL_HIGH}, {5, 7, 127, CASE_RANDOM},
    {7, 48, 128, CASE_ALL_LOW},  {8, 65, 129, CASE_EDGES},    {16, 16, 255, CASE_RANDOM}, {17, 2, 257, CASE_EDGES},
    {33, 9, 384, CASE_RANDOM},   {1, 100, 1000, CASE_RANDOM}, {2, 3, 2049, CASE_EDGES},   {6, 8, 20, CASE_ALL_HIGH},
    {10, 63, 640, CASE_ALL_LOW}, {1, 1, 5000, CASE_ALL_HIGH}, {12, 4, 3, CASE_EDGES},
};

static const matmul_shape epilogues[] = {{.epilogue = ""},
                                         {.epilogue = "relu", .bias = true, .residual = true},
                                         {.epilogue = "gelu", .bias = true, .addend = true}};

// Without "full" every format is still tried with i8 per 32 and per token and with floats; of the other modes, and of the
// epilogues of each mode, formats take turns. Those whose products may be counted bit by bit are tried with what is so.
static bool quick_act(size_t format, size_t act) {
  bool bits = strcmp(formats[format], "signs") == 0 || strcmp(formats[format], "thirds") == 0;
  if (bits) return act == 1 || act_bit_planes(&acts[act]) > 0;
  if (acts[act].group == 256) return format % 2 == 1;
  return act < PLAIN_ACTS || (format + act) % 6 == 0;
}

static bool quick_epilogue(size_t format, size_t act, size_t epilogue) {
  return epilogue == 0 || (format + act + epilogue) % 2 == 0;
}

typedef struct maker {
  arena *mem;
  diag *d;
  lower_options options;
  lower_options reference;
  const target_tier *tier;
  ir_module *kernels;
  VEC(const char *) texts; // of the kernels, from their parameters on
  ir_module *programs;     // of the reference tier
  FILE *out;
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

typedef struct case_buffer {
  ir_memory before;
  ir_memory after; // what the oracle left
  enum case_check check;
  const float *allowed;
} case_buffer;

static void put_call(maker *m, uint64_t kernel, uint64_t work, size_t size_count, const uint64_t *sizes, size_t count,
                     const case_buffer *buffers, const char *label) {
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
  put_word(m, strlen(label));
  put(m, label, strlen(label));
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

// The number of the kernel that was emitted last. Formats and modes share kernels: one that is there already is dropped.
static uint64_t kernel_number(maker *m) {
  size_t last = m->kernels->funcs.len - 1;
  const char *text = ir_print_func(m->mem, m->kernels, m->kernels->funcs.data[last]);
  const char *parameters = strchr(text, '(');
  if (parameters == NULL) fail("a kernel without parameters");
  for (size_t i = 0; i < m->texts.len; i++) {
    if (strcmp(m->texts.data[i], parameters) != 0) continue;
    m->kernels->funcs.len--;
    return i;
  }
  vec_push(m->mem, &m->texts, parameters);
  return last;
}

// ---- matmul ----------------------------------------------------------------------------------------------

static bool is_exact(const recipe *r) { return mode_is_integer(r->mode); }

// Windows wrap within whole spans: K is a multiple of them.
static uint64_t window_span(const expr *e) {
  uint64_t span = e->op == EXPR_WINDOW ? (uint64_t)e->args[1]->i : 1;
  for (unsigned i = 0; i < e->arg_count; i++) {
    uint64_t inner = window_span(e->args[i]);
    span = inner > span ? inner : span;
  }
  return span;
}

static void matmul_call(maker *m, const recipe *r, const matmul_shape *s, uint64_t kernel, const ir_func *program,
                        const shape *at, uint64_t seed) {
  arena *a = arena_new();
  uint64_t span = window_span(r->scheme->value), columns = (at->columns + span - 1) / span * span;
  kernel_case *c = case_new(m->d, a, r, at->tokens, at->rows, columns, seed, at->data);
  if (c == NULL) fail("a case cannot be made");
  uint64_t sizes[16];
  size_t size_count = case_sizes(c, sizes);
  uint64_t outputs = c->tokens * c->rows;
  case_buffer buffers[6] = {{.before = c->packed}, {.before = c->prepared}, {.before = floats(a, outputs, 1)}};
  size_t count = 3;
  if (s->bias) buffers[count++].before = floats(a, c->rows, 2);
  if (s->addend) buffers[count++].before = floats(a, outputs, 5), sizes[size_count++] = c->rows;
  if (s->residual) buffers[count++].before = floats(a, outputs, 3), sizes[size_count++] = c->rows;
  ir_memory run[6];
  for (size_t i = 0; i < count; i++) run[i] = copy(a, buffers[i].before);
  if (!ir_interpret(m->d, program, count, run, size_count, sizes, 0, case_tiles(c))) fail("the interpreter failed");
  const char *message;
  bool plain = !s->bias && !s->residual;
  if (plain && !case_check(c, (const float *)(const void *)run[2].data, &message)) fail(message);
  buffers[2].after = run[2];
  buffers[2].check = is_exact(r) ? CHECK_BYTES : CHECK_BOUNDS;
  float *allowed = ARENA_ARRAY(a, float, outputs);
  for (uint64_t i = 0; i < outputs; i++) allowed[i] = 2 * (float)c->bound[i];
  buffers[2].allowed = allowed;
  const char *label = arena_printf(a, "%s M=%llu N=%llu K=%llu data %d", program->name, (unsigned long long)c->tokens,
                                   (unsigned long long)c->rows, (unsigned long long)c->columns, (int)at->data);
  if (plain || is_exact(r)) put_call(m, kernel, case_tiles(c), size_count, sizes, count, buffers, label);
  arena_free(a);
}

static void matmul_calls(maker *m, const recipe *r, size_t format, size_t act) {
  for (size_t e = 0; e < sizeof epilogues / sizeof *epilogues; e++) {
    if (e > 0 && (!is_exact(r) || act > 1)) continue;
    if (!m->full && !quick_epilogue(format, act, e)) continue;
    const char *name = arena_printf(m->mem, "matmul_%zu_%zu_%zu", format, act, e);
    lower_emit_matmul(m->kernels, r, m->tier, m->options.target->gpu, &epilogues[e], name);
    uint64_t kernel = kernel_number(m);
    const char *said = arena_printf(m->mem, "%s %s %s", r->scheme->name, act_text(m->mem, &r->act), name);
    const ir_func *program =
        lower_emit_matmul(m->programs, r, &m->reference.target->tiers[0], false, &epilogues[e], said);
    size_t quick = sizeof quick_shapes / sizeof *quick_shapes;
    for (size_t i = 0; i < (e > 0 ? 2 : quick); i++)
      matmul_call(m, r, &epilogues[e], kernel, program, &quick_shapes[i], format * 1000 + act * 100 + i);
    for (size_t i = 0; m->full && i < sizeof more_shapes / sizeof *more_shapes; i++)
      matmul_call(m, r, &epilogues[e], kernel, program, &more_shapes[i], format * 1000 + act * 100 + 50 + i);
  }
}

// ---- prepare ---------------------------------------------------------------------------------------------

static void prepare_call(maker *m, const recipe *r, uint64_t kernel, const ir_func *program, uint64_t tokens,
                         uint64_t columns) {
  arena *a = arena_new();
  prepared_sizes s;
  if (!prepared_get_sizes(&r->prepared, columns, &s)) fail("sizes overflow");
  const uint64_t sizes[] = {columns,        columns,        s.row_bytes, s.scales_offset,
                            s.isums_offset, s.fsums_offset, s.positions};
  case_buffer buffers[] = {
      {.before = floats(a, tokens * columns, columns)},
      {.before = {.data = ARENA_ARRAY(a, uint8_t, tokens *s.row_bytes), .size = tokens * s.row_bytes},
       .check = CHECK_BYTES}};
  ir_memory run[] = {copy(a, buffers[0].before), copy(a, buffers[1].before)};
  if (!ir_interpret(m->d, program, 2, run, 7, sizes, 0, tokens)) fail("the interpreter failed");
  buffers[1].after = run[1];
  put_call(m, kernel, tokens, 7, sizes, 2, buffers, program->name);
  arena_free(a);
}

static void prepare_calls(maker *m, const recipe *r, size_t format, size_t act) {
  lower_emit_prepare(m->kernels, &r->prepared, m->tier, m->options.target->gpu,
                     arena_printf(m->mem, "prepare_%zu_%zu", format, act));
  uint64_t kernel = kernel_number(m);
  const ir_func *program =
      lower_emit_prepare(m->programs, &r->prepared, &m->reference.target->tiers[0], false,
                         arena_printf(m->mem, "prepare %s %s", r->scheme->name, act_text(m->mem, &r->act)));
  static const uint64_t columns[] = {1, 37, 256, 300};
  for (size_t i = 0; i < 4; i++) prepare_call(m, r, kernel, program, 1 + i % 3, columns[i]);
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
  case_buffer buffers[4] = {{.before = floats(a, rows * columns, columns)}, {.before = floats(a, rows * columns, 9)}};
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
    const char *name = lower_rows_name(m->mem, &rows_kernels[i]);
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
    {1, 16, 160, CASE_RANDOM}, {3, 17, 320, CASE_EDGES}, {2, 5, 37, CASE_ALL_HIGH}, {9, 33, 480, CASE_RANDOM}};

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
static void expect_entries(const tensor_codes *t, const shape *at, const float *x, double *sum, double *size) {
  for (uint64_t i = 0; i < at->tokens * at->rows; i++)
    for (uint64_t k = 0; k < at->columns; k++) {
      double product = scheme_weight(t, i % at->rows, k) * (double)x[i / at->rows * at->columns + k];
      sum[i] += product;
      size[i] += fabs(product);
    }
}

static void sparse_call(maker *m, const scheme *s, const matmul_shape *shape_, const shape *at, uint64_t seed) {
  arena *a = arena_new();
  const scheme_part *part;
  const sparse_packing *p = sparse_part(m, a, s, at, &part);
  tensor_codes *codes = case_codes(m->d, a, s, at->rows, at->columns, seed, at->data);
  sparse_sizes z;
  if (codes == NULL || !sparse_get_sizes(p, at->rows, &z)) fail("a list cannot be made");
  uint64_t outputs = at->tokens * at->rows;
  case_buffer buffers[6] = {{.before = {.data = ARENA_ARRAY(a, uint8_t, z.bytes), .size = z.bytes}},
                            {.before = floats(a, at->tokens * at->columns, seed)},
                            {.before = floats(a, outputs, 1), .check = CHECK_BOUNDS}};
  if (!pack_entries(m->d, p, codes, part, buffers[0].before.data, z.bytes)) fail("a list cannot be packed");
  uint64_t sizes[8] = {at->tokens, at->columns, at->rows, z.starts_offset, z.columns_offset, z.values_offset};
  size_t count = 3, size_count = 6;
  if (shape_->bias) buffers[count++].before = floats(a, at->rows, 2);
  if (shape_->addend) buffers[count++].before = floats(a, outputs, 3), sizes[size_count++] = at->rows;
  if (shape_->residual) buffers[count++].before = floats(a, outputs, 4), sizes[size_count++] = at->rows;
  const char *name = arena_printf(m->mem, "list_%zu_%llu", m->programs->funcs.len, (unsigned long long)seed);
  lower_emit_sparse(m->kernels, p, m->options.target->gpu, shape_, name);
  uint64_t kernel = kernel_number(m);
  const ir_func *program =
      lower_emit_sparse(m->programs, p, false, shape_, arena_printf(m->mem, "%s %s", name, s->name));
  ir_memory run[6];
  for (size_t i = 0; i < count; i++) run[i] = copy(a, buffers[i].before);
  if (!ir_interpret(m->d, program, count, run, size_count, sizes, 0, at->rows)) fail("the interpreter failed");
  double *sum = ARENA_ARRAY(a, double, outputs), *magnitude = ARENA_ARRAY(a, double, outputs);
  float *allowed = ARENA_ARRAY(a, float, outputs), *y = (float *)(void *)run[2].data;
  bool plain = !shape_->bias && !shape_->addend && !shape_->residual;
  expect_entries(codes, at, (const float *)(const void *)buffers[1].before.data, sum, magnitude);
  for (uint64_t i = 0; i < outputs; i++) {
    allowed[i] = (float)((magnitude[i] + 4) * 0x1p-24 * (16 + (double)at->columns));
    if (plain && !(fabs((double)y[i] - sum[i]) <= (double)allowed[i])) fail(name);
  }
  buffers[2].after = run[2];
  buffers[2].allowed = allowed;
  put_call(m, kernel, at->rows, size_count, sizes, count, buffers, program->name);
  arena_free(a);
}

static void sparse_calls(maker *m) {
  for (size_t f = 0; f < sizeof sparse_formats / sizeof *sparse_formats; f++) {
    const char *text = arena_printf(m->mem, "scheme list%zu { %s }", f, sparse_formats[f].text);
    ast *tree = fe_parse(m->d, m->mem, "lists", text, strlen(text));
    const scheme *s = fe_find_scheme(m->d, m->mem, tree, &(fe_options){0}, arena_printf(m->mem, "list%zu", f));
    if (s == NULL) fail(text);
    for (size_t i = 0; i < sizeof sparse_shapes / sizeof *sparse_shapes; i++)
      sparse_call(m, s, &sparse_formats[f].shape, &sparse_shapes[i], 10 * f + i);
  }
}

// ---- all -------------------------------------------------------------------------------------------------

static void all_calls(maker *m, const char *schemes) {
  ast *tree = fe_parse(m->d, m->mem, "test schemes", test_schemes, strlen(test_schemes));
  fe_options options = {.dirs = &schemes, .dir_count = 1};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    const scheme *s = fe_find_scheme(m->d, m->mem, tree, &options, formats[f]);
    if (s == NULL) fail(formats[f]);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
      if (!m->full && !quick_act(f, i)) continue;
      const recipe *r = lower_make_recipe(m->d, m->mem, s, &acts[i], formats[f], &m->options);
      if (r == NULL) fail(formats[f]);
      matmul_calls(m, r, f, i);
      prepare_calls(m, r, f, i);
    }
  }
  rows_calls(m);
  sparse_calls(m);
}

static void write_bytes(const char *dir, const char *name, const void *data, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  if (f == NULL || fwrite(data, 1, size, f) != size || fclose(f) != 0) fail("an output cannot be written");
}

static void write_table(maker *m, const char *dir, const cg_options *options) {
  strbuf text = {.mem = m->mem};
  strbuf_printf(&text, "#include \"runtime/qrt.h\"\n");
  for (size_t i = 0; i < m->kernels->funcs.len; i++)
    strbuf_printf(&text, "void %s(const qrt_args *, uint64_t, uint64_t);\n",
                  cg_kernel_symbol(m->mem, options, m->tier, m->kernels->funcs.data[i]->name));
  strbuf_printf(&text, "extern const qrt_kernel case_kernels[];\nextern const unsigned case_kernel_count;\n"
                       "extern const uint64_t case_cpu_features;\n");
  strbuf_printf(&text, "const qrt_kernel case_kernels[] = {\n");
  for (size_t i = 0; i < m->kernels->funcs.len; i++)
    strbuf_printf(&text, "  %s,\n", cg_kernel_symbol(m->mem, options, m->tier, m->kernels->funcs.data[i]->name));
  strbuf_printf(&text, "};\nconst unsigned case_kernel_count = %zu;\nconst uint64_t case_cpu_features = %lluu;\n",
                m->kernels->funcs.len, (unsigned long long)m->tier->cpu_features);
  write_bytes(dir, "table.c", text.data, text.len);
}

int main(int argc, char **argv) {
  if (argc < 6) fail("usage: make_cases TARGET TRIPLE TIER DIRECTORY SCHEMES [full]");
  maker m = {.mem = arena_new(), .full = argc > 6 && strcmp(argv[6], "full") == 0};
  m.d = diag_new(m.mem, stderr, false);
  diag_set_warning(m.d, "fallback", DIAG_ACTION_IGNORE);
  m.options.target = target_for_triple(argv[1]);
  m.reference.target = target_get(0);
  m.tier = target_find_tier(m.options.target, argv[3]);
  if (m.tier == NULL) fail("no such tier");
  m.kernels = ir_module_new(m.mem, "kernels");
  m.programs = ir_module_new(m.mem, "programs");
  m.out = fopen(arena_printf(m.mem, "%s/cases.bin", argv[4]), "wb");
  if (m.out == NULL) fail("the directory cannot be written");
  put_word(&m, CASE_MAGIC);
  put_word(&m, 0);
  all_calls(&m, argv[5]);
  if (fseek(m.out, 8, SEEK_SET) != 0) fail("the case file cannot be written");
  put_word(&m, m.calls);
  if (fclose(m.out) != 0 || diag_error_count(m.d) > 0) fail("errors were reported");
  cg_options options = {.opt_level = 2};
  cg_context *cg = cg_new(m.d, m.mem);
  cg_bytes object;
  bool gpu = m.options.target->gpu;
  if (!cg_emit_kernels(cg, m.kernels, m.options.target, m.tier, argv[2], &options, gpu ? CG_ASM : CG_OBJECT, &object))
    return 1;
  write_bytes(argv[4], gpu ? "kernels.s" : "kernels.o", object.data, object.size);
  write_table(&m, argv[4], &options);
  printf("%llu calls of %zu kernels\n", (unsigned long long)m.calls, m.kernels->funcs.len);
  cg_free(cg);
  arena_free(m.mem);
  return 0;
}
