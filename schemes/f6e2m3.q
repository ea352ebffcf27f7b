// FP6 with 2 bits of exponent, 6 bits a weight.
// OCP Microscaling formats, E2M3: every code is a number, the greatest is 7.5.
scheme f6e2m3 {
  w : f6e2m3;
  value = w;
}
