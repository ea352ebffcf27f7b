// tensor a 3 3
model m { weights "w"; input x : f32[3]; h = linear(x, "a"); output y = h + constant("a"); }
