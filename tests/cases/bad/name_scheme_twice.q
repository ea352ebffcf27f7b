scheme s { c : u4; value = c; }
scheme s { c : u3; value = c; }
