scheme s { code : u4; value = exp(code) + maks(code, 2); }
