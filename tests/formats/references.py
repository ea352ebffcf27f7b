"""Decodes random and hostile bytes in every format that has a reference, and compares every bit.

references.py WEIGHTS_OF SCHEMES BUILD RESULTS [only FORMAT ..]

A reference is a decoder that nobody here wrote (a package), or plain numpy written from a format's specification. They are
declared in references/*.py: each such file has

    REFERENCE = "gguf"           what docs/formats.md says the format decodes equal to
    def cases(rng): ..           yields Case objects

and, if it can read whole blocks, READERS: {scheme: Reader}, to which what the project has encoded must mean the same. A
file is found by its folder: to plug in a reference, add a file there, or rows to one. Nothing else has to be told of it.

The rule of comparison. The project's decoder interprets the value expression in double. A reference in float32 must be
equal to that double rounded once to float32 (bits; any NaN is equal to any NaN), a reference in float64 to the double
itself. Where a package rounds in between (sums of rounded products), its file recomputes its formula in float64 from the
package's own tables and says so.
"""

import importlib.util
import pathlib
import subprocess
import sys
import traceback
from dataclasses import dataclass, field

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


@dataclass
class Case:
    """One tensor: `tensors` are the layout's tensors by name ({"": bytes} for blocks), in little endian; with layout "-"
    the fields by name, uint32 raw elements. `expected` is [rows, columns], float32 or float64."""

    scheme: str
    layout: str
    tensors: dict
    expected: np.ndarray
    what: str
    reference: str = field(default="")
    refused: str = field(default="")  # a message that must be said, where the tensors are wrong: then no numbers are expected
    values: bool = field(default=False)  # `expected` is without what the format does to the layer's input and output


@dataclass
class Reader:
    """What the bytes of a block layout mean: a function from uint8 to float32 numbers."""

    layout: str
    read: object


ELEMENT_NAMES = {
    "uint8": "u8", "int8": "i8", "uint16": "u16", "int16": "i16", "uint32": "u32", "int32": "i32", "uint64": "u64",
    "int64": "i64", "float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64",
    "float8_e4m3fn": "f8e4m3", "float8_e5m2": "f8e5m2", "float8_e8m0fnu": "e8m0",
    "float8_e4m3fnuz": "f8e4m3fnuz", "float8_e5m2fnuz": "f8e5m2fnuz",
}


class Tool:
    """Runs jobs of weights_of in one go."""

    def __init__(self, program, schemes, folder):
        self.program, self.schemes, self.folder = program, schemes, folder
        self.jobs = []
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name):
        return self.folder / name

    def add(self, *words):
        self.jobs.append(" ".join(str(w) for w in words))

    def run(self):
        jobs, self.jobs = self.jobs, []
        done = subprocess.run([self.program, self.schemes], input="\n".join(jobs) + "\n", text=True, capture_output=True)
        answers = done.stdout.split("\n")[:-1]
        if done.returncode != 0 or len(answers) != len(jobs):
            answers += ["crashed"] * (len(jobs) - len(answers))
        return answers, done.stderr


def add_decode(tool, number, case):
    words = []
    for i, (name, data) in enumerate(case.tensors.items()):
        path = tool.path(f"in.{number}.{i}")
        path.write_bytes(np.ascontiguousarray(data).tobytes())
        shape = "x".join(str(size) for size in data.shape) or "1"
        words.append(f"{name}={ELEMENT_NAMES[data.dtype.name]}={shape}={path}")
    rows, columns = case.expected.shape
    tool.add("values" if case.values else "decode", case.scheme, case.layout, rows, columns, tool.path(f"out.{number}"), *words)


def bits(x):
    """The numbers as integers, all NaN alike."""
    x = np.where(np.isnan(x), np.full_like(x, np.nan), x)
    return x.view(np.uint32 if x.dtype == np.float32 else np.uint64)


def difference(case, ours):
    """None when equal, else a text about the first difference."""
    with np.errstate(over="ignore", invalid="ignore"):
        ours = ours.astype(case.expected.dtype)
    unequal = np.argwhere(bits(ours) != bits(case.expected))
    if len(unequal) == 0:
        return None
    at = tuple(int(i) for i in unequal[0])
    return f"{len(unequal)} of {ours.size} differ, first at {at[0]}, {at[1]}: {ours[at]:.9g}, reference {case.expected[at]:.9g}"


def check_cases(tool, cases):
    """Gives ({(scheme, reference): [problems]}, whole log)."""
    for number, case in enumerate(cases):
        add_decode(tool, number, case)
    answers, log = tool.run()
    verdicts = {}
    for number, (case, answer) in enumerate(zip(cases, answers)):
        problems = verdicts.setdefault((case.scheme.split("(")[0], case.reference), [])
        out = tool.path(f"out.{number}")
        problem = f"it was {answer}"
        if case.refused:
            problem = None if answer == "refused" and case.refused in log else f"it was {answer}, not refused: {case.refused}"
        elif answer == "ok":
            problem = difference(case, np.fromfile(out, dtype="<f8").reshape(case.expected.shape))
        if problem is not None:
            problems.append(f"{case.scheme} {case.layout}, {case.what}: {problem}")
        for path in tool.folder.glob(f"in.{number}.*"):
            path.unlink()
        out.unlink(missing_ok=True)
    return verdicts, log


# ---- encoding --------------------------------------------------------------------------------------------


def check_encoded(tool, readers, rng):
    """What the project encodes into blocks must mean the same to the reference. Gives problems and a log. (How good the
    codes are is tested in tests/encode.)"""
    weights = rng.normal(size=(1, 512)).astype(np.float32)
    source = tool.path("encode.f32")
    source.write_bytes(weights.tobytes())
    for name in readers:
        for end in ("f64", "blocks"):
            tool.path(f"{name}.{end}").unlink(missing_ok=True)
        tool.add("encode", name, readers[name].layout, 1, 512, tool.path(f"{name}.f64"), source, tool.path(f"{name}.blocks"))
    answers, log = tool.run()
    problems = []
    for name, answer in zip(readers, answers):
        if not tool.path(f"{name}.blocks").exists():
            print(f"not written in blocks: {name}")
            continue
        decoded = np.fromfile(tool.path(f"{name}.f64"), dtype="<f8").reshape(1, 512)
        blocks = np.fromfile(tool.path(f"{name}.blocks"), dtype=np.uint8)
        problem = difference(Case(name, "", {}, readers[name].read(blocks).reshape(1, 512), ""), decoded)
        if problem:
            problems.append(f"{name}, encoded: {problem}")
    return problems, log


# ---- all -------------------------------------------------------------------------------------------------


def load_references(only):
    cases, readers, broken = [], {}, []
    for path in sorted((HERE / "references").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            readers.update(getattr(module, "READERS", {}))
            for case in module.cases(np.random.default_rng(sum(path.stem.encode()))):
                case.reference = case.reference or module.REFERENCE
                if not only or case.scheme.split("(")[0] in only:
                    cases.append(case)
        except Exception:
            broken.append(f"{path.name}: {traceback.format_exc()}")
    return cases, readers, broken


def main():
    program, schemes, build, results, *only = sys.argv[1:]
    sys.modules["references"] = sys.modules["__main__"]  # for `from references import Case`
    sys.path.insert(0, str(HERE / "references"))
    tool = Tool(program, schemes, pathlib.Path(build) / "references")
    cases, readers, broken = load_references(only)
    verdicts, log = check_cases(tool, cases)
    encoded, encode_log = check_encoded(tool, readers, np.random.default_rng(1))
    pathlib.Path(results).parent.mkdir(parents=True, exist_ok=True)
    with open(results, "w", encoding="utf-8") as f:
        for (scheme, reference), problems in sorted(verdicts.items()):
            f.write(f"{scheme}\tdecode\t{'failed' if problems else 'ok'}\t{reference}\n")
    for (scheme, reference), found in sorted(verdicts.items()):
        for problem in found[:3]:
            print(f"FAILED against {reference}: {problem}")
    for text in broken + encoded:
        print(f"FAILED: {text}")
    failed = not cases or broken or encoded or any(verdicts.values())
    if failed:
        print((log + encode_log)[-4000:])
    print(f"{len(cases)} tensors of {len(verdicts)} formats and references")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
