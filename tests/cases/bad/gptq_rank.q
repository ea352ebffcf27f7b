// tensor a.qweight 8 24 2
// tensor a.qzeros 1 3
// tensor a.scales 1 24
model m { weights "w"; input x : f32[64]; output y = linear(x, "a"); }
quantize { "*" : int4_g(group = 64), layout = gptq; }
