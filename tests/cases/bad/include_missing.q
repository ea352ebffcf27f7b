include "nosuch.q";
include "lib/nosuch.q";
