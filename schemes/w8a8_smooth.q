// SmoothQuant: weights and activations of 8 bits, where factors of the inputs move from the activations to the weights.
rule w8a8_smooth = int8_smooth, act = i8 per token;
