// What the graph of an ONNX model does with its tensors.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/weights/tensor_file_tests.h"

// ---- uses ------------------------------------------------------------------------------------------------

static const struct {
  const char *nodes;
  const char *tensor;
  tensor_order order;
  const char *what;
} uses[] = {
    {"", "w", TENSOR_ORDER_UNKNOWN, NULL},
    {"y=MatMul(x,w)", "w", TENSOR_INPUTS_FIRST, "weights of MatMul"},
    {"y=MatMul(w,x)", "w", TENSOR_OUTPUTS_FIRST, "weights of MatMul"},
    {"y=Gemm(x,w)", "w", TENSOR_INPUTS_FIRST, "weights of Gemm"},
    {"y=Gemm(x,w;transB=1)", "w", TENSOR_OUTPUTS_FIRST, "weights of Gemm"},
    {"y=Gemm(x,w;transA=1)", "w", TENSOR_INPUTS_FIRST, "weights of Gemm"},
    {"y=Gemm(w,x;transA=1)", "w", TENSOR_INPUTS_FIRST, "weights of Gemm"},
    {"y=Gemm(x,z,w)", "w", TENSOR_NO_WEIGHTS, "bias of Gemm"},
    {"a=Transpose(w) y=MatMul(x,a)", "w", TENSOR_OUTPUTS_FIRST, "weights of MatMul"},
    {"a=Transpose(w;perm=10) y=MatMul(x,a)", "w", TENSOR_OUTPUTS_FIRST, "weights of MatMul"},
    {"a=Transpose(w;perm=01) y=MatMul(x,a)", "w", TENSOR_INPUTS_FIRST, "weights of MatMul"},
    {"a=Transpose(w) b=Transpose(a) y=MatMul(x,b)", "w", TENSOR_INPUTS_FIRST, "weights of MatMul"},
    {"y=MatMul(x,b) b=Cast(a) a=Identity(w)", "w", TENSOR_INPUTS_FIRST, "weights of MatMul"}, // in any order
    {"d=DequantizeLinear(c,s) y=MatMul(x,d)", "c", TENSOR_INPUTS_FIRST, "weights of MatMul"},
    {"d=DequantizeLinear(c,s) y=MatMul(x,d)", "s", TENSOR_NO_WEIGHTS, "scales of DequantizeLinear"},
    {"d=DequantizeLinear(c,s) t1=Transpose(d) y=MatMul(x,t1)", "c", TENSOR_OUTPUTS_FIRST, "weights of MatMul"},
    {"y=MatMulInteger(x,c)", "c", TENSOR_INPUTS_FIRST, "weights of MatMulInteger"},
    {"y=QLinearMatMul(x,xs,xz,c,s)", "c", TENSOR_INPUTS_FIRST, "weights of QLinearMatMul"},
    {"y=DynamicQuantizeMatMul(x,c,s)", "c", TENSOR_INPUTS_FIRST, "weights of DynamicQuantizeMatMul"},
    {"y=Gather(w,i)", "w", TENSOR_OUTPUTS_FIRST, "table of Gather"},
    {"e=Gather(w,i) a=Transpose(w) y=MatMul(e,a)", "w", TENSOR_OUTPUTS_FIRST, "table of Gather"},
    {"e=Gather(w,i) y=MatMul(e,w)", "w", TENSOR_ORDER_BOTH, "table of Gather"},
    {"z=MatMul(x,w) y=Gemm(z,w;transB=1)", "w", TENSOR_ORDER_BOTH, "weights of MatMul"},
    {"z=MatMul(x,w) y=Add(z,w)", "w", TENSOR_INPUTS_FIRST, "weights of MatMul"},
    {"z=Add(x,w) y=MatMul(z,w)", "w", TENSOR_INPUTS_FIRST, "summand of Add"},
    {"y=Einsum(x,w)", "w", TENSOR_ORDER_UNKNOWN, "input of Einsum"},
    {"y=Conv(x,k)", "k", TENSOR_NO_WEIGHTS, "kernel of Conv"},
    {"y=ConvInteger(x,k)", "k", TENSOR_NO_WEIGHTS, "kernel of ConvInteger"},
    {"y=MatMul(x,k)", "k", TENSOR_NO_WEIGHTS, "weights of MatMul"}, // a batch of matrices
    {"a=Identity(b) b=Identity(a) y=MatMul(x,a)", "w", TENSOR_ORDER_UNKNOWN, NULL},
};

START_TEST(says_what_reads) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_onnx_graph(uses[_i].nodes);
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s: %s", uses[_i].nodes, diag_text(d));
  const tensor *t = tensor_file_find(f, uses[_i].tensor);
  ck_assert_ptr_nonnull(t->use);
  ck_assert_msg(t->use->order == uses[_i].order, "%s: the order is %d", uses[_i].nodes, (int)t->use->order);
  ck_assert_pstr_eq(t->use->what, uses[_i].what);
  bool open = uses[_i].order == TENSOR_ORDER_UNKNOWN || uses[_i].order == TENSOR_ORDER_BOTH;
  ck_assert_int_eq(tensor_order_open(t), open && t->rank == 2);
  ck_assert_int_eq(tensor_is_transposed(t), uses[_i].order == TENSOR_INPUTS_FIRST && t->quant == NULL);
  expect_survives_damage("x.onnx", &s, s.size, 32);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// ---- codes that are read in several ways -----------------------------------------------------------------

static const struct {
  const char *nodes;
  bool several;
} several[] = {
    {"d=DequantizeLinear(c,s) e=DequantizeLinear(c,s)", false},
    {"d=DequantizeLinear(c,s) e=DequantizeLinear(c,t)", true},
    {"d=DequantizeLinear(c,s,computed)", true},
    {"d=DequantizeLinear(c,s,)", false},
};

START_TEST(says_several) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  sample s = sample_onnx_graph(several[_i].nodes);
  tensor_file *f = tensor_file_parse(d, a, "m.onnx", s.data, s.size);
  ck_assert_msg(f != NULL, "%s: %s", several[_i].nodes, diag_text(d));
  ck_assert_int_eq(tensor_file_find(f, "c")->quant->several, several[_i].several);
  sample_free(&s);
  arena_free(a);
}
END_TEST

// ---- matrices the other way round ------------------------------------------------------------------------

START_TEST(as_matrix) {
  arena *a = arena_new();
  diag *d = diag_new(a, NULL, false);
  static const uint64_t dims[] = {3, 2};
  static const uint8_t bytes[] = {0, 1, 2, 3, 4, 5};
  static const tensor_use use = {.order = TENSOR_INPUTS_FIRST};
  static const float expected[] = {0, 2, 4, 1, 3, 5};
  tensor t = {.name = "t", .dtype = TENSOR_U8, .rank = 2, .dims = dims, .count = 6, .data = bytes, .size = 6};
  ck_assert_ptr_eq(tensor_as_matrix(a, &t), &t); // no graph says anything
  t.use = &use;
  const tensor *m = tensor_as_matrix(a, &t);
  ck_assert_uint_eq(m->dims[0], 2);
  ck_assert_uint_eq(m->dims[1], 3);
  ck_assert_ptr_eq(tensor_as_matrix(a, m), m);
  for (size_t first = 0; first < 6; first++)
    for (size_t count = 0; first + count <= 6; count++) {
      float numbers[6];
      ck_assert(tensor_read_f32(d, m, first, count, numbers));
      for (size_t i = 0; i < count; i++) ck_assert(numbers[i] == expected[first + i]);
    }
  const uint8_t *copy = tensor_in_order(a, m);
  for (size_t i = 0; i < 6; i++) ck_assert(copy[i] == (uint8_t)expected[i] && *tensor_element(m, i) == copy[i]);
  ck_assert_ptr_eq(tensor_in_order(a, &t), bytes);
  arena_free(a);
}
END_TEST

TCase *onnx_use_cases(void) {
  TCase *t = tcase_create("onnx_use");
  tcase_add_loop_test(t, says_what_reads, 0, (int)(sizeof uses / sizeof *uses));
  tcase_add_loop_test(t, says_several, 0, (int)(sizeof several / sizeof *several));
  tcase_add_test(t, as_matrix);
  return t;
}
