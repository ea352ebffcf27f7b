model m { input x : f32[3]; output y = x + constant("a"); }
