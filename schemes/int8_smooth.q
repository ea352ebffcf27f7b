// Signed bytes with a scale for each row, of weights that took over a factor of each input (SmoothQuant).
// Weights are encoded times `smooth`, the activations divided by it when the layer runs. Factors are found by calibration
// and lie beside the float weights as <layer>.smooth; without them they are 1.
scheme int8_smooth {
  code   : i8;
  scale  : f32 per row;
  smooth : f32 per column;
  value  = scale * code;
  input  = x / smooth;
}
