scheme s { code : u4; a : f16 per token; b : f16 per rows; value = code; }
