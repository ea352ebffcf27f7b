// A model as a library: objects of all tiers and the plan, the header, the packed weights.
#include "driver/library.h"

#include <string.h>
#include <unistd.h>

#include "driver/compile.h"
#include "driver/packed.h"
#include "driver/shared.h"
#include "driver/tiers.h"
#include "weights/qw.h"

// ---- archives --------------------------------------------------------------------------------------------

bool library_add_tiers(job *j, tier_lower lower, const cg_options *co, member_list *members) {
  size_t count;
  cg_member *objects;
  if (!tiers_objects(j, lower, co, &count, &objects)) return false;
  for (size_t i = 0; i < count; i++) vec_push(j->mem, members, objects[i]);
  return true;
}

bool library_add_runtime(job *j, member_list *members) {
  if (!j->s.bundled) return true;
  if (j->s.target->runtime == NULL) {
    diag_error_file(j->d, "qcc", "there is no compiled runtime for target '%s'", j->s.triple);
    diag_hint(j->d, "leave out --runtime=bundled, and compile the runtime's sources with your toolchain");
    return false;
  }
  const char *path = places_runtime(j->mem, j->s.target->runtime);
  mapped_file f;
  if (!file_map(j->d, j->mem, path, &f)) return false;
  // The members are used until the archive is written, so the mapping stays.
  size_t count;
  cg_member *objects;
  if (!cg_archive_read(j->d, j->mem, path, (cg_bytes){f.data, f.size}, &count, &objects)) return false;
  for (size_t i = 0; i < count; i++) vec_push(j->mem, members, objects[i]);
  return true;
}

bool library_write_archive(job *j, const char *directory, const member_list *members) {
  cg_bytes archive;
  const char *path = path_join(j->mem, directory, arena_printf(j->mem, "lib%s.a", j->m->name));
  return cg_archive_write(j->d, j->mem, members->len, members->data, &archive) &&
         output_text(j, path, archive.data, archive.size);
}

// ---- models ----------------------------------------------------------------------------------------------

typedef struct library {
  job *j;
  plan_image plan;
  cg_options co;
  qw_image weights; // when they are embedded
  member_list members;
  const char *directory; // of the results
  packed *packed;
} library;

// A file of packed weights is written as they are packed: it may be larger than the memory. Weights that are embedded
// have to be in memory, as the object is.
static bool stream_weights(library *l, weight_set *set, weight_stats *stats) {
  job *j = l->j;
  out_file *f = file_set_open(j->outputs, l->packed->path);
  return f != NULL && qw_stream(j->d, j->mem, set, j->m, f, stats);
}

static bool pack_weights(library *l) {
  job *j = l->j;
  job_phase(j, "weights");
  weights_options o = {.progress = isatty(STDERR_FILENO) ? stderr : NULL};
  weight_stats *stats = ARENA_ARRAY(j->mem, weight_stats, j->m->weights.len);
  weight_set *set = weights_open(j->d, j->mem, j->files, j->m, &o);
  if (set == NULL ||
      !(j->s.embed ? qw_build(j->d, j->mem, set, j->m, &l->weights, stats) : stream_weights(l, set, stats)))
    return false;
  if (j->s.explain) weights_print_table(stdout, stats, j->m->weights.len);
  return true;
}

// The digest of the weights is in the header of the packed file.
static uint64_t identity_of(const library *l) {
  uint64_t id = qw_model_id(l->j->m);
  if (!l->j->s.embed) return id;
  uint8_t both[sizeof id + sizeof(qrt_weights_header)];
  memcpy(both, &id, sizeof id);
  memcpy(both + sizeof id, l->weights.bytes, sizeof(qrt_weights_header));
  return qrt_digest(both, sizeof both);
}

static cg_model model_of(const library *l) {
  const job *j = l->j;
  return (cg_model){.module = j->m,
                    .plan = &l->plan,
                    .target = j->s.target,
                    .triple = j->s.triple,
                    .tier_count = j->s.tiers.len,
                    .tiers = j->s.tiers.data,
                    .identity = identity_of(l),
                    .embedded = j->s.embed ? l->weights.bytes : NULL,
                    .embedded_size = j->s.embed ? l->weights.size : 0};
}

static bool add_plan(library *l) {
  job *j = l->j;
  job_phase(j, "plan");
  cg_model model = model_of(l);
  cg_context *cg = cg_new(j->d, j->mem);
  cg_member member = {.name = arena_printf(j->mem, "%s.plan.o", j->m->name)};
  bool ok = cg_emit_plan(cg, &model, &l->co, CG_OBJECT, &member.bytes);
  cg_free(cg);
  vec_push(j->mem, &l->members, member);
  return ok;
}

static bool write_header(library *l) {
  job *j = l->j;
  cg_model model = model_of(l);
  const char *text = cg_header(j->mem, &model, &l->co);
  return output_text(j, path_join(j->mem, l->directory, arena_printf(j->mem, "%s.h", job_prefix(j))), text,
                     strlen(text));
}

// The table of --explain is made while weights are packed.
static void look_for_packed(library *l) {
  job *j = l->j;
  l->packed = ARENA_NEW(j->mem, packed);
  if (j->s.embed) return;
  packed_look_up(j, path_join(j->mem, l->directory, arena_printf(j->mem, "%s.qw", j->m->name)), l->packed);
  if (j->s.explain) l->packed->current = false;
  if (l->packed->current && option_given(j->o, OPTION_VERBOSE))
    fprintf(j->notes, "%-12s %s is up to date\n", "cache", l->packed->path);
  j->packed = l->packed;
}

bool library_write(job *j) {
  library l = {.j = j, .co = tiers_options(j), .directory = output_directory(j)};
  if (l.directory == NULL) return false;
  l.co.hidden = true;
  look_for_packed(&l);
  if (!ir_plan_write(j->d, j->mem, j->m, qw_model_id(j->m), &l.plan)) return false;
  if ((!l.packed->current && !pack_weights(&l)) || !library_add_tiers(j, tiers_lower_plan, &l.co, &l.members) ||
      !add_plan(&l) || !library_add_runtime(j, &l.members))
    return false;
  job_phase(j, "library");
  bool shared = j->s.stage == STAGE_SO;
  if (!(shared ? shared_write : library_write_archive)(j, l.directory, &l.members) || !write_header(&l)) return false;
  if (!j->s.embed) vec_push(j->mem, &j->written, l.packed->path); // named last
  return true;
}
