// QLoRA: NF4 whose scales have 8 bits and a factor for each row, and an adapter: W + alpha / rank * B A, fused into the layer.
scheme qlora(rank = 16, alpha = 32, group = 64) {
  code   : u4;
  absmax : u8  per group;
  nested : f32 per row;
  offset : f32 per tensor;
  lora_a : f32[rank] per column;
  lora_b : f32[rank] per row;
  table level : f32[16] = {
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0 };
  value = (nested * (absmax - 127.5) / 127.5 + offset) * level[code] +
          alpha / (1.0 * rank) * sum(r < rank, lora_b[r] * lora_a[r]);

  // Base weights as floats, which are encoded; adapters as PEFT writes them, or named after the layer; in one file or two.
  layout peft(fit = 1) {
    tensor a : f32|f16|bf16[rank, K] = "base_model.model.*.lora_A.weight";
    tensor b : f32|f16|bf16[N, rank] = "base_model.model.*.lora_B.weight";
    lora_a[k, r] = a[r, k];
    lora_b[n, r] = b[n, r];
  }
  layout adapters(fit = 1) {
    tensor a : f32|f16|bf16[rank, K] = ".lora_A.weight";
    tensor b : f32|f16|bf16[N, rank] = ".lora_B.weight";
    lora_a[k, r] = a[r, k];
    lora_b[n, r] = b[n, r];
  }
}
