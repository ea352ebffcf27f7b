model m { dim batch <= 4; input x : f32[batch, 64]; input y : f32[32]; input z : f32[batch, 1]; output a = x + y; output b = y / x; output c = x - z; }
