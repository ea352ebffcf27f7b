scheme s { code : u4; value = "text" + [1, 2] + code[*]; }
