model m {
  weights 3;
  dim batch > 3;
  input x f32[2];
  output y 3;
  x == 3;
}
