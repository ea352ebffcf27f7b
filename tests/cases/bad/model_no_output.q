model m { input x : f32[2]; }
