scheme s(group = 0) { code : u4; a : f16 per group; b : f16 per -3; c : f16 per 99999999999; value = code; }
