// tensor a.weight 8 100 blocks 2
// tensor b.weight 8 100
model m { weights "w.gguf"; input x : f32[100]; a = linear(x, "a"); b = linear(x, "b"); output x; }
quantize { "*" : q4_0, layout = gguf; }
