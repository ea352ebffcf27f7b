// Each of these is reported in one run.
scheme a {
  code : u4
  scale : f16 per;
  table lv f32[2] = { 1, 2 };
  value : 3;
  layout g block 3 { a[i = 3; }
  value = 1 +;
}
model { x = 3; }
scheme 3 { }
quantize { "a" q4; }
const = 4;
