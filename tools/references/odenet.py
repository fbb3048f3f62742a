"""The image networks of Chen et al. 2018 by PyTorch in double precision, with the modules of torchdiffeq's odenet_mnist.py as they
are described there: small ones, whose parameters are patterns, and an ODE block solved by Euler's method.

Needs PyTorch beside requirements.txt: `pip install -r ../bench/requirements.txt`.
"""

import json

import torch
import torch.nn.functional as F

from typescript import ROOT, lay_out

torch.set_default_dtype(torch.float64)

WIDTH, GROUPS, OUTPUTS, STEPS = 4, 2, 3, 4
IMAGES = (2, 1, 12, 12)
LABELS = torch.tensor([2, 0])


def pattern(shape, offset):
    """Sixteenths around zero, as the test makes them."""
    count = torch.Size(shape).numel()
    return (((5 * torch.arange(count) + 3 + offset) % 13 - 6).to(torch.float64) / 16).reshape(shape)


class Parameters:
    """Patterns by path, as the tree of parameters has them; each begins where the path's characters say."""

    def __init__(self):
        self.leaves = {}

    def take(self, path, *shape, plus=0.0):
        leaf = (pattern(shape, sum(map(ord, path))) + plus).requires_grad_()
        self.leaves[path] = leaf
        return leaf

    def norm(self, path):
        weight, bias = self.take(f"{path}.weight", WIDTH, plus=1.0), self.take(f"{path}.bias", WIDTH)
        return lambda x: F.group_norm(x, GROUPS, weight, bias)

    def conv(self, path, inputs, extent, bias=True, **options):
        weight = self.take(f"{path}.weight", WIDTH, inputs, extent, extent)
        shift = self.take(f"{path}.bias", WIDTH) if bias else None
        return lambda x: F.conv2d(x, weight, shift, **options)

    def time_conv(self, path):
        # Time is the first channel there, the last one here.
        weight, bias = self.take(f"{path}.weight", WIDTH, WIDTH + 1, 3, 3), self.take(f"{path}.bias", WIDTH)

        def apply(t, x):
            kernel = torch.cat([weight[:, -1:], weight[:, :-1]], 1)
            return F.conv2d(torch.cat([torch.ones_like(x[:, :1]) * t, x], 1), kernel, bias, padding=1)

        return apply

    def residual_block(self, path, stride=1):
        norm1 = self.norm(f"{path}.norm1")
        conv1 = self.conv(f"{path}.conv1", WIDTH, 3, bias=False, stride=stride, padding=1)
        norm2 = self.norm(f"{path}.norm2")
        conv2 = self.conv(f"{path}.conv2", WIDTH, 3, bias=False, padding=1)
        downsample = None if stride == 1 else self.conv(f"{path}.shortcut", WIDTH, 1, bias=False, stride=stride)

        def apply(x):
            out = F.relu(norm1(x))
            shortcut = x if downsample is None else downsample(out)
            return conv2(F.relu(norm2(conv1(out)))) + shortcut

        return apply

    def stem(self, kind):
        if kind == "residual":
            first = self.conv("stem.conv", 1, 3)
            return [first, self.residual_block("stem.block1", 2), self.residual_block("stem.block2", 2)]
        halves = [self.conv(f"stem.conv{k}", WIDTH, 4, stride=2, padding=1) for k in (2, 3)]
        norms = [self.norm(f"stem.norm{k}") for k in (1, 2)]
        return [self.conv("stem.conv1", 1, 3), norms[0], F.relu, halves[0], norms[1], F.relu, halves[1]]

    def ode_block(self):
        norm1, norm2, norm3 = [self.norm(f"block.norm{k}") for k in (1, 2, 3)]
        conv1, conv2 = [self.time_conv(f"block.conv{k}") for k in (1, 2)]

        def apply(y):
            for k in range(STEPS):
                t = k / STEPS
                y = y + norm3(conv2(t, F.relu(norm2(conv1(t, F.relu(norm1(y))))))) / STEPS
            return y

        return apply

    def head(self):
        norm = self.norm("head.norm")
        weight, bias = self.take("head.linear.weight", WIDTH, OUTPUTS), self.take("head.linear.bias", OUTPUTS)
        return lambda x: F.linear(F.relu(norm(x)).mean((2, 3)), weight.T, bias)


def chain(parts, x):
    for part in parts:
        x = part(x)
    return x


def result(stem, block):
    p = Parameters()
    blocks = [p.ode_block()] if block == "ode" else [p.residual_block(f"block[{k}]") for k in range(2)]
    logits = chain([*p.stem(stem), *blocks, p.head()], pattern(IMAGES, 0) * 2)
    loss = F.cross_entropy(logits, LABELS)
    gradients = torch.autograd.grad(loss, list(p.leaves.values()))
    return {
        "stem": stem,
        "block": block,
        "logits": logits.detach().tolist(),
        "loss": loss.item(),
        "gradientNorms": {path: g.norm().item() for path, g in zip(p.leaves, gradients)},
    }


def main():
    results = [result(stem, block) for stem in ("convolutional", "residual") for block in ("ode", "residual")]
    path = ROOT / "packages" / "models" / "node" / "src" / "images" / "networks-reference.json"
    lay_out(path, json.dumps(results))


if __name__ == "__main__":
    main()
