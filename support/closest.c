// "Did you mean": the candidate with the least edit distance.
#include <ctype.h>
#include <string.h>

#include "support/diag.h"

enum { LONGEST = 64, SAME_BUT_CASE = 1, EDIT = 2 };

// Costs are in half edits, so that a difference in case alone counts less than another letter.
static unsigned replace_cost(char a, char b) {
  if (a == b) return 0;
  return tolower((unsigned char)a) == tolower((unsigned char)b) ? SAME_BUT_CASE : EDIT;
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

// Edit distance with insertion, deletion, replacement and exchange of neighbours, in half edits.
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len) {
  unsigned rows[3][LONGEST + 1];
  unsigned *before = rows[0], *above = rows[1], *row = rows[2];
  for (size_t j = 0; j <= b_len; j++) above[j] = (unsigned)j * EDIT;
  for (size_t i = 1; i <= a_len; i++) {
    row[0] = (unsigned)i * EDIT;
    for (size_t j = 1; j <= b_len; j++) {
      row[j] = least(above[j - 1] + replace_cost(a[i - 1], b[j - 1]), least(above[j], row[j - 1]) + EDIT);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = least(row[j], before[j - 2] + EDIT);
    }
    unsigned *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[b_len];
}

const char *diag_closest(const char *name, const char *const *candidates, size_t count) {
  size_t length = strlen(name);
  if (length == 0 || length > LONGEST) return NULL;
  // One edit for short names, one more for every three letters.
  unsigned best = (unsigned)(length + 2) / 3 * EDIT + 1;
  const char *found = NULL;
  for (size_t i = 0; i < count; i++) {
    size_t candidate_length = strlen(candidates[i]);
    if (candidate_length > LONGEST) continue;
    unsigned cost = distance(name, length, candidates[i], candidate_length);
    // Replacing everything is no similarity ("a" for "b").
    if (cost >= best || cost >= EDIT * (length > candidate_length ? length : candidate_length)) continue;
    best = cost;
    found = candidates[i];
  }
  return found;
}
