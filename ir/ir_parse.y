%code requires {
#include "ir/node.h"
}

%code {
// The grammar of the IR's text form: it only builds the parse tree (ir/node.h); ir/read*.c give it its meaning.
int ir_yylex(node **value, src_loc *loc, void *scanner);
static void ir_yyerror(src_loc *loc, void *scanner, parse_context *p, const char *message);

// Nesting is bounded by the parser's stack; the readers recurse no deeper.
#define YYMAXDEPTH 3000

#define YYLLOC_DEFAULT(now, rhs, n)                                                                                    \
  do {                                                                                                                 \
    (now) = (n) > 0 ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0);                                                             \
    (now).end_line = YYRHSLOC(rhs, n).end_line;                                                                        \
    (now).end_column = YYRHSLOC(rhs, n).end_column;                                                                    \
  } while (0)
}

%define api.prefix {ir_yy}
%define api.pure full
%define api.value.type {node *}
%define api.location.type {src_loc}
%define parse.error detailed
%locations
%expect 0
%param {void *scanner}
%parse-param {parse_context *p}

%initial-action {
  @$ = (src_loc){.file = p->file, .line = 1, .column = 1, .end_line = 1, .end_column = 1};
}

%token INT "an integer" REAL "a number" STRING "a text" BYTES "bytes" SYMBOL "a name" VALUE "a value" WORD "a word"
%token ARROW "->"
%token KW_MODULE "module" KW_BATCH "batch" KW_SOURCE "source" KW_SCHEME "scheme" KW_WEIGHT "weight"
%token KW_RECIPE "recipe" KW_PLAN "plan" KW_MODEL "model" KW_KERNEL "kernel" KW_FIELD "field" KW_TABLE "table"
%token KW_VALUE "value" KW_LAYOUT "layout" KW_BLOCK "block" KW_BYTES "bytes keyword" KW_TYPE "type" KW_TENSOR "tensor"
%token KW_PLACE "place" KW_FOR "for" KW_TO "to" KW_STEP "step" KW_ITER "iter" KW_PER "per" KW_AT "at" KW_X "x"
%token KW_SECTION "section" KW_SPARSE "sparse"
%token KW_OF "of" KW_DYNAMIC "dynamic" KW_STATIC "static" KW_TOKEN "token"

%%

module:
  KW_MODULE STRING KW_BATCH INT items  { p->root = node_new(p, NODE_MODULE, @2, 3, $2, $4, $5); }

items:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| items item                           { $$ = node_append(p, $1, $2); }

item:
  KW_SOURCE STRING                     { $$ = node_new(p, NODE_SOURCE, @$, 1, $2); }
| KW_SCHEME SYMBOL '{' parts '}'       { $$ = node_new(p, NODE_SCHEME, @2, 2, $2, $4); }
| KW_WEIGHT SYMBOL record              { $$ = node_new(p, NODE_WEIGHT, @2, 2, $2, $3); }
| KW_RECIPE SYMBOL record              { $$ = node_new(p, NODE_RECIPE, @2, 2, $2, $3); }
| KW_PLAN record                       { $$ = node_new(p, NODE_PLAN, @1, 1, $2); }
| KW_MODEL SYMBOL '(' params ')' ARROW '(' names ')' block
                                       { $$ = node_new(p, NODE_FUNC, @2, 5, $1, $2, $4, $8, $10); }
| KW_KERNEL SYMBOL '(' params ')' block
                                       { $$ = node_new(p, NODE_FUNC, @2, 5, $1, $2, $4, NULL, $6); }

// ---- schemes

parts:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| parts part                           { $$ = node_append(p, $1, $2); }

part:
  KW_FIELD SYMBOL ':' word dims KW_PER grain
                                       { $$ = node_new(p, NODE_FIELD, @2, 4, $2, $4, $5, $7); }
| KW_FIELD SYMBOL ':' word dims KW_PER grain KW_SPARSE REAL
                                       { $$ = node_new(p, NODE_FIELD, @2, 5, $2, $4, $5, $7, $9); }
| KW_TABLE SYMBOL ':' word '=' list    { $$ = node_new(p, NODE_TABLE, @2, 3, $2, $4, $6); }
| KW_SECTION word list SYMBOL           { $$ = node_new(p, NODE_SECTION, @1, 3, $2, $3, $4); }
| KW_VALUE '=' value                   { $$ = node_new(p, NODE_MEANING, @1, 1, $3); }
| WORD '=' list                        { $$ = node_new(p, NODE_STEPS, @1, 2, $1, $3); }
| KW_LAYOUT STRING KW_BLOCK INT KW_BYTES INT KW_TYPE INT '{' places '}'
                                       { $$ = node_new(p, NODE_LAYOUT, @2, 5, $2, $4, $6, $8, $10); }
| KW_LAYOUT STRING KW_BLOCK INT KW_BYTES INT KW_TYPE INT WORD '{' places '}'
                                       { $$ = node_new(p, NODE_LAYOUT, @2, 6, $2, $4, $6, $8, $11, $9); }

dims:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| list                                 { $$ = $1; }

grain: INT | word | list

places:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| places place                         { $$ = node_append(p, $1, $2); }

place:
  KW_TENSOR SYMBOL STRING ':' word stored list
                                       { $$ = node_new(p, NODE_TENSOR, @2, 5, $2, $3, $5, $7, $6); }
| KW_PLACE target '(' binders ')' '=' value
                                       { $$ = node_new(p, NODE_PLACE, @2, 3, $2, $4, $7); }
| KW_PLACE target '(' binders ')' '=' value '{' entries '}'
                                       { $$ = node_new(p, NODE_PLACE, @2, 4, $2, $4, $7, $9); }

stored:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| KW_OF '(' values ')'                 { $$ = $3; }

target: SYMBOL | INT

binders:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| value_names

value_names:
  VALUE                                { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| value_names ',' VALUE                { $$ = node_append(p, $1, $3); }

// ---- values of records, attributes and expressions

record:
  '{' '}'                              { $$ = node_new(p, NODE_RECORD, @$, 0); }
| '{' entries '}'                      { $$ = $2; }

entries:
  entry                                { $$ = node_new(p, NODE_RECORD, @$, 1, $1); }
| entries entry                        { $$ = node_append(p, $1, $2); }
| entries ',' entry                    { $$ = node_append(p, $1, $3); }

entry:
  word '=' value                       { $$ = node_new(p, NODE_ENTRY, @$, 2, $1, $3); }

list:
  '[' ']'                              { $$ = node_new(p, NODE_LIST, @$, 0); }
| '[' values ']'                       { $$ = $2; }

values:
  value                                { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| values ',' value                     { $$ = node_append(p, $1, $3); }

value:
  INT | REAL | STRING | BYTES | SYMBOL | VALUE | record | list | type | act | named
| INT '+' INT KW_BATCH                 { $$ = node_new(p, NODE_SIZE, @$, 2, $1, $3); }
| word KW_AT size                      { $$ = node_new(p, NODE_REF, @$, 3, $1, NULL, $3); }
| word INT KW_AT size                  { $$ = node_new(p, NODE_REF, @$, 3, $1, $2, $4); }
| word '(' ')'                         { $$ = node_new(p, NODE_CALL, @$, 2, $1, node_new(p, NODE_LIST, @2, 0)); }
| word '(' values ')'                  { $$ = node_new(p, NODE_CALL, @$, 2, $1, $3); }
| named '(' ')'                        { $$ = node_new(p, NODE_CALL, @$, 2, $1, node_new(p, NODE_LIST, @2, 0)); }
| named '(' values ')'                 { $$ = node_new(p, NODE_CALL, @$, 2, $1, $3); }

size:
  INT
| INT '+' INT KW_BATCH                 { $$ = node_new(p, NODE_SIZE, @$, 2, $1, $3); }

named:
  word target                          { $$ = node_new(p, NODE_NAMED, @$, 2, $1, $2); }
| word target '!'                      { $$ = node_bang(node_new(p, NODE_NAMED, @$, 2, $1, $2)); }
| word target '/' INT                  { $$ = node_new(p, NODE_NAMED, @$, 3, $1, $2, $4); }

act:
  word KW_PER INT KW_DYNAMIC           { $$ = node_act(p, @$, ACT_FORM_GROUP, $1, $3, NULL); }
| word KW_PER KW_TOKEN KW_DYNAMIC      { $$ = node_act(p, @$, ACT_FORM_TOKEN, $1, NULL, NULL); }
| word KW_STATIC '(' value ',' INT ')'
                                       { $$ = node_act(p, @$, ACT_FORM_STATIC, $1, $4, $6); }

type:
  word
| word '<' type_parts '>'              { $$ = node_new(p, NODE_TYPE, @$, 2, $1, $3); }

type_parts:
  type_part                            { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| type_parts KW_X type_part            { $$ = node_append(p, $1, $3); }

type_part: INT | word

// Keywords are words wherever the grammar cannot mistake them.
word: WORD | KW_MODULE | KW_BATCH | KW_SOURCE | KW_SCHEME | KW_WEIGHT | KW_RECIPE | KW_PLAN | KW_MODEL | KW_KERNEL
| KW_FIELD | KW_TABLE | KW_VALUE | KW_LAYOUT | KW_BLOCK | KW_BYTES | KW_TYPE | KW_TENSOR | KW_PLACE | KW_STEP | KW_OF
| KW_SECTION | KW_SPARSE

// ---- functions

params:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| param_list

param_list:
  param                                { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| param_list ',' param                 { $$ = node_append(p, $1, $3); }

param:
  VALUE ':' type                       { $$ = node_new(p, NODE_PARAM, @$, 2, $1, $3); }

names:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| name_list

name_list:
  STRING                               { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| name_list ',' STRING                 { $$ = node_append(p, $1, $3); }

block:
  '{' '}'                              { $$ = node_new(p, NODE_LIST, @$, 0); }
| '{' ops '}'                          { $$ = $2; }

ops:
  op                                   { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| ops op                               { $$ = node_append(p, $1, $2); }

// An operation without results names at least one operand or "()": the next line may begin with a value too.
op:
  value_names '=' word operands attrs ':' types
                                       { $$ = node_new(p, NODE_OP, @3, 5, $1, $3, $4, $5, $7); }
| word value_names attrs               { $$ = node_new(p, NODE_OP, @1, 5, NULL, $1, $2, $3, NULL); }
| word '(' ')' attrs                   { $$ = node_new(p, NODE_OP, @1, 5, NULL, $1, NULL, $4, NULL); }
| value_names '=' loop attrs ':' types block
                                       { $$ = node_new(p, NODE_FOR, @3, 5, $1, $3, $4, $6, $7); }
| loop block                           { $$ = node_new(p, NODE_FOR, @1, 5, NULL, $1, NULL, NULL, $2); }
| loop '{' entries '}' block           { $$ = node_new(p, NODE_FOR, @1, 5, NULL, $1, $3, NULL, $5); }

operands:
  %empty                               { $$ = NULL; }
| value_names

attrs:
  %empty                               { $$ = NULL; }
| '{' entries '}'                      { $$ = $2; }

types:
  type                                 { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| types ',' type                       { $$ = node_append(p, $1, $3); }

loop:
  KW_FOR VALUE '=' VALUE KW_TO VALUE KW_STEP VALUE carries
                                       { $$ = node_new(p, NODE_HEAD, @$, 5, $2, $4, $6, $8, $9); }

carries:
  %empty                               { $$ = node_new(p, NODE_LIST, @$, 0); }
| KW_ITER '(' carry_list ')'           { $$ = $3; }

carry_list:
  carry                                { $$ = node_new(p, NODE_LIST, @$, 1, $1); }
| carry_list ',' carry                 { $$ = node_append(p, $1, $3); }

carry:
  VALUE '=' VALUE                      { $$ = node_new(p, NODE_CARRY, @$, 2, $1, $3); }

%%

static void ir_yyerror(src_loc *loc, void *scanner, parse_context *p, const char *message) {
  (void)scanner;
  node_error(p, *loc, "%s", message);
}
