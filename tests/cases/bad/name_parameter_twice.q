scheme s(a = 1, a = 2) { c : u4; value = c; }
