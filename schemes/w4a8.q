// Weights of 4 bits with a scale and a zero point for each group, activations of 8 bits with a scale for each token.
rule w4a8(group = 128) = int4_g(group = group), act = i8 per token;
