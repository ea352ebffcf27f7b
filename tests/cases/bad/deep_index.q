scheme s { code : u4; value = code[0][0][0][0][0][0][0][0][0][0][0][0]; }
