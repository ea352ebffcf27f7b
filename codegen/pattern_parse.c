// Parses target patterns: `name:type = mnemonic(arg, ..); ..`
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/pattern.h"

typedef struct parser {
  arena *mem;
  const char *text;
  const char *at;
  const char *error;
  pattern *out;
} parser;

static void fail(parser *p, const char *what) {
  if (p->error == NULL)
    p->error = arena_printf(p->mem, "%s at character %td of \"%s\"", what, p->at - p->text, p->text);
}

static void skip_space(parser *p) { p->at += strspn(p->at, " \t\n"); }

static bool accept(parser *p, char c) {
  skip_space(p);
  if (*p->at != c) return false;
  p->at++;
  return true;
}

static void expect(parser *p, char c) {
  if (p->error == NULL && !accept(p, c)) fail(p, arena_printf(p->mem, "'%c' is missing", c));
}

// A word of letters, digits, '_' and '.', which mnemonics and names are.
static const char *word(parser *p) {
  skip_space(p);
  size_t n = 0;
  while (isalnum((unsigned char)p->at[n]) || p->at[n] == '_' || p->at[n] == '.') n++;
  if (n == 0) fail(p, "a word is missing");
  const char *w = arena_strndup(p->mem, p->at, n);
  p->at += n;
  return w;
}

static uint64_t number(parser *p) {
  skip_space(p);
  if (!isdigit((unsigned char)*p->at)) fail(p, "a number is missing");
  char *end;
  uint64_t value = strtoull(p->at, &end, 10);
  p->at = end;
  return value;
}

// "i8x64", "i32", "f16x8", "bf16x16", "i8xv8"
static pattern_type type(parser *p) {
  pattern_type t = {0};
  skip_space(p);
  if (accept(p, 'i')) {
    t.kind = PATTERN_INT;
  } else {
    t.kind = accept(p, 'b') ? PATTERN_BFLOAT : PATTERN_FLOAT;
    expect(p, 'f');
  }
  t.bits = (unsigned)number(p);
  if (*p->at != 'x') return t;
  p->at++;
  t.scalable = accept(p, 'v');
  t.lanes = (uint32_t)number(p);
  if (t.lanes < 2) fail(p, "a vector has at least 2 lanes");
  return t;
}

static bool find_step(const parser *p, const char *name, uint64_t *out) {
  for (size_t i = 0; i < p->out->count; i++) {
    if (strcmp(p->out->steps[i].name, name) != 0) continue;
    *out = i;
    return true;
  }
  return false;
}

static const struct {
  const char *text;
  pattern_arg_kind kind;
} special_args[] = {{"table", PATTERN_ARG_TABLE},
                    {"shift", PATTERN_ARG_SHIFT},
                    {"mask", PATTERN_ARG_MASK},
                    {"poison", PATTERN_ARG_POISON}};

static bool is_operand(const char *name) { return name[0] >= 'a' && name[0] <= 'd' && name[1] == '\0'; }

static void named_arg(parser *p, const char *name, pattern_arg *arg) {
  for (size_t i = 0; i < sizeof special_args / sizeof *special_args; i++) {
    if (strcmp(special_args[i].text, name) != 0) continue;
    arg->kind = special_args[i].kind;
    return;
  }
  if (is_operand(name)) {
    arg->kind = PATTERN_ARG_OPERAND;
    arg->number = (uint64_t)(name[0] - 'a');
  } else if (find_step(p, name, &arg->number)) {
    arg->kind = PATTERN_ARG_NAME;
  } else {
    fail(p, arena_printf(p->mem, "'%s' is not defined", name));
  }
}

static void table_range(parser *p, pattern_arg *arg) {
  arg->number = number(p);
  expect(p, ',');
  arg->count = number(p);
  if (arg->count == 0) fail(p, "an empty part of the table");
  expect(p, ']');
}

static void parse_arg(parser *p, pattern_arg *arg) {
  skip_space(p);
  if (isdigit((unsigned char)*p->at)) {
    arg->kind = PATTERN_ARG_INT;
    arg->number = number(p);
  } else {
    named_arg(p, word(p), arg);
    if (arg->kind == PATTERN_ARG_TABLE && accept(p, '[')) table_range(p, arg);
  }
  if (p->error == NULL && accept(p, ':')) {
    arg->typed = true;
    arg->type = type(p);
  }
}

static void parse_args(parser *p, pattern_step *s) {
  expect(p, '(');
  if (accept(p, ')')) return;
  do {
    if (s->arg_count == PATTERN_MAX_ARGS)
      fail(p, "too many arguments");
    else
      parse_arg(p, &s->args[s->arg_count++]);
  } while (p->error == NULL && accept(p, ','));
  expect(p, ')');
}

static const struct {
  const char *text;
  size_t args;
} mnemonics[] = {
#define PATTERN_OP(id, text, args) {text, args},
    PATTERN_OPS
#undef PATTERN_OP
};

static void parse_mnemonic(parser *p, pattern_step *s) {
  const char *w = word(p);
  s->code = PATTERN_INTRINSIC;
  s->intrinsic = w;
  for (size_t i = 0; i < sizeof mnemonics / sizeof *mnemonics; i++)
    if (strcmp(mnemonics[i].text, w) == 0) s->code = (pattern_code)i;
  if (s->code == PATTERN_INTRINSIC && strncmp(w, "llvm.", 5) != 0)
    fail(p, arena_printf(p->mem, "'%s' is no mnemonic", w));
}

static void parse_step(parser *p, pattern_step *s) {
  uint64_t other;
  s->name = word(p);
  if (p->error == NULL && (is_operand(s->name) || find_step(p, s->name, &other)))
    fail(p, arena_printf(p->mem, "'%s' is defined already", s->name));
  expect(p, ':');
  if (p->error != NULL) return;
  s->type = type(p);
  expect(p, '=');
  if (p->error != NULL) return;
  parse_mnemonic(p, s);
  parse_args(p, s);
  if (s->code != PATTERN_INTRINSIC && s->arg_count != mnemonics[s->code].args) fail(p, "wrong number of arguments");
}

const pattern *pattern_parse(arena *a, const char *sequence, const char **error) {
  pattern *out = ARENA_NEW(a, pattern);
  out->steps = ARENA_ARRAY(a, pattern_step, PATTERN_MAX_STEPS);
  parser p = {.mem = a, .text = sequence, .at = sequence, .out = out};
  for (skip_space(&p); p.error == NULL && *p.at != '\0'; skip_space(&p)) {
    if (out->count == PATTERN_MAX_STEPS) {
      fail(&p, "too many steps");
      break;
    }
    parse_step(&p, &out->steps[out->count]);
    out->count++;
    if (p.error == NULL && !accept(&p, ';') && *p.at != '\0') fail(&p, "';' is missing");
  }
  if (out->count == 0) fail(&p, "no step");
  *error = p.error;
  return p.error == NULL ? out : NULL;
}

const pattern *pattern_get(arena *a, pattern_cache *cache, const target_pattern *row, const char **error) {
  size_t known = ptr_map_get(&cache->numbers, row, SIZE_MAX);
  if (known != SIZE_MAX) return cache->parsed.data[known];
  const pattern *p = pattern_parse(a, row->sequence, error);
  if (p == NULL) return NULL;
  cache->numbers.mem = a;
  ptr_map_set(&cache->numbers, row, cache->parsed.len);
  vec_push(a, &cache->parsed, p);
  return p;
}
