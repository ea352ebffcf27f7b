// What a model's configuration says of one of its layers.
#include <regex.h>
#include <string.h>

#include "files/quant_config.h"
#include "support/vec.h"

#define PATTERN "re:"

// ---- patterns --------------------------------------------------------------------------------------------

// A pattern of Python's as an extended regular expression of POSIX; NULL when there is none such.
static const char *posix_pattern(arena *a, const char *text) {
  enum { MAX_PATTERN = 1000 };
  strbuf out = {.mem = a};
  if (strlen(text) > MAX_PATTERN) return NULL;
  strbuf_printf(&out, "^");
  for (const char *c = text; *c != '\0'; c++) {
    bool is_lazy = *c == '?' && c > text && strchr("*+?}", c[-1]) != NULL;
    if (strncmp(c, "(?:", 3) == 0) {
      strbuf_putc(&out, '(');
      c += 2;
    } else if (strncmp(c, "(?", 2) == 0 || (*c == '\\' && c[1] >= '0' && c[1] <= '9')) {
      return NULL; // looks ahead, or back at a group
    } else if (strncmp(c, "\\d", 2) == 0) {
      strbuf_printf(&out, "[0-9]");
      c++;
    } else if (!is_lazy) {
      strbuf_putc(&out, *c);
    }
  }
  return strbuf_text(&out);
}

// From the beginning of the name on, as all these tools match.
static bool matches_pattern(const char *pattern, const char *layer) {
  arena *a = arena_new();
  const char *text = posix_pattern(a, pattern);
  regex_t compiled;
  bool matches = false;
  if (text != NULL && regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) == 0) {
    matches = regexec(&compiled, layer, 0, NULL, 0) == 0;
    regfree(&compiled);
  }
  arena_free(a);
  return matches;
}

static bool matches(const char *name, const char *layer) {
  if (strncmp(name, PATTERN, strlen(PATTERN)) == 0) return matches_pattern(name + strlen(PATTERN), layer);
  return strcmp(name, layer) == 0;
}

// A class of modules, such as "Linear", as opposed to the name of one.
static bool is_class(const char *target) { return target[0] >= 'A' && target[0] <= 'Z' && strchr(target, '.') == NULL; }

// ---- rules -----------------------------------------------------------------------------------------------

// What a rule says counts more than what is said of all modules.
static void lay_over(quant_args *all, const quant_args *own) {
  if (own->bits > 0) all->bits = own->bits;
  if (own->type != NULL) all->type = own->type;
  if (own->strategy != NULL) all->strategy = own->strategy;
  if (own->group_size != 0) all->group_size = own->group_size;
  if (own->block[0] != 0) memcpy(all->block, own->block, sizeof all->block);
  if (own->symmetric != QUANT_UNSAID) all->symmetric = own->symmetric;
  if (own->zero_point != QUANT_UNSAID) all->zero_point = own->zero_point;
  if (own->desc_act != QUANT_UNSAID) all->desc_act = own->desc_act;
  if (own->dynamic != QUANT_UNSAID) all->dynamic = own->dynamic;
}

typedef enum rule_reach { RULE_NONE, RULE_CLASS, RULE_NAMED } rule_reach;

static rule_reach reach_of(const quant_rule *r, const char *layer) {
  rule_reach reach = RULE_NONE;
  if (r->target_count == 0) return matches(r->name, layer) ? RULE_NAMED : RULE_NONE;
  for (size_t i = 0; i < r->target_count; i++) {
    if (is_class(r->targets[i]) && reach == RULE_NONE) reach = RULE_CLASS;
    if (matches(r->targets[i], layer)) reach = RULE_NAMED;
  }
  return reach;
}

quant_args quant_config_layer(const quant_config *c, const char *layer) {
  static const quant_args nothing = {0};
  quant_args out = c->weights;
  rule_reach best = RULE_NONE;
  const quant_rule *rule = NULL;
  for (size_t i = 0; i < c->ignore_count; i++)
    if (matches(c->ignore[i], layer)) return nothing;
  for (size_t i = 0; i < c->rule_count; i++) {
    rule_reach reach = reach_of(&c->rules[i], layer);
    if (reach <= best) continue;
    best = reach;
    rule = &c->rules[i];
  }
  if (rule != NULL && rule->skip) return nothing;
  if (rule != NULL) lay_over(&out, &rule->weights);
  if (out.group_size == 0 && out.strategy != NULL && strcmp(out.strategy, "channel") == 0) out.group_size = -1;
  return out;
}
