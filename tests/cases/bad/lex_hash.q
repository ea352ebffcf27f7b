# a comment of another language
scheme s { code : u4; value = code; }
