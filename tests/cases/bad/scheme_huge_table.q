scheme s { code : u2; a : f16[60000000][60000000] per tensor; value = a[0][0] + code; }
