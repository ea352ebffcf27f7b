scheme s { code : u4; table t : f32[8] = {0,1,2,3,4,5,6,7}; value = t[code] + t[code - 8] + t[code & 7] + t[k]; }
