scheme s { code @ u4; value = code; }
