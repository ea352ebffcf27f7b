// tensor a.weight 8 4
// tensor a.bias 7
// tensor b.weight 8 4
model m { weights "w"; input x : f32[4]; a = linear(x, "a"); b = linear(x, "b", bias = required); c = linear(x, "b", bias = 3); output x; }
