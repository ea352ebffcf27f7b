// Comparisons bind looser than bit operators; shifts tighter than those; parentheses stay where they are needed.
scheme p {
  a : u4;
  b : u4;
  value = (a & 3 == b & 3 ? a - (b - 1) : a - b - 1) + (a | b << 1) - -a * ~b + (a - b) * 2 + a % 4 / 2 * 3
        + (a < b ? 1 : b < a ? 2 : 3) + ((a + b) >> 1 & 7) + (a ^ (b | a));
}
