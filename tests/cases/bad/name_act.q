quantize { "a" : q4_0, act = i9 per 32; "b" : q4_0, act = i8; "c" : q4_0, act = i8 per 32 fast; "d" : q4_0, act = i8 dynamic(scale = 1); "e" : q4_0, act = f32 per 3; }
