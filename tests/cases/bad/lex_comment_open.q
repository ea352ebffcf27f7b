scheme s { code : u4; /* the end is missing
  value = code; }
