// An expression that is no sum of products.
scheme decoded {
  code  : u4;
  shift : u2 per 32;
  scale : f32 per row;
  value = scale * select(code < 8, code + shift, 3 * shift - code);
}
