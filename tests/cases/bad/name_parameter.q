quantize { "fc1" : int4_g(groups = 32); "fc2" : q4_0(group = 32); "a" : int4_g(group = 1, group = 2); }
