quantize {
  fc1 : q4_0;
  "fc2" : q4_0(32);
  "fc3" : q4_0, act i8;
  "fc4" : q4_0, act = i8 static scale = 3;
}
