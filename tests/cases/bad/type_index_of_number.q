scheme s { code : u3; value = code[1] + 3[2] + k[0]; }
