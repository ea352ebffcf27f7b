quantize { "c" : q4_0, layout = i8 per 3; }
