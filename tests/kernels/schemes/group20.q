// Groups that fill no chunk of the kernels' layout.
scheme group20 {
  code  : u4;
  scale : f16 per 20;
  zero  : u4  per 20;
  value = scale * (code - zero);
}
