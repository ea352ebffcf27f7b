scheme s { code : u4; scale : f16 per 32; value = scale % 2 + (scale & code) + (code << 1.5) + ~scale; }
