model m { weights "w.safetensors;
  input x : f32[2]; output x; }
