model m { weights 'w'; input x : f32[2]; output x; }
