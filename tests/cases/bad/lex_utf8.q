// café
const a = 1;
model m { weights "café"; }
