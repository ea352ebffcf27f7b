model m { dim batch <= 4; dim tokens <= 5; input x : f32[batch, 2]; output x; }
