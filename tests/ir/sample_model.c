#include <math.h>
#include <string.h>

#include "samples.h"

#define NOWHERE SRC_NOWHERE
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

// ---- schemes ---------------------------------------------------------------------------------------------

static const expr *make(arena *mem, expr_op op, size_t count, const expr *a, const expr *b, const expr *c) {
  const expr *args[] = {a, b, c};
  return expr_make(mem, op, 0, 0, count, arena_memdup(mem, args, sizeof args), NOWHERE);
}
static const expr *make1(arena *mem, expr_op op, const expr *a) { return make(mem, op, 1, a, NULL, NULL); }
static const expr *make2(arena *mem, expr_op op, const expr *a, const expr *b) { return make(mem, op, 2, a, b, NULL); }
static const expr *number(arena *mem, int64_t value) { return expr_int(mem, value, NOWHERE); }
static const expr *field(arena *mem, unsigned index, bool is_int) {
  return expr_leaf(mem, EXPR_FIELD, index, is_int, NOWHERE);
}
static const expr *var(arena *mem, expr_var index) { return expr_leaf(mem, EXPR_VAR, index, true, NOWHERE); }

// Every operator on integers, folded into one number.
static const expr *every_integer_operator(arena *mem) {
  static const expr_op binary[] = {EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV, EXPR_MOD, EXPR_SHL, EXPR_SHR,
                                   EXPR_AND, EXPR_OR,  EXPR_XOR, EXPR_LT,  EXPR_EQ,  EXPR_MIN, EXPR_MAX};
  const expr *e = make2(mem, EXPR_ADD, var(mem, VAR_K), var(mem, VAR_N));
  for (size_t i = 0; i < COUNT(binary); i++) e = make2(mem, binary[i], e, number(mem, 1 + (int64_t)i % 3));
  e = make1(mem, EXPR_NOT, make1(mem, EXPR_NEG, make1(mem, EXPR_ABS, e)));
  return make(mem, EXPR_SELECT, 3, e, field(mem, 0, true), number(mem, INT32_MIN));
}

static const expr *rich_value(arena *mem) {
  const expr *level = expr_lookup(mem, EXPR_TABLE, 0, false, field(mem, 0, true), NOWHERE);
  const expr *whole =
      expr_lookup(mem, EXPR_TABLE, 1, true, make2(mem, EXPR_MOD, field(mem, 0, true), number(mem, 2)), NOWHERE);
  const expr *stored = expr_lookup(mem, EXPR_ELEMENT, 3, false, field(mem, 0, true), NOWHERE);
  const expr *scaled = make2(mem, EXPR_MUL, field(mem, 1, false), make2(mem, EXPR_ADD, level, stored));
  const expr *real = expr_real(mem, 0.1, NOWHERE);
  const expr *power = make1(mem, EXPR_EXP2, make2(mem, EXPR_SUB, field(mem, 2, true), number(mem, 8)));
  const expr *sum = make2(mem, EXPR_ADD, scaled, make2(mem, EXPR_MUL, real, power));
  const expr *extent[] = {number(mem, 16), number(mem, 64), number(mem, 2)};
  const expr *window = expr_make(mem, EXPR_WINDOW, 0, 0, 3, arena_memdup(mem, extent, sizeof extent), NOWHERE);
  const expr *computed = expr_make(mem, EXPR_FLOAT, ELEM_F16, 0, 1, arena_memdup(mem, &window, sizeof window), NOWHERE);
  computed = expr_make(mem, EXPR_ROUND, ELEM_BF16, 0, 1, arena_memdup(mem, &computed, sizeof computed), NOWHERE);
  sum = make2(mem, EXPR_ADD, sum, computed);
  return make2(mem, EXPR_ADD, make2(mem, EXPR_ADD, sum, whole), every_integer_operator(mem));
}

static const expr *bits(arena *mem, const expr *at, int64_t width) {
  return make2(mem, EXPR_BITS, at, number(mem, width));
}

static layout_place place(unsigned index, unsigned binders, const char *a, const char *b, const expr *raw) {
  return (layout_place){.field = index, .binder_count = binders, .binder_names = {a, b}, .raw = raw};
}

static scheme_layout block_layout(arena *mem) {
  const expr *code =
      bits(mem, make2(mem, EXPR_ADD, number(mem, 16), make2(mem, EXPR_MUL, var(mem, VAR_BINDER0), number(mem, 4))), 4);
  layout_place places[] = {place(0, 1, "j", NULL, code), place(1, 1, "odd one", NULL, bits(mem, number(mem, 0), 16))};
  return (scheme_layout){.name = "gguf",
                         .block_weights = 32,
                         .block_bytes = 18,
                         .type_id = -1,
                         .place_count = COUNT(places),
                         .places = arena_memdup(mem, places, sizeof places)};
}

static void add_block_scheme(arena *mem, ir_module *m) {
  scheme_field fields[] = {
      {.name = "code", .type = ELEM_I4, .gran = {.kind = GRAN_WEIGHT, .group = 1}},
      {.name = "scale", .type = ELEM_F16, .gran = {.kind = GRAN_GROUP, .group = 32}},
  };
  scheme_layout layouts[] = {block_layout(mem)};
  scheme *s = ARENA_NEW(mem, scheme);
  *s = (scheme){.name = "blocks",
                .field_count = COUNT(fields),
                .fields = arena_memdup(mem, fields, sizeof fields),
                .value = make2(mem, EXPR_MUL, field(mem, 1, false), field(mem, 0, true)),
                .layout_count = 1,
                .layouts = arena_memdup(mem, layouts, sizeof layouts)};
  vec_push(mem, &m->schemes, s);
}

static scheme_layout tensor_layout(arena *mem) {
  const expr *k = var(mem, VAR_BINDER1), *n = var(mem, VAR_BINDER0);
  const expr *stream[] = {n, make2(mem, EXPR_MUL, k, number(mem, 4)), number(mem, 4)};
  const expr *load[] = {n, k};
  const expr *codes = expr_make(mem, EXPR_STREAM, 0, 1, 3, arena_memdup(mem, stream, sizeof stream), NOWHERE);
  const expr *scale = expr_make(mem, EXPR_LOAD, 1, 0, 2, arena_memdup(mem, load, sizeof load), NOWHERE);
  const expr *table[] = {n};
  const expr *order[] = {number(mem, 3)}, *rank[] = {n, number(mem, 3)};
  const expr *find[] = {number(mem, 0), number(mem, 2),
                        expr_make(mem, EXPR_ORDER, 3, 0, 1, arena_memdup(mem, order, sizeof order), NOWHERE)};
  const expr *sum =
      make2(mem, EXPR_ADD, expr_make(mem, EXPR_RANK, 0, 1, 2, arena_memdup(mem, rank, sizeof rank), NOWHERE),
            expr_make(mem, EXPR_FIND, 3, 0, 3, arena_memdup(mem, find, sizeof find), NOWHERE));
  layout_place places[] = {
      place(0, 2, "n", "k", codes),
      place(1, 2, "n", "k", scale),
      place(2, 1, "n", NULL, sum),
      place(3, 1, "i", NULL, expr_make(mem, EXPR_LOAD, 2, 0, 1, arena_memdup(mem, table, sizeof table), NOWHERE)),
  };
  const expr *rows = var(mem, VAR_ROWS), *columns = var(mem, VAR_COLUMNS);
  layout_tensor tensors[] = {
      {.name = "qweight",
       .suffix = ".qweight",
       .type = ELEM_I32,
       .rank = 2,
       .dims = {rows, make2(mem, EXPR_DIV, columns, number(mem, 8))}},
      {.name = "scales",
       .suffix = ".scales",
       .type = ELEM_F16,
       .rank = 2,
       .dims = {rows, make2(mem, EXPR_DIV, columns, number(mem, 32))}},
      {.name = "book", .suffix = ".book", .type = ELEM_F16, .rank = 1, .dims = {number(mem, 16)}},
      {.name = "parts",
       .suffix = ".parts",
       .type = ELEM_I32,
       .stored_count = 2,
       .stored = {ELEM_I32, ELEM_U8},
       .rank = 1,
       .dims = {columns}},
  };
  return (scheme_layout){.name = "separate tensors",
                         .type_id = -1,
                         .tensor_count = COUNT(tensors),
                         .place_count = COUNT(places),
                         .tensors = arena_memdup(mem, tensors, sizeof tensors),
                         .places = arena_memdup(mem, places, sizeof places)};
}

// Every kind of step, on both sides.
static void set_transforms(arena *mem, scheme *s) {
  const expr *k = var(mem, VAR_K), *n = var(mem, VAR_N);
  const expr *mixed = make2(mem, EXPR_MOD, make2(mem, EXPR_MUL, k, number(mem, 5)), number(mem, 64));
  const expr *level = expr_lookup(mem, EXPR_TABLE, 0, false, make2(mem, EXPR_MOD, k, number(mem, 16)), NOWHERE);
  transform_step input[] = {{.kind = TRANSFORM_GATHER, .factor = mixed},
                            {.kind = TRANSFORM_MUL, .factor = level},
                            {.kind = TRANSFORM_DIV, .factor = expr_real(mem, 0.1, NOWHERE)},
                            {.kind = TRANSFORM_HADAMARD}};
  transform_step output[] = {{.kind = TRANSFORM_HADAMARD, .block = 32},
                             {.kind = TRANSFORM_GATHER, .factor = make2(mem, EXPR_SUB, number(mem, 63), n)}};
  s->input = (transform){.count = COUNT(input), .steps = arena_memdup(mem, input, sizeof input)};
  s->output = (transform){.count = COUNT(output), .steps = arena_memdup(mem, output, sizeof output)};
}

const scheme *sample_rich_scheme(arena *mem, ir_module *m) {
  static const double levels[16] = {-1, -0.5, 0, 0.25, 0.1f, 1e-30f};
  static const double whole[2] = {-3, 5};
  scheme_field fields[] = {
      {.name = "code", .type = ELEM_U4, .gran = {.kind = GRAN_WEIGHT, .group = 1}},
      {.name = "scale", .type = ELEM_F16, .gran = {.kind = GRAN_GROUP, .group = 32}},
      {.name = "per row", .type = ELEM_U8, .gran = {.kind = GRAN_ROW}},
      {.name = "book", .type = ELEM_F16, .gran = {.kind = GRAN_TENSOR}, .rank = 1, .dims = {16}},
  };
  scheme_table tables[] = {{.name = "level", .type = ELEM_F32, .count = 16, .values = levels},
                           {.name = "whole", .type = ELEM_I8, .count = 2, .values = whole}};
  scheme_layout layouts[] = {tensor_layout(mem)};
  scheme *s = ARENA_NEW(mem, scheme);
  *s = (scheme){.name = "rich(group=32)",
                .field_count = COUNT(fields),
                .fields = arena_memdup(mem, fields, sizeof fields),
                .table_count = COUNT(tables),
                .tables = arena_memdup(mem, tables, sizeof tables),
                .value = rich_value(mem),
                .layout_count = COUNT(layouts),
                .layouts = arena_memdup(mem, layouts, sizeof layouts)};
  set_transforms(mem, s);
  vec_push(mem, &m->schemes, s);
  return s;
}

// ---- recipes ---------------------------------------------------------------------------------------------

static value_term sample_term(arena *mem, bool with_levels) {
  const expr *coefficients[] = {field(mem, 1, false), field(mem, 2, true), field(mem, 2, false)};
  double *levels = ARENA_ARRAY(mem, double, 16);
  for (int c = 0; c < 16; c++) levels[c] = 0.1 * c - 0.8;
  return (value_term){.coefficient_count = COUNT(coefficients),
                      .coefficients = arena_memdup(mem, coefficients, sizeof coefficients),
                      .levels = with_levels ? levels : NULL,
                      .table_field = with_levels ? -1 : 3,
                      .float_field = -1};
}

static void set_terms(arena *mem, recipe *r) {
  static const uint8_t low[16] = {0, 17, 255}, high[16] = {1};
  code_part parts[] = {{.field = 0, .shift = 0}};
  value_term terms[] = {sample_term(mem, true), sample_term(mem, false)};
  recipe_core cores[] = {{.step = 0x1.99999ap-4, .offset = -8, .plane_count = 2, .planes = {low, high}, .umax = 255},
                         {.step = 1, .offset = INT64_MIN, .affine = true, .umax = UINT64_MAX}};
  recipe_term recipe_terms[] = {{.value = terms[0], .core = 0, .integer_coefficient = true},
                                {.value = terms[1], .core = -1}};
  r->normal = (normal_form){.code_bits = 4,
                            .part_count = 1,
                            .parts = arena_memdup(mem, parts, sizeof parts),
                            .term_count = 2,
                            .terms = arena_memdup(mem, terms, sizeof terms)};
  r->core_count = COUNT(cores);
  r->cores = arena_memdup(mem, cores, sizeof cores);
  r->term_count = COUNT(recipe_terms);
  r->terms = arena_memdup(mem, recipe_terms, sizeof recipe_terms);
}

static packing sample_packing(arena *mem) {
  pack_field coarse[] = {{.field = 1, .store = ELEM_F16, .span = 32, .bytes = 32}, {.field = 2, .store = ELEM_U8}};
  pack_field whole[] = {{.field = 3, .store = ELEM_F16}};
  return (packing){.rows = 16,
                   .k_group = 32,
                   .k_padded = 32,
                   .block = 64,
                   .header_bytes = 64,
                   .chunk_bytes = 256,
                   .block_bytes = 576,
                   .code_bits = 4,
                   .plane_count = 1,
                   .planes = {{.width = 4}},
                   .field_count = 2,
                   .fields = arena_memdup(mem, coarse, sizeof coarse),
                   .tile_head_bytes = 128,
                   .has_row_sums = true,
                   .row_sum_offset = 16,
                   .tensor_field_count = 1,
                   .tensor_fields = arena_memdup(mem, whole, sizeof whole),
                   .tensor_head_bytes = 64};
}

recipe *sample_recipe(arena *mem, ir_module *m, const scheme *s) {
  recipe *r = ARENA_NEW(mem, recipe);
  r->name = "r0";
  r->scheme = s;
  r->act = (act_spec){.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32};
  r->mode = MODE_TABLE_DOT;
  set_terms(mem, r);
  r->segment = 32;
  r->float_span = PREPARED_ROW;
  r->flush = 7;
  r->pack = sample_packing(mem);
  r->prepared =
      (prepared_layout){.act = r->act, .k_group = 32, .k_padded = 32, .block = 32, .scale_span = 32, .fsum_span = 32};
  r->reason = "the levels are \"uneven\"";
  vec_push(mem, &m->recipes, r);
  return r;
}

// ---- the model -------------------------------------------------------------------------------------------

static void add_weight(arena *mem, ir_module *m, ir_weight w) {
  ir_weight *made = ARENA_NEW(mem, ir_weight);
  *made = w;
  vec_push(mem, &m->weights, made);
}

static void add_weights(arena *mem, ir_module *m, const scheme *s, const recipe *r) {
  uint64_t size = 0;
  vec_push(mem, &m->sources, "digits.safetensors");
  vec_push(mem, &m->sources, "a \"b\" \\ c.gguf");
  packing_tensor_bytes(&r->pack, 64, 64, &size);
  add_weight(mem, m,
             (ir_weight){.name = "fc 1.weight",
                         .layer = "fc 1",
                         .source = m->sources.data[0],
                         .scheme = s,
                         .layout = &s->layouts[0],
                         .recipe = r,
                         .rows = 64,
                         .columns = 64,
                         .size = size});
  add_weight(mem, m,
             (ir_weight){.name = "bias",
                         .layer = "fc 1",
                         .source = m->sources.data[1],
                         .rows = 1,
                         .columns = 64,
                         .offset = 8192,
                         .size = 256});
  static const char *const steps[][2] = {{"order", "input 0"}, {"levels", "input 1"}};
  for (size_t i = 0; i < 2; i++)
    add_weight(mem, m,
               (ir_weight){.name = steps[i][0],
                           .layer = "fc 1",
                           .of = "fc 1.weight",
                           .step = steps[i][1],
                           .rows = 1,
                           .columns = 64,
                           .offset = 8448 + i * 256,
                           .size = 256});
}

// A matrix that is a sum, one part of which is a list of entries; and one that is made of two.
static void add_mixtures(arena *mem, ir_module *m) {
  scheme_field fields[] = {{.name = "code", .type = ELEM_U4, .gran = {.kind = GRAN_WEIGHT, .group = 1}},
                           {.name = "o", .type = ELEM_F16, .gran = {.kind = GRAN_WEIGHT, .group = 1}}};
  fields[1].sparse = true;
  fields[1].density = 0.25;
  scheme *sum = ARENA_NEW(mem, scheme), *sides = ARENA_NEW(mem, scheme);
  *sum = (scheme){.name = "sum",
                  .field_count = 2,
                  .fields = arena_memdup(mem, fields, sizeof fields),
                  .value = make2(mem, EXPR_ADD, field(mem, 0, true), field(mem, 1, false))};
  vec_push(mem, &m->schemes, sum);
  const expr *half = make2(mem, EXPR_DIV, var(mem, VAR_COLUMNS), number(mem, 2));
  scheme_section sections[] = {{.from = number(mem, 0), .to = half, .scheme = m->schemes.data[0]},
                               {.from = half, .to = var(mem, VAR_COLUMNS), .scheme = sum}};
  *sides = (scheme){.name = "sides", .section_count = 2, .sections = arena_memdup(mem, sections, sizeof sections)};
  vec_push(mem, &m->schemes, sides);
  static const uint64_t counts[] = {0, 100};
  static const ir_part part = {.whole = "mix", .index = 1};
  static const sparse_packing entries = {
      .tile_rows = 1, .width = 1, .step = 8, .column = ELEM_U16, .store = ELEM_F16, .scaled = true, .room = 64};
  sparse_sizes sizes;
  sparse_get_sizes(&entries, 64, &sizes);
  add_weight(mem, m,
             (ir_weight){.name = "mix", .scheme = sum, .count_count = 2, .counts = counts, .rows = 64, .columns = 64});
  add_weight(mem, m,
             (ir_weight){.name = "mix/sparse0",
                         .part = &part,
                         .sparse = &entries,
                         .rows = 64,
                         .columns = 64,
                         .offset = 12288,
                         .size = sizes.bytes});
}

static ir_value *emit_elementwise(ir_builder *b, ir_value *x, ir_value *bias) {
  static const ir_opcode pairs[] = {IR_TADD, IR_TSUB, IR_TMUL, IR_TDIV};
  static const ir_opcode singles[] = {IR_TNEG, IR_RELU, IR_GELU, IR_SILU, IR_TANH, IR_SIGMOID, IR_SOFTMAX};
  for (size_t i = 0; i < COUNT(pairs); i++) x = ir_emit2(b, pairs[i], x->type, x, bias);
  for (size_t i = 0; i < COUNT(singles); i++) x = ir_emit1(b, singles[i], x->type, x);
  ir_attr scale[] = {ir_real(IR_ATTR_MUL, 0.125), ir_real(IR_ATTR_ADD, -1e300)};
  ir_attr eps = ir_real(IR_ATTR_EPS, 1e-5);
  x = ir_emit(b, IR_TSCALE, &x->type, 1, &x, 2, scale);
  x = ir_emit(b, IR_LAYERNORM, &x->type, 3, (ir_value *[]){x, bias, bias}, 1, &eps);
  return ir_emit(b, IR_RMSNORM, &x->type, 2, (ir_value *[]){x, bias}, 1, &eps);
}

static ir_value *emit_products(ir_builder *b, ir_value *x, ir_value *bias) {
  ir_type prepared = x->type;
  prepared.kind = IR_PREPARED;
  ir_attr act = {.key = IR_ATTR_ACT, .act = {.kind = ACT_STATIC, .type = ELEM_I8, .scale = 0.05, .zero = -3}};
  ir_attr act_group = {.key = IR_ATTR_ACT, .act = {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32}};
  ir_attr linear[] = {ir_sym(IR_ATTR_WEIGHT, "fc 1.weight"), act, ir_int(IR_ATTR_RAW, 1)};
  x = ir_emit(b, IR_LINEAR, &x->type, 2, (ir_value *[]){x, bias}, 3, linear);
  x = ir_emit_attr(b, IR_TAKE, x->type, x, ir_sym(IR_ATTR_WEIGHT, "order"));
  x = ir_emit_attr(b, IR_HADAMARD, x->type, x, ir_int(IR_ATTR_BLOCK, 64));
  ir_attr prepare[] = {act_group, ir_sym(IR_ATTR_RECIPE, "r0"), ir_int(IR_ATTR_SUMS, 1)};
  ir_value *ready = ir_emit(b, IR_PREPARE, &prepared, 1, &x, 3, prepare);
  ir_attr matmul[] = {ir_sym(IR_ATTR_WEIGHT, "fc 1.weight"),
                      ir_sym(IR_ATTR_RECIPE, "r0"),
                      {.key = IR_ATTR_EPILOGUE, .s = "relu"},
                      ir_int(IR_ATTR_HAS_BIAS, 1),
                      ir_int(IR_ATTR_HAS_RESIDUAL, 1)};
  ir_value *y = ir_emit(b, IR_MATMUL, &x->type, 3, (ir_value *[]){ready, bias, x}, 5, matmul);
  ir_attr plain[] = {
      ir_sym(IR_ATTR_WEIGHT, "fc 1.weight"), ir_sym(IR_ATTR_RECIPE, "r0"), {.key = IR_ATTR_EPILOGUE, .s = ""}};
  ir_emit(b, IR_MATMUL, &x->type, 1, &ready, 3, plain);
  return y;
}

// Halves of x, put together again, and a sparse product with everything that can be added to it.
static void emit_parts(ir_builder *b, ir_value *x, ir_value *bias) {
  const int64_t half[] = {IR_BATCH, 32};
  ir_type type = ir_tensor(ELEM_F32, 2, half);
  ir_attr from = ir_int(IR_ATTR_FROM, 32);
  ir_value *right = ir_emit(b, IR_SLICE, &type, 1, &x, 1, &from);
  ir_value *both = ir_emit(b, IR_CONCAT, &x->type, 2, (ir_value *[]){right, right}, 0, NULL);
  ir_attr attrs[] = {ir_sym(IR_ATTR_WEIGHT, "mix/sparse0"),
                     ir_int(IR_ATTR_HAS_BIAS, 1),
                     ir_int(IR_ATTR_HAS_ADDEND, 1),
                     {.key = IR_ATTR_EPILOGUE, .s = "gelu"},
                     ir_int(IR_ATTR_HAS_RESIDUAL, 1)};
  ir_emit(b, IR_SPARSE, &x->type, 4, (ir_value *[]){both, bias, x, both}, 5, attrs);
}

static void add_model(arena *mem, ir_module *m) {
  static const char *names[] = {"y", "the other one"};
  const int64_t dims[] = {IR_BATCH, 64}, flat[] = {64}, cube[] = {IR_BATCH, 4, 16};
  ir_func *f = ir_func_new(m, "digits", IR_FUNC_MODEL);
  ir_builder b = {.mem = mem, .func = f, .block = f->body};
  ir_value *x = ir_add_param(&b, f->body, ir_tensor(ELEM_F32, 2, dims), "x");
  ir_value *bias = ir_emit_attr(&b, IR_CONST, ir_tensor(ELEM_F32, 1, flat), NULL, ir_sym(IR_ATTR_WEIGHT, "bias"));
  ir_value *y = emit_elementwise(&b, emit_products(&b, x, bias), bias);
  emit_parts(&b, x, bias);
  ir_value *z = ir_emit1(&b, IR_RESHAPE, ir_tensor(ELEM_F32, 3, cube), y);
  ir_emit(&b, IR_RETURN, NULL, 2, (ir_value *[]){y, z}, 0, NULL);
  f->output_count = 2;
  f->output_names = names;
}

// ---- the plan --------------------------------------------------------------------------------------------

static void add_plan(arena *mem, ir_module *m) {
  const int64_t dims[] = {IR_BATCH, 64}, cube[] = {IR_BATCH, 4, 16};
  ir_port input = {.name = "x", .type = ir_tensor(ELEM_F32, 2, dims)};
  ir_port outputs[] = {{.name = "y", .type = ir_tensor(ELEM_F32, 2, dims)},
                       {.name = "the other one", .type = ir_tensor(ELEM_F32, 3, cube)}};
  ir_ref refs[] = {{.space = IR_SPACE_INPUT},
                   {.space = IR_SPACE_OUTPUT, .index = 1},
                   {.space = IR_SPACE_WEIGHTS, .offset = {.fixed = 64}},
                   {.space = IR_SPACE_WORKSPACE, .offset = {.fixed = 64, .per_batch = 128}},
                   {.space = IR_SPACE_NONE}};
  ir_size sizes[] = {{.fixed = 3}, {.per_batch = 2}, {.fixed = 1, .per_batch = 4}};
  ir_step *step = ARENA_NEW(mem, ir_step);
  *step = (ir_step){.kernel = "some kernel",
                    .layer = "fc 1",
                    .buffer_count = COUNT(refs),
                    .buffers = arena_memdup(mem, refs, sizeof refs),
                    .size_count = COUNT(sizes),
                    .sizes = arena_memdup(mem, sizes, sizeof sizes),
                    .work = {.fixed = 4},
                    .grain = 2};
  ir_step *bare = ARENA_NEW(mem, ir_step);
  *bare = (ir_step){.kernel = "k", .work = {.per_batch = 1}, .grain = 1};
  m->plan = ARENA_NEW(mem, ir_plan);
  *m->plan = (ir_plan){.input_count = 1,
                       .inputs = arena_memdup(mem, &input, sizeof input),
                       .output_count = 2,
                       .outputs = arena_memdup(mem, outputs, sizeof outputs),
                       .workspace = {.fixed = 64, .per_batch = 256},
                       .weights_size = 16384,
                       .max_batch = 256};
  vec_push(mem, &m->plan->steps, step);
  vec_push(mem, &m->plan->steps, bare);
}

ir_module *sample_model(arena *mem) {
  ir_module *m = ir_module_new(mem, "digits");
  m->max_batch = 256;
  add_block_scheme(mem, m);
  const scheme *s = sample_rich_scheme(mem, m);
  add_weights(mem, m, s, sample_recipe(mem, m, s));
  add_mixtures(mem, m);
  add_model(mem, m);
  add_plan(mem, m);
  return m;
}
