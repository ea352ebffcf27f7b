model m { dim batch <= 4; input x : f32[batch, 8]; a = reshape(x, [batch, 9]); b = reshape(x, [8]); c = reshape(x, 8); d = reshape(3, [3]); output x; }
