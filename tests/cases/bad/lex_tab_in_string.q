model m { weights "a	b"; input x : f32[2]; output x; } // tabs	in comments are fine
