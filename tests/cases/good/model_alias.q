model m {
  input x : f32[8];
  same = x;
  y = same * 1;
  output y;
}
