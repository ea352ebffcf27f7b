// tensor head.weight 8 64
// tensor body.weight 64 64
// tensor tail.weight 64 64
// tensor own.weight 64 64
// Rules with names: of the text, of a file, of one another.
const g = 32;
// A rule of the text's own.
rule narrow(group = 2 * g, step = 5) = int4_g(group = group), act = i8 static(scale = 1.0 / step, zero = step - 8);
rule narrower = narrow(group = g);
rule floats = narrower, act = f16;
model m {
  weights "w.safetensors";
  input x : f32[64];
  a = linear(linear(x, "tail"), "body");
  output y = linear(linear(a, "own"), "head");
}
quantize {
  "head" : w4a4(group = g);
  "body" : narrower;
  "tail" : floats;
  "*"    : w8a16, act = bf16;
}
