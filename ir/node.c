// Making the parse tree, and the meaning of single tokens.
#include "ir/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void node_error(parse_context *p, src_loc loc, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(p->mem, format, args);
  va_end(args);
  diag_error(p->d, loc, "%s", text);
  p->failed = true;
}

static node *new_node(parse_context *p, node_kind kind, src_loc loc) {
  node *n = ARENA_NEW(p->mem, node);
  n->kind = kind;
  n->loc = loc;
  return n;
}

node *node_new(parse_context *p, node_kind kind, src_loc loc, size_t count, ...) {
  node *n = new_node(p, kind, loc);
  va_list parts;
  va_start(parts, count);
  for (size_t i = 0; i < count; i++) vec_push(p->mem, &n->items, va_arg(parts, node *));
  va_end(parts);
  return n;
}

node *node_act(parse_context *p, src_loc loc, act_form form, node *type, node *first, node *second) {
  node *n = node_new(p, NODE_ACT, loc, 3, type, first, second);
  n->number = form;
  return n;
}

node *node_bang(node *named) {
  named->bang = true;
  return named;
}

node *node_append(parse_context *p, node *list, node *item) {
  vec_push(p->mem, &list->items, item);
  return list;
}

// ---- tokens ----------------------------------------------------------------------------------------------

node *node_name(parse_context *p, node_kind kind, src_loc loc, const char *text, size_t length) {
  node *n = new_node(p, kind, loc);
  n->text = arena_strndup(p->mem, text, length);
  return n;
}

node *node_int(parse_context *p, src_loc loc, const char *text) {
  node *n = new_node(p, NODE_INT, loc);
  n->negative = text[0] == '-';
  errno = 0;
  n->number = strtoull(text + n->negative, NULL, 10);
  if (errno == ERANGE || (n->negative && n->number > (uint64_t)INT64_MAX + 1))
    node_error(p, loc, "'%s' does not fit 64 bits", text);
  return n;
}

node *node_real(parse_context *p, src_loc loc, const char *text) {
  node *n = new_node(p, NODE_REAL, loc);
  n->real = strtod(text, NULL);
  return n;
}

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

node *node_quoted(parse_context *p, node_kind kind, src_loc loc, const char *text, size_t length) {
  node *n = new_node(p, kind, loc);
  char *to = ARENA_ARRAY(p->mem, char, length);
  n->text = to;
  for (size_t i = 1; i + 1 < length; i++) {
    char c = text[i];
    if (c == '\\' && text[i + 1] == 'x') {
      c = (char)(digit(text[i + 2]) << 4 | digit(text[i + 3]));
      i += 3;
    } else if (c == '\\') {
      c = text[++i];
    }
    if (c == '\0') node_error(p, loc, "a text cannot hold the character 0");
    *to++ = c;
  }
  return n;
}

node *node_bytes(parse_context *p, src_loc loc, const char *text, size_t length) {
  node *n = new_node(p, NODE_BYTES, loc);
  n->number = (length - 3) / 2;
  char *to = ARENA_ARRAY(p->mem, char, n->number + 1);
  n->text = to;
  for (size_t i = 2; i + 2 < length; i += 2) *to++ = (char)(digit(text[i]) << 4 | digit(text[i + 1]));
  return n;
}
