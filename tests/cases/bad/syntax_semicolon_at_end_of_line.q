scheme a {
  code : u4;
  value = code
}
