// tensor a.qweight 8 24
// tensor a.qzeros 2 3
// tensor a.scales 1 24
// tensor b.qweight 8 24
// tensor b.qzeros 1 3
// tensor c.qweight 8 24
// tensor c.qzeros 1 3
// tensor c.scales 1 25
model m { weights "w"; input x : f32[64]; a = linear(x, "a"); b = linear(x, "b"); c = linear(x, "c"); output x; }
quantize { "*" : int4_g(group = 64), layout = gptq; }
