"""docs/writers.md from what tests of files have executed (corpus.py).

table.py check DOCUMENT RESULTS ..   fails when the document is not what the tests have shown
table.py write DOCUMENT RESULTS ..   writes the document
"""

import pathlib
import sys

COLUMNS = ["writer", "format", "file", "qcc says", "compared with"]

HEAD = """# Which writers' files open

Files in the form in which other programs write them, and what `qcc` says of each without being told anything about it (or with the
rule that is named). This page is generated from tests that ran (`tests/readers/table.py`): each file was compiled and its
weights read back, converted to f32, and inspected; the weights differ from those that the reference computes by less than
1e-6 (relative, root mean square). An `error` is a refusal: where a file can be read in several ways or leaves a question open,
nothing is guessed.

"""


def rows_of(results):
    rows = []
    for path in results:
        rows += [line.split("\t") for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
    return sorted(rows, key=lambda row: [cell.lower() for cell in row])


def text_of(rows):
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return HEAD + "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def check(document, rows):
    wanted, found = text_of(rows).splitlines(), document.read_text(encoding="utf-8").splitlines()
    wrong = [f"the page lacks: {line}" for line in wanted if line not in found]
    wrong += [f"no test has shown: {line}" for line in found if line not in wanted]
    for text in wrong:
        print(f"FAILED {text}")
    print(f"{len(rows)} files, {len(wrong)} lines differ; table.sh write brings the page up to date")
    return 1 if wrong or not rows else 0


def main():
    what, document, *results = sys.argv[1:]
    document, rows = pathlib.Path(document), rows_of(results)
    if what == "write":
        document.write_text(text_of(rows), encoding="utf-8")
        return 0
    return check(document, rows)


sys.exit(main())
