const a = 12ab;
const b = 0x;
const c = 1.2.3;
