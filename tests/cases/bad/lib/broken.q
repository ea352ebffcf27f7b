scheme b { code : u4 value = code; }
