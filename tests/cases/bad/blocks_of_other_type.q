// tensor a.weight 8 256 blocks 12
// tensor b.weight 8 256 blocks 8
// tensor c.weight 8 256 blocks 8
model m { weights "w.gguf"; input x : f32[256]; a = linear(x, "a"); b = linear(x, "b"); c = linear(x, "c"); output x; }
quantize { "a" : q6_K; "b" : q4_0, layout = gguf; }
