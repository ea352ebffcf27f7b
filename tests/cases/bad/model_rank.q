// tensor a.weight 8
// tensor b.weight 2 2 4
model m { weights "w"; input x : f32[4]; a = linear(x, "a"); b = linear(x, "b"); output x; }
