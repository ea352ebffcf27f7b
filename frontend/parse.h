// What the scanner and the grammar share: one parse. Private to the frontend.
#ifndef QCC_FRONTEND_PARSE_H
#define QCC_FRONTEND_PARSE_H

#include "frontend/ast.h"

// What a text holds: a whole file, one scheme with its arguments ("q4_g(group = 64)"), or an expression.
typedef enum fe_entry { FE_ENTRY_FILE, FE_ENTRY_SCHEME, FE_ENTRY_EXPR } fe_entry;

// A run of line comments; `last_line` 0: none yet.
typedef struct fe_comment {
  size_t begin;
  size_t end;
  unsigned last_line;
} fe_comment;

// What a text holds at its top, for words that are names elsewhere.
typedef enum fe_item {
  FE_ITEM_NONE = 1,
  FE_ITEM_SCHEME = 2,
  FE_ITEM_QUANTIZE = 4, // and named rules
  FE_ITEM_NETWORK = 8,
  FE_ITEM_CODE = 16 // operators, blocks of a file
} fe_item;

// What the tokens so far say of the next word.
typedef struct fe_words {
  fe_item item;
  unsigned depth; // of braces
  bool begins;    // a declaration or statement begins
  bool operand;   // an expression may have ended
  bool after_else;
  bool after_brace;
  bool opens;  // the token before was '[' or ','
  bool in_for; // between `for` and `in`
  bool in_dim; // in a declaration of sizes
  bool in_state;
} fe_words;

typedef struct fe_token_place {
  size_t begin; // bytes in the text
  size_t end;
  src_loc loc;
} fe_token_place;

typedef struct fe_parser {
  diag *d;
  arena *mem;
  const char *text;
  size_t length;
  void *scanner;
  unsigned file;
  size_t offset;      // scanner: where the next token begins
  size_t scan_length; // scanner: bytes of the last one
  unsigned line;
  unsigned column;
  fe_comment comment;
  src_loc block;           // where the last block comment begins
  fe_token_place token;    // the last one given to the grammar
  fe_token_place previous; // and the one before
  fe_words words;
  bool in_string; // the text is in a string: `"` and `\` take two places
  fe_entry entry;
  bool started; // the token that chooses the entry was given
  src_loc last_error;
  bool item_failed;           // a syntax error since the last scheme or model
  bool quiet;                 // syntax errors are consequences of one that was reported
  ast *tree;                  // FE_ENTRY_FILE
  const ast_expr *scheme_ref; // FE_ENTRY_SCHEME
  const ast_expr *expr;       // FE_ENTRY_EXPR
} fe_parser;

// Runs the grammar over p->text. What was understood is in p->tree or p->scheme_ref.
void fe_parse_run(fe_parser *p);

/* Called by the scanner. */
// Moves the place over `length` bytes and gives the token's location.
src_loc fe_scan_advance(fe_parser *p, const char *text, size_t length);
// A block comment begins; the text ends inside of it (gives the location of the end).
void fe_scan_begin_block(fe_parser *p, src_loc loc);
src_loc fe_scan_open_comment(fe_parser *p);
void fe_scan_comment(fe_parser *p, const char *text, size_t length);
// A line that another language would take for a comment.
void fe_scan_hash(fe_parser *p, src_loc loc);
// Whether a word that is read is one here, not a name: words of declarations and statements are words where one begins.
bool fe_scan_is_word(const fe_parser *p, const char *text);
// The character after the token; 0 at the end of the text.
char fe_scan_next(const fe_parser *p);
// Gives the last `length` characters of the token back to the text, together with yyless.
void fe_scan_give_back(fe_parser *p, src_loc *loc, unsigned length);
// A byte order mark: allowed as the first thing in a text.
void fe_scan_mark(fe_parser *p, src_loc loc);
void fe_scan_bad(fe_parser *p, src_loc loc, const char *text, size_t length);
void fe_scan_error(fe_parser *p, src_loc loc, const char *message);
ast_name fe_scan_name(fe_parser *p, src_loc loc, const char *text, size_t length);
// `x{j}`: how other notations write one of several tensors. Gives the name.
ast_name fe_scan_braces(fe_parser *p, src_loc loc, const char *text);
ast_name fe_scan_string(fe_parser *p, src_loc loc, const char *text, size_t length);
int64_t fe_scan_int(fe_parser *p, src_loc loc, const char *text);
double fe_scan_real(fe_parser *p, src_loc loc, const char *text);
const char *fe_scan_doc(fe_parser *p, src_loc loc);

/* Called by the grammar. */
// Whether the scheme or model that ends here has a syntax error.
bool fe_take_failure(fe_parser *p);
void fe_note_token(fe_parser *p, src_loc loc, bool at_end); // remembers it as the last one
void fe_too_deep(fe_parser *p, src_loc loc);                // reports brackets nested too deeply
// Reports a syntax error at the last token; `expected` are the names of the tokens that could have come.
void fe_syntax_error(fe_parser *p, size_t count, const char *const *expected);

#endif
