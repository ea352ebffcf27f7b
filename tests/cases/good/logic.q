// Any number but 0 is true.
const both = 2 && 0.5;
const none = !both || 0;
scheme logic {
  code : u3;
  value = code > both && code != 4 || !code ? 1 : none;
}
