scheme s { code : u2; table a : i8[4] = { 1, 2.5, 200, -128 }; table b : f16[2] = { 70000, 1 }; table c : u4[1] = { 16 }; value = a[code]; }
