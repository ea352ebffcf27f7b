scheme s { code : u4; value = min(code) + abs(1, code) + select(code, 1) + max(a = code, b = 2); }
