model m { output y = 3; }
