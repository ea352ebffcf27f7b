model m { input x : f32[4]; a = x & x; b = ~x; c = x < x; d = 1 / x; e = x / 0; f = x % 2; output y = x ? 1 : 2; }
