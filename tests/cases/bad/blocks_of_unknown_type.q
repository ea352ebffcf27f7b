// tensor a.weight 8 256 blocks 99
model m { weights "w.gguf"; input x : f32[256]; output y = linear(x, "a"); }
