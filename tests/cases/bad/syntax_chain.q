scheme s { code : u4; value = 1 < code < 3; }
