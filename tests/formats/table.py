"""docs/formats.md from what tests have executed.

table.py check LIST RESULTS DOCUMENT   fails when the document claims what no test has shown
table.py write LIST RESULTS DOCUMENT   writes the document

LIST is what `weights_of` lists. RESULTS is a folder of .tsv files, each of them written whole by one test. A line has four
columns:

    format   check                verdict                        detail
    q4_0     decode               ok, failed                     the reference
    q4_0     encode               ok, failed, refused            relative error of normal weights
    q4_0     kernel/TARGET/TIER   ok, assembled, failed, refused name of the test
    q4_0     cost                 ok                             milliseconds and bytes
    *        CHECK                skipped                        why: claims of this check cannot be checked here

A claim stands when a line shows it and no line of the same check says that it failed. Times, sizes and errors are for
information and not compared.
"""

import os
import pathlib
import re
import sys

TARGETS = [("x86_64", "x86-64"), ("aarch64", "AArch64"), ("riscv64", "RISC-V"), ("nvptx64", "PTX")]
COLUMNS = ["format", "bits", "decodes equal to", "encodes"] + [name for _, name in TARGETS] + ["compile", "code"]

HEAD = """# Formats

What was shown of each format in the folder of schemes. This page is generated from tests that ran (`tests/formats/table.py`);
a test compares it with what the tests of a build have executed, and fails when the page claims more.

| column | |
| --- | --- |
| bits | true bits per weight of 4096 x 4096 weights, in the smallest layout or as the bare fields |
| decodes equal to | the reference decoder whose weights ours are equal to, every bit, for random and hostile bytes (`tests/formats/references`) |
| encodes | float weights are encoded; the number is the relative error (root mean square) of normally distributed weights |
| x86-64, AArch64, RISC-V | tiers on which the format's kernels gave what the reference decoder says, at 1 to 33 tokens, odd numbers of rows and columns; natively or under an emulator |
| PTX | `assembled`: the device's assembler took the kernels; `run`: they ran on a device |
| compile, code | processor time and bytes of one layer's kernels (activations and matrix product) for avx2, as measured when the page was written |

An empty cell was not shown. How to plug in a format or a reference: [new-format.md](new-format.md) and
`tests/formats/references.py`.

"""


def read_results(folder):
    """({(format, check): {verdict: [details]}}, {checks that were skipped})"""
    shown, skipped = {}, set()
    for path in sorted(pathlib.Path(folder).glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            name, check, verdict, detail = (line.split("\t") + [""] * 4)[:4]
            if name == "*":
                skipped.add(check)
            else:
                shown.setdefault((name, check), {}).setdefault(verdict, []).append(detail)
    return shown, skipped


def read_formats(path):
    rows = [line.split("\t") for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
    return {row[0]: {"parameters": row[1], "bits": float(row[2])} for row in rows}


def stands(shown, name, check):
    """The details when the check is passed, else None."""
    verdicts = shown.get((name, check), {})
    good = verdicts.get("ok", []) + verdicts.get("run", []) + verdicts.get("assembled", [])
    return good if good and "failed" not in verdicts else None


def tiers(shown, name, target):
    found = []
    for key, check in sorted(shown):
        if key != name or not check.startswith(f"kernel/{target}/") or stands(shown, name, check) is None:
            continue
        tier = check.split("/")[2]
        if target == "nvptx64":
            tier = ("run " if "run" in shown[name, check] else "assembled ") + tier
        found.append(tier)
    return sorted(found)


def kept_tiers(shown, skipped, name, target, before):
    """What the page said of checks that this build skipped for the format: a quick run draws some formats."""
    kept = [claim for claim in filter(None, before.split(", ")) if f"kernel/{target}/{claim.split()[-1]}" in skipped]
    return [claim for claim in kept if (name, f"kernel/{target}/{claim.split()[-1]}") not in shown]


def row_of(shown, skipped, name, info, before):
    decoded = stands(shown, name, "decode")
    encoded = stands(shown, name, "encode")
    cost = stands(shown, name, "cost")
    milliseconds, size = cost[0].split() if cost else ("", "")
    cells = [f"`{name}`", f"{info['bits']:.4g}", ", ".join(sorted(set(decoded or []))), encoded[0] if encoded else ""]
    for target, column in TARGETS:
        kept = kept_tiers(shown, skipped, name, target, before.get(column, ""))
        cells.append(", ".join(sorted(set(tiers(shown, name, target) + kept))))
    return cells + [f"{milliseconds} ms" if cost else "", f"{int(size) / 1024:.1f} KiB" if cost else ""]


def short_forms(formats, folder):
    """What else the folder has: names of rules, which are no formats."""
    names = sorted(path.stem for path in folder.glob("*.q") if path.stem not in formats)
    named = ", ".join(f"`{name}`" for name in names)
    return f"\nShort forms, which name a format and the activations that go with it: {named}.\n" if names else ""


def write(formats, shown, skipped, document):
    before = read_document(document)
    lines = [HEAD + "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    for name in sorted(formats):
        lines.append("| " + " | ".join(row_of(shown, skipped, name, formats[name], before.get(name, {}))) + " |")
    forms = short_forms(formats, pathlib.Path(document).resolve().parent.parent / "schemes")
    pathlib.Path(document).write_text("\n".join(lines) + "\n" + forms, encoding="utf-8")


def read_document(path):
    """{format: {column: cell}} of the table."""
    rows = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == len(COLUMNS) and re.fullmatch(r"`\w+`", cells[0]):
            rows[cells[0].strip("`")] = dict(zip(COLUMNS, cells))
    return rows


def claims_of(row, shown, name):
    """(what is claimed, its check, whether it stands)"""
    for reference in filter(None, row["decodes equal to"].split(", ")):
        yield f"decodes equal to {reference}", "decode", reference in (stands(shown, name, "decode") or [])
    if row["encodes"]:
        yield "encodes", "encode", stands(shown, name, "encode") is not None
    for target, column in TARGETS:
        for claim in filter(None, row[column].split(", ")):
            check = f"kernel/{target}/{claim.split()[-1]}"
            yield f"{column}: {claim}", check, claim in tiers(shown, name, target)
    if row["compile"] or row["code"]:
        yield "compiles", "cost", stands(shown, name, "cost") is not None


def check(formats, shown, skipped, document):
    rows, wrong, unknown = read_document(document), [], set()
    for name, row in rows.items():
        if name not in formats:
            wrong.append(f"{name}: there is no such format")
            continue
        if row["bits"] != f"{formats[name]['bits']:.4g}":
            wrong.append(f"{name}: has {formats[name]['bits']:.4g} bits, not {row['bits']}")
        for claim, check_name, good in claims_of(row, shown, name):
            if not good and check_name in skipped:
                unknown.add(check_name)
            elif not good:
                wrong.append(f"{name}: {claim}: no test has shown it")
    for name in sorted(unknown):
        print(f"not compared, because it was skipped: {name}")
    stale = sorted(set(formats) - set(rows))
    if stale:
        print(f"the table lacks {', '.join(stale)}: write it anew")
    if stale and os.environ.get("QCC_TEST_FULL") == "1":
        wrong.append("formats are missing")
    for text in wrong:
        print(f"FAILED {text}")
    print(f"{len(rows)} formats, {len(wrong)} wrong claims")
    return 1 if wrong or not rows else 0


def main():
    what, listed, results, document = sys.argv[1:]
    formats = read_formats(listed)
    shown, skipped = read_results(results)
    if what == "write":
        write(formats, shown, skipped, document)
        return 0
    return check(formats, shown, skipped, document)


if __name__ == "__main__":
    sys.exit(main())
