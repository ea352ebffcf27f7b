include "lib/broken.q";
scheme s { code : u4; value = code; }
