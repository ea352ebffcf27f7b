// A line comment, then a block comment.
/* over
   two lines * with / stars ** */
const a = 1; // after code
/**/ const b = /* inside */ 2;
