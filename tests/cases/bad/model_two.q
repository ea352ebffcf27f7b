model a { input x : f32[2]; output x; }
model b { input x : f32[2]; output x; }
