model m { }
