network m {
  weights
  dim a <= 3, 
  state h[layer] : f32[3];
  state k f32[3];
  entry run(x) -> y { return x; }
  entry step(x : f32[3], ) { return x }
  entry s2(x : f32[3]) { return x = ; }
  input x : f32[3] <= 4;
  block f(x) return x;
  h = relu(x;
  k = [1, 2;
  output y = h;
}
quantize { for i in 3 "fc" : q8_0; linear : q8_0; "*" q8_0; }
