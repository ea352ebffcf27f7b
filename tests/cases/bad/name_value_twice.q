model m { input x : f32[4]; x = x + 1; h = x; h = x; output h; output h; }
