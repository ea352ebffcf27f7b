scheme s { code : u3; book : f16[2][8] per tensor; value = book[code] + book[0, 1, 2]; }
