include "include_cycle.q";
scheme s { code : u4; value = cod; }
