scheme s(group = 32) { code : u4; scale : f16 per group; value = scale * code; }
quantize { "*" : s(group = -1); }
