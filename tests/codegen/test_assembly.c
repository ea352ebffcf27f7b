// What the code of each tier is made of: patterns that parse, the instructions that a tier is for, no calls.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cases.h"
#include "codegen/codegen.h"
#include "codegen/llvm.h"
#include "codegen/pattern.h"
#include "tests/check_main.h"

typedef struct fixture {
  arena *mem;
  diag *diag;
  cg_context *cg;
  case_list cases;
} fixture;

static fixture setup(void) {
  fixture f = {.mem = arena_new()};
  f.diag = diag_new(f.mem, stderr, false);
  f.cg = cg_new(f.diag, f.mem);
  f.cases = (case_list){.mem = f.mem, .diag = f.diag};
  return f;
}

static void teardown(fixture *f) {
  cg_free(f->cg);
  arena_free(f->mem);
}

// ---- patterns --------------------------------------------------------------------------------------------

static bool is_word(const target_pattern *p) {
  return strcmp(p->sequence, "masked") == 0 || strcmp(p->sequence, "gather") == 0;
}

START_TEST(every_pattern_of_every_tier_parses) {
  arena *a = arena_new();
  size_t count = 0;
  for (size_t i = 0; i < target_count(); i++) {
    const target *t = target_get(i);
    for (size_t j = 0; j < t->tier_count; j++) {
      for (size_t k = 0; k < t->tiers[j].pattern_count; k++) {
        const target_pattern *p = &t->tiers[j].patterns[k];
        const char *error = NULL;
        count++;
        ck_assert_msg(is_word(p) || pattern_parse(a, p->sequence, &error) != NULL, "%s, %s: %s", t->tiers[j].name,
                      ir_op_get_info(p->op)->name, error);
      }
    }
  }
  ck_assert_uint_gt(count, 100);
  arena_free(a);
}
END_TEST

// A misspelt intrinsic would only mean slower code: the version that qcc is built with knows them all.
START_TEST(every_intrinsic_is_known) {
  arena *a = arena_new();
  for (size_t i = 0; i < target_count(); i++) {
    const target *t = target_get(i);
    for (size_t j = 0; j < t->tier_count; j++) {
      for (size_t k = 0; k < t->tiers[j].pattern_count; k++) {
        const char *error = NULL;
        const pattern *p =
            is_word(&t->tiers[j].patterns[k]) ? NULL : pattern_parse(a, t->tiers[j].patterns[k].sequence, &error);
        for (size_t n = 0; p != NULL && n < p->count; n++) {
          const char *name = p->steps[n].intrinsic;
          if (p->steps[n].code == PATTERN_INTRINSIC)
            ck_assert_msg(LLVM_VERSION_MAJOR < 20 || LLVMLookupIntrinsicID(name, strlen(name)) != 0,
                          "%s: LLVM has no %s", t->tiers[j].name, name);
        }
      }
    }
  }
  arena_free(a);
}
END_TEST

START_TEST(malformed_patterns_say_where) {
  static const char *const texts[] = {
      "",
      "r:i32x4 = add(a)",
      "r:i32x4 = add(a, b",
      "r:i32x4 = frobnicate(a, b)",
      "r:i32x4 = add(a, q)",
      "r:q32 = add(a, b)",
      "r:i32x1 = add(a, b)",
      "r = add(a, b)",
      "a:i32 = add(a, b)",
      "r:i32 = add(a, b); r:i32 = add(a, b)",
      "r:i32 = add(a, b) s:i32 = add(a, b)",
      "r:i8x16 = llvm.x(table[1], a)",
      "r:i8x16 = llvm.x(table[1,0], a)",
      "r:i8x16 = llvm.x(a, a, a, a, a, a, a, a, a)",
  };
  arena *a = arena_new();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *error = NULL;
    ck_assert_msg(pattern_parse(a, texts[i], &error) == NULL, "'%s' was accepted", texts[i]);
    ck_assert_ptr_nonnull(error);
  }
  arena_free(a);
}
END_TEST

// ---- instructions ----------------------------------------------------------------------------------------

static const struct expectation {
  const char *triple;
  const char *tier;
  const char *kernel;
  const char *has;   // one of these words, separated by '|'
  const char *lacks; // none of these
} expectations[] = {
    {"x86_64-linux-gnu", "avx512vnni", "dot4_i32_255_x16", "vpdpbusd", "vpmadd|xmm|ymm"},
    {"x86_64-linux-gnu", "avx512vnni", "dot4s_i32_x16", "vpdpbusd", "vpmadd|ymm"},
    {"x86_64-linux-gnu", "avx512vnni", "lookup_i8_16_x64", "vpshufb", "ymm"},
    {"x86_64-linux-gnu", "avx512vnni", "lookup_i8_64_x64", "vpermb", "vpinsrb"},
    {"x86_64-linux-gnu", "avx512vnni", "lookup_i8_128_x64", "vpermi2b|vpermt2b", "vpinsrb"},
    {"x86_64-linux-gnu", "avx512vnni", "lookup_f32_f32_16_x16", "vpermps", "vinsertps"},
    {"x86_64-linux-gnu", "avx512vnni", "lookup_f32_f32_32_x16", "vpermi2ps|vpermt2ps", "vinsertps"},
    {"x86_64-linux-gnu", "avx512vnni", "extf_f32_f16_x16", "vcvtph2ps", "call"},
    {"x86_64-linux-gnu", "avx512vnni", "truncf_f16_x16", "vcvtps2ph", "call"},
    {"x86_64-linux-gnu", "avx512vnni", "load_first_f32_x16", "{z}", "(%rsp"},
    {"x86_64-linux-gnu", "avx512vnni", "bits_i8_x64", "vpsrld", "vpsrlw"},
    {"x86_64-linux-gnu", "cascadelake", "dot4_i32_255_x16", "vpdpbusd", "vpmadd|xmm|ymm"},
    {"x86_64-linux-gnu", "cascadelake", "lookup_i8_64_x64", "vpshufb", "vpermb|ymm|vpinsrb"},
    {"x86_64-linux-gnu", "avx512", "dot4_i32_128_x16", "vpmaddubsw", "vpdpbusd|vpand|ymm"},
    {"x86_64-linux-gnu", "avx512", "dot4_i32_255_x16", "vpmaddubsw", "vpdpbusd|ymm"},
    {"x86_64-linux-gnu", "avx512", "lookup_i8_256_x64", "vpshufb", "vpermb|vpinsrb|ymm"},
    {"x86_64-linux-gnu", "avxvnni", "dot4_i32_255_x8", "{vex}", "vpmadd|zmm"},
    {"x86_64-linux-gnu", "avx512", "dot4s_i32_127_x16", "vpblendmb|{%k", "vpdpbusd|ymm"},
    {"x86_64-linux-gnu", "avx512", "pairs_u_i16_128_x32", "vpmaddubsw", "vpmaddwd|ymm"},
    {"x86_64-linux-gnu", "avx2", "dot4s_i32_127_x8", "vpsignb", "vpsra|zmm"},
    {"x86_64-linux-gnu", "avx2", "pairs_u_i16_15_x16", "vpmaddubsw", "vpmaddwd|zmm"},
    {"x86_64-linux-gnu", "avx2", "pairs_s_i32_x8", "vpmaddwd", "vpmull|zmm"},
    {"x86_64-linux-gnu", "avx2", "lookup_i8_256_x32", "vpshufb", "vpinsrb|zmm"},
    {"x86_64-linux-gnu", "avx2", "dot4_i32_128_x8", "vpmaddubsw", "vpand|zmm"},
    {"x86_64-linux-gnu", "avx2", "dot4_i32_129_x8", "vpand", "zmm"},
    {"x86_64-linux-gnu", "avx2", "lookup_i8_16_x32", "vpshufb", "zmm"},
    {"x86_64-linux-gnu", "amx_int8", "tile_dot_16", "tdpbsud", "vpmulld"},
    {"x86_64-linux-gnu", "amx_bf16", "tile_pairs_16", "tdpbf16ps", "vmulps"},
    {"x86_64-linux-gnu", "avx512bf16", "dot2_f32_x16", "vdpbf16ps", "vpslld"},
    {"x86_64-linux-gnu", "avx512bf16", "lookup_bf16_bf16_32_x32", "vpermw", "vpinsrw"},
    {"x86_64-linux-gnu", "avx512bf16", "lookup_bf16_bf16_64_x32", "vpermi2w|vpermt2w", "vpinsrw"},
    {"x86_64-linux-gnu", "avx2", "lookup_f32_f32_8_x16", "vpermps", "zmm"},
    {"x86_64-linux-gnu", "avx2", "store_first_f32_x16", "vmaskmov|vpmaskmov", "zmm"},
    {"x86_64-linux-gnu", "avx2", "fma_f_f32_x16", "vfmadd", "zmm"},
    {"x86_64-linux-gnu", "x86-64-v2", "dot4_i32_127_x4", "pmaddubsw", "ymm|vpmadd"},
    {"x86_64-linux-gnu", "x86-64-v2", "lookup_i8_16_x64", "pshufb", "ymm|pinsrb"},
    {"aarch64-linux-gnu", "i8mm", "dot4_i32_255_x4", "usdot", "smull"},
    {"aarch64-linux-gnu", "i8mm", "dot4s_i32_x4", "sdot", "smull"},
    {"aarch64-linux-gnu", "dotprod", "dot4_i32_127_x4", "sdot", "usdot|smull"},
    {"aarch64-linux-gnu", "dotprod", "dot4_i32_255_x4", "sdot", "usdot|smull"},
    {"aarch64-linux-gnu", "neon", "dot4_i32_127_x4", "smull", "dot\t"},
    {"aarch64-linux-gnu", "neon", "dot4_i32_255_x4", "saddlp|sadalp", "dot\t"},
    {"aarch64-linux-gnu", "neon", "lookup_i8_64_x64", "tbl", "ld1"},
    {"aarch64-linux-gnu", "neon", "lookup_f32_f32_16_x4", "tbl", "ld1"},
    {"aarch64-linux-gnu", "neon", "extf_f32_f16_x4", "fcvtl", "bl\t"},
    {"aarch64-linux-gnu", "neon", "fma_f_f32_x4", "fmla", "bl\t"},
    {"riscv64-linux-gnu", "rvv", "add_f_f32_x16", "zero, 16, e32, m4", "vsetvl\t"},
    {"riscv64-linux-gnu", "rvv", "lookup_i8_16_x64", "vrgather.vv", "lbu"},
    {"riscv64-linux-gnu", "rvv", "dot4_i32_255_x16", "vmacc|vmadd|vmul", "call"},
    {"riscv64-linux-gnu", "rv64gc", "add_f_f32_x16", "fadd.s", "vset"},
    {"x86_64-linux-gnu", "avx512vnni", "lt_f_f32_u1_x16", "vcmpltps", "ymm"},
    {"x86_64-linux-gnu", "avx512vnni", "select_f32_f32_x16", "{%k", "ymm"},
    {"x86_64-linux-gnu", "avx512vnni", "reduce_or_i_u1_u1_one_x16", "kortest|setne", "pextr"},
    {"x86_64-linux-gnu", "avx512vnni", "div_i_i32_i32_x16", "vdivpd", "idiv"},
    {"x86_64-linux-gnu", "avx512vnni", "shl_v_i32_i32_x16", "vpsllvd", "vpcmp"},
    {"x86_64-linux-gnu", "avx512vnni", "itof_i64_f64_x16", "vcvtqq2pd", "vcvtsi2sd"},
    {"x86_64-linux-gnu", "avx512vnni", "floor_f_f32_f32_x16", "vrndscaleps", "call"},
    {"x86_64-linux-gnu", "avx512vnni", "load_first_f64_x16", "{z}", "(%rsp"},
    {"x86_64-linux-gnu", "avx2", "select_f32_f32_x16", "vblendv|vmaskmov", "zmm"},
    {"x86_64-linux-gnu", "avx2", "ftoi_sat_f32_i32_x16", "vcvttps2dq", "vcvttss2si"},
    {"x86_64-linux-gnu", "avx2", "div_i_i32_i32_by_7_x16", "vpmuldq", "idiv|vdivp"},
    {"x86_64-linux-gnu", "avx2", "mod_i_i32_i32_by_64_x16", "vand", "idiv|vdivp|vpmul"},
    {"x86_64-linux-gnu", "x86-64-v2", "floor_f_f32_f32_x16", "roundps", "call"},
    {"aarch64-linux-gnu", "neon", "select_f32_f32_x4", "bsl|bit|bif", "bl\t"},
    {"aarch64-linux-gnu", "neon", "round_f_f32_f32_x16", "frintn", "bl\t"},
    {"aarch64-linux-gnu", "neon", "ftoi_sat_f64_i64_x2", "fcvtzs", "bl\t"},
    {"riscv64-linux-gnu", "rvv", "select_f32_f32_x16", "vmerge", "call"},
    {"riscv64-linux-gnu", "rvv", "mod_i_i64_i64_x2", "vrem.vv", "call"},
    {"nvptx64-nvidia-cuda", "sm_75", "floor_f_f32_f32_x4", "cvt.rmi", "call"},
    {"nvptx64-nvidia-cuda", "sm_75", "dot4_i32_127_x4", "dp4a.u32.s32", "mad"},
    {"nvptx64-nvidia-cuda", "sm_75", "dot4s_i32_x4", "dp4a.s32.s32", "mad"},
    {"nvptx64-nvidia-cuda", "sm_75", "lookup_i8_16_x4", "prmt", "ld.global.b8|call"},
    {"nvptx64-nvidia-cuda", "sm_75", "aligned_f32_x4", "ld.global.nc.v4", "nc.b8|global.b8"},
    {"nvptx64-nvidia-cuda", "sm_75", "aligned_f32_x4", "st.global.v4", "nc.b8|global.b8"},
    {"nvptx64-nvidia-cuda", "sm_75", "indices", "%ctaid.x", "call"},
    {"nvptx64-nvidia-cuda", "sm_75", "mul_f_f32_x4", "mul.rn.f32|mul.f32", "fma|ftz"},
};

// The kernels of the cases that are wanted: compiling all of them for all tiers takes long.
static ir_module *select_kernels(fixture *f, bool (*wanted)(const char *name, const char *tier), const char *tier) {
  ir_module *m = ir_module_new(f->mem, "selected");
  for (size_t i = 0; i < f->cases.module->funcs.len; i++)
    if (wanted(f->cases.module->funcs.data[i]->name, tier)) vec_push(f->mem, &m->funcs, f->cases.module->funcs.data[i]);
  return m;
}

static bool is_expected(const char *name, const char *tier) {
  for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
    if (strcmp(expectations[i].kernel, name) == 0 && strcmp(expectations[i].tier, tier) == 0) return true;
  return false;
}

// Each operation in its widest usual shape, and each function, on any tier.
static bool is_wide(const char *name, const char *tier) {
  (void)tier;
  size_t length = strlen(name);
  return strncmp(name, "function_", 9) == 0 || (length > 4 && strcmp(name + length - 4, "_x16") == 0);
}

// The same, of which a quick run draws a third for each tier.
static bool is_wide_and_drawn(const char *name, const char *tier) {
  uint64_t state = sampling_state(sampling_seed() + (uint64_t)(unsigned char)tier[0], name);
  return is_wide(name, tier) && (sampling_is_full() || sampling_next(&state) % 3 == 0);
}

static cg_bytes emit(fixture *f, const ir_module *m, const char *triple, const target_tier *tier, cg_kind kind) {
  cg_options o = {.opt_level = 2, .prefix = "t_"};
  cg_bytes out;
  ck_assert(cg_emit_kernels(f->cg, m, target_for_triple(triple), tier, triple, &o, kind, &out));
  return out;
}

// The text of one function: from its label to the label behind it, or to the end of a PTX body.
static const char *function_text(fixture *f, const char *all, const char *symbol, bool gpu) {
  const char *start = strstr(all, arena_printf(f->mem, gpu ? ".entry %s(" : "\n%s:", symbol));
  ck_assert_msg(start != NULL, "no %s", symbol);
  const char *end = strstr(start, gpu ? "\n}" : "Lfunc_end");
  ck_assert_ptr_nonnull(end);
  return arena_strndup(f->mem, start, (size_t)(end - start));
}

static bool has_any(fixture *f, const char *text, const char *words) {
  for (const char *w = words; *w != '\0';) {
    size_t n = strcspn(w, "|");
    if (strstr(text, arena_strndup(f->mem, w, n)) != NULL) return true;
    w += n + (w[n] == '|');
  }
  return false;
}

START_TEST(tiers_use_their_instructions) {
  fixture f = setup();
  cases_make(&f.cases);
  const target_tier *tier = NULL;
  const char *text = NULL;
  cg_options o = {.prefix = "t_"};
  for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
    const struct expectation *x = &expectations[i];
    const target *t = target_for_triple(x->triple);
    if (tier != target_find_tier(t, x->tier)) {
      tier = target_find_tier(t, x->tier);
      ck_assert_ptr_nonnull(tier);
      text = (const char *)emit(&f, select_kernels(&f, is_expected, x->tier), x->triple, tier, CG_ASM).data;
    }
    ck_assert_ptr_nonnull(text);
    const char *body = function_text(&f, text, cg_kernel_symbol(f.mem, &o, tier, x->kernel), t->gpu);
    ck_assert_msg(has_any(&f, body, x->has), "%s %s lacks %s:\n%.3000s", x->tier, x->kernel, x->has, body);
    ck_assert_msg(!has_any(&f, body, x->lacks), "%s %s has one of %s:\n%.3000s", x->tier, x->kernel, x->lacks, body);
  }
  teardown(&f);
}
END_TEST

// ---- symbols ---------------------------------------------------------------------------------------------

START_TEST(kernels_call_nothing) {
  static const char *const triples[] = {"x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu"};
  static const char *const allowed[] = {"_GLOBAL_OFFSET_TABLE_"};
  fixture f = setup();
  cases_make(&f.cases);
  for (size_t i = 0; i < sizeof triples / sizeof *triples; i++) {
    const target *t = target_for_triple(triples[i]);
    for (size_t j = 0; j < t->tier_count; j++) {
      cg_names names;
      const ir_module *m = select_kernels(&f, is_wide_and_drawn, t->tiers[j].name);
      cg_bytes object = emit(&f, m, triples[i], &t->tiers[j], CG_OBJECT);
      ck_assert(cg_object_symbols(f.mem, object, true, &names));
      ck_assert_uint_eq(names.count, m->funcs.len);
      ck_assert(cg_object_symbols(f.mem, object, false, &names));
      for (size_t k = 0; k < names.count; k++) {
        bool ok = false;
        for (size_t n = 0; n < sizeof allowed / sizeof *allowed; n++) ok = ok || strcmp(names.data[k], allowed[n]) == 0;
        ck_assert_msg(ok, "%s needs %s", t->tiers[j].name, names.data[k]);
      }
    }
  }
  teardown(&f);
}
END_TEST

START_TEST(ptxas_assembles_the_kernels) {
  const char *ptxas = system("command -v ptxas >/dev/null") == 0 ? "ptxas" : "/usr/local/cuda/bin/ptxas";
  fixture f = setup();
  if (system(arena_printf(f.mem, "%s --version >/dev/null 2>&1", ptxas)) != 0) {
    printf("skipped: no ptxas\n");
  } else {
    cases_make(&f.cases);
    const target *t = target_for_triple("nvptx64");
    cg_bytes text = emit(&f, select_kernels(&f, is_wide, NULL), t->default_triple, &t->tiers[0], CG_ASM);
    const char *path = QCC_BINARY_DIR "/codegen-cases.ptx";
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(text.data, 1, text.size, out), text.size);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(system(arena_printf(f.mem, "%s -arch=sm_75 -O1 -o '%s.cubin' '%s'", ptxas, path, path)), 0);
    ck_assert_ptr_null(strstr((const char *)text.data, ".extern"));
  }
  teardown(&f);
}
END_TEST

START_TEST(objects_for_a_gpu_are_errors) {
  fixture f = setup();
  cases_make(&f.cases);
  diag *quiet = diag_new(f.mem, NULL, false);
  cg_context *cg = cg_new(quiet, f.mem);
  const target *t = target_for_triple("nvptx64");
  cg_options o = {.opt_level = 1};
  cg_bytes out;
  const ir_module *m = select_kernels(&f, is_expected, t->tiers[0].name);
  ck_assert(!cg_emit_kernels(cg, m, t, &t->tiers[0], t->default_triple, &o, CG_OBJECT, &out));
  ck_assert_uint_eq(diag_error_count(quiet), 1);
  cg_free(cg);
  teardown(&f);
}
END_TEST

START_TEST(unknown_triples_are_errors) {
  fixture f = setup();
  f.diag = diag_new(f.mem, NULL, false);
  cg_context *cg = cg_new(f.diag, f.mem);
  ck_assert(!cg_check_triple(cg, "pdp11-dec-unix"));
  ck_assert_ptr_nonnull(strstr(diag_text(f.diag), "pdp11-dec-unix"));
  ck_assert(cg_check_triple(cg, "aarch64-linux-gnu"));
  cg_free(cg);
  teardown(&f);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("codegen_assembly");
  const TTest *const tests[] = {
      every_pattern_of_every_tier_parses, every_intrinsic_is_known,   malformed_patterns_say_where,
      tiers_use_their_instructions,       kernels_call_nothing,       ptxas_assembles_the_kernels,
      objects_for_a_gpu_are_errors,       unknown_triples_are_errors, NULL};
  check_add(suite, "assembly", tests);
  return check_main(suite);
}
