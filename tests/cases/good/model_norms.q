// tensor ln.weight 8
// tensor ln.bias 8
// tensor rms.weight 8
// tensor plain.weight 1 8
model m {
  dim batch <= 8;
  weights "w.safetensors";
  input x : f32[batch, 8];
  a = layernorm(x, "ln");
  b = layernorm(a, "plain", eps = 1e-6);
  c = layernorm(b);
  d = rmsnorm(c, "rms.weight", eps = 1e-6);
  e = layernorm(d, "ln", bias = none);
  output y = rmsnorm(e);
}
