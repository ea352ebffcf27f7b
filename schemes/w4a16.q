// Weights of 4 bits with a scale and a zero point for each group, activations f16.
rule w4a16(group = 128) = int4_g(group = group), act = f16;
