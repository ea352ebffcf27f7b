scheme s { value = 1; }
