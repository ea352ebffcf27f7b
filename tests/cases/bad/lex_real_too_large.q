const a = 1e999;
