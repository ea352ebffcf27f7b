quantize { "fc1" : int4_g, layout = gptq_v3; "fc2" : nf4, layout = gguf; }
