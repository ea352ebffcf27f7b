// Sizes that follow from packings and prepared layouts, by hand, and that none overflows silently.
#include "../check_main.h"
#include "format/recipe.h"

static const pack_field fields[] = {{.span = 48, .bytes = 18, .store = ELEM_U8},
                                    {.store = ELEM_F16, .offset = 64},
                                    {.span = 12, .bytes = 2, .offset = 36, .store = ELEM_U8}};
static const packing pack = {.rows = 16,
                             .k_group = 9,
                             .k_padded = 12,
                             .block = 96,
                             .header_bytes = 64,
                             .chunk_bytes = 256,
                             .block_bytes = 832,
                             .field_count = 3,
                             .fields = fields,
                             .tile_head_bytes = 128,
                             .tensor_head_bytes = 64};

// Bytes after the tile's head. The last block's header has what begins in its chunks: of 32 positions 18 + 3 * 2 bytes, of
// 64 twice 18 + 6 * 2; a tile is padded to 64 bytes where that is at most a part in 64.
static const struct {
  uint64_t columns;
  uint64_t positions;
  uint64_t bytes;
} rows[] = {{0, 0, 0},          {1, 32, 32 + 256},         {26, 32, 32 + 256},
            {27, 64, 48 + 512}, {49, 64, 48 + 512},        {50, 96, 832},
            {72, 96, 832},      {73, 128, 832 + 32 + 256}, {99, 160, 832 + 48 + 512 + 16},
            {144, 192, 2 * 832}};

START_TEST(the_last_block_is_shorter) {
  uint64_t positions = 1, tile = 1, tensor = 1;
  ck_assert(packing_positions(&pack, rows[_i].columns, &positions));
  ck_assert(packing_tile_bytes(&pack, rows[_i].columns, &tile));
  ck_assert(packing_tensor_bytes(&pack, 17, rows[_i].columns, &tensor));
  ck_assert_uint_eq(positions, rows[_i].positions);
  ck_assert_uint_eq(tile, 128 + rows[_i].bytes);
  ck_assert_uint_eq(tensor, 64 + 2 * tile);
}
END_TEST

START_TEST(a_header_has_what_begins_in_its_chunks) {
  ck_assert_uint_eq(packing_field_offset(&pack, 2, 96), 36);
  ck_assert_uint_eq(packing_header_bytes(&pack, 96), 64);
  ck_assert_uint_eq(packing_field_offset(&pack, 2, 32), 20);
  ck_assert_uint_eq(packing_field_offset(&pack, 3, 32), 28);
  ck_assert_uint_eq(packing_header_bytes(&pack, 32), 32);
  ck_assert_uint_eq(packing_header_bytes(&pack, 0), 0);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused) {
  uint64_t out = 7;
  packing p = pack;
  ck_assert(!packing_positions(&p, UINT64_MAX, &out));
  p.k_padded = 9;
  ck_assert(!packing_positions(&p, UINT64_MAX, &out)); // rounding up to a block
  ck_assert(!packing_tensor_bytes(&p, UINT64_MAX, 9, &out));
  ck_assert(!packing_tile_bytes(&p, UINT64_MAX / 2, &out));
  p.k_group = 0;
  ck_assert(!packing_positions(&p, 1, &out));
  p = pack;
  p.block = 0;
  ck_assert(!packing_tile_bytes(&p, 1, &out));
  p.block = 96;
  p.rows = 0;
  ck_assert(!packing_tensor_bytes(&p, 1, 1, &out));
  ck_assert_uint_eq(out, 7);
}
END_TEST

static const act_spec bytes = {.kind = ACT_SYMMETRIC, .type = ELEM_I8, .group = 32};

static prepared_layout layout(act_spec act) {
  return (prepared_layout){.act = act,
                           .k_group = 32,
                           .k_padded = 32,
                           .block = 64,
                           .scale_span = 32,
                           .isum_span = 0,
                           .fsum_span = PREPARED_ROW};
}

START_TEST(prepared_sections_follow_each_other) {
  prepared_layout l = layout(bytes);
  prepared_sizes s;
  ck_assert(prepared_get_sizes(&l, 1000, &s));
  ck_assert_uint_eq(s.positions, 1024);
  ck_assert_uint_eq(s.scales_offset, 1024);            // one byte a number
  ck_assert_uint_eq(s.isums_offset, 1024 + 32 * 4);    // 32 scales
  ck_assert_uint_eq(s.fsums_offset, s.isums_offset);   // no integer sums
  ck_assert_uint_eq(s.row_bytes, s.fsums_offset + 64); // one float sum, rounded up
  l.as_f32 = true;
  ck_assert(prepared_get_sizes(&l, 1000, &s));
  ck_assert_uint_eq(s.scales_offset, 4096);
  l = layout((act_spec){.kind = ACT_PLAIN, .type = ELEM_BF16});
  l.scale_span = 0;
  ck_assert(prepared_get_sizes(&l, 65, &s));
  ck_assert(s.positions == 128 && s.scales_offset == 512 && s.isums_offset == 512 && s.row_bytes == 576);
}
END_TEST

START_TEST(a_span_longer_than_the_row_is_one_element) {
  prepared_layout l = layout(bytes);
  prepared_sizes s;
  l.scale_span = 256;
  ck_assert(prepared_get_sizes(&l, 64, &s));
  ck_assert_uint_eq(s.isums_offset - s.scales_offset, 64);
  ck_assert(!prepared_get_sizes(&l, UINT64_MAX - 63, &s));
  l.act = (act_spec){.kind = ACT_PLAIN, .type = ELEM_F32};
  ck_assert(!prepared_get_sizes(&l, UINT64_MAX / 2, &s));
}
END_TEST

START_TEST(every_member_of_a_layout_counts) {
  const prepared_layout a = layout(bytes);
  ck_assert(prepared_equal(&a, &a));
  for (int i = 0; i < 9; i++) {
    prepared_layout b = a;
    uint64_t *members[] = {&b.act.group, &b.k_group, &b.k_padded, &b.block, &b.scale_span, &b.isum_span, &b.fsum_span};
    if (i < 7)
      *members[i] += 1;
    else if (i == 7)
      b.as_f32 = true;
    else
      b.isum_factor = -8;
    ck_assert_msg(!prepared_equal(&a, &b), "member %d", i);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("recipe sizes");
  TCase *table = tcase_create("rows");
  tcase_add_loop_test(table, the_last_block_is_shorter, 0, (int)(sizeof rows / sizeof rows[0]));
  suite_add_tcase(suite, table);
  check_add(suite, "sizes",
            (const TTest *const[]){a_header_has_what_begins_in_its_chunks, sizes_that_overflow_are_refused,
                                   prepared_sections_follow_each_other, a_span_longer_than_the_row_is_one_element,
                                   every_member_of_a_layout_counts, NULL});
  return check_main(suite);
}
