quantize {
  "a" : q4_0, act = u8 static(scale = 1, zero = 256);
  "b" : q4_0, act = i4 static(scale = 1, zero = -9);
  "c" : q4_0, act = f16 per 32;
  "d" : q4_0, act = f32 static(scale = 1);
  "e" : q4_0, act = f16 per token asymmetric;
  "f" : q4_0, act = i16 per 32;
  "g" : q4_0, act = u1;
  "h" : q4_0, act = e8m0 per 32;
  "i" : q4_0, act = f8e4m3 static(scale = 1, zero = 1);
  "j" : q4_0, act = f8e4m3 per 32 asymmetric;
}
