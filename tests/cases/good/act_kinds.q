// One layer for each kind of activations.
model m {
  weights "w.safetensors";
  input x : f32[64];
  output f = linear(x, "half", out = 8, bias = none);
  output s = linear(x, "narrow", out = 8, bias = none) + linear(x, "narrower", out = 8, bias = none);
  output a = linear(x, "unsigned", out = 8, bias = none) + linear(x, "asymmetric", out = 8, bias = none);
  output e = linear(x, "fp8", out = 8, bias = none) + linear(x, "fp8s", out = 8, bias = none);
  output b = linear(x, "sign", out = 8, bias = none);
  output g = linear(x, "given", out = 8, bias = none) + linear(x, "given4", out = 8, bias = none);
}
quantize {
  "half"       : bf16, act = f16;
  "narrow"     : q8_0, act = i4 per 32;
  "narrower"   : q8_0, act = i2 per token;
  "unsigned"   : q8_0, act = u8 per token dynamic;
  "asymmetric" : q8_0, act = i4 per 32 asymmetric;
  "fp8"        : f8e4m3, act = f8e4m3 per token;
  "fp8s"       : f8e5m2, act = f8e5m2 static(scale = 0.5);
  "sign"       : q8_0, act = i1 per token;
  "given"      : q8_0, act = u8 static(scale = 0.05, zero = 128);
  "given4"     : q8_0, act = u4 static(scale = 1 / 15.0);
}
