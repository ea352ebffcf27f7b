// tensor a.weight 64 16
model m { weights "w"; input x : f32[64]; output y = linear(x, "a"); }
