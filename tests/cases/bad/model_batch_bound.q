model m { dim batch <= 0; input x : f32[batch, 2]; output x; }
