const größe = 1;
