model m { weights "a"; weights "a"; input x : f32[4]; output x; }
