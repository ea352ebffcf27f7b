scheme my-format { code : u3; value = code; }
scheme s(group) { code : u3; value = code; }
scheme powers { code : u3; scale : f16 per 32; value = scale * code ** 2; }
scheme logic { code : u3; value = code > 2 or code < 4; }
scheme words { code : u3; value = code > 2 and code < 4; }
scheme untyped { code; value = code; }
model m {
  weights w.safetensors;
  dim batch;
  input x;
  input y : [64];
}
quantize {
  fc1 : q4_0;
  * : int4_g(64);
  "fc2" : int4_g.q;
}
