weights;
weights adapter : "adapter.safetensors", prefix = "base_model.";
const layers = meta("layers");
// Used by both.
block half(x, eps = 1e-5) { return x / 2, eps; }
network llama {
  weights "model.gguf";
  dim context <= 4096, tokens <= 512 step 8, 0 <= past < context;
  state keys, values [layer < layers] : f16[ring layer % 6 == 5 ? context : 63 + 512, groups, size];
  state peak : f32[width] = -1e30;
  block attend(x, p, layer) {
    keys[layer][past ..] = linear(x, "{p}.attn_k");
    return attention(x, keys[layer][0 .. past + tokens], values[layer, 0 .. past + tokens], past);
  }
  // What comes next.
  entry step(token : i32[tokens] < vocab, scale : f32) {
    x = embedding(token, "token_embd")[*, 0];
    for layer < layers {
      const p = "blk.{layer}";
      if has("{p}.norm") { x = rmsnorm(x, "{p}.norm"); } else { x = half(x); }
    }
    loop t < tokens { h = gru(x[t], h, "rnn"); y[t] = h; }
    return logits : f32[vocab] = x[tokens - 1], y, last = h;
  }
  entry fill(token : i32[tokens] < vocab) { peak = embedding(token, "e"); return; }
}
model digits {
  weights "digits.safetensors";
  dim batch <= 256;
  input x : u8[batch, 64] < 200;
  a, b = top(x, 2);
  output y : f32[batch, 10] = softmax(linear(x, "fc1"));
}
quantize {
  state "keys" : q8_0;
  for layer in [0, layers - 1] { "blk.{layer}.*" : q8_0; }
  for i < 2 { embedding "e{i}" : q8_0, act = i8 per 32; }
  "*" : q4_0;
}
