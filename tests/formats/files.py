"""Files of the types that GGUF numbers, as a user has them: every layout with a type number is found by that number alone, converted to
f32 and compared bit by bit; some are compiled and run.

files.py QCC WEIGHTS_OF SCHEMES FOLDER

The tensors and what they mean are those of references/*.py.
"""

import json
import pathlib
import struct
import subprocess
import sys

import numpy as np

import references

RUN = [("iq4_ks", "gguf"), ("iq4_ks", "gguf_r4"), ("iq4_kss", "gguf"), ("q4_0", "gguf_4_8"), ("iq2_kt", "gguf"), ("iq2_xxs", "gguf_r4"),
       ("int8_row", "gguf_kv")]


def write_gguf(path, tensors):
    """tensors: (name, type number, rows, columns, bytes)."""
    infos, data = b"", b""
    for name, number, rows, columns, raw in tensors:
        infos += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<IQQIQ", 2, columns, rows, number, len(data))
        data += raw + bytes(-len(raw) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 0) + infos
    path.write_bytes(head + bytes(-len(head) % 32) + data)


def read_safetensors(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    out = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            out[name.removesuffix(".w")] = np.frombuffer(raw[8 + size + begin : 8 + size + end], dtype="<f4").reshape(entry["shape"])
    return out


def typed_layouts(weights_of, schemes, folder):
    """{(scheme, layout): type number} of those that a number is enough for."""
    table = folder / "list.tsv"
    subprocess.run([weights_of, schemes], input=f"list {table}\n", text=True, check=True, stdout=subprocess.DEVNULL)
    out, number_of = {}, {}
    for line in table.read_text().splitlines():
        scheme, _, _, layouts = line.split("\t")
        for layout in layouts.split():
            name, _, _, number = layout.split(":")
            if int(number) >= 0:
                number_of[scheme, name] = int(number)
    for key, number in number_of.items():
        if list(number_of.values()).count(number) == 1:
            out[key] = number
    return out, {key: number for key, number in number_of.items() if key not in out}


def choose_cases(layouts):
    """The smallest tensor of finite numbers for each layout."""
    cases, _, broken = references.load_references([])
    chosen = {}
    for case in cases:
        key = case.scheme, case.layout
        with np.errstate(over="ignore"):
            finite = np.all(np.isfinite(case.expected.astype(np.float32)))
        if key not in layouts or case.refused or not finite or np.ptp(case.expected) == 0:
            continue
        if key not in chosen or case.expected.size < chosen[key].expected.size:
            chosen[key] = case
    return chosen, broken


class Runner:
    def __init__(self, qcc, folder):
        self.qcc, self.folder, self.failures = qcc, folder, []

    def run(self, *words):
        done = subprocess.run([self.qcc, *map(str, words)], cwd=self.folder, text=True, capture_output=True)
        return done.returncode, done.stdout + done.stderr

    def check(self, good, text):
        if not good:
            self.failures.append(text)


def check_converted(r, chosen, layouts):
    tensors, names = [], {}
    for (scheme, layout), case in chosen.items():
        names[scheme, layout] = f"{scheme}.{layout}.weight"
        raw = np.ascontiguousarray(next(iter(case.tensors.values()))).tobytes()
        tensors.append((names[scheme, layout], layouts[scheme, layout], *case.expected.shape, raw))
    write_gguf(r.folder / "all.gguf", tensors)
    code, text = r.run("convert", "all.gguf", "--to", "f32", "-o", "all.safetensors")
    r.check(code == 0, f"not converted: {text[-2000:]}")
    if code != 0:
        return 0
    found = read_safetensors(r.folder / "all.safetensors")
    for key, case in chosen.items():
        if names[key] not in found:
            r.check(False, f"{names[key]} is missing")
            continue
        same = references.bits(found[names[key]]) == references.bits(case.expected.astype(np.float32))
        r.check(same.all(), f"{names[key]}: {(~same).sum()} of {same.size} differ")
    return len(found)


def check_run(r, chosen, rng):
    for scheme, layout in RUN:
        case = chosen[scheme, layout]
        rows, columns = case.expected.shape
        x = rng.normal(size=(3, columns)).astype(np.float32)
        np.save(r.folder / "x.npy", x)
        (r.folder / "m.q").write_text(f"""model m {{
  weights "all.gguf";
  dim batch <= 3;
  input x : f32[batch, {columns}];
  output y = linear(x, "{scheme}.{layout}");
}}
quantize {{ "*" : act = f32; }}
""")
        code, text = r.run("run", "m.q", "--input", "x.npy", "--output", "y.npy")
        if code != 0:
            r.check(False, f"{scheme} {layout} was not run: {text}")
            continue
        y, exact = np.load(r.folder / "y.npy"), x.astype(np.float64) @ case.expected.T.astype(np.float64)
        size = np.abs(x.astype(np.float64)) @ np.abs(case.expected.T.astype(np.float64))
        worst = np.max(np.abs(y - exact) / (size + 1e-30))
        r.check(worst < 1e-6, f"{scheme} {layout}: wrong by {worst:.2g} of the sum of amounts")


def check_messages(r, unclear):
    rows, columns = 8, 128
    number = next(iter(unclear.values()))
    write_gguf(r.folder / "bad.gguf", [("a.weight", 250, rows, columns, bytes(512)), ("b.weight", number, rows, columns, bytes(288)),
                                       ("c.weight", 151, rows, columns, bytes(rows * columns))])
    for layer, expected in ("a", ["stored in blocks of type 250, which no scheme reads", "type = 250 (docs/language.md)"]), \
                           ("b", [f"stored in type {number}, which may be the layout", "say which in a rule of `quantize`"]), \
                           ("c", ["1088 bytes do not fit into the 1024 bytes the file has for it"]):
        (r.folder / "bad.q").write_text(f"""model m {{
  weights "bad.gguf";
  input x : f32[{columns}];
  output y = linear(x, "{layer}");
}}
""")
        code, text = r.run("bad.q", "-o", "bad")
        for part in expected:
            r.check(code == 1 and part in text, f"{layer}: no message '{part}' in: {text}")
    scheme, layout = next(iter(unclear))
    with open(r.folder / "bad.q", "a", encoding="utf-8") as f:
        f.write(f'quantize {{ "c" : {scheme}, layout = {layout}; }}\n')
    code, text = r.run("bad.q", "-o", "bad")
    r.check(code == 1 and "stored in blocks of type 151" in text, f"another type was taken: {text}")


def main():
    qcc, weights_of, schemes, folder = sys.argv[1:]
    sys.modules["references"] = references
    sys.path.insert(0, str(references.HERE / "references"))
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    layouts, unclear = typed_layouts(weights_of, schemes, folder)
    chosen, broken = choose_cases(layouts)
    r = Runner(qcc, folder)
    for key in layouts:
        r.check(key in chosen, f"{key} has no reference")
    for text in broken:
        r.check(False, text)
    count = check_converted(r, chosen, layouts)
    check_run(r, chosen, np.random.default_rng(1))
    check_messages(r, unclear)
    for text in r.failures:
        print(f"FAILED: {text}")
    print(f"{count} layouts of {len({scheme for scheme, _ in chosen})} formats")
    return 1 if r.failures else 0


if __name__ == "__main__":
    sys.exit(main())
