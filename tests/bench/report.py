"""Writes docs/performance.md and docs/roofline.svg from results (run.py). Only what stands between the two marks is
replaced; the rest of the document is written by hand."""
import json
import math
import os
import sys

import goals
import roofline

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SQUARE = (4096, 4096)
DECODED = "f32, OpenBLAS"  # how the stand-in for a library begins

# ---- results -------------------------------------------------------------------------------------------------------


def key(r):
    return tuple(r[k] for k in ("tier", "format", "act", "rows", "columns", "tokens", "threads"))


def merge(old, new):
    """New results in the place of old ones that measured the same; a comparison is not replaced by a run without one."""
    out = {key(r): r for r in old}
    for r in new:
        before = out.get(key(r))
        if before is None or r["peers"] or not before["peers"] or r["date"] != before["date"]:
            out[key(r)] = r
    return list(out.values())


def weights(r):
    return r["rows"] * r["columns"]


def macs_rate(r):
    return weights(r) * r["tokens"] / r["seconds"]


def share(r):
    """Of the limit that bounds the kernel."""
    rate = r["bytes"] / r["seconds"] if r["limit"] == "read" else macs_rate(r)
    return rate / r["rate"]


def fastest_peer(r):
    peers = [p for p in r["peers"] if p["seconds"] > 0]
    return min(peers, key=lambda p: p["seconds"]) if peers else None


def speedup(r):
    """How many times faster than the fastest peer, which prepares its activations in the same time: so does qcc here."""
    peer = fastest_peer(r)
    return peer["seconds"] / (r["seconds"] + r["prepare"]) if peer else None


def has_library(r):
    return any(not p["name"].startswith(DECODED) for p in r["peers"])


def geometric_mean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def read_counts(build):
    path = os.path.join(build, "bench", "counts.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return json.load(f)


# ---- text ----------------------------------------------------------------------------------------------------------


def percent(x):
    return "" if x is None else f"{100 * x:.0f} %"


def times(x):
    return "" if x is None else f"{x:.2f}" if x < 10 else f"{x:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def name(r):
    usual = r["act"] in ("i8 per 32 dynamic", "f32")
    return f"`{r['format']}`" + ("" if usual else f", {r['act'].replace(' dynamic', '')}")


def threads_text(n):
    return f"{n} thread" + ("" if n == 1 else "s")


class Tier:
    """Results of one tier, by format."""

    def __init__(self, results):
        self.all = results
        self.cases = {}
        for r in results:
            self.cases[(name(r), r["rows"], r["columns"], r["tokens"], r["threads"])] = r
        self.threads = sorted({r["threads"] for r in results})

    def find(self, fmt, tokens, threads, shape=SQUARE):
        return self.cases.get((fmt, *shape, tokens, threads))

    def formats(self, keep):
        """Names in the order in which they were measured, those with `keep(case)` for one of their cases."""
        return list(dict.fromkeys(name(r) for r in self.all if keep(r)))


def peer_name(r):
    peer = fastest_peer(r) if r else None
    return peer["name"].replace("ggml ", "ggml ").split(" ", 2)[0].rstrip(",") if peer else ""


def mean_row(label, cells):
    return [f"**{label}**"] + cells


def one_token_table(t, shape, formats):
    head = ["format", "mode", "bits stored", "packed", "compile, ms"]
    for n in t.threads:
        head += [f"{threads_text(n)}: GB/s", "of reading", "x peer"]
    rows, columns = [], [[] for _ in range(2 * len(t.threads))]
    for f in formats:
        cases = [t.find(f, 1, n, shape) for n in t.threads]
        first = next((r for r in cases if r), None)
        if first is None:
            continue
        row = [f, first["mode"], f"{8 * first['stored'] / weights(first):.2f}",
               f"{8 * first['bytes'] / weights(first):.2f}", f"{1000 * first['compile']:.0f}"]
        for i, r in enumerate(cases):
            row += [f"{r['bytes'] / r['seconds'] / 1e9:.1f}", percent(share(r)), times(speedup(r))] if r else [""] * 3
            if r:
                columns[2 * i].append(share(r))
                columns[2 * i + 1].append(speedup(r))
        rows.append(row)
    means = ["", "", "", ""]
    for i in range(len(t.threads)):
        means += ["", percent(geometric_mean(columns[2 * i])), times(geometric_mean(columns[2 * i + 1]))]
    return table(head, rows + [mean_row("geometric mean", means)]) if rows else ""


def many_tokens_table(t, threads, shape, formats):
    tokens = sorted({r["tokens"] for r in t.all if r["tokens"] >= 8 and (r["rows"], r["columns"]) == shape
                     and r["tokens"] in (8, 32, 128, 512)})
    head = ["format", "unit"] + [h for m in tokens for h in (f"{m} tokens", "x peer")]
    rows, shares, speedups = [], {m: [] for m in tokens}, {m: [] for m in tokens}
    for f in formats:
        cases = {m: t.find(f, m, threads, shape) for m in tokens}
        first = next((r for r in cases.values() if r), None)
        if first is None:
            continue
        row = [f, first["limit"]]
        for m, r in cases.items():
            row += [percent(share(r)), times(speedup(r))] if r else ["", ""]
            if r:
                shares[m].append(share(r))
                speedups[m].append(speedup(r))
        rows.append(row)
    means = [""] + [c for m in tokens for c in (percent(geometric_mean(shares[m])), times(geometric_mean(speedups[m])))]
    return table(head, rows + [mean_row("geometric mean", means)]) if rows else ""


def sweep_table(t):
    """Time for each token, relative to that of one token alone."""
    formats = [f for f in t.formats(lambda r: 2 <= r["tokens"] <= 7) if t.find(f, 1, t.threads[0])]
    tokens = sorted({r["tokens"] for r in t.all if r["tokens"] <= 16})
    if not formats:
        return ""
    rows = []
    for f in formats:
        one = t.find(f, 1, t.threads[0])["seconds"]
        cases = [t.find(f, m, t.threads[0]) for m in tokens]
        rows.append([f] + [f"{r['seconds'] / r['tokens'] / one:.2f}" if r else "" for r in cases])
    return table(["format"] + [str(m) for m in tokens], rows)


def scaling(t, tokens):
    """Two threads' rate over one's, geometric mean over formats."""
    ratios = []
    for f in t.formats(lambda r: True):
        one, two = t.find(f, tokens, 1), t.find(f, tokens, 2)
        if one and two:
            ratios.append(one["seconds"] / two["seconds"])
    return geometric_mean(ratios)


def limits_text(t):
    parts = []
    for n in t.threads:
        seen = {}
        for r in t.all:
            if r["threads"] == n:
                seen.setdefault(r["limit"], []).append(r["rate"])
        texts = [f"{k} {min(v) / 1e9:.0f} to {max(v) / 1e9:.0f} {'GB/s' if k == 'read' else 'GMAC/s'}"
                 for k, v in sorted(seen.items(), key=lambda kv: kv[0] != "read")]
        parts.append(f"{threads_text(n)}: " + ", ".join(texts))
    return "; ".join(parts)


def tier_section(tier, results):
    t = Tier(results)
    compared = t.formats(has_library)
    others = [f for f in t.formats(lambda r: True) if f not in compared]
    lists = [("Formats that a library has", compared), ("Formats that none has", others)]
    out = [f"### {tier}", f"Limits seen between the kernels: {limits_text(t)}."]
    reached = goals.lines(results, sys.modules[__name__])
    if reached:
        out += ["Goals, and how many cases reach them (in parentheses: tokens):", "\n".join(reached)]
    shapes = sorted({(r["rows"], r["columns"]) for r in results})
    for shape in shapes:
        for label, formats in lists:
            text = one_token_table(t, shape, formats)
            if text:
                out += [f"#### One token, {shape[0]} x {shape[1]}: {label[0].lower() + label[1:]}", text]
        for n in t.threads:
            for label, formats in lists:
                text = many_tokens_table(t, n, shape, formats)
                if text:
                    out += [f"#### Many tokens, {shape[0]} x {shape[1]}, {threads_text(n)}: "
                            + label[0].lower() + label[1:], text]
    ratio = [(m, scaling(t, m)) for m in (1, 32, 128, 512)]
    if any(v for _, v in ratio):
        out.append("Two threads over one, geometric mean over formats: "
                   + ", ".join(f"{m} token{'' if m == 1 else 's'} {v:.2f}" for m, v in ratio if v) + ".")
    text = sweep_table(t)
    if text:
        out += ["#### From 1 to 16 tokens", "Time for each token, one token alone being 1 (one thread, 4096 x 4096; with one "
                "token weights come from memory):", text]
    return "\n\n".join(out)


def counts_section(counts):
    if not counts:
        return ""
    head = ["tier", "format", "tokens", "instructions", "kinds, %", "cycles, predicted", "how"]
    rows = [[c["tier"], f"`{c['format']}`", str(c["tokens"]), f"{c['per_weight']:.3f}", c["mix"],
             f"{c['cycles']:.4f}, {c['cpu']}" if c.get("cycles") else "", c["how"]] for c in counts]
    return "### Instructions\n\n" + COUNTS + "\n\n" + table(head, rows)


COUNTS = """Instructions for each weight and token, their kinds in parts of a hundred, and the cycles that `llvm-mca` predicts
for the hot loop on the named processor, as if all operands were in the first-level cache. `run`: every instruction of a whole
product, counted by single steps. `loop, not executed`: the loop of the disassembled kernel, for tiers that do not run on
the machine above."""

INTRODUCTION = """`./dev bench` wrote this part. Every figure is a ratio within one run: qcc's kernel, the other library's
and the machine's limit take turns, and the best of each counts. *Of reading*: bytes of packed weights a second over the read bandwidth;
weights of one token rotate through {memory} MB on all sides. *x peer*: how many times faster than the
fastest of the libraries, both with the preparation of activations; for formats that no library has, than multiplying weights that were
decoded to f32 before (decoding not counted). Many tokens: share of the peak of the *unit* that the kernel uses."""


def machine_text(results):
    machines = {json.dumps(r["machine"], sort_keys=True) for r in results}
    m = json.loads(sorted(machines)[0])
    dates = sorted({r["date"] for r in results})
    peers = sorted({p["name"].split(", ")[0] if not p["name"].startswith("f32") else p["name"][5:]
                    for r in results for p in r["peers"]})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return (f"{m['cores']} cores of an {m['cpu']}, {m['system']}; {when}. "
            + (f"Compared with {', '.join(peers)}." if peers else "Nothing to compare with could be had."))


def summary(results, tiers):
    """Geometric means, a line for each tier."""
    head = ["tier", "one token: of reading", "x peer", "32 tokens: of the peak", "x peer", "formats"]
    rows = []
    for tier in tiers:
        mine = [r for r in results if r["tier"] == tier and r["threads"] == 1 and (r["rows"], r["columns"]) == SQUARE
                and (has_library(r) or not r["peers"])]
        one = [r for r in mine if r["tokens"] == 1]
        many = [r for r in mine if r["tokens"] == 32]
        if not mine:
            continue
        rows.append([tier, percent(geometric_mean(map(share, one))), times(geometric_mean(map(speedup, one))),
                     percent(geometric_mean(map(share, many))), times(geometric_mean(map(speedup, many))),
                     str(len({r["format"] for r in mine}))])
    if not rows:
        return ""
    return "### Geometric means\n\nOne thread, formats that a library has, 4096 x 4096.\n\n" + table(head, rows)


def measured(results, counts):
    tiers = list(dict.fromkeys(r["tier"] for r in results))
    parts = [INTRODUCTION.format(memory=results[0]["memory"]), machine_text(results), summary(results, tiers),
             "![Roofline](roofline.svg)\n\nThe roof is the lower of reading weights and multiplying them, one thread, "
             f"{tiers[0]}; a dot is a format at a number of tokens."]
    parts += [tier_section(t, [r for r in results if r["tier"] == t]) for t in tiers]
    return "\n\n".join(p for p in parts + [counts_section(counts)] if p)


def replace_measured(document, text):
    """The document with `text` between the marks, at its end where there are none."""
    if BEGIN not in document or END not in document:
        document = document.rstrip("\n") + f"\n\n## Measured\n\n{BEGIN}\n{END}\n"
    before, rest = document.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END, 1)[1]}"


def write(results, counts, docs):
    path = os.path.join(docs, "performance.md")
    document = "# Performance\n"
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            document = f.read()
    write_file(path, replace_measured(document, measured(results, counts)))
    first = results[0]["tier"]
    write_file(os.path.join(docs, "roofline.svg"), roofline.draw([r for r in results if r["tier"] == first]))


def write_file(path, text):
    """Under its name when it is whole."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)
