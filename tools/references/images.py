"""Convolutions, pooling and normalisation of images with their gradients, by PyTorch in double precision.

Operands are small integers (`pattern`), so that what is made of sums and products has no rounding. Needs PyTorch beside
requirements.txt: `pip install -r ../bench/requirements.txt`.
"""

import json

import torch
import torch.nn.functional as F

from typescript import ROOT, lay_out

torch.set_default_dtype(torch.float64)


def pattern(shape, factor, modulus):
    """Integers around zero: (factor·i + 3) mod modulus − ⌊modulus / 2⌋; the tests make the same."""
    count = torch.Size(shape).numel()
    return ((factor * torch.arange(count) + 3) % modulus - modulus // 2).to(torch.float64).reshape(shape)


def image(shape):
    return pattern(shape, 7, 17).requires_grad_()


def kernel(shape):
    return pattern(shape, 5, 11).requires_grad_()


def unequal(shape):
    """An image without two equal elements: which of several largest ones has the derivative is a convention."""
    return pattern(shape, 37, 211).requires_grad_()


def flat(x):
    return x.detach().reshape(-1).tolist()


def with_gradients(y, **leaves):
    ct = pattern(y.shape, 3, 13)
    gradients = torch.autograd.grad(y, list(leaves.values()), ct)
    return {"shape": list(y.shape), "y": flat(y), **{f"d{n}": flat(g) for n, g in zip(leaves, gradients)}}


def convolution(name, x_shape, k_shape, stride=(1, 1), before=(0, 0), after=None, dilation=(1, 1), groups=1):
    after = before if after is None else after
    x, k = image(x_shape), kernel(k_shape)
    padded = F.pad(x, (before[1], after[1], before[0], after[0]))
    y = F.conv2d(padded, k, stride=stride, dilation=dilation, groups=groups)
    options = {"strides": stride, "padding": {"before": before, "after": after}, "dilations": dilation, "groups": groups}
    return {"name": name, "x": x_shape, "kernel": k_shape, "options": options, **with_gradients(y, x=x, kernel=k)}


def transposed(name, x_shape, k_shape, stride=(1, 1), padding=(0, 0), output_padding=(0, 0), dilation=(1, 1), groups=1):
    x, k = image(x_shape), kernel(k_shape)
    y = F.conv_transpose2d(x, k, None, stride, padding, output_padding, groups, dilation)
    options = {
        "strides": stride,
        "padding": padding,
        "outputPadding": output_padding,
        "dilations": dilation,
        "groups": groups,
    }
    return {"name": name, "x": x_shape, "kernel": k_shape, "options": options, **with_gradients(y, x=x, kernel=k)}


def largest(name, x_shape, window, stride, padding=(0, 0), dilation=(1, 1)):
    x = unequal(x_shape)
    y = F.max_pool2d(x, window, stride, padding, dilation)
    options = {"strides": stride, "padding": padding, "dilations": dilation}
    return {"name": name, "x": x_shape, "window": window, "options": options, **with_gradients(y, x=x)}


def average(name, x_shape, window, stride, padding=(0, 0), count_include_pad=True):
    x = image(x_shape)
    y = F.avg_pool2d(x, window, stride, padding, count_include_pad=count_include_pad)
    options = {"strides": stride, "padding": padding, "countIncludePad": count_include_pad}
    return {"name": name, "x": x_shape, "window": window, "options": options, **with_gradients(y, x=x)}


CONVOLUTIONS = [
    convolution("3×3", (2, 3, 5, 6), (4, 3, 3, 3)),
    convolution("3×3 padded", (1, 2, 4, 4), (3, 2, 3, 3), before=(1, 1)),
    convolution("1×1", (2, 4, 3, 2), (3, 4, 1, 1)),
    convolution("strides", (1, 2, 7, 8), (2, 2, 3, 2), stride=(2, 3), before=(1, 0)),
    convolution("asymmetric padding", (1, 1, 4, 5), (2, 1, 3, 2), before=(0, 2), after=(2, 1)),
    convolution("dilation", (1, 2, 7, 6), (2, 2, 3, 2), dilation=(2, 3), before=(1, 1)),
    convolution("groups", (2, 4, 4, 4), (6, 2, 3, 3), groups=2, before=(1, 1)),
    convolution("depthwise", (1, 3, 5, 5), (3, 1, 3, 3), groups=3, stride=(2, 2), before=(1, 1)),
    convolution("depthwise, two of each", (1, 2, 4, 4), (4, 1, 2, 2), groups=2),
    convolution("kernel larger than the image", (1, 1, 2, 3), (1, 1, 5, 4), before=(2, 1), after=(2, 1)),
    convolution("padding beyond the kernel", (1, 1, 2, 2), (1, 1, 2, 1), before=(3, 2), after=(3, 2)),
    convolution("strides, dilation and groups", (2, 2, 9, 8), (2, 1, 3, 3), (2, 3), (2, 1), (1, 2), (2, 2), 2),
]

TRANSPOSED = [
    transposed("3×3", (2, 3, 3, 4), (3, 2, 3, 3)),
    transposed("strides", (1, 2, 3, 3), (2, 3, 3, 2), stride=(2, 3), padding=(1, 0)),
    transposed("output padding", (1, 2, 3, 3), (2, 1, 3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1)),
    transposed("dilation", (1, 1, 4, 3), (1, 2, 2, 3), padding=(1, 1), dilation=(3, 1)),
    transposed("groups", (1, 4, 3, 2), (4, 2, 3, 3), stride=(2, 1), groups=2, padding=(1, 1)),
]

LARGEST = [
    largest("2×2", (2, 2, 4, 6), (2, 2), (2, 2)),
    largest("overlapping windows", (1, 2, 6, 7), (3, 2), (2, 1), padding=(1, 1)),
    largest("dilation", (1, 1, 7, 6), (2, 3), (1, 2), padding=(1, 1), dilation=(3, 2)),
]

AVERAGE = [
    average("2×2", (2, 2, 4, 6), (2, 2), (2, 2)),
    average("overlapping windows", (1, 2, 6, 7), (3, 2), (2, 1), padding=(1, 1)),
    average("padding not counted", (1, 2, 6, 7), (3, 2), (2, 1), padding=(1, 1), count_include_pad=False),
    average("rows left over", (1, 1, 5, 7), (2, 3), (2, 2)),
]

def group_norm(name, shape, groups, epsilon):
    x, weight, bias = image(shape), kernel((shape[1],)), unequal((shape[1],))
    y = F.group_norm(x, groups, weight, bias, epsilon)
    return {"name": name, "x": shape, "groups": groups, "epsilon": epsilon, **with_gradients(y, x=x, weight=weight, bias=bias)}


def batch_norm(name, shape, momentum, epsilon):
    """Two training steps on x and on x² / 8, the gradients of the second, and an evaluation of x."""
    x, weight, bias = image(shape), kernel((shape[1],)), unequal((shape[1],))
    mean, variance = torch.zeros(shape[1]), torch.ones(shape[1])
    F.batch_norm(x, mean, variance, weight, bias, True, momentum, epsilon)
    y = F.batch_norm(x * x / 8, mean, variance, weight, bias, True, momentum, epsilon)
    evaluated = F.batch_norm(x, mean, variance, weight, bias, False, momentum, epsilon)
    return {
        "name": name,
        "x": shape,
        "momentum": momentum,
        "epsilon": epsilon,
        **with_gradients(y, x=x, weight=weight, bias=bias),
        "mean": flat(mean),
        "variance": flat(variance),
        "evaluated": flat(evaluated),
    }


def time_conv(name, x_shape, outputs, window, padding, stride, times):
    """Chen et al.'s ConcatConv2d with time as the last channel."""
    x, t = image(x_shape), pattern(times, 2, 5).requires_grad_()
    weight, bias = kernel((outputs, x_shape[1] + 1, *window)), unequal((outputs,))
    plane = t.reshape(-1, 1, 1, 1).expand(x_shape[0], 1, *x_shape[2:])
    y = F.conv2d(torch.cat([x, plane], 1), weight, bias, stride, padding)
    options = {"padding": padding, "strides": stride}
    gradients = with_gradients(y, x=x, t=t, weight=weight, bias=bias)
    return {"name": name, "x": x_shape, "t": times, "outputs": outputs, "window": window, "options": options, **gradients}


GROUP_NORMS = [
    group_norm("images", (2, 4, 3, 2), 2, 1e-5),
    group_norm("one group", (2, 3, 2, 2), 1, 1e-3),
    group_norm("a group for each channel", (1, 3, 4, 1), 3, 1e-5),
    group_norm("vectors", (3, 6), 2, 1e-5),
]

BATCH_NORMS = [
    batch_norm("images", (2, 3, 2, 4), 0.1, 1e-5),
    batch_norm("vectors", (5, 3), 0.25, 1e-3),
]

TIME_CONVS = [
    time_conv("one time, padded", (2, 2, 3, 4), 3, (3, 3), (1, 1), (1, 1), ()),
    time_conv("a time for each sample, strides", (3, 1, 5, 4), 2, (3, 2), (1, 0), (2, 1), (3,)),
]

NN_TYPES = """
import type { Pair, WindowOptions } from '@node-ode/core';

/** A function of arrays; the cotangents of its arguments for that of its result. Arrays are flat. */
interface LayerReference {
  readonly name: string;
  readonly x: readonly number[];
  readonly shape: readonly number[];
  readonly y: readonly number[];
  readonly dx: readonly number[];
  readonly dweight: readonly number[];
  readonly dbias: readonly number[];
}

interface GroupNormReference extends LayerReference {
  readonly groups: number;
  readonly epsilon: number;
}

/** `y` is of a second batch, x² / 8, after a first, x; then the running statistics, and x evaluated with them. */
interface BatchNormReference extends LayerReference {
  readonly momentum: number;
  readonly epsilon: number;
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly evaluated: readonly number[];
}

interface TimeConvReference extends LayerReference {
  readonly t: readonly number[];
  readonly outputs: number;
  readonly window: Pair;
  readonly options: WindowOptions;
  readonly dt: readonly number[];
}
"""

CORE_TYPES = """
import type { AveragePoolOptions, ConvOptions, ConvTransposeOptions, Pair, WindowOptions } from '../src/index.ts';

/** A function of an image, and of a kernel; the cotangents of its arguments for that of its result. Arrays are flat. */
interface ImageReference<Options> {
  readonly name: string;
  readonly x: readonly [number, number, number, number];
  readonly options: Options;
  readonly shape: readonly [number, number, number, number];
  readonly y: readonly number[];
  readonly dx: readonly number[];
}

interface KernelReference<Options> extends ImageReference<Options> {
  readonly kernel: readonly [number, number, number, number];
  readonly dkernel: readonly number[];
}

interface PoolReference<Options> extends ImageReference<Options> {
  readonly window: Pair;
}
"""


def header(what):
    return f"/**\n * {what}\n * Written by tools/references/images.py (PyTorch {torch.__version__.split('+')[0]}, float64), never by hand.\n */\n"


def declare(name, kind, value):
    return f"export const {name}: {kind} = {json.dumps(value, ensure_ascii=False)};\n"


def main():
    lay_out(
        ROOT / "packages" / "core" / "test" / "image-reference.ts",
        header("Convolutions and pooling of images, with their gradients, of small integers.")
        + CORE_TYPES
        + "\n".join(
            [
                declare("convolutions", "readonly KernelReference<ConvOptions>[]", CONVOLUTIONS),
                declare("transposedConvolutions", "readonly KernelReference<ConvTransposeOptions>[]", TRANSPOSED),
                declare("maxPools", "readonly PoolReference<WindowOptions>[]", LARGEST),
                declare("averagePools", "readonly PoolReference<AveragePoolOptions>[]", AVERAGE),
            ]
        ),
    )
    lay_out(
        ROOT / "packages" / "nn" / "test" / "image-reference.ts",
        header("Layers of images, with their gradients, of small integers.")
        + NN_TYPES
        + "\n".join(
            [
                declare("groupNorms", "readonly GroupNormReference[]", GROUP_NORMS),
                declare("batchNorms", "readonly BatchNormReference[]", BATCH_NORMS),
                declare("timeConvolutions", "readonly TimeConvReference[]", TIME_CONVS),
            ]
        ),
    )


if __name__ == "__main__":
    main()
