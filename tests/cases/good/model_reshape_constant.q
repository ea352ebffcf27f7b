// tensor pos 4 8
// tensor w.weight 6 8
model m {
  dim batch <= 8;
  weights "w.npy";
  input x : f32[batch, 32];
  h = reshape(x, [batch, 4, 8]) + constant("pos");
  t = linear(h + constant("pos", shape = [4, 8]), "w");
  output y : f32[batch, 24] = reshape(t, [batch, 24]);
}
