scheme s { code : u4; value = bits(0, 4) + code; }
