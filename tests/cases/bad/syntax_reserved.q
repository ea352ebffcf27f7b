scheme s { value : u4; value = 1; }
model m { input layout : f32[3]; output y = x; model = 3; }
