scheme product { code : u4; o : f16 sparse; value = code * o; }
scheme inside { code : u4; o : f16 sparse; value = max(code, o); }
scheme shares { code : u4; o : f16 sparse 2; value = code + o; }
scheme all { code : u4; o : f16 per row sparse; value = code + o; }
scheme both { rows 0 .. 4 : shares; columns 4 .. K : shares; }
scheme mixed { code : u4; value = code; rows 0 .. 4 : plain; }
scheme crossed { rows 0 .. 4 : plain; columns 4 .. K : plain; }
scheme real { rows 0 .. N / 2.0 : plain; rows 4 .. N : plain; }
scheme itself { rows 0 .. 4 : other; rows 4 .. N : plain; }
scheme other { columns 0 .. K : itself; }
scheme plain { code : u4; value = code; }
