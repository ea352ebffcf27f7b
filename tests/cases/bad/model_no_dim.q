model m { input x : f32[batch, 64]; output x; }
