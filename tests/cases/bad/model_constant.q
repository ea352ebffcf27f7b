// tensor a 3
model m { weights "w"; dim batch <= 2; input x : f32[batch, 3]; b = x + constant("b"); c = x + constant("a", shape = [4]); d = constant("a", shape = [batch]); e = constant(a); output x; }
