scheme s { code : u2; table a : f32[4] = { 1, 2, 3 }; table b : f32[2][2] = { 1, 2, 3, 4, 5 }; table c : f32 = { 1 }; value = a[code]; }
