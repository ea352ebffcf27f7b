quantize { "fc1" : q4_0, acts = f32; "fc2" : q4_0, act = f32, act = bf16; }
