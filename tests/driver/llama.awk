# The text of a model of the Llama family but for attention itself: awk -v layers=32 -v width=256 -v hidden=768 -f llama.awk
# With -v weights=FILE it names the file and its sizes are read there; else they are in the text.
function linear(x, name, outputs) {
  return "linear(" x ", \"" name "\", bias = none" (weights == "" ? ", out = " outputs : "") ")"
}
function norm(x, name) { return "rmsnorm(" x ", \"" name "\")" }
BEGIN {
  print "model llama {"
  if (weights != "") print "  weights \"" weights "\";"
  print "  dim tokens <= 512;\n  input x0 : f32[tokens, " width "];"
  for (i = 0; i < layers; i++) {
    p = "layers." i "."
    print "  a" i " = " norm("x" i, p "attention_norm") ";"
    print "  q" i " = " linear("a" i, p "wq", width) ";"
    print "  k" i " = " linear("a" i, p "wk", width) ";"
    print "  v" i " = " linear("a" i, p "wv", width) ";"
    print "  h" i " = x" i " + " linear("softmax(q" i " * k" i ") * v" i, p "wo", width) ";"
    print "  b" i " = " norm("h" i, p "ffn_norm") ";"
    print "  g" i " = silu(" linear("b" i, p "w1", hidden) ") * " linear("b" i, p "w3", hidden) ";"
    print "  x" i + 1 " = h" i " + " linear("g" i, p "w2", width) ";"
  }
  print "  output y = " linear(norm("x" layers, "norm"), "output", 4 * width) ";\n}"
  print "quantize {\n  \"*.wv\" : q6_K;\n  \"*.w2\" : q6_K;\n  \"*.wo\" : q8_0;\n  \"output\" : q8_0;\n  \"*\" : q4_K;\n}"
}
