scheme s { a : u17; b : f17; c : half; d : u; e : u(0); f : i(bits); value = 1; }
