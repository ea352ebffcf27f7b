// tensor fc1.weight 128 64
// tensor fc1.bias 128
// tensor fc2.weight 10 128
// tensor fc2.bias 10
model m { dim batch <= 4; weights "w"; input x : f32[batch, 32]; input z : f32[batch, 128]; a = linear(x, "fc1"); output y = linear(z, "fc1"); }
