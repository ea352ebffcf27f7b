operator f(x) { y = x }
operator g(x : T[n]) {
  y[i] : f32 = x[i];
  for i in 0..n { y = x; }
  for i = 3 { y = x; }
  y[i] := x{j}[i];
  z = x{j};
  y[i] max = 3;
  x ** 2;
  y = x
  z = y;
}
operator h(x{m} : T[n]) -> y{m} { y = x; }
operator k(x : T[n]) {
  y = x[0, ];
  if x == 3 y = 2;
  else y = 3;
  while x < 3 { y = 2; }
  def f(x) { }
  y = a and b;
  y += 1
}
operator l(x : T[n]) -> { y = x; }
operator m(x : T[n], ) { y = x; }
operator n x : T[n] { y = x; }
operator p(x : T[n]) { y = x if c else z; }
