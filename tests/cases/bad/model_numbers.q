model m { input x : f32[4]; a = 3; b = relu(3); output y = 3 + 4; }
