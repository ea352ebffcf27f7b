model m { dim batch <= 4; input x : f32[2]; output x; }
