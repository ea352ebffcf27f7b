quantize { "a" : nosuch; }
