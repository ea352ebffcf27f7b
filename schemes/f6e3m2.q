// FP6 with 3 bits of exponent, 6 bits a weight.
// OCP Microscaling formats, E3M2: every code is a number, the greatest is 28.
scheme f6e3m2 {
  w : f6e3m2;
  value = w;
}
