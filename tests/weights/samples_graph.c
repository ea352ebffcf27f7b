// ONNX models whose graph is given as text.
#include <stdlib.h>
#include <string.h>

#include "tests/weights/samples.h"

// The next word of *text up to one of `ends`, into `word`; the character that ended it, 0 at the end.
static char next_word(const char **text, const char *ends, char word[32]) {
  size_t length = strcspn(*text, ends);
  if (length >= 32) abort();
  memcpy(word, *text, length);
  word[length] = '\0';
  *text += length;
  return **text == '\0' ? '\0' : *(*text)++;
}

static void put_number(sample *node, const char *name, int64_t value) {
  sample s = {0};
  sample_pb_text(&s, 1, name);
  sample_pb_number(&s, 3, (uint64_t)value);
  sample_pb_message(node, 5, s);
}

// "perm" and so many digits.
static void put_digits(sample *node, const char *digits) {
  sample s = {0};
  int64_t numbers[8];
  size_t count = strlen(digits);
  for (size_t i = 0; i < count; i++) numbers[i] = digits[i] - '0';
  sample_pb_text(&s, 1, "perm");
  sample_pb_numbers(&s, 8, count, numbers);
  sample_pb_message(node, 5, s);
}

// "y=Op(a,b;transB=1)".
static sample node_of(const char **text) {
  sample s = {0};
  char word[32], value[32], end;
  next_word(text, "=", word);
  sample_pb_text(&s, 2, word);
  next_word(text, "(", word);
  sample_pb_text(&s, 4, word);
  do {
    end = next_word(text, ",;)", word);
    sample_pb_text(&s, 1, word);
  } while (end == ',');
  while (end == ';') {
    next_word(text, "=", word);
    end = next_word(text, ";)", value);
    if (strcmp(word, "perm") == 0)
      put_digits(&s, value);
    else
      put_number(&s, word, atoi(value));
  }
  if (**text == ' ') ++*text;
  return s;
}

sample sample_onnx_graph(const char *nodes) {
  static const struct {
    const char *name;
    unsigned type;
    size_t rank;
    int64_t dims[3];
    size_t bytes;
  } tensors[] = {{"w", 1, 2, {2, 2}, 16},    {"c", 3, 2, {2, 2}, 4},    {"s", 1, 0, {0}, 4},     {"t", 1, 0, {0}, 4},
                 {"k", 1, 3, {2, 2, 1}, 16}, {"codes", 2, 1, {96}, 96}, {"norms", 1, 1, {6}, 24}};
  static const uint8_t zeros[96];
  sample graph = {0};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
    sample t = sample_onnx_tensor(tensors[i].name, tensors[i].type, tensors[i].rank, tensors[i].dims);
    sample_pb_bytes(&t, 9, zeros, tensors[i].bytes);
    sample_pb_message(&graph, 5, t);
  }
  while (*nodes != '\0') sample_pb_message(&graph, 1, node_of(&nodes));
  return sample_onnx_model(graph);
}
