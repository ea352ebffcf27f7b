// Weights of 2 bits with a scale and a zero point for each group, activations f16.
rule w2a16(group = 64) = uint_g(bits = 2, group = group), act = f16;
