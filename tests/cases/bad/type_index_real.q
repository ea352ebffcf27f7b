scheme s { code : u4; scale : f16 per 32; table t : f32[16] = {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}; value = t[scale] + t[code / 1.0]; }
