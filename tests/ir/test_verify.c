// The verifier: each row breaks one rule of a module that passes, and expects the message.
#include <string.h>

#include "../check_main.h"
#include "edits.h"
#include "samples.h"

static const char kernel_text[] =
    "module \"k\" batch 1\n"
    "kernel @k(%w: buffer, %y: buffer, %n: index, %begin: index, %end: index) {\n"
    "  %one = index {value = 1} : index\n"
    "  %zero = vector {real = 0.0} : vector<4 x f32>\n"
    "  %bytes = load %w, %n {align = 16} : vector<16 x i8>\n"
    "  %words = bitcast %bytes : vector<4 x i32>\n"
    "  %low = bits %bytes {shift = 4, mask = 15} : vector<16 x i8>\n"
    "  %high = shr.i %bytes {shift = 7} : vector<16 x i8>\n"
    "  %dot = dot4 %words, %low, %bytes {umax = 15} : vector<4 x i32>\n"
    "  %x = itof %dot : vector<4 x f32>\n"
    "  %t = lookup %low {table = x\"000102030405060708090a0b0c0d0e0f\"} : vector<16 x i8>\n"
    "  %l = lookup.f32 %dot {levels = [0.5, 2.0]} : vector<4 x f32>\n"
    "  %wide = zext %t : vector<16 x i16>\n"
    "  %thin = trunc %wide : vector<16 x i8>\n"
    "  %half = truncf %x : vector<4 x f16>\n"
    "  %s = select_lt %x, %l, %half, %half : vector<4 x f16>\n"
    "  %sum = for %i = %begin to %end step %one iter(%acc = %zero) {unroll = 2} : vector<4 x f32> {\n"
    "    %next = fma.f %x, %l, %acc {exact = 0} : vector<4 x f32>\n"
    "    yield %next\n"
    "  }\n"
    "  %r = reduce.add.f %sum : vector<1 x f32>\n"
    "  %all = splat %r : vector<4 x f32>\n"
    "  %less = lt.f %x, %l : vector<4 x u1>\n"
    "  %both = and.i %less, %less : vector<4 x u1>\n"
    "  %one.of = select %both, %x, %l : vector<4 x f32>\n"
    "  %long = sext %dot : vector<4 x i64>\n"
    "  %some = div.i %dot, %dot : vector<4 x i32>\n"
    "  store %y, %n, %all\n"
    "}\n";

static const edit_row kernel_rows[] = {
    {"%n: index, %begin", "%n: buffer, %begin", "must be an index"},
    {"%y: buffer, %n: index", "%n: index, %y: buffer", "a kernel has buffers first, then indices"},
    {"kernel @k(", "kernel @short(%begin: index) { }\nkernel @k(", "must be indices, the work range"},
    {"(%w: buffer", "(%extra: vector<4 x i8>, %w: buffer", "parameter 0 is vector<4 x i8>"},
    {"index {value = 1}", "index", "it needs the attribute 'value'"},
    {"index {value = 1}", "index {value = 1, shift = 1}", "it takes no attribute 'shift'"},
    {"{shift = 7}", "{shift = 7, shift = 7}", "'shift' is given twice"},
    {"{real = 0.0}", "{value = 0}", "lanes of f32 take 'real'"},
    {"{real = 0.0}", "{real = 0.0, value = 0}", "either 'value' or 'real'"},
    {"vector {real = 0.0} : vector<4 x f32>", "vector {value = 256} : vector<4 x i8>", "256 does not fit lanes of i8"},
    {"load %w, %n", "load %n, %n", "operand 0 is index and must be a buffer"},
    {"load %w, %n", "load %w", "1 operands are given, at least 2 are needed"},
    {"load %w, %n", "load %w, %n, %n", "3 operands are given, at most 2 are possible"},
    {"{align = 16}", "{align = 12}", "align"},
    {"%bytes : vector<4 x i32>", "%bytes : vector<4 x i16>", "the operand has 128 bits, but the result has 64"},
    {"load %w, %n {align = 16} : vector<16 x i8>", "load %w, %n : vector<16 x u4>", "vectors have no lanes of u4"},
    {"load %w, %n {align = 16} : vector<16 x i8>", "load %w, %n : vector<0 x i8>", "1 to 4096 are possible"},
    {"load %w, %n {align = 16} : vector<16 x i8>", "load %w, %n : vector<4097 x i8>", "1 to 4096 are possible"},
    {"load %w, %n {align = 16} : vector<16 x i8>", "load %w, %n : index", "the result is index and must be a vector"},
    {"{shift = 4, mask = 15}", "{shift = 8, mask = 15}", "'shift' is 8, outside 0 .. 7"},
    {"{shift = 4, mask = 15}", "{shift = -1, mask = 15}", "'shift' is -1"},
    {"{shift = 4, mask = 15}", "{shift = 4, mask = 256}", "'mask' is 256, outside 0 .. 255"},
    {"%bytes {shift = 7} : vector<16 x i8>", "%bytes {shift = 7} : vector<8 x i8>",
     "operand 0 is vector<16 x i8>, but the result is vector<8 x i8>"},
    {"{umax = 15}", "{umax = 256}", "'umax' is 256"},
    {"dot4 %words, %low, %bytes", "dot4 %words, %words, %bytes",
     "operand 1 is vector<4 x i32> and must be a vector of i8"},
    {"%bytes {umax = 15} : vector<4 x i32>", "%bytes {umax = 15} : vector<3 x i32>",
     "the accumulator is vector<4 x i32>, but the result is vector<3 x i32>"},
    {"%dot = dot4 %words, %low", "%small = load %w, %n : vector<8 x i8>\n%dot = dot4 %words, %small",
     "operand 1 has 8 lanes and must have 4 for each of the 4"},
    {"dot4 %words, %low, %bytes {umax = 15}", "pairs.s %words, %low, %bytes",
     "operand 1 is vector<16 x i8> and must be a vector of i16"},
    {"itof %dot : vector<4 x f32>", "itof %dot : vector<8 x f32>", "operand 0 has 4 lanes, but the result has 8"},
    {"itof %dot", "itof %zero", "operand 0 is vector<4 x f32> and must be a vector of i32"},
    {"0e0f\"", "0e\"", "the table has 15 bytes"},
    {"[0.5, 2.0]", "[0.5, 2.0, 1.0]", "there are 3 levels"},
    {"[0.5, 2.0]", "[0.5, 0.1]", "is no f32 number"},
    {"%wide = zext %t : vector<16 x i16>", "%wide = zext %t : vector<16 x i8>", "not wider"},
    {"trunc %wide : vector<16 x i8>", "trunc %t : vector<16 x i8>", "not narrower"},
    {"select_lt %x, %l, %half, %half", "select_lt %x, %l, %half, %l", "operand 3 is vector<4 x f32>, but the result"},
    {"truncf %x : vector<4 x f16>", "truncf %x : vector<4 x f32>",
     "lanes of f32 do not become lanes of f32 in one step"},
    {"{unroll = 2}", "{unroll = 0}", "'unroll' is 0"},
    {"%r = reduce.add.f %sum", "%f = butterfly %sum {value = 4} : vector<4 x f32>\n %r = reduce.add.f %f",
     "pairs at a distance of 4 do not fill 4 lanes"},
    {"%r = reduce.add.f %sum", "%f = butterfly %sum {value = 0} : vector<4 x f32>\n %r = reduce.add.f %f",
     "'value' is 0"},
    {"{exact = 0}", "{exact = 2}", "'exact' is 2"},
    {"yield %next", "yield %i", "value 0 is index, but the loop carries vector<4 x f32>"},
    {"yield %next", "yield ()", "it gives 0 values for 1 carried ones"},
    {"    yield %next\n", "", "its body must end in 'yield'"},
    {"yield %next\n", "yield %next\n store %y, %n, %next\n", "it must be the last operation of its block"},
    {"iter(%acc = %zero) {unroll = 2} : vector<4 x f32>", "iter(%acc = %zero) {unroll = 2} : vector<8 x f32>",
     "its parameter and its result have different types"},
    {"iter(%acc = %zero)", "iter(%acc = %w)", "a loop cannot carry buffer"},
    {"lt.f %x, %l : vector<4 x u1>", "lt.f %x, %l : vector<4 x i8>", "the result is vector<4 x i8> and must be a mask"},
    {"lt.f %x, %l", "lt.f %x, %r", "vector<4 x f32> and vector<1 x f32> are compared"},
    {"lt.f %x, %l", "lt.f %dot, %dot", "operand 0 is vector<4 x i32> and must be a vector of f32 or f64"},
    {"select %both", "select %dot", "operand 0 is vector<4 x i32> and must be a mask"},
    {"select %both, %x, %l", "select %both, %x, %dot",
     "operand 2 is vector<4 x i32>, but the result is vector<4 x f32>"},
    {"store %y, %n, %all", "store %y, %n, %both", "operand 2 is vector<4 x u1> and must be a vector"},
    {"sext %dot : vector<4 x i64>", "sext %dot : vector<4 x i32>", "not wider than the operand's"},
    {"div.i %dot, %dot : vector<4 x i32>", "div.i %wide, %wide : vector<16 x i16>", "must be a vector of i32 or i64"},
    {"%begin to %end", "%w to %end", "operand 0 is buffer and must be an index"},
    {"reduce.add.f %sum", "reduce.add.f %next", "is used outside the loop that defines it"},
    {"reduce.add.f %sum : vector<1 x f32>", "reduce.add.f %sum : vector<2 x f32>",
     "the result has 2 lanes and must have one"},
    {"%r = reduce.add.f %sum", "%odd = load %w, %n : vector<3 x f32>\n %r = reduce.add.f %odd",
     "3 lanes, which is no power of two"},
    {"splat %r : vector<4 x f32>", "splat %sum : vector<4 x f32>", "must be a vector of one lane"},
    {"splat %r : vector<4 x f32>", "splat %r : vector<4 x i32>", "different elements, f32 and i32"},
    {"store %y, %n, %all\n", "store %y, %n, %all\n yield %all\n", "there is no loop around it"},
    {"%all = splat %r", "%m = relu %r : vector<1 x f32>\n %all = splat %r", "belongs into a model, not into a kernel"},
    {"kernel @k(", "kernel @k(%begin: index, %end: index) { }\nkernel @k(", "two functions have the name 'k'"},
};

static const edit_row model_rows[] = {
    // the model
    {"x 64 x f32>) -> (", "x 63 x f32>) -> (", "it does not turn tensor<batch x 63 x f32>"},
    {"x: tensor<batch x 64 x f32>", "x: tensor<batch x 64 x f16>", "tensors are of f32, not f16"},
    {"x: tensor<batch x 64 x f32>", "x: tensor<batch x 0 x f32>", "dimension 1"},
    {"x: tensor<batch x 64 x f32>", "x: tensor<64 x batch x f32>", "dimension 1"},
    {"x: tensor<batch x 64 x f32>", "x: index", "input 0 is no tensor"},
    {"{weight = @bias}", "{weight = @nothing}", "there is no weight 'nothing'"},
    {"{weight = @bias}", "{weight = @\"fc 1.weight\"}", "cannot be read as f32"},
    {"{weight = @bias} : tensor<64 x f32>", "{weight = @bias} : tensor<32 x f32>", "do not fill tensor<32 x f32>"},
    {"{weight = @bias} : tensor<64 x f32>", "{weight = @bias} : tensor<8 x 8 x f32>", "the bias must have 64 numbers"},
    {"static(0.05, -3)", "static(-0.05, -3)", "not positive and finite"},
    {"static(0.05, -3)", "static(0.05, 128)", "zero point is no number of their type"},
    {"recipe = @r0, sums", "recipe = @r9, sums", "there is no recipe 'r9'"},
    {"sums = 1} : prepared<batch x 64", "sums = 1} : prepared<batch x 32", "is not the prepared form of"},
    {"sums = 1} : prepared", "sums = 1} : tensor", "must be a prepared tensor"},
    {"epilogue = relu", "epilogue = softmax", "'softmax' is no activation function"},
    {"bias = 1, residual = 1", "bias = 1, residual = 0",
     "3 operands are given, but 'bias', 'addend' and 'residual' ask for 2"},
    {"eps = 1e-05", "eps = nan", "'eps' is not finite"},
    {"x 4 x 16 x f32>\n  return", "x 4 x 15 x f32>\n  return", "do not have the same number of elements"},
    {"return ", "return %x, ", "it gives 3 values for 2 outputs"},
    {"  return ", "  %i = thread : index\n  return ", "it belongs into a kernel"},
    // weights
    {"rows = 64, columns = 64", "rows = 0, columns = 64", "has no numbers"},
    {"rows = 64, columns = 64", "rows = 18446744073709551615, columns = 4294967296", "are too many"},
    {"offset = 8192", "offset = 8200", "its offset is no multiple of 64"},
    {"offset = 8192", "offset = 16384", "ends after the packed weights"},
    {"size = 256", "size = 255", "has 255 bytes and must have 256"},
    {"source = \"digits.safetensors\"", "source = \"other\"", "'other' is not among the sources"},
    {"scheme = @\"rich(group=32)\", layout = \"separate tensors\"", "scheme = @blocks, layout = \"gguf\"",
     "recipe 'r0' is for another scheme"},
    // what a scheme does to its input and output
    {"hadamard(32)", "hadamard(24)", "has a power of two of elements"},
    {"hadamard(32)", "hadamard(1)", "from 2 to 1048576, not 1"},
    {"gather(mod(mul(k, 5), 64))", "gather(0.5)", "an index must be an integer"},
    {"div(0.1)", "div(field @code)", "can use fields per column or per tensor, and 'code' is neither"},
    {"gather(sub(63, n))", "gather(sub(63, k))", "k cannot be used in the output"},
    {"gather(sub(63, n))", "mul(field @scale)", "can use fields per row or per tensor, and 'scale' is neither"},
    {"{block = 64}", "{block = 48}", "are no blocks of 48"},
    {"{block = 64}", "{block = 128}", "are no blocks of 128"},
    {"{weight = @order}", "{weight = @levels}", "has no index for each element of a row"},
    {"{weight = @order}", "{weight = @bias}", "has no index for each element of a row"},
    {"{weight = @bias}", "{weight = @order}", "weight 'order' is an index, not f32 numbers"},
    {"step = \"input 0\"", "step = \"input 4\"", "'input 4' is no row of factors"},
    {"step = \"input 1\"", "step = \"output 0\"", "'output 0' is no row of factors"},
    {"of = \"fc 1.weight\"", "of = \"bias\"", "is no row of factors of weight 'bias'"},
    // recipes
    {"code_bits = 4", "code_bits = 4\n code_bits = 5", "given twice"},
    {"shift = 0, derived = []}\n", "shift = 1, derived = []}\n", "the parts do not fill the code's 4 bits"},
    {"core = 0,", "core = 2,", "term 0 has core 2 of 2"},
    {"float_span = row", "float_span = 16", "the segment is longer"},
    {"segment = 32", "segment = 48", "a span of 48 positions does not divide the block of 64"},
    {"block = 64", "block = 40", "a block of 40 positions is no multiple of 32"},
    {"block_bytes = 576", "block_bytes = 512", "a block's bytes are not those of its header and its chunks"},
    {"width = 4", "width = 3", "plane 0 is 3 bits wide"},
    {"width = 4, shift = 0", "width = 4, shift = 1", "do not cover all 4 bits"},
    {"chunk_bytes = 256\n    block_bytes = 576", "chunk_bytes = 128\n    block_bytes = 320",
     "plane 0 does not follow the one before"},
    {"k_padded = 32", "k_padded = 30", "groups of 32 weights cannot take 30 positions"},
    {"rows = 16", "rows = 0", "a tile cannot have 0 rows"},
    {"span = 32,", "span = 48,", "not stored as one"},
    {"header_bytes = 64", "header_bytes = 32", "a block's bytes are not"},
    {"tile_head_bytes = 128", "tile_head_bytes = 100", "are no multiples of 64 bytes"},
    {"row_sum_offset = 16", "row_sum_offset = 80", "the row sums do not fit"},
    {"store = f16", "store = u4", "not stored as one"},
    {"prepared = {\n    act = i8 per 32 dynamic", "prepared = {\n    act = f32", "not prepared in its own mode"},
    {"scale_span = 32", "scale_span = 64", "scales are not for the groups of its activations"},
    {"scale_span = 32", "scale_span = row", "scales are not for the groups of its activations"},
    {"scale_span = 32", "scale_span = 0", "scales are not for the groups of its activations"},
    {"fsum_span = 32", "fsum_span = 64", "over other spans than its segments"},
    {"isum_span = 0", "isum_span = row", "over other spans than its segments"},
    // the plan
    {"input 0 at 0", "input 1 at 0", "buffer 0 lies outside its space"},
    {"weights at 64", "weights at 16448", "buffer 2 lies outside its space"},
    {"weights at 64", "weights at 64 + 1 batch", "cannot depend on the batch"},
    {"workspace = 64 + 256 batch", "workspace = 64 + 260 batch", "the workspace is no multiple of 64 bytes"},
    {"workspace at 64 + 128 batch", "workspace at 33 + 128 batch", "is not at a multiple of 64 bytes"},
    {"workspace at 64 + 128 batch", "workspace at 64 + 40 batch", "is not at a multiple of 64 bytes"},
    {"workspace at 64 + 128 batch", "workspace at 64 + 320 batch", "buffer 3 lies outside its space"},
    {"work = 4", "work = 4 + 18446744073709551615 batch", "a size overflows"},
    {"grain = 2", "grain = 0", "the grain is zero"},
    {"name = \"x\", type = tensor<batch x 64 x f32>", "name = \"x\", type = index",
     "input 'x' of the plan is no f32 tensor"},
    {"\nplan", "\nkernel @k(%begin: index, %end: index) { }\nplan", "calls 'some kernel', which is no kernel"},
    {"\nplan", "\nkernel @\"some kernel\"(%begin: index, %end: index) { }\nplan", "gives 5 buffers and 3 sizes"},
    // the module
    {"batch 256", "batch 0", "the bound of the batch is zero"},
    {"model @digits", "model @other() -> () {\n return ()\n}\nmodel @digits", "the module has 2 models"},
    {"scheme @blocks {", "scheme @blocks {\n  field @c : u4 per weight\n  value = field @c\n}\nscheme @blocks {",
     "two schemes have the name 'blocks'"},
};

static ir_module *parsed(arena *mem, diag *d, const char *text) {
  ir_module *m = ir_parse(d, mem, "module", text, strlen(text));
  ck_assert_msg(m != NULL, "%s\nin:\n%s", diag_text(d), text);
  return m;
}

static void check_row(arena *mem, const char *text, const edit_row *row) {
  diag *d = diag_new(mem, NULL, false);
  const char *edited = apply_edit(mem, text, row);
  const ir_module *m = ir_parse(d, mem, "module", edited, strlen(edited));
  if (m != NULL) ck_assert_msg(!ir_verify(d, m), "nothing is wrong after '%s' -> '%s'", row->find, row->replace);
  ck_assert_msg(strstr(diag_text(d), row->message) != NULL, "'%s' -> '%s': expected '%s', got:\n%s", row->find,
                row->replace, row->message, diag_text(d));
  ck_assert_msg(strncmp(diag_text(d), "module:", 7) == 0, "a message without a place: %s", diag_text(d));
}

START_TEST(kernel_rule) {
  arena *mem = arena_new();
  diag *d = diag_new(mem, NULL, false);
  ck_assert_msg(ir_verify(d, parsed(mem, d, kernel_text)), "%s", diag_text(d));
  check_row(mem, kernel_text, &kernel_rows[_i]);
  arena_free(mem);
}
END_TEST

START_TEST(model_rule) {
  arena *mem = arena_new();
  check_row(mem, ir_print(mem, sample_model(mem)), &model_rows[_i]);
  arena_free(mem);
}
END_TEST

// ---- what text cannot say --------------------------------------------------------------------------------

typedef struct built {
  arena *mem;
  diag *d;
  ir_module *m;
  ir_builder b;
  ir_value *index;
} built;

static built start(void) {
  arena *mem = arena_new();
  ir_module *m = ir_module_new(mem, "m");
  ir_func *f = ir_func_new(m, "k", IR_FUNC_KERNEL);
  built t = {.mem = mem, .d = diag_new(mem, NULL, false), .m = m, .b = {.mem = mem, .func = f, .block = f->body}};
  t.index = ir_add_param(&t.b, f->body, ir_index(), "begin");
  ir_add_param(&t.b, f->body, ir_index(), "end");
  return t;
}

static void expect(built *t, const char *message) {
  ck_assert(!ir_verify(t->d, t->m));
  ck_assert_msg(strstr(diag_text(t->d), message) != NULL, "expected '%s', got:\n%s", message, diag_text(t->d));
  arena_free(t->mem);
}

START_TEST(a_use_before_the_definition) {
  built t = start();
  ir_value *late = ir_emit2(&t.b, IR_IADD, ir_index(), t.index, t.index);
  ir_value *early = ir_emit2(&t.b, IR_IADD, ir_index(), t.index, t.index);
  late->def->operands[0] = early;
  expect(&t, "is used before it is defined");
}
END_TEST

START_TEST(a_missing_operand) {
  built t = start();
  ir_emit2(&t.b, IR_IADD, ir_index(), t.index, NULL);
  expect(&t, "operand 1 is missing");
}
END_TEST

START_TEST(a_result_of_another_operation) {
  built t = start();
  ir_value *x = ir_index_const(&t.b, 1);
  x->def = ir_index_const(&t.b, 2)->def;
  expect(&t, "belongs to another operation");
}
END_TEST

START_TEST(a_value_defined_twice) {
  built t = start();
  ir_value *x = ir_index_const(&t.b, 1);
  vec_push(t.mem, &t.b.block->ops, x->def);
  expect(&t, "is defined twice");
}
END_TEST

START_TEST(a_loop_without_a_body) {
  built t = start();
  ir_emit(&t.b, IR_FOR, NULL, 3, (ir_value *[]){t.index, t.index, t.index}, 0, NULL);
  expect(&t, "it needs a body");
}
END_TEST

START_TEST(a_body_where_none_belongs) {
  built t = start();
  ir_index_const(&t.b, 1)->def->body = ARENA_NEW(t.mem, ir_block);
  expect(&t, "it cannot have a body");
}
END_TEST

START_TEST(an_unknown_opcode) {
  built t = start();
  ir_index_const(&t.b, 1)->def->code = IR_OPCODE_COUNT;
  expect(&t, "unknown opcode");
}
END_TEST

START_TEST(a_missing_result) {
  built t = start();
  ir_emit(&t.b, IR_THREAD, NULL, 0, NULL, 0, NULL);
  expect(&t, "it has 0 results and must have 1");
}
END_TEST

START_TEST(a_loop_whose_parameters_do_not_match) {
  built t = start();
  ir_value *carried[1], *results[1];
  ir_loop loop = ir_begin_for(&t.b, t.index, t.index, t.index, 1, &t.index, carried);
  ir_add_param(&t.b, loop.op->body, ir_index(), NULL);
  ir_end_for(&t.b, loop, 1, carried, results);
  expect(&t, "its body has 3 parameters");
}
END_TEST

START_TEST(all_errors_are_reported) {
  built t = start();
  ir_emit2(&t.b, IR_FADD, ir_index(), t.index, t.index);
  ir_emit2(&t.b, IR_FMUL, ir_index(), t.index, t.index);
  ck_assert(!ir_verify(t.d, t.m));
  ck_assert_uint_eq(diag_error_count(t.d), 2);
  arena_free(t.mem);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("ir verifier");
  TCase *rows = tcase_create("rows");
  tcase_add_loop_test(rows, kernel_rule, 0, (int)(sizeof kernel_rows / sizeof kernel_rows[0]));
  tcase_add_loop_test(rows, model_rule, 0, (int)(sizeof model_rows / sizeof model_rows[0]));
  suite_add_tcase(suite, rows);
  check_add(suite, "built by hand",
            (const TTest *const[]){a_use_before_the_definition, a_missing_operand, a_result_of_another_operation,
                                   a_value_defined_twice, a_loop_without_a_body, a_body_where_none_belongs,
                                   an_unknown_opcode, a_missing_result, a_loop_whose_parameters_do_not_match,
                                   all_errors_are_reported, NULL});
  return check_main(suite);
}
