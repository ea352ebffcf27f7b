scheme s { code : u2; a : f16[0] per row; b : f16[2][2][2][2][2] per row; c : f16[9999999999] per tensor; value = code; }
