// Weights of 8 bits with a scale for each output, activations f16.
rule w8a16 = int8_row, act = f16;
