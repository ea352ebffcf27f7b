scheme s { code : u3; level : f16[8] per row; table t : f32[8] = {0,1,2,3,4,5,6,7}; value = level + t; }
