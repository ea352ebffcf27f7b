// Two fields per weight, in groups that fill no chunk of the kernels' layout.
scheme two_fields {
  sign  : u1;
  mag   : u4;
  scale : bf16 per 48;
  value = scale * (1 - 2 * sign) * (mag + 1);
}
