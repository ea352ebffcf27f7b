// Not of the scheme: a blank line follows.

// The first line is the summary.
//   The second is indented in the text.
//
// The last.
scheme s { code : u4; value = code; }
