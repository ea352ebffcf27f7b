const a = 1 / 0;
const b = 1 % 0;
const c = 1.0 / 0;
scheme s { code : u4; value = code / 0 + code % (2 - 2); }
