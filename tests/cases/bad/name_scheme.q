quantize { "fc1" : q4_k; "fc2" : q40; "fc3" : nosuchformatatall; }
