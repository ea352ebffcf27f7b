// 4 bits with a scale and a zero point for each group, of weights that took over a factor of each input (AWQ).
// Weights are encoded times `smooth`, the activations divided by it when the layer runs. Factors are found by calibration
// and lie beside the float weights as <layer>.smooth; without them they are 1. Files whose factors were folded into the
// layer before are int4_g.
scheme int4_smooth(group = 128) {
  code   : u4;
  scale  : f16 per group;
  zero   : u4  per group;
  smooth : f16 per column;
  value  = scale * (code - zero);
  input  = x / smooth;
}
