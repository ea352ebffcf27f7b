#!/usr/bin/env python3
"""How well the cost model orders formats: predictions.py BENCH.json ..

Each file is what `qcc bench --json` printed; of a product that is in several the fastest counts. For every tier and number of tokens: Spearman's rank correlation between the
predicted and the measured speed, the median of measured over predicted, and the formats that are furthest from it.
"""

import json
import math
import statistics
import sys

OVERLAP = 0.2  # as in cost/predict.c
FAR = 8  # formats shown


def ranks(values):
    """Ranks from 1 on; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    out = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for i in range(at, end + 1):
            out[order[i]] = (at + end) / 2 + 1
        at = end + 1
    return out


def correlation(x, y):
    """Pearson's, 0 where one of the two is constant."""
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    both = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y))
    spread = math.sqrt(sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y))
    return both / spread if spread > 0 else 0.0


def predicted_rate(row, limit):
    """What the model says when memory gives `limit` bytes a second: on a machine that others use as well, what it gave beside
    one product says little of what it gave beside another. As cost/predict.c adds the parts up."""
    parts = dict(row["predicted"]["parts"])
    if row["tokens"] == 1:
        parts["memory"] *= row["limit"] / limit
    together = [parts["memory"], parts["load ports"], parts["dot units"] + parts["decoding"] + parts["scaling"]]
    cycles = max(together) + OVERLAP * (sum(together) - max(together))
    return row["predicted"]["macs"] * row["predicted"]["cycles"] / cycles


def report(tier, tokens, rows):
    limit = max(row["limit"] for row in rows)
    predicted = [predicted_rate(row, limit) for row in rows]
    measured = [row["macs_per_second"] for row in rows]
    ratios = [m / p for m, p in zip(measured, predicted)]
    middle = statistics.median(ratios)
    rho = correlation(ranks(predicted), ranks(measured))
    within = sum(1 for r in ratios if middle / 1.5 <= r <= middle * 1.5)
    print(f"{tier}, {tokens} token(s): {len(rows)} products, rank correlation {rho:.3f}, measured/predicted {middle:.2f}"
          f" in the middle, {100 * within / len(rows):.0f} % within a factor of 1.5 of that")
    far = sorted(zip(ratios, rows), key=lambda r: -abs(math.log(r[0] / middle)))
    for ratio, row in far[:FAR]:
        print(f"  {ratio:5.2f}  {row['format']}, {row['activations']}: {row['macs_per_second'] / 1e9:.1f} GMAC/s,"
              f" predicted {row['macs_per_second'] / ratio / 1e9:.1f}, {row['predicted']['bound']}")


def main():
    rows = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            rows += json.load(file)["matrices"]
    if not rows:
        sys.exit(__doc__)
    best = {}
    for row in rows:
        key = tuple(row[k] for k in ("tier", "tokens", "format", "activations", "rows", "columns"))
        if key not in best or row["macs_per_second"] > best[key]["macs_per_second"]:
            best[key] = row
    rows = list(best.values())
    for key in sorted({(row["tier"], row["tokens"]) for row in rows}):
        report(*key, [row for row in rows if (row["tier"], row["tokens"]) == key])


if __name__ == "__main__":
    main()
