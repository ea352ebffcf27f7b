// Reads: as many subscripts as dimensions, integers, each proved to be inside unless an `else` is around.
#include "frontend/expand.h"

static bool is_inside(ex_frame *f, const st_expr *at, const extent *size) {
  extent_pool *p = ex_pool(f);
  int64_t count;
  if (extent_is_constant(size, &count) && at->low >= 0 && at->high < count) return true;
  const extent *place = st_as_extent(f->x->c, at);
  if (place == NULL) {
    return at->low >= 0 && extent_proves(p, extent_constant(p, at->high), EXTENT_LT, size) == EXTENT_YES;
  }
  return extent_proves(p, extent_constant(p, 0), EXTENT_LE, place) == EXTENT_YES &&
         extent_proves(p, place, EXTENT_LT, size) == EXTENT_YES;
}

// Where one read alone may be outside, and at one end, the `else` is what is behind that end.
static void note_edge(ex_frame *f, const st_expr *at, const extent *size) {
  extent_pool *p = ex_pool(f);
  const extent *place = st_as_extent(f->x->c, at);
  bool above = place != NULL && extent_proves(p, extent_constant(p, 0), EXTENT_LE, place) == EXTENT_YES;
  bool below = place != NULL && extent_proves(p, place, EXTENT_LT, size) == EXTENT_YES;
  f->edge_count++;
  f->edge_at = above != below ? place : NULL;
  f->edge_size = size;
  f->edge_above = above;
}

static const char *range_text(ex_frame *f, const st_expr *at) {
  arena *mem = f->x->l->mem;
  const extent *place = st_as_extent(f->x->c, at);
  const extent *low = place == NULL ? NULL : extent_lowest(ex_pool(f), place);
  const extent *high = place == NULL ? NULL : extent_highest(ex_pool(f), place);
  if (low != NULL && high != NULL) return arena_printf(mem, "%s .. %s", extent_text(mem, low), extent_text(mem, high));
  if (at->low == INT64_MIN && at->high == INT64_MAX) return "any integer";
  return arena_printf(mem, "%lld .. %lld", (long long)at->low, (long long)at->high);
}

ex_value ex_read(ex_frame *f, const st_tensor *t, size_t count, const ex_value *subscripts, src_loc loc) {
  const st_expr *args[64];
  if (count != t->rank || count > 64) {
    ex_error(f, loc, "'%s' has %u dimensions, and is read with %zu indices", t->name, t->rank, count);
    return ex_wrong;
  }
  for (size_t i = 0; i < count; i++) {
    args[i] = ex_as_number(f, &subscripts[i], loc);
    if (args[i] == NULL) return ex_wrong;
    if (args[i]->kind == ST_CLASS_REAL) {
      ex_error(f, loc, "index %zu of '%s' is a real number", i + 1, t->name);
      return ex_wrong;
    }
    if (is_inside(f, args[i], t->dims[i])) continue;
    if (f->else_depth > 0) {
      note_edge(f, args[i], t->dims[i]);
      continue;
    }
    ex_error(f, loc, "this read may be outside of '%s': index %zu is %s, and the dimension has %s", t->name, i + 1,
             range_text(f, args[i]), extent_text(f->x->l->mem, t->dims[i]));
    ex_hint(f, "say what is there: %s[..] else 0", t->name);
    return ex_wrong;
  }
  return ex_number(
      st_make(f->x->c, (st_expr){.op = ST_READ, .tensor = t, .arg_count = count, .args = args, .loc = loc}));
}
