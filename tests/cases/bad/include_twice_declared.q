include "lib/declares.q";
scheme s { code : u4; value = code; }
