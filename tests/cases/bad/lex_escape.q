model m { weights "C:\dir\new"; input x : f32[2]; output x; }
