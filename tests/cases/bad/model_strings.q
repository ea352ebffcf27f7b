model m { input x : f32[4]; a = "x"; b = [1, 2]; c = x[0]; output x; }
