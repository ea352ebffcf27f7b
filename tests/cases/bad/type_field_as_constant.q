scheme s { code : u4; scale : f16 per code; c : u(scale); value = code; }
