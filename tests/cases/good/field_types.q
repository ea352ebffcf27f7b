scheme t {
  c1 : u1; c2 : u2; c3 : u3; c5 : i5; c8 : i8; w : bf16;
  g16 : i16 per 16; g32 : u32 per 32; h : f16 per row; f : f32 per tensor; one : u4 per 1;
  value = w + f * h * (c1 + c2 + c3 + c5 + c8 + g16 + g32 + one);
}
