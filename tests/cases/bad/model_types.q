model m { input x : f16[2]; input i : i32[2]; input s : f32; input z : f32[0]; input r : f32[1, 2, 3, 4, 5]; output x; }
