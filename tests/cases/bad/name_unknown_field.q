scheme s { code : u4; scale : f16 per 32; value = scal * code; }
