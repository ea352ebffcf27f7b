/* The grammar of the language. Every action is one call that makes a node; meaning is given elsewhere. */
%define api.pure full
%define api.prefix {fe_q_}
%define api.location.type {src_loc}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {fe_parser *p}

%code requires {
#include "frontend/parse.h"
}

%code provides {
// The next token: first one that chooses the entry, then those of the text. Defined beside the scanner.
int fe_q_lex(FE_Q_STYPE *value, src_loc *loc, fe_parser *p);
}

%code {
#define YYLLOC_DEFAULT(here, parts, count) ((here) = fe_join(parts, count))
#define EXPR_LIST(list, e) ast_add_arg(p->mem, list, (ast_name){0}, e)
#define LEAF(kind, name) ast_leaf(p->mem, kind, name, (name).loc)
#define UNARY(op, x, loc) ast_unary(p->d, p->mem, AST_OP_##op, x, loc)
#define BINARY(op, x, y, loc) ast_binary(p->d, p->mem, AST_OP_##op, x, y, loc)
#define DECLARE(...) ast_declare(p->mem, (ast_node){__VA_ARGS__})
#define NEST(...) ast_nest(p->d, p->mem, (ast_node){__VA_ARGS__})

// The range of a rule's parts. An empty rule is at the end of what came before it.
static src_loc fe_join(const src_loc *parts, int count) {
  src_loc loc = parts[count == 0 ? 0 : 1];
  if (count == 0) {
    loc.line = loc.end_line;
    loc.column = loc.end_column;
  } else {
    loc.end_line = parts[count].end_line;
    loc.end_column = parts[count].end_column;
  }
  return loc;
}

static ast_node *fe_statement(fe_parser *p, const ast_args *targets, ast_name sign, ast_type type, const ast_expr *value,
                              src_loc loc) {
  return ast_statement(p->mem, targets, &sign, &type, value, loc);
}

// `least <= name < bound step step`; the word is "<", or none for <=.
static ast_node *fe_dim(fe_parser *p, ast_name name, const ast_expr *least, ast_name word, const ast_expr *bound,
                        const ast_expr *step, src_loc loc) {
  ast_args *args = ast_no_args(p->mem);
  if (least != NULL) ast_add_arg(p->mem, args, (ast_name){0}, least);
  return DECLARE(.kind = AST_DIM, .name = name, .args = *args, .word = word, .value = bound, .per = step, .loc = loc);
}

static void fe_q_error(const src_loc *loc, fe_parser *p, const char *message);
}

%union {
  ast_name name;
  int64_t integer;
  double real;
  const char *doc;
  const ast_expr *expr;
  ast_type type;
  ast_node *node;
  ast_args *args;
  ast_names *names;
  ast_nodes *nodes;
}

%token END 0 "the end of the file"
%token START_FILE START_SCHEME START_EXPR
%token <name> NAME "a name" STRING "a string" AXIS "'rows' or 'columns'" UPDATE "':='"
%token <name> MODEL "'model'" NETWORK "'network'"
%token <integer> INT "an integer"
%token <real> REAL "a number"
%token <doc> RULE "'rule'" SCHEME "'scheme'" OPERATOR "'operator'" BLOCK "'block'" ENTRY "'entry'"
%token CONST "'const'" DIM "'dim'" INCLUDE "'include'" INPUT "'input'" LAYOUT "'layout'"
%token OUTPUT "'output'" PER "'per'" QUANTIZE "'quantize'" SPARSE "'sparse'"
%token TABLE "'table'" TENSOR "'tensor'" VALUE "'value'"
%token WEIGHTS "'weights'" STATE "'state'" RING "'ring'" STEP "'step'"
%token FOR "'for'" IN "'in'" IF "'if'" ELSE "'else'" LOOP "'loop'" REQUIRE "'require'" RETURN "'return'"
%token SHL "'<<'" SHR "'>>'" LE "'<='" GE "'>='" EQ "'=='" NE "'!='" LAND "'&&'" LOR "'||'"
%token DOTS "'..'" ARROW "'->'"

%left LOR
%left LAND
%left '|'
%left '^'
%left '&'
%left SHL SHR
%left '+' '-'
%left '*' '/' '%'
%precedence PREFIX
%precedence '['

%type <expr> expr choice condition comparison operand part range range_bound index reference width per per_given result
%type <expr> share bound default target dim_step
%type <type> type tensor_type param_type result_type stored_type
%type <name> word suffix network_word weights_name weights_file
%type <args> args arg_list argument named named_list exprs index_list indices dims sizes elements tensor_dims size_list sizes_given size
%type <args> count results result_list result_name targets family options_of_file
%type <names> binders name_list others
%type <nodes> items members places statements rules options option_list network_members dim_list params param_list
%type <nodes> body returned
%type <node> item const member place statement rule option network_member dim param weights block for_head if returned_value

%%

start: START_FILE items END { p->tree->items = *$2; }
  | START_SCHEME reference END { p->scheme_ref = $2; }
  | START_EXPR expr END { p->expr = $2; }
  ;

/* Recovery from errors is at the ends of statements and blocks; a declaration with an error in it is left out. */
items: %empty { $$ = ast_no_nodes(p->mem); }
  | items item { $$ = ast_add_node(p->mem, $1, $2); }
  | items error ';' { $$ = $1; yyerrok; }
  | items error '}' { $$ = $1; yyerrok; }
  ;

item: INCLUDE STRING ';' { $$ = DECLARE(.kind = AST_INCLUDE, .name = $2, .loc = @$); }
  | const
  | SCHEME NAME named '{' members '}' {
      $$ = DECLARE(.kind = AST_SCHEME, .name = $2, .args = *$3, .body = *$5, .doc = $1, .loc = @2,
                   .broken = fe_take_failure(p));
    }
  | SCHEME error '{' members '}' { $$ = NULL; yyerrok; }
  | network_word NAME '{' network_members '}' {
      $$ = NEST(.kind = AST_MODEL, .name = $2, .word = $1, .body = *$4, .loc = @2, .broken = fe_take_failure(p));
    }
  | network_word error '{' network_members '}' { $$ = NULL; yyerrok; }
  | OPERATOR NAME '(' params ')' results body {
      $$ = NEST(.kind = AST_OPERATOR, .name = $2, .params = *$4, .args = *$6, .body = *$7, .doc = $1, .loc = @2,
                .broken = fe_take_failure(p));
    }
  | OPERATOR error body { $$ = NULL; yyerrok; }
  | block
  | weights
  | RULE NAME named '=' reference options ';' {
      $$ = DECLARE(.kind = AST_PRESET, .name = $2, .args = *$3, .value = $5, .body = *$6, .doc = $1, .loc = @2);
    }
  | RULE error ';' { $$ = NULL; yyerrok; }
  | QUANTIZE '{' rules '}' { $$ = NEST(.kind = AST_QUANTIZE, .body = *$3, .loc = @1); }
  | QUANTIZE error '{' rules '}' { $$ = NULL; yyerrok; }
  ;

const: CONST NAME '=' expr ';' { $$ = DECLARE(.kind = AST_CONST, .name = $2, .value = $4, .loc = @$); }
  | CONST error ';' { $$ = NULL; yyerrok; }
  ;

/* ---- schemes ---- */

members: %empty { $$ = ast_no_nodes(p->mem); }
  | members member { $$ = ast_add_node(p->mem, $1, $2); }
  | members error ';' { $$ = $1; yyerrok; }
  ;

member: NAME ':' type per ';' { $$ = DECLARE(.kind = AST_FIELD, .name = $1, .type = $3, .per = $4, .loc = @$); }
  | NAME ':' type per SPARSE share ';' {
      ast_name word = {.text = "sparse", .loc = @5};
      $$ = DECLARE(.kind = AST_FIELD, .name = $1, .type = $3, .per = $4, .word = word, .value = $6, .loc = @$);
    }
  | AXIS expr DOTS expr ':' reference ';' {
      $$ = DECLARE(.kind = AST_SECTION, .name = $1, .per = $2, .value = $4, .type = {.width = $6}, .loc = @$);
    }
  | TABLE NAME ':' type '=' '{' elements '}' ';' {
      $$ = DECLARE(.kind = AST_TABLE, .name = $2, .type = $4, .args = *$7, .loc = @$);
    }
  | TABLE error ';' { $$ = NULL; yyerrok; }
  | VALUE '=' expr ';' { $$ = DECLARE(.kind = AST_VALUE, .value = $3, .loc = @$); }
  | VALUE error ';' { $$ = NULL; yyerrok; }
  | INPUT '=' expr ';' {
      $$ = DECLARE(.kind = AST_STEPS, .name = {.text = "input", .loc = @1}, .value = $3, .loc = @$);
    }
  | INPUT error ';' { $$ = NULL; yyerrok; }
  | OUTPUT '=' expr ';' {
      $$ = DECLARE(.kind = AST_STEPS, .name = {.text = "output", .loc = @1}, .value = $3, .loc = @$);
    }
  | OUTPUT error ';' { $$ = NULL; yyerrok; }
  | const
  | LAYOUT NAME named '{' places '}' {
      $$ = DECLARE(.kind = AST_LAYOUT, .name = $2, .args = *$3, .body = *$5, .loc = @2);
    }
  | LAYOUT error '{' places '}' { $$ = NULL; yyerrok; }
  ;

type: NAME width dims { $$ = (ast_type){.name = $1, .width = $2, .dims = *$3, .loc = @$}; }
  ;

width: %empty { $$ = NULL; }
  | '(' expr ')' { $$ = $2; }
  ;

dims: %empty { $$ = ast_no_args(p->mem); }
  | dims '[' exprs ']' { $$ = ast_join_args(p->mem, $1, $3); }
  ;

elements: exprs
  | exprs ',' { $$ = $1; }
  ;

share: %empty { $$ = NULL; }
  | expr
  ;

per: %empty { $$ = NULL; }
  | per_given
  ;

per_given: PER expr { $$ = $2; }
  | PER TENSOR { $$ = ast_leaf(p->mem, AST_NAME, (ast_name){.text = "tensor", .loc = @2}, @2); }
  ;

places: %empty { $$ = ast_no_nodes(p->mem); }
  | places place { $$ = ast_add_node(p->mem, $1, $2); }
  | places error ';' { $$ = $1; yyerrok; }
  ;

place: TENSOR NAME ':' stored_type suffix ';' {
      $$ = DECLARE(.kind = AST_TENSOR, .name = $2, .type = $4, .suffix = $5, .loc = @$);
    }
  | TENSOR error ';' { $$ = NULL; yyerrok; }
  | NAME binders '=' expr ';' {
      $$ = DECLARE(.kind = AST_PLACE, .name = $1, .binders = *$2, .value = $4, .loc = @$);
    }
  ;

stored_type: NAME others sizes { $$ = (ast_type){.name = $1, .others = *$2, .dims = *$3, .loc = @$}; }
  | NAME '(' expr ')' sizes { $$ = (ast_type){.name = $1, .width = $3, .dims = *$5, .loc = @$}; }
  ;

sizes: %empty { $$ = ast_no_args(p->mem); }
  | sizes '[' index_list ']' { $$ = ast_join_args(p->mem, $1, $3); }
  ;

others: %empty { $$ = ast_no_names(p->mem); }
  | others '|' NAME { $$ = ast_add_name(p->mem, $1, $3); }
  ;

place: NAME '.' NAME binders '=' expr ';' {
      $$ = DECLARE(.kind = AST_PLACE, .name = $1, .suffix = $3, .binders = *$4, .value = $6, .loc = @$);
    }
  ;

suffix: %empty { $$ = (ast_name){0}; }
  | '=' STRING { $$ = $2; }
  ;

binders: %empty { $$ = ast_no_names(p->mem); }
  | '[' name_list ']' { $$ = $2; }
  ;

name_list: NAME { $$ = ast_add_name(p->mem, ast_no_names(p->mem), $1); }
  | name_list ',' NAME { $$ = ast_add_name(p->mem, $1, $3); }
  ;

/* ---- networks ---- */

network_word: MODEL { $$ = (ast_name){.loc = @1}; }
  | NETWORK
  ;

network_members: %empty { $$ = ast_no_nodes(p->mem); }
  | network_members network_member { $$ = ast_add_node(p->mem, $1, $2); }
  | network_members DIM dim_list ';' { $$ = ast_join_nodes(p->mem, $1, $3); }
  | network_members DIM error ';' { $$ = $1; yyerrok; }
  | network_members error ';' { $$ = $1; yyerrok; }
  ;

network_member: statement
  | weights
  | block
  | ENTRY NAME '(' params ')' body {
      $$ = NEST(.kind = AST_ENTRY, .name = $2, .params = *$4, .body = *$6, .doc = $1, .loc = @2);
    }
  | ENTRY error body { $$ = NULL; yyerrok; }
  | STATE name_list family ':' tensor_type default ';' {
      $$ = DECLARE(.kind = AST_STATE, .binders = *$2, .args = *$3, .type = $5, .value = $6, .loc = @$);
    }
  | STATE error ';' { $$ = NULL; yyerrok; }
  | INPUT NAME ':' tensor_type bound ';' {
      $$ = DECLARE(.kind = AST_INPUT, .name = $2, .type = $4, .per = $5, .loc = @$);
    }
  | INPUT error ';' { $$ = NULL; yyerrok; }
  | OUTPUT NAME result_type result ';' {
      $$ = DECLARE(.kind = AST_OUTPUT, .name = $2, .type = $3, .value = $4, .loc = @$);
    }
  | OUTPUT error ';' { $$ = NULL; yyerrok; }
  ;

weights: WEIGHTS weights_name weights_file options_of_file ';' {
      $$ = DECLARE(.kind = AST_WEIGHTS, .name = $3, .suffix = $2, .args = *$4, .loc = @$);
    }
  | WEIGHTS error ';' { $$ = NULL; yyerrok; }
  ;

weights_name: %empty { $$ = (ast_name){0}; }
  | NAME
  | NAME ':' { $$ = $1; }
  ;

weights_file: %empty { $$ = (ast_name){0}; }
  | STRING
  ;

options_of_file: %empty { $$ = ast_no_args(p->mem); }
  | options_of_file ',' NAME '=' expr { $$ = ast_add_arg(p->mem, $1, $3, $5); }
  ;

dim_list: dim { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | dim_list ',' dim { $$ = ast_add_node(p->mem, $1, $3); }
  ;

dim: NAME LE expr dim_step { $$ = fe_dim(p, $1, NULL, (ast_name){0}, $3, $4, @$); }
  | NAME '<' expr dim_step { $$ = fe_dim(p, $1, NULL, (ast_name){"<", @2}, $3, $4, @$); }
  | INT LE NAME LE expr dim_step { $$ = fe_dim(p, $3, ast_int(p->mem, $1, @1), (ast_name){0}, $5, $6, @$); }
  | INT LE NAME '<' expr dim_step { $$ = fe_dim(p, $3, ast_int(p->mem, $1, @1), (ast_name){"<", @4}, $5, $6, @$); }
  ;

dim_step: %empty { $$ = NULL; }
  | STEP expr { $$ = $2; }
  ;

family: %empty { $$ = ast_no_args(p->mem); }
  | '[' NAME '<' operand ']' {
      $$ = EXPR_LIST(ast_no_args(p->mem), BINARY(LT, LEAF(AST_NAME, $2), $4, @3));
    }
  ;

block: BLOCK NAME '(' params ')' body {
      $$ = NEST(.kind = AST_BLOCK, .name = $2, .params = *$4, .body = *$6, .doc = $1, .loc = @2,
                .broken = fe_take_failure(p));
    }
  | BLOCK error body { $$ = NULL; yyerrok; }
  ;

result_type: %empty { $$ = (ast_type){0}; }
  | ':' tensor_type { $$ = $2; }
  ;

result: %empty { $$ = NULL; }
  | '=' expr { $$ = $2; }
  ;

/* ---- operators, and what is in blocks and entries ---- */

params: %empty { $$ = ast_no_nodes(p->mem); }
  | param_list
  ;

param_list: param { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | param_list ',' param { $$ = ast_add_node(p->mem, $1, $3); }
  ;

param: NAME count param_type bound default {
      $$ = DECLARE(.kind = AST_PARAM, .name = $1, .args = *$2, .type = $3, .per = $4, .value = $5, .loc = @$);
    }
  ;

count: %empty { $$ = ast_no_args(p->mem); }
  | '[' expr ']' { $$ = EXPR_LIST(ast_no_args(p->mem), $2); }
  ;

param_type: %empty { $$ = (ast_type){0}; }
  | ':' tensor_type { $$ = $2; }
  ;

bound: %empty { $$ = NULL; }
  | '<' operand { $$ = $2; }
  ;

default: %empty { $$ = NULL; }
  | '=' expr { $$ = $2; }
  ;

tensor_type: NAME width tensor_dims { $$ = (ast_type){.name = $1, .width = $2, .dims = *$3, .loc = @$}; }
  | '(' expr ')' tensor_dims {
      $$ = (ast_type){.name = {.text = "", .loc = @2}, .width = $2, .dims = *$4, .loc = @$};
    }
  ;

tensor_dims: %empty { $$ = ast_no_args(p->mem); }
  | tensor_dims '[' size_list ']' { $$ = ast_join_args(p->mem, $1, $3); }
  ;

size_list: %empty { $$ = ast_no_args(p->mem); }
  | sizes_given
  ;

sizes_given: size
  | sizes_given ',' size { $$ = ast_join_args(p->mem, $1, $3); }
  ;

size: index { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | RING expr { $$ = EXPR_LIST(ast_no_args(p->mem), ast_ring(p->d, p->mem, $2, @$)); }
  ;

results: %empty { $$ = ast_no_args(p->mem); }
  | ARROW result_list { $$ = $2; }
  ;

result_list: result_name
  | result_list ',' result_name { $$ = ast_join_args(p->mem, $1, $3); }
  ;

result_name: NAME { $$ = EXPR_LIST(ast_no_args(p->mem), LEAF(AST_NAME, $1)); }
  | NAME '[' expr ']' {
      const ast_args *count = EXPR_LIST(ast_no_args(p->mem), $3);
      $$ = EXPR_LIST(ast_no_args(p->mem), ast_index(p->d, p->mem, LEAF(AST_NAME, $1), count, @$));
    }
  ;

body: '{' statements '}' { $$ = $2; }
  | '{' statements error '}' { $$ = $2; yyerrok; }
  ;

statements: %empty { $$ = ast_no_nodes(p->mem); }
  | statements statement { $$ = ast_add_node(p->mem, $1, $2); }
  | statements error ';' { $$ = $1; yyerrok; }
  | statements error body { $$ = $1; }
  ;

statement: const
  | targets '=' expr ';' { $$ = fe_statement(p, $1, ((ast_name){"=", @2}), (ast_type){0}, $3, @$); }
  | target ':' tensor_type '=' expr ';' {
      $$ = fe_statement(p, EXPR_LIST(ast_no_args(p->mem), $1), ((ast_name){"=", @4}), $3, $5, @$);
    }
  | target UPDATE expr ';' { $$ = fe_statement(p, EXPR_LIST(ast_no_args(p->mem), $1), $2, (ast_type){0}, $3, @$); }
  | REQUIRE expr ',' STRING ';' { $$ = DECLARE(.kind = AST_REQUIRE, .value = $2, .word = $4, .loc = @$); }
  | REQUIRE error ';' { $$ = NULL; yyerrok; }
  | if
  | FOR for_head body {
      ast_node node = *$2;
      node.body = *$3;
      $$ = ast_nest(p->d, p->mem, node);
    }
  | FOR error body { $$ = NULL; yyerrok; }
  | LOOP NAME '<' expr body {
      $$ = NEST(.kind = AST_LOOP, .name = $2, .per = $4, .body = *$5, .loc = @2);
    }
  | LOOP error body { $$ = NULL; yyerrok; }
  | RETURN ';' { $$ = DECLARE(.kind = AST_RETURN, .loc = @$); }
  | RETURN returned ';' { $$ = NEST(.kind = AST_RETURN, .body = *$2, .loc = @$); }
  | RETURN error ';' { $$ = NULL; yyerrok; }
  ;

targets: target { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | targets ',' target { $$ = EXPR_LIST($1, $3); }
  ;

target: NAME { $$ = LEAF(AST_NAME, $1); }
  | target '[' indices ']' { $$ = ast_index(p->d, p->mem, $1, $3, @$); }
  ;

if: IF error body { $$ = NULL; yyerrok; }
  | IF error body ELSE body { $$ = NULL; yyerrok; }
  | IF error body ELSE if { $$ = NULL; yyerrok; }
  | IF expr body { $$ = NEST(.kind = AST_IF, .value = $2, .body = *$3, .loc = @2); }
  | IF expr body ELSE body { $$ = NEST(.kind = AST_IF, .value = $2, .body = *$3, .otherwise = *$5, .loc = @2); }
  | IF expr body ELSE if {
      const ast_nodes *otherwise = ast_add_node(p->mem, ast_no_nodes(p->mem), $5);
      $$ = NEST(.kind = AST_IF, .value = $2, .body = *$3, .otherwise = *otherwise, .loc = @2);
    }
  ;

for_head: NAME '<' expr {
      const ast_names *binders = ast_add_name(p->mem, ast_no_names(p->mem), $1);
      $$ = DECLARE(.kind = AST_FOR, .binders = *binders, .per = $3, .loc = @$);
    }
  | NAME IN expr {
      const ast_names *binders = ast_add_name(p->mem, ast_no_names(p->mem), $1);
      $$ = DECLARE(.kind = AST_FOR, .binders = *binders, .value = $3, .loc = @$);
    }
  | '[' name_list ']' IN expr {
      ast_name word = {.text = "[", .loc = @1};
      $$ = DECLARE(.kind = AST_FOR, .binders = *$2, .word = word, .value = $5, .loc = @$);
    }
  ;

returned: returned_value { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | returned ',' returned_value { $$ = ast_add_node(p->mem, $1, $3); }
  ;

returned_value: expr { $$ = DECLARE(.kind = AST_RESULT, .value = $1, .loc = @$); }
  | NAME '=' expr { $$ = DECLARE(.kind = AST_RESULT, .name = $1, .value = $3, .loc = @$); }
  | NAME ':' tensor_type '=' expr {
      $$ = DECLARE(.kind = AST_RESULT, .name = $1, .type = $3, .value = $5, .loc = @$);
    }
  ;

/* ---- quantization ---- */

rules: %empty { $$ = ast_no_nodes(p->mem); }
  | rules rule { $$ = ast_add_node(p->mem, $1, $2); }
  | rules error ';' { $$ = $1; yyerrok; }
  ;

rule: word STRING ':' reference options ';' {
      $$ = DECLARE(.kind = AST_RULE, .word = $1, .name = $2, .value = $4, .body = *$5, .loc = @$);
    }
  | word STRING ':' option_list ';' {
      $$ = DECLARE(.kind = AST_RULE, .word = $1, .name = $2, .body = *$4, .loc = @$);
    }
  | FOR for_head '{' rules '}' {
      ast_node node = *$2;
      node.body = *$4;
      $$ = ast_nest(p->d, p->mem, node);
    }
  | FOR error '{' rules '}' { $$ = NULL; yyerrok; }
  ;

option_list: option { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | option_list ',' option { $$ = ast_add_node(p->mem, $1, $3); }
  ;

reference: NAME named { $$ = ast_call(p->d, p->mem, $1, $2, @$); }
  ;

options: %empty { $$ = ast_no_nodes(p->mem); }
  | options ',' option { $$ = ast_add_node(p->mem, $1, $3); }
  ;

option: LAYOUT '=' NAME {
      $$ = DECLARE(.kind = AST_OPTION, .name = {.text = "layout", .loc = @1}, .word = $3, .loc = @$);
    }
  | NAME '=' NAME { $$ = DECLARE(.kind = AST_OPTION, .name = $1, .word = $3, .loc = @$); }
  | NAME '=' NAME per_given word {
      $$ = DECLARE(.kind = AST_OPTION, .name = $1, .word = $3, .per = $4, .suffix = $5, .loc = @$);
    }
  | NAME '=' NAME NAME '(' named_list ')' {
      $$ = DECLARE(.kind = AST_OPTION, .name = $1, .word = $3, .suffix = $4, .args = *$6, .loc = @$);
    }
  ;

word: %empty { $$ = (ast_name){0}; }
  | NAME
  ;

/* ---- expressions ---- */

expr: choice
  | choice ELSE expr { $$ = ast_else(p->d, p->mem, $1, $3, @$); }
  ;

choice: condition
  | condition '?' expr ':' choice { $$ = ast_select(p->d, p->mem, $1, $3, $5, @$); }
  ;

condition: comparison
  | condition LOR condition { $$ = BINARY(LOR, $1, $3, @$); }
  | condition LAND condition { $$ = BINARY(LAND, $1, $3, @$); }
  ;

comparison: operand
  | operand '<' operand { $$ = BINARY(LT, $1, $3, @$); }
  | operand '>' operand { $$ = BINARY(GT, $1, $3, @$); }
  | operand LE operand { $$ = BINARY(LE, $1, $3, @$); }
  | operand GE operand { $$ = BINARY(GE, $1, $3, @$); }
  | operand EQ operand { $$ = BINARY(EQ, $1, $3, @$); }
  | operand NE operand { $$ = BINARY(NE, $1, $3, @$); }
  ;

operand: INT { $$ = ast_int(p->mem, $1, @$); }
  | REAL { $$ = ast_real(p->mem, $1, @$); }
  | STRING { $$ = LEAF(AST_STRING, $1); }
  | NAME { $$ = LEAF(AST_NAME, $1); }
  | '(' expr ')' { $$ = $2; }
  | '[' indices ']' { $$ = ast_list(p->d, p->mem, $2, @$); }
  | NAME '(' args ')' { $$ = ast_call(p->d, p->mem, $1, $3, @$); }
  | operand '[' indices ']' { $$ = ast_index(p->d, p->mem, $1, $3, @$); }
  | '-' operand %prec PREFIX { $$ = UNARY(NEG, $2, @$); }
  | '~' operand %prec PREFIX { $$ = UNARY(NOT, $2, @$); }
  | '!' operand %prec PREFIX { $$ = UNARY(LNOT, $2, @$); }
  | operand '*' operand { $$ = BINARY(MUL, $1, $3, @$); }
  | operand '/' operand { $$ = BINARY(DIV, $1, $3, @$); }
  | operand '%' operand { $$ = BINARY(MOD, $1, $3, @$); }
  | operand '+' operand { $$ = BINARY(ADD, $1, $3, @$); }
  | operand '-' operand { $$ = BINARY(SUB, $1, $3, @$); }
  | operand SHL operand { $$ = BINARY(SHL, $1, $3, @$); }
  | operand SHR operand { $$ = BINARY(SHR, $1, $3, @$); }
  | operand '&' operand { $$ = BINARY(AND, $1, $3, @$); }
  | operand '^' operand { $$ = BINARY(XOR, $1, $3, @$); }
  | operand '|' operand { $$ = BINARY(OR, $1, $3, @$); }
  ;

exprs: expr { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | exprs ',' expr { $$ = EXPR_LIST($1, $3); }
  ;

indices: %empty { $$ = ast_no_args(p->mem); }
  | index_list
  ;

index_list: index { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | index_list ',' index { $$ = EXPR_LIST($1, $3); }
  ;

index: part
  | '*' { $$ = ast_leaf(p->mem, AST_STAR, (ast_name){0}, @$); }
  ;

part: expr
  | range
  ;

range: DOTS range_bound { $$ = ast_range(p->d, p->mem, NULL, NULL, $2, @$); }
  | operand DOTS range_bound { $$ = ast_range(p->d, p->mem, $1, NULL, $3, @$); }
  | operand DOTS operand range_bound { $$ = ast_range(p->d, p->mem, $1, $3, $4, @$); }
  ;

range_bound: %empty { $$ = NULL; }
  | '<' operand { $$ = $2; }
  ;

args: %empty { $$ = ast_no_args(p->mem); }
  | arg_list
  ;

arg_list: argument
  | arg_list ',' argument { $$ = ast_join_args(p->mem, $1, $3); }
  ;

argument: part { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | NAME '=' expr { $$ = ast_add_arg(p->mem, ast_no_args(p->mem), $1, $3); }
  ;

named: %empty { $$ = ast_no_args(p->mem); }
  | '(' ')' { $$ = ast_no_args(p->mem); }
  | '(' named_list ')' { $$ = $2; }
  ;

named_list: NAME '=' expr { $$ = ast_add_arg(p->mem, ast_no_args(p->mem), $1, $3); }
  | named_list ',' NAME '=' expr { $$ = ast_add_arg(p->mem, $1, $3, $5); }
  ;

%%

// Bison itself calls this only when its stack is exhausted.
static void fe_q_error(const src_loc *loc, fe_parser *p, const char *message) {
  (void)message;
  fe_too_deep(p, *loc);
}

static int yyreport_syntax_error(const yypcontext_t *context, fe_parser *p) {
  enum { MAX_EXPECTED = YYNTOKENS };
  yysymbol_kind_t kinds[MAX_EXPECTED];
  const char *names[MAX_EXPECTED];
  int count = yypcontext_expected_tokens(context, kinds, MAX_EXPECTED);
  if (count < 0) return count;
  for (int i = 0; i < count; i++) names[i] = yysymbol_name(kinds[i]);
  fe_syntax_error(p, (size_t)count, names);
  return 0;
}
