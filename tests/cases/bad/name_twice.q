scheme s(group = 32) {
  code : u4;
  code : u3;
  table group : f32[1] = { 1 };
  value = code;
}
