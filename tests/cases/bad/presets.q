rule a = b;
rule b = a;
scheme own(group = 32) { code : u4; scale : f16 per group; value = scale * code; }
rule c(group = 0) = own(group = group), act = i8 per group;
rule d = q4_0, act = i8 per x;
rule e = q4_0, act = f16, act = f32;
rule f = nothing_like_it;
