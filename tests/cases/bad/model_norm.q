// tensor ln.weight 9
model m { weights "w"; dim batch <= 2; input x : f32[batch, 8]; input b : f32[batch]; a = layernorm(x, "ln"); c = rmsnorm(x, "nothere"); d = rmsnorm(x, eps = -1); e = softmax(b); f = linear(b, "ln"); output x; }
