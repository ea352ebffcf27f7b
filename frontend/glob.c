// Globs of layer names.
#include "frontend/frontend.h"

// Goes back to the last star only, so that the time is at most the product of the lengths.
bool fe_glob_match(const char *glob, const char *text) {
  const char *star = NULL, *resume = NULL;
  while (*text != '\0') {
    if (*glob == '*') {
      star = glob++;
      resume = text;
    } else if (*glob == '?' || *glob == *text) {
      glob++;
      text++;
    } else if (star != NULL) {
      glob = star + 1;
      text = ++resume;
    } else {
      return false;
    }
  }
  while (*glob == '*') glob++;
  return *glob == '\0';
}
