"""A roofline plot as SVG: multiply-adds for each byte of packed weights against multiply-adds a second."""
import math

WIDTH, HEIGHT = 900, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 30, 60
STYLE = """<style>
  text { font: 12px sans-serif; fill: #1b1f24 } .paper { fill: #ffffff } .grid { stroke: #d0d7de }
  .roof { stroke: #1b1f24; stroke-width: 2; fill: none } .dot { stroke: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .paper { fill: #0d1117 } .grid { stroke: #30363d }
    .roof { stroke: #e6edf3 } .dot { stroke: #0d1117 }
  }
</style>"""
COLOURS = ["#0969da", "#cf222e", "#1a7f37", "#8250df", "#bc4c00", "#57606a"]


class Axes:
    """Logarithmic on both sides."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def at_x(self, v):
        lo, hi = map(math.log10, self.x)
        return LEFT + (math.log10(v) - lo) / (hi - lo) * (WIDTH - LEFT - RIGHT)

    def at_y(self, v):
        lo, hi = map(math.log10, self.y)
        return HEIGHT - BOTTOM - (math.log10(v) - lo) / (hi - lo) * (HEIGHT - TOP - BOTTOM)


def powers(lo, hi, base):
    """Powers of the base that lie in the range."""
    out, v = [], base ** math.floor(math.log(lo, base))
    while v <= hi * 1.0001:
        if v >= lo * 0.9999:
            out.append(v)
        v *= base
    return out


def number(v):
    return f"{v:g}"


def grid(a):
    out = []
    for v in powers(*a.x, 4):
        out.append(f'<line class="grid" x1="{a.at_x(v):.1f}" x2="{a.at_x(v):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                   f'<text x="{a.at_x(v):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(v)}</text>')
    for v in powers(*a.y, 2):
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{a.at_y(v):.1f}" y2="{a.at_y(v):.1f}"/>'
                   f'<text x="{LEFT - 8}" y="{a.at_y(v) + 4:.1f}" text-anchor="end">{number(v)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">'
               "multiply-adds for each byte of packed weights</text>")
    out.append(f'<text x="{LEFT - 8}" y="{TOP - 12}">GMAC/s</text>')
    return out


def roof(a, read, peak, label):
    """`read` in GB/s, `peak` in GMAC/s."""
    low, knee = max(a.x[0], a.y[0] / read), peak / read
    points = [(low, low * read)] + ([(knee, peak)] if low < knee < a.x[1] else []) + [(a.x[1], min(peak, a.x[1] * read))]
    line = " ".join(f"{a.at_x(x):.1f},{a.at_y(y):.1f}" for x, y in points)
    return [f'<polyline class="roof" points="{line}"/>',
            f'<text x="{WIDTH - RIGHT + 6}" y="{a.at_y(points[-1][1]) + 4:.1f}">{label}</text>']


def dot(a, r, colour):
    x = r["rows"] * r["columns"] * r["tokens"] / r["bytes"]
    y = r["rows"] * r["columns"] * r["tokens"] / r["seconds"] / 1e9
    title = f'{r["format"]}, {r["tokens"]} tokens: {y:.0f} GMAC/s'
    return (f'<circle class="dot" cx="{a.at_x(x):.1f}" cy="{a.at_y(y):.1f}" r="4" fill="{colour}">'
            f"<title>{title}</title></circle>")


def legend(tokens):
    out = []
    for i, m in enumerate(tokens):
        y = HEIGHT - BOTTOM - 20 * (len(tokens) - i)
        out.append(f'<circle cx="{WIDTH - RIGHT + 14}" cy="{y - 4}" r="4" fill="{COLOURS[i % len(COLOURS)]}"/>'
                   f'<text x="{WIDTH - RIGHT + 24}" y="{y}">{m} token{"" if m == 1 else "s"}</text>')
    return out


def best_rate(results, limit):
    rates = [r["rate"] for r in results if r["limit"] == limit]
    return max(rates) / 1e9 if rates else None


def draw(results):
    """Of one thread and square matrices."""
    cases = [r for r in results if r["threads"] == 1 and r["rows"] == r["columns"]] or results
    shown = [m for m in (1, 8, 32, 128, 512) if any(r["tokens"] == m for r in cases)] or \
        sorted({r["tokens"] for r in cases})[:len(COLOURS)]
    cases = [r for r in cases if r["tokens"] in shown]
    read = max(r["read"] for r in cases) / 1e9
    peaks = [(limit, best_rate(cases, limit)) for limit in sorted({r["limit"] for r in cases} - {"read"})]
    intensity = [r["rows"] * r["columns"] * r["tokens"] / r["bytes"] for r in cases]
    rates = [r["rows"] * r["columns"] * r["tokens"] / r["seconds"] / 1e9 for r in cases]
    top = max([p for _, p in peaks] + rates)
    a = Axes((min(intensity) / 2, max(intensity) * 2), (min(rates) / 2, top * 1.5))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'aria-label="Roofline of the derived kernels">', STYLE,
           f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>'] + grid(a)
    for limit, peak in peaks:
        out += roof(a, read, peak, f"{limit}, {peak:.0f} GMAC/s")
    if not peaks:
        out += roof(a, read, top * 1.5, "")
    out.append(f'<text x="{LEFT + 8}" y="{TOP + 14}">read {read:.0f} GB/s, one thread, {cases[0]["tier"]}</text>')
    out += [dot(a, r, COLOURS[shown.index(r["tokens"]) % len(COLOURS)]) for r in cases] + legend(shown)
    return "\n".join(out + ["</svg>"]) + "\n"
