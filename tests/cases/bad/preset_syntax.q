rule = q4_0;
rule a q4_0;
rule b = q4_0
scheme s { code : u4; value = code; }
