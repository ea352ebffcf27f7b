// Float weights of an ONNX file whose graph does not say which dimension of a square matrix is the outputs'.
// Other float weights are f32 without a rule. Here the layout says whether rows are the outputs' (nodes) or the inputs'.
scheme f32_nodes {
  w : f32;
  value = w;

  layout nodes {
    tensor weight : f16|bf16|f32[N, K] = "";
    w[n, k] = weight[n, k];
  }

  layout nodes_transposed {
    tensor weight : f16|bf16|f32[K, N] = "";
    w[n, k] = weight[k, n];
  }
}
