// Every other target that LLVM knows: portable expansions only. Costs are those of the expansions on a scalar machine.
#include "targets/tables.h"

static const unsigned tiles[] = {1};

static const target_tier tiers[] = {
    {.name = "generic",
     .cpu = "",
     .features = "",
     .lanes = 4,
     .registers = 16,
     TOKEN_TILES(tiles),
     .row_vectors = 1,
     .rows_in_loop = true,
     .clock_ghz = 1,
     .bandwidth_gbs = 1},
};

const target target_generic = {
    .name = "generic",
    .arch = "",
    .default_triple = "",
    .help = "any other LLVM triple, such as armv7-linux-gnueabihf or wasm32: portable code",
    .tier_count = COUNT(tiers),
    .tiers = tiers,
};
