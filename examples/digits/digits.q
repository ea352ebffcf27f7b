// The network of digits.safetensors: an image of 8 x 8 pixels in, a number for each of the ten digits out; the largest wins.
model digits {
  weights "digits.safetensors";
  dim batch <= 360;

  input image : f32[batch, 64];
  h1 = relu(linear(image, "fc1"));
  h2 = relu(linear(h1, "fc2"));
  output logits : f32[batch, 10] = linear(h2, "fc3");
}
