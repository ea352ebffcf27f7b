model m { input x : f32[64]; output y = linear(x, "fc1"); }
