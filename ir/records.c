// The tables: one row a member, in the order of the text.
#include "ir/records.h"

#include "ir/ir.h"

#define MEMBERS(table) .member_count = sizeof(table) / sizeof(table)[0], .members = (table)
#define ROW(letters, type, member) .name = #member, .kind = RECORD_##letters, .offset = offsetof(type, member)
#define COUNTED(letters, type, member, counter) ROW(letters, type, member), .count = offsetof(type, counter)

bool record_may_miss(record_kind kind) {
  return kind == RECORD_TEXT || kind == RECORD_SYMBOL || kind == RECORD_SOURCE || kind == RECORD_SCHEME ||
         kind == RECORD_LAYOUT || kind == RECORD_RECIPE || kind == RECORD_LEVELS || kind == RECORD_MAYBE ||
         kind == RECORD_COUNTS;
}

// ---- weights ---------------------------------------------------------------------------------------------

static const record_member weight_part_members[] = {{ROW(SYMBOL, ir_part, whole)}, {ROW(UINT, ir_part, index)}};
static const record_type record_weight_part = {
    .name = "part", .size = sizeof(ir_part), .one_line = true, MEMBERS(weight_part_members)};

static const record_member sparse_members[] = {
    {ROW(U64, sparse_packing, tile_rows)}, {ROW(U64, sparse_packing, width)},  {ROW(U64, sparse_packing, step)},
    {ROW(ELEM, sparse_packing, column)},   {ROW(ELEM, sparse_packing, store)}, {ROW(BOOL, sparse_packing, scaled)},
    {ROW(U64, sparse_packing, room)},
};
static const record_type record_sparse = {
    .name = "list of entries", .size = sizeof(sparse_packing), .one_line = true, MEMBERS(sparse_members)};

static const record_member weight_members[] = {
    {ROW(TEXT, ir_weight, layer)},
    {ROW(TEXT, ir_weight, of)},
    {ROW(TEXT, ir_weight, step)},
    {ROW(SOURCE, ir_weight, source)},
    {ROW(SCHEME, ir_weight, scheme)},
    {ROW(LAYOUT, ir_weight, layout)},
    {ROW(RECIPE, ir_weight, recipe)},
    {ROW(MAYBE, ir_weight, part), .type = &record_weight_part},
    {ROW(MAYBE, ir_weight, sparse), .type = &record_sparse},
    {COUNTED(COUNTS, ir_weight, counts, count_count)},
    {ROW(U64, ir_weight, rows)},
    {ROW(U64, ir_weight, columns)},
    {ROW(U64, ir_weight, offset)},
    {ROW(U64, ir_weight, size)},
};
const record_type record_weight = {
    .name = "weight", .size = sizeof(ir_weight), .one_line = true, MEMBERS(weight_members)};

// ---- recipes ---------------------------------------------------------------------------------------------

static const record_member part_members[] = {
    {ROW(FIELD, code_part, field)}, {ROW(UINT, code_part, shift)}, {COUNTED(EXPRS, code_part, derived, derived_count)}};
static const record_type record_part = {
    .name = "part", .size = sizeof(code_part), .one_line = true, MEMBERS(part_members)};

static const record_member value_members[] = {
    {COUNTED(EXPRS, value_term, coefficients, coefficient_count)},
    {ROW(LEVELS, value_term, levels)},
    {ROW(MAYBE_FIELD, value_term, table_field)},
    {ROW(MAYBE_FIELD, value_term, float_field)},
};
static const record_type record_value = {
    .name = "value term", .size = sizeof(value_term), .one_line = true, MEMBERS(value_members)};

static const record_member normal_members[] = {
    {ROW(CODE_BITS, normal_form, code_bits)},
    {COUNTED(LIST, normal_form, parts, part_count), .type = &record_part},
    {COUNTED(LIST, normal_form, terms, term_count), .type = &record_value},
};
static const record_type record_normal = {.name = "normal form", .size = sizeof(normal_form), MEMBERS(normal_members)};

static const record_member core_members[] = {
    {ROW(REAL, recipe_core, step)},
    {ROW(I64, recipe_core, offset)},
    {ROW(BOOL, recipe_core, affine)},
    {COUNTED(PLANES, recipe_core, planes, plane_count), .limit = RECIPE_MAX_TABLE_PLANES},
    {ROW(U64, recipe_core, umax)},
};
static const record_type record_core = {
    .name = "core", .size = sizeof(recipe_core), .one_line = true, MEMBERS(core_members)};

static const record_member term_members[] = {
    {ROW(NESTED, recipe_term, value), .type = &record_value},
    {ROW(INDEX, recipe_term, core)},
    {ROW(BOOL, recipe_term, integer_coefficient)},
};
static const record_type record_term = {
    .name = "term", .size = sizeof(recipe_term), .one_line = true, MEMBERS(term_members)};

static const record_member plane_members[] = {
    {ROW(UINT, pack_plane, width)}, {ROW(UINT, pack_plane, shift)}, {ROW(U64, pack_plane, offset)}};
static const record_type record_plane = {
    .name = "plane", .size = sizeof(pack_plane), .one_line = true, MEMBERS(plane_members)};

static const record_member pack_field_members[] = {{ROW(FIELD, pack_field, field)}, {ROW(ELEM, pack_field, store)},
                                                   {ROW(U64, pack_field, span)},    {ROW(UINT, pack_field, shared)},
                                                   {ROW(U64, pack_field, bytes)},   {ROW(U64, pack_field, offset)}};
static const record_type record_pack_field = {
    .name = "packed field", .size = sizeof(pack_field), .one_line = true, MEMBERS(pack_field_members)};

static const record_member packing_members[] = {
    {ROW(UINT, packing, rows)},
    {ROW(U64, packing, k_group)},
    {ROW(U64, packing, k_padded)},
    {ROW(U64, packing, block)},
    {ROW(U64, packing, header_bytes)},
    {ROW(U64, packing, chunk_bytes)},
    {ROW(U64, packing, block_bytes)},
    {ROW(UINT, packing, code_bits)},
    {COUNTED(ARRAY, packing, planes, plane_count), .limit = PACK_MAX_PLANES, .type = &record_plane},
    {COUNTED(LIST, packing, fields, field_count), .type = &record_pack_field},
    {ROW(U64, packing, tile_head_bytes)},
    {ROW(BOOL, packing, has_row_sums)},
    {ROW(U64, packing, row_sum_offset)},
    {COUNTED(LIST, packing, tensor_fields, tensor_field_count), .type = &record_pack_field},
    {ROW(U64, packing, tensor_head_bytes)},
};
static const record_type record_packing = {.name = "packing", .size = sizeof(packing), MEMBERS(packing_members)};

static const record_member prepared_members[] = {
    {ROW(ACT, prepared_layout, act)},         {ROW(BOOL, prepared_layout, as_f32)},
    {ROW(BOOL, prepared_layout, as_pairs)},   {ROW(U64, prepared_layout, k_group)},
    {ROW(U64, prepared_layout, k_padded)},    {ROW(U64, prepared_layout, block)},
    {ROW(SPAN, prepared_layout, scale_span)}, {ROW(SPAN, prepared_layout, isum_span)},
    {ROW(SPAN, prepared_layout, fsum_span)},  {ROW(I64, prepared_layout, isum_factor)},
    {ROW(UINT, prepared_layout, bit_planes)}, {ROW(I64, prepared_layout, isum_signs)},
};
static const record_type record_prepared = {
    .name = "prepared", .size = sizeof(prepared_layout), MEMBERS(prepared_members)};

static const record_member recipe_members[] = {
    {ROW(SCHEME, recipe, scheme)},
    {ROW(ACT, recipe, act)},
    {ROW(MODE, recipe, mode)},
    {ROW(NESTED, recipe, normal), .type = &record_normal},
    {COUNTED(LIST, recipe, cores, core_count), .type = &record_core},
    {COUNTED(LIST, recipe, terms, term_count), .type = &record_term},
    {ROW(SPAN, recipe, segment)},
    {ROW(SPAN, recipe, float_span)},
    {ROW(SPAN, recipe, flush)},
    {ROW(NESTED, recipe, pack), .type = &record_packing},
    {ROW(NESTED, recipe, prepared), .type = &record_prepared},
    {ROW(REAL, recipe, cycles)},
    {ROW(TEXT, recipe, reason)},
};
const record_type record_recipe = {.name = "recipe", .size = sizeof(recipe), MEMBERS(recipe_members)};

// ---- the plan --------------------------------------------------------------------------------------------

static const record_member port_members[] = {{ROW(TEXT, ir_port, name)}, {ROW(TYPE, ir_port, type)}};
static const record_type record_port = {
    .name = "port", .size = sizeof(ir_port), .one_line = true, MEMBERS(port_members)};

static const record_member step_members[] = {
    {ROW(SYMBOL, ir_step, kernel)},
    {ROW(TEXT, ir_step, layer)},
    {COUNTED(REFS, ir_step, buffers, buffer_count)},
    {COUNTED(SIZES, ir_step, sizes, size_count)},
    {ROW(SIZE, ir_step, work)},
    {ROW(U64, ir_step, grain)},
};
static const record_type record_step = {
    .name = "step", .size = sizeof(ir_step), .one_line = true, MEMBERS(step_members)};

static const record_member plan_members[] = {
    {COUNTED(LIST, ir_plan, inputs, input_count), .type = &record_port},
    {COUNTED(LIST, ir_plan, outputs, output_count), .type = &record_port},
    {ROW(SIZE, ir_plan, workspace)},
    {ROW(U64, ir_plan, weights_size)},
    {ROW(U64, ir_plan, max_batch)},
    {.name = "steps",
     .kind = RECORD_POINTERS,
     .offset = offsetof(ir_plan, steps.data),
     .count = offsetof(ir_plan, steps.len),
     .type = &record_step},
};
const record_type record_plan = {.name = "plan", .size = sizeof(ir_plan), MEMBERS(plan_members)};
