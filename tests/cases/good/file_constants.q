const half = 8;
scheme s { code : u4; value = code - half; }
scheme t { const half = 4; code : u3; value = code - half; }
