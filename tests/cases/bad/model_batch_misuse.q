model m { dim batch <= 4; input x : f32[8, batch]; y = x * batch; output z : f32[batch + 1] = x; }
