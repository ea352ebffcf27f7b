// Learned levels of groups that are no multiple of anything: the body of a kernel is long.
scheme levels_odd {
  code  : u3;
  level : f32[8] per 100;
  value = level[code];
}
