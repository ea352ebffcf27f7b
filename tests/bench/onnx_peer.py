"""onnxruntime's MatMulNBits for the bench program, which starts this as a child: a JSON object a line comes in, a line goes
out, "ok" or seconds or "error: ..". What is multiplied lies in files: weights as the tensors of a layout of separate
tensors with the first rows of the matrix, which repeat; activations as f32.

  {"do": "load", "rows", "columns", "group", "patch_rows", "copies", "tensors": {"B": path, "scales": path (f16),
   "zero_points": path, where the format has them}}
  {"do": "plan", "tokens", "threads", "accuracy", "x": path}    a session; one token: every copy has its node
  {"do": "run"}                                                 seconds of one product
  {"do": "result", "y": path}                                   writes f32 [tokens][rows] of the first copy
"""
import json
import os
import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper


def read_tensors(c):
    """B, scales (f32) and zero points, if any, of the whole matrix."""
    groups = -(-c["columns"] // c["group"])
    shapes = {"B": (c["patch_rows"], groups, c["group"] // 2), "scales": (c["patch_rows"], groups),
              "zero_points": (c["patch_rows"], -(-groups // 2))}
    times = -(-c["rows"] // c["patch_rows"])
    out = {}
    for name, path in c["tensors"].items():
        patch = numpy.fromfile(path, "float16" if name == "scales" else "uint8").reshape(shapes[name])
        if name == "scales":
            patch = patch.astype(numpy.float32)
        out[name] = numpy.ascontiguousarray(numpy.concatenate([patch] * times)[:c["rows"]])
    return out


class Peer:
    def __init__(self):
        self.weights = self.tensors = self.session = self.binding = self.y = None
        self.copies, self.cache = 1, {}

    def load(self, c):
        self.weights, self.tensors, self.session, self.binding, self.cache = c, read_tensors(c), None, None, {}

    def model(self, copies, accuracy):
        """As many nodes with weights of their own as there are copies, over one input."""
        w, nodes, outputs, values = self.weights, [], [], []
        for i in range(copies):
            names = []
            for name, data in self.tensors.items():
                names.append(f"{name}{i}")
                data = numpy.roll(data, i, axis=0)  # equal weights would be kept once only
                values.append(helper.make_tensor(names[-1], helper.np_dtype_to_tensor_dtype(data.dtype), data.shape,
                                                 data.tobytes(), raw=True))
            nodes.append(helper.make_node("MatMulNBits", ["x"] + names, [f"y{i}"], domain="com.microsoft", K=w["columns"],
                                          N=w["rows"], bits=4, block_size=w["group"], accuracy_level=accuracy))
            outputs.append(helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, ["M", w["rows"]]))
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["M", w["columns"]])
        graph = helper.make_graph(nodes, "products", [x], outputs, values)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()

    def find_session(self, copies, threads, accuracy):
        """The sessions of the last number of copies and threads are kept."""
        key = (copies, threads)
        if self.cache.get("key") != key:
            self.session = self.binding = None
            self.cache = {"key": key}
        if accuracy not in self.cache:
            o = onnxruntime.SessionOptions()
            o.intra_op_num_threads = threads
            o.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # keep the copies apart
            if threads > 1:  # the caller is on the first processor
                o.add_session_config_entry("session.intra_op_thread_affinities",
                                           ";".join(str(i + 1) for i in range(1, threads)))
            self.cache[accuracy] = onnxruntime.InferenceSession(self.model(copies, accuracy), o,
                                                                providers=["CPUExecutionProvider"])
        return self.cache[accuracy]

    def plan(self, c):
        w = self.weights
        self.copies = w["copies"] if c["tokens"] == 1 else 1
        self.session = self.find_session(self.copies, c["threads"], c["accuracy"])
        x = numpy.fromfile(c["x"], numpy.float32).reshape(c["tokens"], w["columns"])
        self.y = [numpy.zeros((c["tokens"], w["rows"]), numpy.float32) for _ in range(self.copies)]
        self.binding = self.session.io_binding()
        self.binding.bind_cpu_input("x", x)
        for i, y in enumerate(self.y):
            self.binding.bind_output(f"y{i}", "cpu", 0, numpy.float32, y.shape, y.ctypes.data)
        self.run(c)

    def run(self, _):
        start = time.perf_counter()
        self.session.run_with_iobinding(self.binding)
        return (time.perf_counter() - start) / self.copies

    def result(self, c):
        self.y[0].tofile(c["y"])


def main():
    if hasattr(os, "sched_setaffinity"):  # the parent may have tied itself to one processor
        os.sched_setaffinity(0, {0})
    peer = Peer()
    print(f"onnxruntime {onnxruntime.__version__}", flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            seconds = getattr(peer, command["do"])(command)
            print("ok" if seconds is None else f"{seconds:.9f}", flush=True)
        except Exception as e:  # whatever the library throws: the bench program goes on without it
            print(f"error: {str(e).splitlines()[0]}", flush=True)


if __name__ == "__main__":
    main()
