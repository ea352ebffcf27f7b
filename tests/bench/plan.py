"""What ./dev bench measures: formats, shapes, numbers of tokens, in stages of one run of the program each."""

# What somebody has written kernels for, and the formats of the project's own examples.
PEER_FORMATS = [
    "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_nl", "iq4_xs", "iq3_xxs",
    "iq3_s", "iq2_xxs", "iq2_xs", "iq2_s", "iq1_s", "iq1_m", "tq1_0", "tq2_0", "mxfp4_gguf", "nvfp4_gguf", "q1_0",
    "int_g(bits=4, group=32)", "uint_g(bits=4, group=32)", "f16", "bf16", "bf16/bf16",
]
OWN_FORMATS = ["nf4", "nf4/bf16", "codebook3", "int4_g(group=128)", "ternary", "int8_row", "aqlm_2x8", "exl3", "f32"]
QUICK_FORMATS = ["q4_0", "q5_0", "q8_0", "q4_K", "q6_K", "iq2_xxs", "iq3_s", "mxfp4_gguf", "int_g(bits=4, group=32)",
                 "nf4", "codebook3", "f16"]
SWEEP_FORMATS = ["q4_0", "q8_0", "q4_K", "q6_K", "iq2_xxs", "iq3_s", "nf4", "codebook3", "f16"]

SQUARE, WIDE = "4096x4096", "4096x14336"
COUNT_FORMATS = ["q4_0", "q8_0", "q4_K", "q6_K", "iq2_xxs", "nf4", "f16"]
COUNT_ONE, COUNT_MANY = "64x2048", "32x256"  # for counting instructions, which takes its time
TOKENS = [1, 8, 32, 128, 512]
SWEEP = list(range(1, 17))


class Stage:
    """One run of the program."""

    def __init__(self, name, tier, formats, tokens, threads, shapes, seconds, peers=True):
        self.name, self.tier, self.formats = name, tier, formats
        self.tokens, self.threads, self.shapes = tokens, threads, shapes
        self.seconds, self.peers = seconds, peers

    def cases(self):
        return len(self.formats) * len(self.tokens) * len(self.threads) * len(self.shapes)


def other_formats(schemes):
    """The standard formats that no list above has."""
    listed = {f.split("(")[0] for f in PEER_FORMATS + OWN_FORMATS}
    return sorted(s for s in schemes if s not in listed)


def quick(tiers, threads):
    return [Stage("quick", tier, QUICK_FORMATS, [1, 32], threads[:1], [SQUARE], 0.2) for tier in main_tiers(tiers)]


def main_tiers(tiers):
    """The best that runs here, and the one that nearly every machine has."""
    return [t for i, t in enumerate(tiers) if i == 0 or t == "avx2"]


def full(tiers, threads, schemes):
    best, rest = tiers[0], [t for t in tiers[1:] if t not in main_tiers(tiers)]
    all_formats = PEER_FORMATS + OWN_FORMATS
    stages = [Stage("main", best, all_formats, TOKENS, threads, [SQUARE], 0.25)]
    for tier in main_tiers(tiers)[1:]:
        stages.append(Stage("main", tier, all_formats, [1, 8, 32, 128], threads, [SQUARE], 0.25))
    stages += [Stage("sweep", best, SWEEP_FORMATS, SWEEP, threads[:1], [SQUARE], 0.2, peers=False),
               Stage("wide", best, all_formats, [1, 32], threads, [WIDE], 0.25)]
    for tier in rest:
        stages.append(Stage("tier", tier, QUICK_FORMATS, [1, 8, 32], threads[:1], [SQUARE], 0.2))
    stages.append(Stage("formats", best, other_formats(schemes), [1, 32], threads, [SQUARE], 0.15))
    for tier in main_tiers(tiers)[1:]:
        stages.append(Stage("wide", tier, QUICK_FORMATS, [1, 32], threads[:1], [WIDE], 0.25))
    return stages
