scheme s { code : u32; a : u64 per 32; b : f64 per row; value = code; }
