// Windows that four weights share, across chunks and with codes that do not divide the window.
scheme windows_shared {
  code  : u3;
  scale : f16 per row;
  value = scale * ((window(code, 14, 64, 4) >> k % 4 & 15) - 7.5);
}
