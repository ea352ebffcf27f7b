model m { input x : f32[4]; const n = x; output y = reshape(x, [n]); }
