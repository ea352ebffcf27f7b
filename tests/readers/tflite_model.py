"""Small TFLite models, made with the builder of FlatBuffers."""

import flatbuffers
import numpy as np
import tflite

KINDS = {"float32": tflite.TensorType.FLOAT32, "float16": tflite.TensorType.FLOAT16, "int8": tflite.TensorType.INT8,
         "uint8": tflite.TensorType.UINT8, "int16": tflite.TensorType.INT16, "int32": tflite.TensorType.INT32,
         "int4": tflite.TensorType.INT4}


def packed(array):
    """Bytes as in a buffer: elements of int4 two in a byte, the first in its low half."""
    if str(array.dtype) != "int4":
        return array.tobytes()
    nibbles = np.append(array.astype(np.uint8).reshape(-1) & 15, np.zeros(array.size % 2, np.uint8))
    return (nibbles[::2] | nibbles[1::2] << 4).tobytes()


def vector(b, start, values):
    start(b, len(values))
    for v in reversed(values):
        b.PrependUOffsetTRelative(v)
    return b.EndVector()


def quantization(b, scale, zero, dimension):
    scales = b.CreateNumpyVector(np.atleast_1d(np.asarray(scale, np.float32)))
    zeros = b.CreateNumpyVector(np.atleast_1d(np.asarray(zero, np.int64)))
    tflite.QuantizationParametersStart(b)
    tflite.QuantizationParametersAddScale(b, scales)
    tflite.QuantizationParametersAddZeroPoint(b, zeros)
    tflite.QuantizationParametersAddQuantizedDimension(b, dimension)
    return tflite.QuantizationParametersEnd(b)


def add_tensor(b, name, kind, shape, buffer, quant):
    text, dims = b.CreateString(name), b.CreateNumpyVector(np.array(shape, np.int32))
    made = None if quant is None else quantization(b, *quant)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, dims)
    tflite.TensorAddType(b, kind)
    tflite.TensorAddBuffer(b, buffer)
    tflite.TensorAddName(b, text)
    if made is not None:
        tflite.TensorAddQuantization(b, made)
    return tflite.TensorEnd(b)


def add_buffer(b, data):
    made = b.CreateNumpyVector(np.frombuffer(data, np.uint8)) if data else None
    tflite.BufferStart(b)
    if made is not None:
        tflite.BufferAddData(b, made)
    return tflite.BufferEnd(b)


def add_options(b, code, options):
    if code == tflite.BuiltinOperator.BATCH_MATMUL:
        tflite.BatchMatMulOptionsStart(b)
        tflite.BatchMatMulOptionsAddAdjY(b, options.get("adj_y", False))
        return tflite.BatchMatMulOptionsEnd(b), tflite.BuiltinOptions.BatchMatMulOptions
    if code == tflite.BuiltinOperator.FULLY_CONNECTED:
        tflite.FullyConnectedOptionsStart(b)
        tflite.FullyConnectedOptionsAddWeightsFormat(b, options.get("weights_format", 0))
        return tflite.FullyConnectedOptionsEnd(b), tflite.BuiltinOptions.FullyConnectedOptions
    return None, 0


def add_operator(b, index, code, inputs, outputs, options):
    made, kind = add_options(b, code, options)
    ins, outs = (b.CreateNumpyVector(np.array(x, np.int32)) for x in (inputs, outputs))
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, index)
    tflite.OperatorAddInputs(b, ins)
    tflite.OperatorAddOutputs(b, outs)
    if made is not None:
        tflite.OperatorAddBuiltinOptionsType(b, kind)
        tflite.OperatorAddBuiltinOptions(b, made)
    return tflite.OperatorEnd(b)


def add_code(b, code):
    tflite.OperatorCodeStart(b)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
    tflite.OperatorCodeAddBuiltinCode(b, code)
    return tflite.OperatorCodeEnd(b)


def save(path, constants, operators):
    """constants: {name: array or (array, scale, zero point, dimension)}; operators: (code, input names, output name,
    options). Names that are no constants are values."""
    b = flatbuffers.Builder(1024)
    names = list(constants)
    for _, inputs, output, _ in operators:
        names += [n for n in [*inputs, output] if n not in names]
    buffers, tensors = [add_buffer(b, b"")], []
    for name in names:
        array, *quant = constants[name] if isinstance(constants.get(name), tuple) else [constants.get(name)]
        if array is None:
            tensors.append(add_tensor(b, name, tflite.TensorType.FLOAT32, (1, 4), 0, None))
            continue
        buffers.append(add_buffer(b, packed(array)))
        tensors.append(add_tensor(b, name, KINDS[str(array.dtype)], array.shape, len(buffers) - 1, quant or None))
    codes = sorted({o[0] for o in operators})
    ops = [add_operator(b, codes.index(code), code, [names.index(n) for n in inputs], [names.index(output)], options)
           for code, inputs, output, options in operators]
    made = [add_code(b, c) for c in codes]
    tensor_list = vector(b, tflite.SubGraphStartTensorsVector, tensors)
    op_list = vector(b, tflite.SubGraphStartOperatorsVector, ops)
    tflite.SubGraphStart(b)
    tflite.SubGraphAddTensors(b, tensor_list)
    tflite.SubGraphAddOperators(b, op_list)
    graphs = vector(b, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(b)])
    buffer_list = vector(b, tflite.ModelStartBuffersVector, buffers)
    code_list = vector(b, tflite.ModelStartOperatorCodesVector, made)
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddOperatorCodes(b, code_list)
    tflite.ModelAddSubgraphs(b, graphs)
    tflite.ModelAddBuffers(b, buffer_list)
    b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
    path.write_bytes(bytes(b.Output()))
