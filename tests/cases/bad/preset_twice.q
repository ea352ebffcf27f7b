rule g(n = 8) = q4_0;
rule g = q8_0;
scheme h { code : u4; value = code; }
rule h = q4_0;
