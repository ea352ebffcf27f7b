#!/usr/bin/env python3
"""Instructions for each weight, and what they are.

  count_instructions.py run LLVM FOLDER OUT
      FOLDER/counts.jsonl is what `qcc_bench --count FOLDER` wrote: every instruction of a product as it ran. Appends to OUT,
      a JSON list for the report: instructions for each weight and token, their kinds, and the cycles that llvm-mca
      predicts for the loop in which most of them are.
  count_instructions.py static LLVM QCC TIER OUT FORMAT..
      For tiers that do not run here: compiles the kernels and looks at the loops. Their multiply-adds tell how many weights
      and tokens one turn of a loop is for.
  count_instructions.py show LLVM OBJECT [SYMBOL]
      Prints the innermost loops of an object's functions that multiply.

LLVM is the version's number, as in llvm-objdump-22."""
import json
import os
import re
import subprocess
import sys
import tempfile

# Kinds by the mnemonic's beginning, the first that fits.
KINDS = [
    ("dot", r"vpdp|vpmaddubsw|pmaddubsw|vpmaddwd|pmaddwd|vdpbf16|tdp|[su]dot|usdot|[su]?mmla|bfmmla|bfdot"),
    ("multiply-add", r"vf?n?madd|vfm|fmla|vfmacc|vmacc|vmul|mulps|fmul|vpmull|pmull"),
    ("prefetch", r"prefetch|prfm"),
    ("convert", r"vcvt|cvt|vpmovzx|vpmovsx|pmovzx|pmovsx|vextract|vinsert|[su]cvtf|fcvt|[su]shll|[su]xtl"),
    ("shuffle", r"v?perm|vpshuf|pshuf|vpmultishift|vpunpck|punpck|valign|palignr|vpexpand|vpblend|vblend|tbl|zip|uzp|trn|ext|vshuf|"
                r"vrgather|vpcompress|vpgather|vgather"),
    ("logic", r"vpand|vpor|vpxor|vpsrl|vpsll|vpsra|vptern|pand|por|pxor|psrl|psll|vgf2p8|vandp|vorp|vxorp|vpsh[lr]d|and|orr|eor|ushr|"
              r"sshr|shl|vpro[lr]|vpopcnt|k(and|or|xor|shift|unpck|mov)"),
    ("add", r"vpadd|vpsub|vaddp|vsubp|vadds|padd|psub|addps|subps|vpabs|vpsign|fadd|fsub"),
    ("move", r"v?mov|vpbroadcast|vbroadcast|tileload|ld[1-4pr]|st[1-4pr]|v[ls]e"),
]
# Multiply-adds of an instruction for each byte of its widest register: of tiles, all of them.
MACS = [(r"vpdpb|vpmaddubsw|pmaddubsw|[su]dot|usdot", 1), (r"vpdpw|vdpbf16", 1 / 2), (r"vfn?m(add|sub).*ps|fmla", 1 / 4)]
TILE_MACS = [(r"tdpb.*d", 16384), (r"tdpbf16ps|tdpfp16ps", 8192)]
WIDTHS = [("zmm", 64), ("ymm", 32), ("xmm", 16), (".16b", 16), (".4s", 16)]
# What llvm-mca is asked for: a processor that is the tier's own, of those that it has a model of.
PROCESSORS = {"avx512vnni": "icelake-server", "cascadelake": "cascadelake", "avx512": "skylake-avx512",
              "avxvnni": "alderlake", "avx2": "haswell", "x86-64-v2": "sandybridge"}
WIDE_PROCESSOR = "sapphirerapids"  # of tiers beyond these


class Instruction:
    def __init__(self, at, text):
        self.at = at
        self.text = re.sub(r"\s+", " ", text.split("#")[0].split("//")[0]).strip()
        parts = self.text.split(" ", 1)
        self.name = parts[0]
        self.operands = parts[1] if len(parts) > 1 else ""

    def kind(self):
        return next((kind for kind, pattern in KINDS if re.match(pattern, self.name)), "scalar")

    def loads(self):
        """Whether it reads memory: an operand in parentheses that is not the last, which is written to."""
        return "(" in self.operands and self.kind() not in ("prefetch", "scalar") and \
            not re.search(r"\([^)]*\)(\{%k\d\})?$", self.operands)

    def target(self):
        """Where a jump leads within the function, else None."""
        m = re.match(r"(0x)?([0-9a-f]+) <", self.operands) if self.name.startswith(("j", "b", "cb", "tb")) else None
        return int(m.group(2), 16) if m else None

    def macs(self):
        for pattern, macs in TILE_MACS:
            if re.match(pattern, self.name):
                return macs
        width = next((w for register, w in WIDTHS if register in self.operands), 0)
        return next((width * per for pattern, per in MACS if re.match(pattern, self.name)), 0)


def functions(llvm, path):
    """The instructions of each function of an object."""
    out = subprocess.run([f"llvm-objdump-{llvm}", "-d", "--no-show-raw-insn", path], check=True, capture_output=True,
                         text=True).stdout
    found, current = {}, None
    for line in out.splitlines():
        head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        if head:
            current = found.setdefault(head.group(1), [])
        m = re.match(r"\s*([0-9a-f]+):\s+(.+)$", line)
        if m and current is not None:
            current.append(Instruction(int(m.group(1), 16), m.group(2)))
    return found


def innermost_loops(code):
    """Runs of instructions from a backward jump's target to the jump, without others inside."""
    spans = {(i.target(), i.at) for i in code if i.target() is not None and i.target() <= i.at}
    inner = [s for s in spans if not any(o != s and s[0] <= o[0] and o[1] <= s[1] for o in spans)]
    return [[i for i in code if lo <= i.at <= hi] for lo, hi in sorted(inner)]


def mix(weighted):
    """Kinds in parts of a hundred, and how many of all instructions read memory."""
    kinds, loads, total = {}, 0, 0
    for i, n in weighted:
        kinds[i.kind()] = kinds.get(i.kind(), 0) + n
        loads += n if i.loads() else 0
        total += n
    parts = [f"{kind} {100 * n / total:.0f}" for kind, n in sorted(kinds.items(), key=lambda k: -k[1]) if 200 * n >= total]
    return ", ".join(parts) + f"; {100 * loads / total:.0f} read memory"


def predict(llvm, tier, loop):
    """Cycles of one turn of a loop by llvm-mca, None where it cannot tell."""
    lines = ["turn:"] + [f"{i.name} turn" if i.target() is not None else i.text for i in loop]
    cpu = PROCESSORS.get(tier, WIDE_PROCESSOR)
    done = subprocess.run([f"llvm-mca-{llvm}", "-mtriple=x86_64-linux-gnu", f"-mcpu={cpu}", "-iterations=200"],
                          input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    cycles = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return (int(cycles.group(1)) / 200, cpu) if cycles else None


def of_run(llvm, record):
    """An entry of the report from a record of a run."""
    code = functions(llvm, record["object"])[record["symbol"]]
    start, counts = code[0].at, dict(map(tuple, record["steps"]))
    work = record["rows"] * record["columns"] * record["tokens"]
    entry = {k: record[k] for k in ("tier", "format", "act", "tokens")}
    entry |= {"per_weight": record["total"] / work, "mix": mix([(i, counts.get(i.at - start, 0)) for i in code]),
              "how": "run"}
    loops = [(sum(counts.get(i.at - start, 0) for i in l), l) for l in innermost_loops(code)]
    executed, hot = max(loops, key=lambda l: l[0], default=(0, []))
    if 2 * executed < record["total"]:
        return entry  # no loop stands for the kernel
    turns = counts.get(hot[-1].at - start, 0)
    prediction = predict(llvm, record["tier"], hot)
    if prediction:  # the loop's share of the instructions is taken for its share of the weights
        cycles, cpu = prediction
        entry |= {"cycles": cycles * turns / (work * executed / record["total"]), "cpu": cpu}
    return entry


def macs_of(loop):
    return sum(i.macs() for i in loop)


def of_loop(llvm, tier, fmt, tokens, loop):
    macs = macs_of(loop)
    prediction = predict(llvm, tier, loop)
    entry = {"tier": tier, "format": fmt, "act": "", "tokens": tokens, "per_weight": len(loop) / macs,
             "mix": mix([(i, 1) for i in loop]), "how": "loop, not executed"}
    return entry | ({"cycles": prediction[0] / macs, "cpu": prediction[1]} if prediction else {})


def static(llvm, qcc, tier, formats):
    """The loops that multiply least and most in a turn: those of one token and of many."""
    out = []
    for fmt in formats:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([qcc, "--kernels", fmt, f"--tiers={tier}", "-o", folder], check=True)
            archive = next(f for f in os.listdir(folder) if f.endswith(".a"))
            found = functions(llvm, os.path.join(folder, archive))
        code = next(c for name, c in found.items() if "matmul" in name)
        loops = sorted((l for l in innermost_loops(code) if macs_of(l) > 0), key=macs_of)
        if loops:
            out += [of_loop(llvm, tier, fmt, 1, loops[0]), of_loop(llvm, tier, fmt, 32, loops[-1])]
    return out


def show(llvm, path, symbol):
    for name, code in functions(llvm, path).items():
        if symbol not in (None, name):
            continue
        for loop in innermost_loops(code):
            macs = macs_of(loop)
            if macs > 0:
                print(f"{name}+{loop[0].at - code[0].at:#x}: {len(loop)} instructions, {macs:.0f} multiply-adds, "
                      f"{64 * len(loop) / macs:.2f} for 64; {mix([(i, 1) for i in loop])}")


def append(path, entries):
    """Replaces entries of the same kernel."""
    old = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            old = json.load(f)
    new = {(e["tier"], e["format"], e["tokens"]) for e in entries}
    kept = [e for e in old if (e["tier"], e["format"], e["tokens"]) not in new]
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(kept + entries, f, indent=1)
    os.replace(path + ".new", path)


def main():
    if len(sys.argv) >= 5 and sys.argv[1] == "run":
        with open(os.path.join(sys.argv[3], "counts.jsonl"), encoding="utf-8") as f:
            append(sys.argv[4], [of_run(sys.argv[2], json.loads(line)) for line in f])
    elif len(sys.argv) >= 7 and sys.argv[1] == "static":
        append(sys.argv[5], static(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[6:]))
    elif len(sys.argv) in (4, 5) and sys.argv[1] == "show":
        show(sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) == 5 else None)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
