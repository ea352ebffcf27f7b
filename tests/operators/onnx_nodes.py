"""Every single-node test of the `onnx` package as a text in index notation, run by the reference and compared.

  onnx_nodes.py RUNNER OPERATORS [--least N] [--sample N] [--kernels | --compiled] [NAME ..]
  onnx_nodes.py RUNNER OPERATORS .. --emulate TRIPLE TIER COMPILER EMULATOR [NAME ..]

RUNNER runs cases (reference.c), OPERATORS is the folder of standard operators. With names, only tests whose names contain
one are run, with messages. What has strings, sequences, random numbers, graphs as attributes or an output whose size depends
on data is outside of the notation, and counted as left out.
"""
import collections, glob, math, os, random, re, subprocess, sys, tempfile, warnings
import numpy as np
import ml_dtypes
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

warnings.filterwarnings('ignore')
np.seterr(all='ignore')

OUTSIDE = {
    **dict.fromkeys('StringConcat StringNormalizer StringSplit RegexFullMatch TfIdfVectorizer LabelEncoder ImageDecoder'.split(), 'strings or files'),
    **dict.fromkeys('SequenceInsert SequenceMap SplitToSequence OptionalGetElement OptionalHasElement'.split(), 'sequences'),
    **dict.fromkeys('If Loop Scan FlexAttention'.split(), 'graphs as attributes'),
    **dict.fromkeys('Compress NonZero NonMaxSuppression Unique'.split(), 'output size depends on data'),
    **dict.fromkeys('Adagrad Adam Momentum'.split(), 'training'),
    **dict.fromkeys('Bernoulli RandomUniformLike'.split(), 'random'),
    **dict.fromkeys('ArrayFeatureExtractor Binarizer TreeEnsemble'.split(), 'ai.onnx.ml')}

TYPES = {np.dtype(v): k for k, v in dict(
    f64=np.float64, f32=np.float32, f16=np.float16, bf16=ml_dtypes.bfloat16, bool=np.bool_, i8=np.int8, i16=np.int16,
    i32=np.int32, i64=np.int64, u8=np.uint8, u16=np.uint16, u32=np.uint32, u64=np.uint64, f8e4m3=ml_dtypes.float8_e4m3fn,
    f8e5m2=ml_dtypes.float8_e5m2, f8e4m3fnuz=ml_dtypes.float8_e4m3fnuz, f8e5m2fnuz=ml_dtypes.float8_e5m2fnuz,
    f4e2m1=ml_dtypes.float4_e2m1fn, e8m0=ml_dtypes.float8_e8m0fnu, i4=ml_dtypes.int4, u4=ml_dtypes.uint4,
    i2=ml_dtypes.int2, u2=ml_dtypes.uint2).items()}


def is_float(name): return name[0] in 'fe' or name == 'bf16'


class Outside(Exception): pass


def split(text):
    """Splits at commas that no bracket encloses."""
    out, depth, at = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in '([') - (c in ')]')
        if c == ',' and depth == 0:
            out.append(text[at:i])
            at = i + 1
    return out + [text[at:]] if text.strip() else []


def signatures(folder):
    """Operator -> [(parameter, whether it has a type, whether it is a list of tensors)]."""
    ops = {}
    for path in glob.glob(os.path.join(folder, '*.q')):
        text = re.sub(r'//[^\n]*', '', open(path).read())
        for m in re.finditer(r'\boperator\s+(\w+)\s*\(', text):
            depth, end = 1, m.end()
            while depth:
                depth += (text[end] in '([') - (text[end] in ')]')
                end += 1
            params = []
            for p in split(text[m.end():end - 1]):
                name = re.match(r'\s*(\w+)\s*(\[[^]]*\])?\s*(:?)', p)
                params.append((name[1], name[3] == ':', name[2] is not None))
            ops[m[1]] = params
    return ops


def number(v):
    if isinstance(v, (bool, np.bool_)): return str(int(v))
    if isinstance(v, (int, np.integer)): return str(int(v)) if v != -2**63 else '(-9223372036854775807 - 1)'
    v = float(v)
    if math.isnan(v): return 'nan'
    if math.isinf(v): return 'inf' if v > 0 else '-inf'
    text = repr(v)
    return text if '.' in text or 'e' in text else text + '.0'


def literal(v):
    if isinstance(v, str): return '"' + v.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if isinstance(v, np.ndarray): v = v.astype(float).tolist() if is_float(TYPES[v.dtype]) else v.astype(object).tolist()
    if isinstance(v, (list, tuple)): return '[' + ', '.join(literal(x) for x in v) + ']'
    return number(v)


def attribute(a):
    v = helper.get_attribute_value(a)
    if a.type == a.STRING: return v.decode()
    if a.type == a.STRINGS: return [x.decode() for x in v]
    if a.type == a.TENSOR: return numpy_helper.to_array(v)
    if a.type in (a.GRAPH, a.GRAPHS): raise Outside('graphs as attributes')
    return list(v) if a.type in (a.FLOATS, a.INTS) else v


def einsum(equation):
    """An equation is the notation in another spelling."""
    left, arrow, right = equation.replace(' ', '').partition('->')
    parts = left.split(',')
    if not arrow:
        right = ('...' if '...' in left else '') + ''.join(sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1))
    index = lambda p: ', '.join('..' if t == '...' else t for t in re.findall(r'\.\.\.|\w', p))
    free = ', '.join(dict.fromkeys(c for p in parts for c in p if c.isalpha() and c not in right))
    body = ' * '.join(f'x{k}[{index(p)}]' for k, p in enumerate(parts))
    params = ', '.join(f'x{k} : T[{index(p)}]' for k, p in enumerate(parts))
    return f"operator einsum({params}) {{ y : T[{index(right)}] = {f'sum({free}, {body})' if free else body}; }}\n"


class Case:
    def __init__(self, test, data, ops):
        self.name = test.name
        node = test.model.graph.node[0]
        self.kind, graph = node.op_type, test.model.graph
        ins, outs = data
        values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        for i, v in zip(graph.input, ins):
            if v is not None: values[i.name] = numpy_helper.to_array(v) if hasattr(v, 'raw_data') else np.asarray(v)
        named = {a.name: attribute(a) for a in node.attribute}
        self.prefix = ''
        operator = self.kind
        if self.kind == 'Einsum':
            self.prefix = einsum(named.pop('equation'))
            operator = 'einsum'
            params = [(f'x{k}', True, False) for k in range(len(node.input))]
        else:
            if operator not in ops: raise Outside('not declared: ' + operator)
            params = ops[operator]
        if any(p[0] == 'outputs' for p in params): named['outputs'] = len(node.output)
        self.inputs, args, inputs = {}, [], []
        for k, name in enumerate(node.input):
            many = bool(params) and params[min(k, len(params) - 1)][2]
            param = params[min(k, len(params) - 1)] if many or k < len(params) else ('?', True, False)
            v = values.get(name) if name else None
            if v is None: args.append('none')
            elif v.dtype not in TYPES: raise Outside('strings or files')
            elif not param[1] and not many: args.append(literal(v))
            else:
                t = f'in{k}'
                self.inputs[t] = v
                inputs.append(f"{t} : {TYPES[v.dtype]}" + (f"[{', '.join(map(str, v.shape))}]" if v.ndim else ''))
                args.append(t)
        for name, v in named.items(): args.append(f'{name} = {literal(v)}')
        self.expected = [numpy_helper.to_array(o) if hasattr(o, 'raw_data') else np.asarray(o) for o in outs]
        if any(o.dtype not in TYPES for o in self.expected): raise Outside('strings or files')
        self.wanted = [i for i, name in enumerate(node.output) if name]
        names = ', '.join(f'r{i}' for i in range(len(node.output)))
        self.text = (f"{self.prefix}network t {{\n  entry run({', '.join(inputs)}) {{\n    {names} = {operator}({', '.join(args)});\n"
                     f"    return {', '.join(f'o{i} = r{i}' for i in self.wanted)};\n  }}\n}}\n")
        self.rtol, self.atol = max(test.rtol, 1e-3), max(test.atol, 1e-7)

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        open(os.path.join(folder, 'net.q'), 'w').write(self.text)
        for name, v in self.inputs.items():
            real = is_float(TYPES[v.dtype])
            # u64 keeps its bits
            data = v.astype(np.float64) if real else v.astype(np.uint64).view(np.int64) if v.dtype == np.uint64 else v.astype(np.int64)
            data.tofile(os.path.join(folder, name + '.bin'))

    def check(self, results):
        for i, want in zip(self.wanted, self.expected):
            if f'o{i}' not in results: return f'no result {i}'
            kind, dims = results[f'o{i}']
            real = is_float(TYPES[want.dtype])
            if kind == 'int' and not real: kind = TYPES[want.dtype]
            if kind != TYPES[want.dtype]: return f'result {i} is {kind}, not {TYPES[want.dtype]}'
            if list(dims) != list(want.shape): return f'result {i} is {dims}, not {list(want.shape)}'
            got = np.fromfile(os.path.join(self.folder, f'o{i}.out'), np.float64 if real else np.int64).reshape(want.shape)
            if not real:
                w = want.astype(np.uint64).view(np.int64) if want.dtype == np.uint64 else want.astype(np.int64)
                if not np.array_equal(got, w): return f'result {i} differs in {np.sum(got != w)} of {w.size} integers'
                continue
            w = want.astype(np.float64)
            scale = 1e-6 * np.max(np.abs(w[np.isfinite(w)]), initial=0)
            if not np.allclose(got, w, rtol=self.rtol, atol=max(self.atol, scale), equal_nan=True):
                return f'result {i} differs by {np.nanmax(np.abs(got - w)):.3g}'
        return None


def collect(ops, only):
    cases, left_out = [], collections.Counter()
    for test in collect_testcases(None):
        if only and not any(o in test.name for o in only): continue
        nodes = test.model.graph.node
        if len(nodes) != 1: continue
        if nodes[0].op_type in OUTSIDE:
            left_out[OUTSIDE[nodes[0].op_type]] += 1
            continue
        try:
            for data in test.data_sets: cases.append(Case(test, data, ops))
        except Outside as reason: left_out[str(reason)] += 1
        except (TypeError, ValueError, AttributeError) as x: left_out[f'no plain tensors ({type(x).__name__})'] += 1
    return cases, left_out


def run(runner, library, cases, folder):
    """The error of each case, or None."""
    for k, c in enumerate(cases): c.write(os.path.join(folder, str(k)))
    results, status = collections.defaultdict(dict), {}
    left = [c.folder for c in cases]
    while left:
        part = left[:200]
        out = subprocess.run([*runner, *library, '--', *part], capture_output=True, text=True,
                             env={**os.environ, 'MALLOC_PERTURB_': '1'})
        for line in out.stdout.splitlines():
            words = line.split(' ')
            if len(words) < 2: continue
            if words[1] == 'result': results[words[0]][words[2]] = (words[3], [int(x) for x in words[4:]])
            else: status[words[0]] = None if words[1] == 'ok' else ' '.join(words[2:])
        ended = next((c for c in part if c not in status), None)
        if ended: status[ended] = f'the runner ended with status {out.returncode}'
        left = [c for c in left if c not in status]
    return [c.check(results[c.folder]) if status[c.folder] is None else status[c.folder] for c in cases]


def sample(cases, count):
    """`count` cases that are spread over the kinds."""
    draw = random.Random(int(os.environ.get('QCC_TEST_SEED') or 1))
    kinds = collections.defaultdict(list)
    for c in cases: kinds[c.kind].append(c)
    for of_kind in kinds.values(): draw.shuffle(of_kind)
    turns = [of_kind[k:k + 1] for k in range(max(map(len, kinds.values()), default=0)) for of_kind in kinds.values()]
    return [c for one in turns for c in one][:count]


def read_results(data, wanted, folder):
    """Splits what the program wrote, and writes it as the runner writes results. Returns what is left of `data`."""
    for name, (kind, dims) in wanted.items():
        dtype = {k: d for d, k in TYPES.items()}[kind]
        size = int(np.prod(dims)) * max(1, dtype.itemsize)
        raw, data = np.frombuffer(data[:size], np.uint8), data[size:]
        if kind[0] in 'iu' and int(kind[1:]) < 8:
            bits = int(kind[1:])
            value = raw.astype(np.int64)
            if kind[0] == 'i': value -= (value >> (bits - 1)) << bits
        elif is_float(kind): value = raw.view(dtype).astype(np.float64)
        elif kind == 'u64': value = raw.view(np.int64)
        else: value = raw.view(dtype).astype(np.int64)
        value.tofile(os.path.join(folder, name + '.out'))
    return data


def emulate(runner, library, cases, folder, where):
    """All cases as one program, run by an emulator: the error of each case, or None."""
    triple, tier, compiler, *emulator = where
    for k, c in enumerate(cases): c.write(os.path.join(folder, str(k)))
    out = subprocess.run([runner, '--program', triple, tier, folder, *library, '--', *[c.folder for c in cases]],
                         capture_output=True, text=True)
    if out.returncode: sys.exit('the program cannot be made: ' + out.stderr[-500:])
    results, status = collections.defaultdict(dict), {}
    for line in out.stdout.splitlines():
        words = line.split(' ')
        if words[1] == 'result': results[words[0]][words[2]] = (words[3], [int(x) for x in words[4:]])
        else: status[words[0]] = None if words[1] == 'ok' else ' '.join(words[2:])
    here = os.path.dirname(os.path.abspath(__file__))
    file = lambda name: os.path.join(folder, name)
    subprocess.run([*compiler.split(), '-O1', '-static', '-I', os.path.join(here, '../..'), os.path.join(here, 'program_driver.c'),
                    file('table.c'), file('kernels.o'), '-o', file('program')], check=True)
    subprocess.run([*emulator, file('program'), file('program.bin'), file('program.out')], check=True)
    data = open(file('program.out'), 'rb').read()
    for c in cases:
        if status[c.folder] is None: data = read_results(data, results[c.folder], c.folder)
    return [c.check(results[c.folder]) if status[c.folder] is None else status[c.folder] for c in cases]


def take_option(args, name, count):
    """The words after an option, and the others."""
    if name not in args: return None, args
    at = args.index(name)
    return args[at + 1:at + 1 + count], args[:at] + args[at + 1 + count:]


def main():
    least, args = take_option(sys.argv[1:], '--least', 1)
    drawn, args = take_option(args, '--sample', 1)
    where, args = take_option(args, '--emulate', 4)
    mode = [a for a in args if a in ('--kernels', '--compiled')]
    runner, operators, *only = [a for a in args if a not in mode]
    cases, left_out = collect(signatures(operators), only)
    if drawn: cases = sample(cases, int(drawn[0]))
    library = sorted(glob.glob(os.path.join(operators, '*.q')))
    rows = collections.defaultdict(lambda: [0, 0, collections.Counter()])
    with tempfile.TemporaryDirectory() as folder:
        if where: outcome = emulate(runner, library, cases, folder, [*where[:3], *where[3].split()])
        else: outcome = run([runner, *mode], library, cases, folder)
    for c, error in zip(cases, outcome):
        row = rows[c.kind]
        row[error is not None] += 1
        if error is not None:
            message = re.sub(r'^\S*?([\w.]+:\d+)', r'\1', error)
            row[2][message[:150]] += 1
            if only: print(c.name, message, c.text if len(only) == 1 else '', sep='\n')
    for kind, (good, bad, errors) in sorted(rows.items()):
        if bad: print(f'{kind:28} {good:4} pass {bad:4} fail')
        for e, n in errors.most_common(3): print(f'      {n} x {e}')
    passed, failed = (sum(r[k] for r in rows.values()) for k in (0, 1))
    print(f"{passed} of {passed + failed} single-node tests pass, of {len(rows)} kinds; left out: "
          + ', '.join(f'{n} ({why})' for why, n in sorted(left_out.items())))
    return 0 if passed >= int(least[0] if least else 0) else 1


if __name__ == "__main__": sys.exit(main())
