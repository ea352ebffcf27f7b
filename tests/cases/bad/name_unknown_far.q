scheme s { code : u4; value = completely_else; }
