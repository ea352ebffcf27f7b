// Two bits around a third, counted bit by bit.
scheme thirds {
  code  : u2;
  scale : f32 per row;
  value = scale * (code / 3.0 - 0.5);
}
