#!/usr/bin/env python3
"""Train the digits classifier that this folder ships, and write its four files.

    train.py [--out DIR]        DIR defaults to the folder of this script

Needs numpy, scikit-learn (the images) and safetensors (reads the result back).
The result depends on SEED alone, not on the machine: see "Arithmetic" below.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors import safe_open
from sklearn.datasets import load_digits

SEED = 20240229
LAYERS = [("fc1", 64, 128), ("fc2", 128, 96), ("fc3", 96, 10)]  # name, inputs, outputs
CLASSES = 10
TEST_PER_CLASS = 36
EPOCHS = 150
BATCH = 64
LEARNING_RATE = 4e-3  # falls linearly to 0
WEIGHT_DECAY = 1e-2  # decoupled from Adam's step, weights only
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


# Arithmetic. A BLAS product and numpy's exp round differently from one processor
# to the next. Training amplifies such a difference until the files differ, so the
# only operations used here are those that IEEE 754 rounds exactly (+ - * / sqrt),
# elementwise and in an order that this file fixes.


def matmul(a, b):
    """a [m,k] times b [k,n] in float64, summed over k from first to last."""
    total = np.zeros((a.shape[0], b.shape[1]))
    for k in range(a.shape[1]):
        total += a[:, k, None] * b[None, k]
    return total


def column_sums(a):
    """Sum of the rows of a [m,n], as [n]."""
    return matmul(np.ones((1, a.shape[0])), a)[0]


def exp(x):
    """e**x for x <= 0: a Taylor polynomial on [-ln2/2, ln2/2], then a power of two."""
    x = np.maximum(x, -700.0)
    power = np.rint(x * 1.4426950408889634)
    rest = x - power * 0.6931471805599453
    value = np.ones_like(rest)
    for n in range(14, 0, -1):
        value = 1.0 + value * rest / n
    return np.ldexp(value, power.astype(np.int32))


def softmax(logits):
    e = exp(logits - logits.max(axis=1, keepdims=True))
    return e / column_sums(e.T)[:, None]


# Data.


def split(labels, random):
    """Indices of the training and of the test images, both ascending."""
    chosen = [
        random.permutation(np.flatnonzero(labels == c))[:TEST_PER_CLASS]
        for c in range(CLASSES)
    ]
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[np.concatenate(chosen)] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def shifted(images, random):
    """Copies of images [n,64]; about half of them move by up to 1 pixel in x and in y."""
    n = len(images)
    padded = np.pad(images.reshape(n, 8, 8), ((0, 0), (1, 1), (1, 1)))
    y, x = random.randint(-1, 2, size=(2, n)) * random.randint(0, 2, size=n)
    rows = 1 + y[:, None, None] + np.arange(8)[None, :, None]
    columns = 1 + x[:, None, None] + np.arange(8)[None, None, :]
    return padded[np.arange(n)[:, None, None], rows, columns].reshape(n, 64)


# Network. `params` maps "fc1.weight" [outputs,inputs], "fc1.bias" [outputs], ... .


def initial(random):
    params = {}
    for name, inputs, outputs in LAYERS:
        bound = np.sqrt(6.0 / inputs)
        params[f"{name}.weight"] = (2 * random.random_sample((outputs, inputs)) - 1) * bound
        params[f"{name}.bias"] = np.zeros(outputs)
    return params


def forward(params, images):
    """The input of every layer, and after them the logits [n,10]."""
    values = [images]
    for name, _, _ in LAYERS:
        y = matmul(values[-1], params[f"{name}.weight"].T) + params[f"{name}.bias"]
        values.append(y if name == LAYERS[-1][0] else np.maximum(y, 0.0))
    return values


def gradients(params, images, labels):
    """Of the mean cross-entropy, for every entry of params."""
    *inputs, logits = forward(params, images)
    grad = (softmax(logits) - np.eye(CLASSES)[labels]) / len(labels)
    result = {}
    for (name, _, _), x in zip(reversed(LAYERS), reversed(inputs)):
        result[f"{name}.weight"] = matmul(grad.T, x)
        result[f"{name}.bias"] = column_sums(grad)
        grad = matmul(grad, params[f"{name}.weight"]) * (x > 0)
    return result


class Adam:
    def __init__(self, params):
        self.mean = {k: np.zeros_like(v) for k, v in params.items()}
        self.square = {k: np.zeros_like(v) for k, v in params.items()}
        self.power1 = self.power2 = 1.0

    def step(self, params, grads, rate):
        """One update of params, in place."""
        self.power1 *= BETA1
        self.power2 *= BETA2
        for key, g in grads.items():
            self.mean[key] = BETA1 * self.mean[key] + (1 - BETA1) * g
            self.square[key] = BETA2 * self.square[key] + (1 - BETA2) * g * g
            mean = self.mean[key] / (1 - self.power1)
            square = self.square[key] / (1 - self.power2)
            if key.endswith(".weight"):
                params[key] -= rate * WEIGHT_DECAY * params[key]
            params[key] -= rate * mean / (np.sqrt(square) + EPSILON)


def train(images, labels, random):
    params = initial(random)
    adam = Adam(params)
    starts = range(0, len(images), BATCH)
    total, done = EPOCHS * len(starts), 0
    for epoch in range(EPOCHS):
        order = random.permutation(len(images))
        moved = shifted(images, random)
        for start in starts:
            batch = order[start : start + BATCH]
            grads = gradients(params, moved[batch], labels[batch])
            adam.step(params, grads, LEARNING_RATE * (1 - done / total))
            done += 1
        if (epoch + 1) % 30 == 0:
            correct = correct_count(forward(params, images)[-1], labels)
            print(f"epoch {epoch + 1}: {correct} of {len(labels)} training images correct")
    return params


def correct_count(logits, labels):
    return int((logits.argmax(axis=1) == labels).sum())


# Files.


def safetensors_bytes(tensors, metadata):
    """The file as the format defines it, with tensors and metadata in a fixed order.

    Written here because the safetensors package does not promise the same bytes twice.
    """
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name, tensor in sorted(tensors.items()):
        blob = np.ascontiguousarray(tensor, dtype="<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors start 8-byte aligned
    return len(text).to_bytes(8, "little") + text + b"".join(blobs)


def check_readable(path, tensors, metadata):
    """Fail unless the safetensors package reads back what was meant."""
    with safe_open(path, framework="np") as f:
        assert f.metadata() == metadata, f"{path}: metadata differ"
        assert set(f.keys()) == set(tensors), f"{path}: tensor names differ"
        for name, tensor in tensors.items():
            read = f.get_tensor(name)
            same = read.dtype == np.float32 and np.array_equal(read, tensor)
            assert same, f"{path}: {name} differs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    images, labels = load_digits(return_X_y=True)
    images = images / 16.0  # exact in float32, too
    random = np.random.RandomState(SEED)  # numpy guarantees its stream for good
    train_index, test_index = split(labels, random)
    params = train(images[train_index], labels[train_index], random)

    # The reference is the network as shipped: float32 weights, float64 sums.
    tensors = {k: v.astype(np.float32) for k, v in params.items()}
    shipped = {k: v.astype(np.float64) for k, v in tensors.items()}
    logits = forward(shipped, images[test_index])[-1].astype(np.float32)
    correct, count = correct_count(logits, labels[test_index]), len(test_index)
    print(f"{correct} of {count} test images correct: {100 * correct / count:.2f} %")

    metadata = {
        "accuracy": f"{correct / count:.6f}",
        "dataset": "scikit-learn load_digits (UCI optdigits, test part; CC BY 4.0)",
        "format": "pt",
        "seed": str(SEED),
        "test_correct": str(correct),
        "test_images": str(count),
    }
    path = out / "digits.safetensors"
    path.write_bytes(safetensors_bytes(tensors, metadata))
    check_readable(path, tensors, metadata)
    np.save(out / "test_images.npy", images[test_index].astype("<f4"))
    np.save(out / "test_labels.npy", labels[test_index].astype(np.uint8))
    np.save(out / "float_logits.npy", logits.astype("<f4"))


if __name__ == "__main__":
    main()
