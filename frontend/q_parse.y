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
%token START_FILE START_SCHEME
%token <name> NAME "a name" STRING "a string" AXIS "'rows' or 'columns'"
%token <name> EXTREME "'max' or 'min'"
%token <integer> INT "an integer"
%token <real> REAL "a number"
%token <doc> RULE "'rule'" SCHEME "'scheme'"
%token CONST "'const'" DIM "'dim'" INCLUDE "'include'" INPUT "'input'" LAYOUT "'layout'" MODEL "'model'"
%token OUTPUT "'output'" PER "'per'" QUANTIZE "'quantize'" SPARSE "'sparse'"
%token TABLE "'table'" TENSOR "'tensor'" VALUE "'value'"
%token WEIGHTS "'weights'"
%token <doc> OPERATOR "'operator'"
%token BLOCK "'block'" ENTRY "'entry'" FOR "'for'" IF "'if'" IN "'in'" LOOP "'loop'" NETWORK "'network'"
%token REQUIRE "'require'" RETURN "'return'" RING "'ring'" STATE "'state'" STEP "'step'"
%token ELSE "'else'" ARROW "'->'" SET "':='" PLUS_SET "'+='" TIMES_SET "'*='"
%token LAND "'&&'" LOR "'||'"
%token SHL "'<<'" SHR "'>>'" LE "'<='" GE "'>='" EQ "'=='" NE "'!='" DOTS "'..'"

%right ELSE
%right '?' ':'
%left LOR
%left LAND
%nonassoc '<' '>' LE GE EQ NE
%left '|'
%left '^'
%left '&'
%left SHL SHR
%left '+' '-'
%left '*' '/' '%'
%precedence PREFIX
%precedence '['

%type <expr> expr index reference target bound default step width per per_given result share
%type <type> type result_type stored_type tensor_type given_type
%type <name> word suffix sign weights_name weights_file
%type <args> args arg_list targets results result_list family tensor_dims weights_options named named_list exprs index_list dims sizes elements
%type <names> binders name_list others for_names
%type <nodes> items members places statements rules options option_list params param_list body otherwise dim_list returned
%type <node> item const member place statement rule option param if dim weights returned_one

%%

start: START_FILE items END { p->tree->items = *$2; }
  | START_SCHEME reference END { p->scheme_ref = $2; }
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
  | MODEL NAME body { $$ = DECLARE(.kind = AST_MODEL, .name = $2, .body = *$3, .loc = @2); }
  | MODEL error body { $$ = NULL; yyerrok; }
  | NETWORK NAME body {
      $$ = DECLARE(.kind = AST_MODEL, .name = $2, .word = {.text = "network", .loc = @1}, .body = *$3, .loc = @2);
    }
  | NETWORK error body { $$ = NULL; yyerrok; }
  | OPERATOR NAME params results body {
      $$ = DECLARE(.kind = AST_OPERATOR, .name = $2, .params = *$3, .args = *$4, .body = *$5, .doc = $1, .loc = @2,
                   .broken = fe_take_failure(p));
    }
  | OPERATOR error body { $$ = NULL; yyerrok; }
  | BLOCK NAME params body { $$ = DECLARE(.kind = AST_BLOCK, .name = $2, .params = *$3, .body = *$4, .loc = @2); }
  | weights
  | RULE NAME named '=' reference options ';' {
      $$ = DECLARE(.kind = AST_PRESET, .name = $2, .args = *$3, .value = $5, .body = *$6, .doc = $1, .loc = @2);
    }
  | RULE error ';' { $$ = NULL; yyerrok; }
  | QUANTIZE '{' rules '}' { $$ = DECLARE(.kind = AST_QUANTIZE, .body = *$3, .loc = @1); }
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

/* ---- operators, networks ---- */

params: '(' ')' { $$ = ast_no_nodes(p->mem); }
  | '(' param_list ')' { $$ = $2; }
  ;

param_list: param { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | param_list ',' param { $$ = ast_add_node(p->mem, $1, $3); }
  ;

param: NAME family given_type bound default {
      $$ = DECLARE(.kind = AST_PARAM, .name = $1, .args = *$2, .type = $3, .per = $4, .value = $5, .loc = @$);
    }
  ;

family: %empty { $$ = ast_no_args(p->mem); }
  | '[' index_list ']' { $$ = $2; }
  ;

given_type: %empty { $$ = (ast_type){0}; }
  | ':' tensor_type { $$ = $2; }
  ;

tensor_type: NAME width tensor_dims { $$ = (ast_type){.name = $1, .width = $2, .dims = *$3, .loc = @$}; }
  ;

tensor_dims: %empty { $$ = ast_no_args(p->mem); }
  | '[' ']' { $$ = ast_no_args(p->mem); }
  | '[' index_list ']' { $$ = $2; }
  ;

bound: %empty { $$ = NULL; }
  | '<' expr { $$ = $2; }
  ;

default: %empty { $$ = NULL; }
  | '=' expr { $$ = $2; }
  ;

results: %empty { $$ = ast_no_args(p->mem); }
  | ARROW result_list { $$ = $2; }
  ;

result_list: target { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | result_list ',' target { $$ = EXPR_LIST($1, $3); }
  ;

body: '{' statements '}' { $$ = $2; }
  ;

statements: %empty { $$ = ast_no_nodes(p->mem); }
  | statements statement { $$ = ast_add_node(p->mem, $1, $2); }
  | statements error ';' { $$ = $1; yyerrok; }
  ;

statement: const
  | weights
  | DIM dim_list ';' { $$ = ast_group(p->mem, $2, @$); }
  | DIM error ';' { $$ = NULL; yyerrok; }
  | INPUT NAME ':' type ';' { $$ = DECLARE(.kind = AST_INPUT, .name = $2, .type = $4, .loc = @$); }
  | INPUT error ';' { $$ = NULL; yyerrok; }
  | OUTPUT NAME result_type result ';' {
      $$ = DECLARE(.kind = AST_OUTPUT, .name = $2, .type = $3, .value = $4, .loc = @$);
    }
  | OUTPUT error ';' { $$ = NULL; yyerrok; }
  | targets given_type sign expr ';' { $$ = ast_statement(p->mem, $1, &$3, &$2, $4, @$); }
  | REQUIRE expr ',' STRING ';' { $$ = DECLARE(.kind = AST_REQUIRE, .value = $2, .word = $4, .loc = @$); }
  | REQUIRE error ';' { $$ = NULL; yyerrok; }
  | if
  | FOR for_names '<' expr body {
      $$ = DECLARE(.kind = AST_FOR, .binders = *$2, .per = $4, .body = *$5, .loc = @1);
    }
  | FOR for_names IN expr body {
      $$ = DECLARE(.kind = AST_FOR, .binders = *$2, .value = $4, .body = *$5, .loc = @1);
    }
  | LOOP NAME '<' expr body { $$ = DECLARE(.kind = AST_LOOP, .name = $2, .per = $4, .body = *$5, .loc = @1); }
  | BLOCK NAME params body { $$ = DECLARE(.kind = AST_BLOCK, .name = $2, .params = *$3, .body = *$4, .loc = @2); }
  | ENTRY NAME params body { $$ = DECLARE(.kind = AST_ENTRY, .name = $2, .params = *$3, .body = *$4, .loc = @2); }
  | STATE name_list family ':' tensor_type default ';' {
      $$ = DECLARE(.kind = AST_STATE, .binders = *$2, .args = *$3, .type = $5, .value = $6, .loc = @$);
    }
  | STATE error ';' { $$ = NULL; yyerrok; }
  | RETURN ';' { $$ = DECLARE(.kind = AST_RETURN, .loc = @1); }
  | RETURN returned ';' { $$ = DECLARE(.kind = AST_RETURN, .body = *$2, .loc = @1); }
  ;

weights: WEIGHTS weights_name weights_file weights_options ';' {
      $$ = DECLARE(.kind = AST_WEIGHTS, .suffix = $2, .name = $3, .args = *$4, .loc = @$);
    }
  ;

weights_name: %empty { $$ = (ast_name){0}; }
  | NAME ':' { $$ = $1; }
  ;

weights_file: %empty { $$ = (ast_name){0}; }
  | STRING
  ;

weights_options: %empty { $$ = ast_no_args(p->mem); }
  | weights_options ',' NAME '=' expr { $$ = ast_add_arg(p->mem, $1, $3, $5); }
  ;

dim_list: dim { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | dim_list ',' dim { $$ = ast_add_node(p->mem, $1, $3); }
  ;

dim: NAME LE expr step { $$ = DECLARE(.kind = AST_DIM, .name = $1, .value = $3, .per = $4, .loc = @$); }
  | NAME '<' expr step {
      $$ = DECLARE(.kind = AST_DIM, .name = $1, .word = {.text = "<", .loc = @2}, .value = $3, .per = $4, .loc = @$);
    }
  | INT LE NAME LE expr step {
      $$ = DECLARE(.kind = AST_DIM, .name = $3, .value = $5, .per = $6, .loc = @$,
                   .args = *EXPR_LIST(ast_no_args(p->mem), ast_int(p->mem, $1, @1)));
    }
  | INT LE NAME '<' expr step {
      $$ = DECLARE(.kind = AST_DIM, .name = $3, .word = {.text = "<", .loc = @4}, .value = $5, .per = $6, .loc = @$,
                   .args = *EXPR_LIST(ast_no_args(p->mem), ast_int(p->mem, $1, @1)));
    }
  ;

step: %empty { $$ = NULL; }
  | STEP expr { $$ = $2; }
  ;

if: IF expr body otherwise {
      $$ = DECLARE(.kind = AST_IF, .value = $2, .body = *$3, .otherwise = *$4, .loc = @1);
    }
  ;

otherwise: %empty { $$ = ast_no_nodes(p->mem); }
  | ELSE body { $$ = $2; }
  | ELSE if { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $2); }
  ;

for_names: NAME { $$ = ast_add_name(p->mem, ast_no_names(p->mem), $1); }
  | '[' name_list ']' { $$ = $2; }
  ;

returned: returned_one { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | returned ',' returned_one { $$ = ast_add_node(p->mem, $1, $3); }
  ;

returned_one: expr { $$ = DECLARE(.kind = AST_RESULT, .value = $1, .loc = @$); }
  | NAME given_type '=' expr { $$ = DECLARE(.kind = AST_RESULT, .name = $1, .type = $2, .value = $4, .loc = @$); }
  ;

targets: target { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | targets ',' target { $$ = EXPR_LIST($1, $3); }
  ;

target: NAME { $$ = LEAF(AST_NAME, $1); }
  | target '[' index_list ']' { $$ = ast_index(p->d, p->mem, $1, $3, @$); }
  | target '[' ']' { $$ = ast_index(p->d, p->mem, $1, ast_no_args(p->mem), @$); }
  ;

sign: '=' { $$ = (ast_name){.text = "=", .loc = @1}; }
  | SET { $$ = (ast_name){.text = ":=", .loc = @1}; }
  | PLUS_SET { $$ = (ast_name){.text = "+=", .loc = @1}; }
  | TIMES_SET { $$ = (ast_name){.text = "*=", .loc = @1}; }
  | EXTREME '=' { $$ = (ast_name){.text = $1.text[1] == 'a' ? "max=" : "min=", .loc = @$}; }
  ;

result_type: %empty { $$ = (ast_type){0}; }
  | ':' type { $$ = $2; }
  ;

result: %empty { $$ = NULL; }
  | '=' expr { $$ = $2; }
  ;

/* ---- quantization ---- */

rules: %empty { $$ = ast_no_nodes(p->mem); }
  | rules rule { $$ = ast_add_node(p->mem, $1, $2); }
  | rules error ';' { $$ = $1; yyerrok; }
  ;

rule: FOR for_names '<' expr '{' rules '}' {
      $$ = DECLARE(.kind = AST_FOR, .binders = *$2, .per = $4, .body = *$6, .loc = @1);
    }
  | FOR for_names IN expr '{' rules '}' {
      $$ = DECLARE(.kind = AST_FOR, .binders = *$2, .value = $4, .body = *$6, .loc = @1);
    }
  | NAME STRING ':' reference options ';' {
      $$ = DECLARE(.kind = AST_RULE, .name = $2, .word = $1, .value = $4, .body = *$5, .loc = @$);
    }
  | STATE STRING ':' reference options ';' {
      $$ = DECLARE(.kind = AST_RULE, .name = $2, .word = {.text = "state", .loc = @1}, .value = $4, .body = *$5,
                   .loc = @$);
    }
  | STRING ':' reference options ';' {
      $$ = DECLARE(.kind = AST_RULE, .name = $1, .value = $3, .body = *$4, .loc = @$);
    }
  | STRING ':' option_list ';' { $$ = DECLARE(.kind = AST_RULE, .name = $1, .body = *$3, .loc = @$); }
  ;

option_list: option { $$ = ast_add_node(p->mem, ast_no_nodes(p->mem), $1); }
  | option_list ',' option { $$ = ast_add_node(p->mem, $1, $3); }
  ;

reference: NAME named { $$ = ast_call(p->d, p->mem, $1, $2, @$); }
  ;

options: %empty { $$ = ast_no_nodes(p->mem); }
  | options ',' option { $$ = ast_add_node(p->mem, $1, $3); }
  ;

option: NAME '=' NAME { $$ = DECLARE(.kind = AST_OPTION, .name = $1, .word = $3, .loc = @$); }
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

expr: INT { $$ = ast_int(p->mem, $1, @$); }
  | REAL { $$ = ast_real(p->mem, $1, @$); }
  | STRING { $$ = LEAF(AST_STRING, $1); }
  | NAME { $$ = LEAF(AST_NAME, $1); }
  | '(' expr ')' { $$ = $2; }
  | '[' index_list ']' { $$ = ast_list(p->d, p->mem, $2, @$); }
  | '[' ']' { $$ = ast_list(p->d, p->mem, ast_no_args(p->mem), @$); }
  | NAME '(' args ')' { $$ = ast_call(p->d, p->mem, $1, $3, @$); }
  | expr '[' index_list ']' { $$ = ast_index(p->d, p->mem, $1, $3, @$); }
  | expr '[' ']' { $$ = ast_index(p->d, p->mem, $1, ast_no_args(p->mem), @$); }
  | '-' expr %prec PREFIX { $$ = UNARY(NEG, $2, @$); }
  | '~' expr %prec PREFIX { $$ = UNARY(NOT, $2, @$); }
  | '!' expr %prec PREFIX { $$ = UNARY(LNOT, $2, @$); }
  | expr LAND expr { $$ = BINARY(LAND, $1, $3, @$); }
  | expr LOR expr { $$ = BINARY(LOR, $1, $3, @$); }
  | expr ELSE expr { $$ = ast_else(p->d, p->mem, $1, $3, @$); }
  | expr '*' expr { $$ = BINARY(MUL, $1, $3, @$); }
  | expr '/' expr { $$ = BINARY(DIV, $1, $3, @$); }
  | expr '%' expr { $$ = BINARY(MOD, $1, $3, @$); }
  | expr '+' expr { $$ = BINARY(ADD, $1, $3, @$); }
  | expr '-' expr { $$ = BINARY(SUB, $1, $3, @$); }
  | expr SHL expr { $$ = BINARY(SHL, $1, $3, @$); }
  | expr SHR expr { $$ = BINARY(SHR, $1, $3, @$); }
  | expr '&' expr { $$ = BINARY(AND, $1, $3, @$); }
  | expr '^' expr { $$ = BINARY(XOR, $1, $3, @$); }
  | expr '|' expr { $$ = BINARY(OR, $1, $3, @$); }
  | expr '<' expr { $$ = BINARY(LT, $1, $3, @$); }
  | expr '>' expr { $$ = BINARY(GT, $1, $3, @$); }
  | expr LE expr { $$ = BINARY(LE, $1, $3, @$); }
  | expr GE expr { $$ = BINARY(GE, $1, $3, @$); }
  | expr EQ expr { $$ = BINARY(EQ, $1, $3, @$); }
  | expr NE expr { $$ = BINARY(NE, $1, $3, @$); }
  | expr '?' expr ':' expr { $$ = ast_select(p->d, p->mem, $1, $3, $5, @$); }
  ;

exprs: expr { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | exprs ',' expr { $$ = EXPR_LIST($1, $3); }
  ;

index_list: index { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | index_list ',' index { $$ = EXPR_LIST($1, $3); }
  ;

index: expr
  | '*' { $$ = ast_leaf(p->mem, AST_STAR, (ast_name){0}, @$); }
  | RING expr { $$ = ast_ring(p->d, p->mem, $2, @$); }
  | DOTS { $$ = ast_range(p->d, p->mem, NULL, NULL, NULL, @$); }
  | expr DOTS { $$ = ast_range(p->d, p->mem, $1, NULL, NULL, @$); }
  | expr DOTS expr { $$ = ast_range(p->d, p->mem, $1, $3, NULL, @$); }
  | expr DOTS '<' expr { $$ = ast_range(p->d, p->mem, $1, NULL, $4, @$); }
  ;

args: %empty { $$ = ast_no_args(p->mem); }
  | arg_list
  ;

arg_list: index { $$ = EXPR_LIST(ast_no_args(p->mem), $1); }
  | NAME '=' expr { $$ = ast_add_arg(p->mem, ast_no_args(p->mem), $1, $3); }
  | arg_list ',' index { $$ = EXPR_LIST($1, $3); }
  | arg_list ',' NAME '=' expr { $$ = ast_add_arg(p->mem, $1, $3, $5); }
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
