// Weights of 8 bits with a scale for each output, activations of 8 bits with a scale for each token.
rule w8a8 = int8_row, act = i8 per token;
