"""Tests of the report: test_report.py DIR, which has the results of smoke.sh."""
import json
import os
import sys
import unittest
import xml.dom.minidom

import count_instructions
import plan
import report
import run

DIR = sys.argv.pop()
STAMP = {"machine": {"cpu": "a processor", "cores": 2, "system": "Linux"}, "date": "2026-01-02", "memory": 128}


def case(**changes):
    """A result like those of the program: 8 bits a weight, half of the limit, twice as fast as its peer."""
    r = {"tier": "wide", "format": "eight", "act": "i8 per 32 dynamic", "mode": "int-dot", "rows": 4096, "columns": 4096,
         "tokens": 1, "threads": 1, "bytes": 4096 * 4096, "stored": 4096 * 2048, "compile": 0.05, "seconds": 0.001, "prepare": 0.0,
         "error": 0.003, "limit": "read", "rate": 2 * 4096 * 4096 / 0.001, "read": 3e10,
         "peers": [{"name": "ggml 1.0, plain", "seconds": 0.003, "error": 0.003},
                   {"name": "ggml 1.0, repacked", "seconds": 0.002, "error": 0.003}]}
    return r | STAMP | changes


class Report(unittest.TestCase):
    def test_figures(self):
        self.assertAlmostEqual(report.share(case()), 0.5)
        self.assertAlmostEqual(report.speedup(case()), 2)
        self.assertAlmostEqual(report.speedup(case(prepare=0.001)), 1)
        self.assertIsNone(report.speedup(case(peers=[])))
        self.assertAlmostEqual(report.share(case(limit="byte dot", tokens=4, rate=4 * 4096 * 4096 / 0.0005)), 0.5)
        self.assertAlmostEqual(report.geometric_mean([2, None, 8]), 4)

    def test_failed_peers_do_not_count(self):
        peers = [{"name": "ggml 1.0, plain", "seconds": 0, "error": 9}, {"name": "x", "seconds": 0.004, "error": 0}]
        self.assertAlmostEqual(report.speedup(case(peers=peers)), 4)

    def test_merging(self):
        old, new = case(seconds=1), case(seconds=2)
        self.assertEqual(report.merge([old], [new]), [new])
        self.assertEqual(report.merge([old], [case(peers=[])]), [old])
        self.assertEqual(len(report.merge([old], [case(tokens=2)])), 2)

    def test_text(self):
        text = report.measured([case(), case(tokens=2, seconds=0.003), case(tokens=32, limit="byte dot", rate=1e12)],
                               [{"tier": "wide", "format": "eight", "tokens": 1, "per_weight": 0.25, "mix": "2 loads",
                                 "cycles": 0.1, "cpu": "some", "how": "loop, not executed"}])
        for part in ("a processor", "2026-01-02", "| `eight` | int-dot | 4.00 | 8.00 | 50 | 16.8 | 50 % | 2.00 |",
                     "| `eight` | 1.00 | 1.50 |", "90 % of reading: 0 of 1; lowest `eight` 50 %.",
                     "no slower than one alone: 0 of 1; lowest `eight` (2) 0.67.", "not executed", "ggml 1.0"):
            self.assertIn(part, text)

    def test_hand_written_text_stays(self):
        before = f"# Mine\n\n{report.BEGIN}\nold\n{report.END}\n\n## Also mine\n"
        after = report.replace_measured(before, "new")
        self.assertEqual(after, f"# Mine\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\n## Also mine\n")
        self.assertIn("new", report.replace_measured("# Mine\n", "new"))

    def test_measured_results(self):
        """What the program wrote becomes both documents."""
        with open(os.path.join(DIR, "results.jsonl"), encoding="utf-8") as f:
            results = [json.loads(line) | STAMP for line in f]
        self.assertEqual(len(results), 40)
        self.assertTrue(all(0 < r["seconds"] and r["error"] < 0.02 for r in results), results)
        docs = os.path.join(DIR, "docs")
        os.makedirs(docs)
        report.write(results, [], docs)
        with open(os.path.join(docs, "performance.md"), encoding="utf-8") as f:
            self.assertIn("`int4_g(group=64)`", f.read())
        xml.dom.minidom.parse(os.path.join(docs, "roofline.svg"))


class Instructions(unittest.TestCase):
    def test_kinds(self):
        def kind(text):
            return count_instructions.Instruction(0, text).kind()
        self.assertEqual(kind("vpdpbusd (%rax), %zmm1, %zmm2"), "dot")
        self.assertEqual(kind("vfmadd231ps %ymm1, %ymm2, %ymm3"), "multiply-add")
        self.assertEqual(kind("vpermb %zmm1, %zmm2, %zmm3"), "shuffle")
        self.assertEqual(kind("addq $64, %rax"), "scalar")

    def test_operands(self):
        i = count_instructions.Instruction(16, "vpdpbusd 64(%rax,%rcx), %zmm1, %zmm2")
        self.assertTrue(i.loads())
        self.assertEqual(i.macs(), 64)
        self.assertFalse(count_instructions.Instruction(0, "vmovups %zmm1, (%rax)").loads())
        self.assertEqual(count_instructions.Instruction(0, "tdpbusd %tmm1, %tmm2, %tmm3").macs(), 16384)

    def test_loops(self):
        texts = ["nop", "vpdpbusd %zmm0, %zmm1, %zmm2", "jne 0x1 <f+0x1>", "jmp 0x0 <f>"]
        code = [count_instructions.Instruction(at, text) for at, text in enumerate(texts)]
        self.assertEqual([[i.at for i in l] for l in count_instructions.innermost_loops(code)], [[1, 2]])

    def test_counted(self):
        path = os.path.join(DIR, "counts.json")
        if not os.path.exists(path):
            self.skipTest("nothing was counted")
        with open(path, encoding="utf-8") as f:
            counts = json.load(f)
        self.assertEqual([c["format"] for c in counts], ["q4_0", "f16"])
        self.assertTrue(all(0.01 < c["per_weight"] < 2 and c["cycles"] > 0 for c in counts), counts)


class Plan(unittest.TestCase):
    def test_lists(self):
        self.assertEqual(run.split("a,b(c=1, d=2),e"), ["a", "b(c=1, d=2)", "e"])

    def test_stages(self):
        stages = plan.full(["best", "avx2", "old"], [1, 2], ["q4_0", "another"])
        self.assertEqual({s.tier for s in stages}, {"best", "avx2", "old"})
        others = next(s.formats for s in stages if s.name == "formats")
        self.assertIn("another", others)
        self.assertNotIn("q4_0", others)
        self.assertLess(sum(s.cases() for s in plan.quick(["best", "avx2"], [1, 2])), 60)


if __name__ == "__main__":
    unittest.main(verbosity=1)
