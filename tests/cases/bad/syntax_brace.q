scheme s {
  code : u4;
  value = code;
model m { input x : f32[2]; output x; }
