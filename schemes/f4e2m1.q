// FP4, 4 bits a weight.
// OCP Microscaling formats, E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
scheme f4e2m1 {
  w : f4e2m1;
  value = w;
}
