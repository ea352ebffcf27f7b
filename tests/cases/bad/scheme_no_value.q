scheme s { code : u4; }
