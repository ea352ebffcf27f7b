scheme s { value : u4; value = 1; }
scheme t { layout per { } code : u4; value = code; }
model m { input x : f32[3]; output y = x; scheme u { code : u4; value = code; } }
