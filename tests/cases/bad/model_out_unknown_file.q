model m { weights "w"; input x : f32[64]; output y = linear(x, "fc1", out = 0) + linear(x, "fc2"); }
