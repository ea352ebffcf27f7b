// Windows of two widths that wrap in spans of two lengths.
scheme windows {
  code  : u3;
  scale : f16 per row;
  value = scale * (window(code, 8, 64) - window(code, 14, 32));
}
