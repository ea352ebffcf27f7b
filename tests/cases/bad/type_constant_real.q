scheme s(group = 1.5) { code : u4; value = code; }
scheme t { code : u4; x : f16 per 2.5; value = code; }
