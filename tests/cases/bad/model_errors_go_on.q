// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
// One mistake, one message: what depends on a wrong value is not reported again.
model m { weights "w"; input x : f32[63]; h = relu(linear(x, "fc1")); g = h + x; output y : f32[10] = linear(g, "fc2"); output z = nothing; }
