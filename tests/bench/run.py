#!/usr/bin/env python3
"""Measures and writes the report: run.py BUILD SOURCE [options], called by ./dev bench.

Results are kept as a JSON object a line in BUILD/bench/results.jsonl. A later run replaces what it measures again and keeps
the rest, unless the machine is another."""
import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

import plan
import report


def split(text):
    """Cuts at ',' outside of parentheses."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts if p.strip()]


def numbers(text):
    return [int(n) for n in text.split(",")]


def parse():
    p = argparse.ArgumentParser(prog="./dev bench", description="Measures the derived kernels beside other libraries and "
                                "the machine's limits, and writes docs/performance.md and docs/roofline.svg.")
    p.add_argument("build", help=argparse.SUPPRESS)
    p.add_argument("source", help=argparse.SUPPRESS)
    p.add_argument("--quick", action="store_true", help="a dozen formats, 1 and 32 tokens, one thread: a minute or two")
    p.add_argument("--tier", action="append", help="this tier only (may be given several times)")
    p.add_argument("--formats", type=split, help="these formats only: q4_0,int4_g(group=64)")
    p.add_argument("--tokens", type=numbers, help="these numbers of tokens only: 1,8,32")
    p.add_argument("--threads", type=numbers, help="1,2")
    p.add_argument("--shape", type=split, help="rows x columns: 4096x4096,4096x14336")
    p.add_argument("--act", help="activations of all formats: 'i8 per 256', 'f16'")
    p.add_argument("--seconds", type=float, help="for each case (the default is 0.2 to 0.3)")
    p.add_argument("--counts", action=argparse.BooleanOptionalAction,
                   help="count instructions as well; the default is to do so in a full run")
    p.add_argument("--megabytes", type=int, help="that weights of one token rotate through (the default is four times the "
                   "last-level cache, 128 at least)")
    p.add_argument("--minutes", type=float, default=40, help="what has not been measured then is left out (the default is 40)")
    p.add_argument("-I", dest="folder", help="a folder of more schemes")
    p.add_argument("--report", action=argparse.BooleanOptionalAction,
                   help="write the documents, or only print; the default is to print where formats, tokens or shapes are named")
    o = p.parse_args()
    if o.report is None:
        o.report = not (o.formats or o.tokens or o.shape or o.act)
    if o.counts is None:
        o.counts = o.report and not o.quick and not o.tier
    return o


def tiers_here(program):
    """Tiers that run on this machine, best first."""
    out = subprocess.run([program, "--tiers"], check=True, capture_output=True, text=True).stdout
    return out.split()


def choose(o, program):
    """The stages that the options ask for."""
    tiers = o.tier or tiers_here(program)
    threads = o.threads or [1] + ([2] if (os.cpu_count() or 1) > 1 else [])
    schemes = [f[:-2] for f in os.listdir(os.path.join(o.source, "schemes")) if f.endswith(".q")]
    stages = plan.quick(tiers, threads) if o.quick else plan.full(tiers, threads, schemes)
    if o.formats or o.tokens or o.shape:  # what is named is measured, on the main tiers or on those named
        formats = o.formats or (plan.QUICK_FORMATS if o.quick else plan.PEER_FORMATS + plan.OWN_FORMATS)
        stages = [plan.Stage("chosen", t, formats, o.tokens or plan.TOKENS, threads, o.shape or [plan.SQUARE], 0.3)
                  for t in (o.tier or plan.main_tiers(tiers))]
    elif o.tier and not o.quick:
        stages = [s for s in stages if s.tier in o.tier]
    for s in stages:
        s.seconds = o.seconds if o.seconds is not None else s.seconds
    return stages


def memory(o):
    """Megabytes that weights rotate through."""
    largest, folder = 0, "/sys/devices/system/cpu/cpu0/cache"
    for index in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, index, "size")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                m = re.match(r"(\d+)([KMG])", f.read())
            largest = max(largest, int(m.group(1)) << {"K": 10, "M": 20, "G": 30}[m.group(2)]) if m else largest
    return o.megabytes or max(128, 4 * largest >> 20)


def command(o, program, stage, out):
    c = [program, "--tier", stage.tier, "--formats", ";".join(stage.formats), "--out", out,
         "--tokens", ",".join(map(str, stage.tokens)), "--threads", ",".join(map(str, stage.threads)),
         "--shape", ",".join(stage.shapes), "--seconds", str(stage.seconds), "--megabytes", str(memory(o))]
    peers = os.path.join(o.build, "bench", "peers.txt")
    if stage.peers and os.path.exists(peers):
        c += ["--peers", peers]
    return c + (["-I", o.folder] if o.folder else []) + (["--act", o.act] if o.act else [])


def llvm_version(o):
    """Of this build; its tools have it in their names."""
    with open(os.path.join(o.build, "CMakeCache.txt"), encoding="utf-8") as f:
        return next((line.split("=", 1)[1].strip() for line in f if line.startswith("QCC_LLVM_VERSION:")), "")


def count(o, program):
    """Instructions of some formats' kernels, on the tiers that run here and on those that do not."""
    tool = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "count_instructions.py")]
    llvm, out = llvm_version(o), os.path.join(o.build, "bench", "counts.json")
    if not shutil.which(f"llvm-objdump-{llvm}"):
        print(f"instructions are not counted: llvm-objdump-{llvm} is not installed", flush=True)
        return
    here = tiers_here(program)
    for tier in plan.main_tiers(here):
        print(f"==> counting instructions, {tier}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for tokens, shape in ((1, plan.COUNT_ONE), (32, plan.COUNT_MANY)):
                subprocess.run([program, "--tier", tier, "--formats", ";".join(plan.COUNT_FORMATS), "--tokens", str(tokens),
                                "--shape", shape, "--megabytes", "1", "--count", folder], check=False)
            if os.path.exists(os.path.join(folder, "counts.jsonl")):
                subprocess.run(tool + ["run", llvm, folder, out], check=False)
    qcc = os.path.join(o.build, "bin", "qcc")
    for tier in other_tiers(qcc, here):
        print(f"==> looking at the loops, {tier}", flush=True)
        subprocess.run(tool + ["static", llvm, qcc, tier, out] + plan.COUNT_FORMATS, check=False)


def other_tiers(qcc, here):
    """Tiers of this machine's target that it does not run."""
    out = subprocess.run([qcc, "--print-targets"], check=True, capture_output=True, text=True).stdout
    for block in re.split(r"\n(?=\S)", out):  # a target begins at the edge, its tiers do not
        tiers = [line.split()[1] for line in block.splitlines() if line.split()[:1] == ["tier"]]
        if set(here) & set(tiers):
            return [t for t in tiers if t not in here]
    return []


def machine():
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpu": model, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def read_results(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def measure(o, program, stage, title, new, end):
    """Runs a stage; what a program that fails, or is out of time, has measured until then counts."""
    start = time.monotonic()
    if start >= end:
        print(f"==> {title}: left out, {o.minutes:g} minutes have passed (--minutes)", flush=True)
        return True
    print(f"==> {title}", flush=True)
    note = ""
    try:
        status = subprocess.run(command(o, program, stage, new), check=False, timeout=end - start).returncode
    except subprocess.TimeoutExpired:
        status, note = 0, ", cut short (--minutes)"
    print(f"    {time.monotonic() - start:.0f} s{note}" + ("" if status == 0 else ", with errors (above)"), flush=True)
    return status == 0


def main():
    o = parse()
    program = os.path.join(o.build, "tests", "bench", "qcc_bench")
    kept = os.path.join(o.build, "bench", "results.jsonl")
    new = kept + ".new"
    os.makedirs(os.path.dirname(kept), exist_ok=True)
    if os.path.exists(new):
        os.remove(new)
    stages = choose(o, program)
    end = time.monotonic() + 60 * o.minutes
    done = [measure(o, program, s, f"{i + 1} of {len(stages)}: {s.name}, {s.tier}, {s.cases()} cases", new, end)
            for i, s in enumerate(stages)]
    if o.counts:
        count(o, program)
    stamp = {"machine": machine(), "date": datetime.date.today().isoformat(), "memory": memory(o)}
    results = report.merge([r for r in read_results(kept) if r["machine"] == stamp["machine"]],
                           [r | stamp for r in read_results(new)])
    with open(kept, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r) + "\n" for r in results)
    if o.report and results:
        report.write(results, report.read_counts(o.build), os.path.join(o.source, "docs"))
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
