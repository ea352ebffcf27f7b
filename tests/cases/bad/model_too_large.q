model m { input x : f32[1000000, 1000000, 1000000]; output x; }
