scheme functions { code : u3; scale : f16 per 32; value = scale * pow(code, 2); }
scheme wide { code : u17; value = code; }
