// So many operations for a weight that kernels decode in one place only.
scheme large_value {
  code  : u4;
  part  : i4[16] per 64;
  scale : f16 per 64;
  value = scale * sum(i < 16, part[i] * (k % 16 == i) * max(code, i));
}
