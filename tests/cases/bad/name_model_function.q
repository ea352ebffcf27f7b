model m { input x : f32[64]; output y = rellu(x) + softmaks(x); }
