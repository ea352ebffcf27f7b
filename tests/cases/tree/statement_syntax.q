operator p(x : T[n]) { i++; x ** 2; y min = 2; if x and y { y = x; } else if { y = 2; } y = x; }
operator unclosed(x : T[n]) { if x == 1 { y = x;
operator next(x : T[n]) { y = x; }
