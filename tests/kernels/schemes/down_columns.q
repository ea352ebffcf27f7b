// Vectors down the columns, and a product rounded to a float type.
scheme down_columns {
  code : u9   per [8, 1];
  book : bf16[512, 8] per tensor;
  gain : f16  per column;
  value = to_bf16(gain * book[code, n % 8]) * (1 - 2 * (k / 4 % 2));
}
