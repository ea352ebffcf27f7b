// A text from another system.
scheme s {
  code : u4; // per weight
  value = code;
}
