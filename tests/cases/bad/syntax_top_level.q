code : u4;
value = 3;
scheme s { code : u4; value = code; }
