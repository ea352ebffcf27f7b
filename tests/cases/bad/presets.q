rule a = b;
rule b = a;
rule c(group = 0) = int4_g(group = group), act = i8 per group;
rule d = q4_0, act = i8 per x;
rule e = q4_0, act = f16, act = f32;
rule f = nothing_like_it;
