scheme s { code : u4; value = code; value = code + 1; }
