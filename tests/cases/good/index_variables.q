// The position of a weight is part of its value; a field may have the name of an index and then hides it.
scheme s {
  code : i4;
  sign : u1 per 4;
  value = (k % 2 == 0 ? code : -code) * (n + 1) * (sign ? 1 : -1);
}
scheme hides {
  k : u4;
  value = k;
}
