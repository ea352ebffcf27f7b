"""What was aimed for, and which formats miss it: a line for each goal of the report."""

MOST = 6  # misses that are named


def enough_bits(r):
    return 8 * r["stored"] <= 8.5 * r["rows"] * r["columns"]


def line(text, cases, value, enough, write, label):
    """`cases`: results; those without a value do not count."""
    found = [(value(r), label(r)) for r in cases]
    found = [(v, l) for v, l in found if v is not None]
    if not found:
        return None
    missed = sorted((v, l) for v, l in found if v < enough)
    out = f"{text}: {len(found) - len(missed)} of {len(found)}"
    if missed:
        names = ", ".join(f"{l} {write(v)}" for v, l in missed[:MOST])
        out += f"; lowest {names}" + (f", and {len(missed) - MOST} more" if len(missed) > MOST else "")
    return "- " + out + "."


def per_token(by_case, r):
    """One token's time over this case's time for each token."""
    one = by_case.get((r["format"], r["act"], 1))
    return one["seconds"] / (r["seconds"] / r["tokens"]) if one else None


def of_threads(by_case, r):
    one = by_case.get((r["format"], r["act"], r["tokens"]))
    return one["seconds"] / r["seconds"] if one else None


def lines(results, report):
    """Of one tier; `report` gives share, speedup, percent, times, name and has_library."""
    square = [r for r in results if (r["rows"], r["columns"]) == report.SQUARE]
    alone = {(r["format"], r["act"], r["tokens"]): r for r in square if r["threads"] == 1}
    out = []
    for n in sorted({r["threads"] for r in square}):
        mine = [r for r in square if r["threads"] == n]
        one = [r for r in mine if r["tokens"] == 1]
        many = [r for r in mine if r["tokens"] in (32, 128, 512)]

        def at(r):
            return f"{report.name(r)} ({r['tokens']})"
        label = f"{report.threads_text(n)}, "
        out += [
            line(label + "one token, at most 8.5 bits stored, 90 % of reading", [r for r in one if enough_bits(r)],
                 report.share, 0.9, report.percent, report.name),
            line(label + "32 tokens and more, integers, 72 % of the peak", [r for r in many if r["limit"] == "byte dot"],
                 report.share, 0.72, report.percent, at),
            line(label + "32 tokens and more, floats, 65 % of the peak", [r for r in many if r["limit"] != "byte dot"],
                 report.share, 0.65, report.percent, at),
            line(label + "at least as fast as the fastest library", [r for r in mine if report.has_library(r)],
                 report.speedup, 1, report.times, at)]
    few = [r for r in alone.values() if 2 <= r["tokens"] <= 16]
    out.append(line("1 thread, 2 to 16 tokens, each no slower than one alone", few, lambda r: per_token(alone, r), 1,
                    report.times, lambda r: f"{report.name(r)} ({r['tokens']})"))
    two = [r for r in square if r["threads"] == 2 and r["tokens"] >= 32]
    out.append(line("2 threads, 32 tokens and more, 1.9 times one thread", two, lambda r: of_threads(alone, r), 1.9,
                    report.times, lambda r: f"{report.name(r)} ({r['tokens']})"))
    return [l for l in out if l]
