// Weights of 4 bits with a scale and a zero point for each group, activations of 4 bits with a scale for each group.
rule w4a4(group = 128) = int4_g(group = group), act = i4 per group;
