model m { input x : f32[4]; a = relu(x, x); b = linear(x); c = softmax(); d = linear(x, x, out = 3); e = layernorm(x, "a", epsilon = 1); f = relu(x, bias = 1); output x; }
