"""Problems solved by torchdiffeq on PyTorch: eager, or with the dynamics compiled by torch.compile."""

import importlib.metadata

import torch
from torchdiffeq import odeint, odeint_adjoint

from worker import Unsupported

INTEGRATORS = {"backprop": odeint, "adjoint": odeint_adjoint}
ACTIVATIONS = {"identity": lambda x: x, "tanh": torch.tanh, "softplus": torch.nn.functional.softplus}


def versions():
    return {"torch": torch.__version__, "torchdiffeq": importlib.metadata.version("torchdiffeq")}


def floats(values):
    """A float32 tensor, also of numbers that JSON writes as integers."""
    return torch.tensor(values, dtype=torch.float32)


class Mlp(torch.nn.Module):
    """net(y ** power)."""

    def __init__(self, dynamics):
        super().__init__()
        self.power = dynamics["power"]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(*self.shape(layer)) for layer in dynamics["layers"])
        names = [dynamics["activation"]] * (len(self.layers) - 1) + [dynamics["finalActivation"]]
        self.after = [ACTIVATIONS[name] for name in names]
        self.initial = [(floats(layer["weight"]).T, floats(layer["bias"])) for layer in dynamics["layers"]]
        self.reset()

    @staticmethod
    def shape(layer):
        return len(layer["weight"]), len(layer["bias"])

    def reset(self):
        with torch.no_grad():
            for layer, (weight, bias) in zip(self.layers, self.initial):
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)

    def forward(self, t, y):
        x = y if self.power == 1 else y**self.power
        for layer, activation in zip(self.layers, self.after):
            x = activation(layer(x))
        return x

    def flat_gradient(self):
        """Gradients layer by layer: the weight as [inputs, outputs], then the bias."""
        parts = [part for layer in self.layers for part in (layer.weight.grad.T, layer.bias.grad)]
        return torch.cat([part.reshape(-1) for part in parts]).tolist()


class TimeConv(torch.nn.Module):
    """A 3x3 convolution with time as the last input channel, as odenet_mnist.py's ConcatConv2d has it as the first."""

    def __init__(self, channels):
        super().__init__()
        self.conv = torch.nn.Conv2d(channels + 1, channels, 3, padding=1)

    def forward(self, t, x):
        return self.conv(torch.cat([x, torch.ones_like(x[:, :1]) * t], 1))


class ConvBlock(torch.nn.Module):
    """odenet_mnist.py's ODEfunc, on images whose rows are flattened."""

    def __init__(self, dynamics):
        super().__init__()
        self.image = dynamics["image"]
        channels, groups = self.image[0], dynamics["groups"]
        norm = lambda: torch.nn.GroupNorm(groups, channels)
        self.norm1, self.conv1, self.norm2, self.conv2, self.norm3 = (
            norm(), TimeConv(channels), norm(), TimeConv(channels), norm()
        )
        self.relu = torch.nn.ReLU(inplace=True)
        self.layers = [self.norm1, self.conv1.conv, self.norm2, self.conv2.conv, self.norm3]
        self.initial = [(floats(layer["weight"]), floats(layer["bias"])) for layer in dynamics["layers"]]
        self.reset()

    def reset(self):
        with torch.no_grad():
            for layer, (weight, bias) in zip(self.layers, self.initial):
                layer.weight.copy_(weight.view_as(layer.weight))
                layer.bias.copy_(bias)

    def forward(self, t, y):
        x = self.relu(self.norm1(y.view(-1, *self.image)))
        x = self.relu(self.norm2(self.conv1(t, x)))
        return self.norm3(self.conv2(t, x)).view_as(y)

    def flat_gradient(self):
        parts = [part for layer in self.layers for part in (layer.weight.grad, layer.bias.grad)]
        return torch.cat([part.reshape(-1) for part in parts]).tolist()


FIELDS = {"mlp": Mlp, "convBlock": ConvBlock}


class Counting(torch.nn.Module):
    """Dynamics that count their evaluations, and the steps that torchdiffeq tries with them."""

    def __init__(self, field):
        super().__init__()
        self.field = field
        self.evaluations = 0
        self.steps = 0

    def forward(self, t, y):
        self.evaluations += 1
        return self.field(t, y)

    def callback_step(self, t0, y0, dt):
        self.steps += 1


class Program:
    def __init__(self, problem, options):
        self.task = problem["task"]
        self.tolerances = {"rtol": problem["rtol"], "atol": problem["atol"], "method": "dopri5"}
        self.field = FIELDS[problem["dynamics"]["kind"]](problem["dynamics"])
        self.f = torch.compile(self.field) if options.compile else self.field
        self.integrate = INTEGRATORS[self.task.get("gradient", "backprop")]

    def odeint(self, f, y0, ts):
        return self.integrate(f, y0, ts, **self.tolerances)

    def restart(self):
        pass

    def test(self):
        raise Unsupported("no training")

    def over(self, ts):
        raise Unsupported("no gradient")


class Solve(Program):
    def __init__(self, problem, options):
        super().__init__(problem, options)
        self.y0, self.ts = floats(self.task["y0"]), floats(self.task["ts"])

    def solve(self, f):
        with torch.no_grad():
            return self.odeint(f, self.y0, self.ts)[1:].numpy()

    def run(self):
        self.solve(self.f)

    def answer(self):
        counting = Counting(self.f)
        ys = self.solve(counting)
        counts = {"nfe": counting.evaluations, "nfeBackward": 0, "steps": counting.steps}
        return {"ys": ys.reshape(-1).tolist()}, counts


class Differentiated(Program):
    """What solves, then pulls a loss back; a subclass has `loss(f)`."""

    def loss_and_gradient(self, f, *args):
        self.field.zero_grad()
        loss = self.loss(f, *args)
        loss.backward()
        return loss.item()

    def answered(self, *args):
        self.field.zero_grad()
        counting = Counting(self.f)
        loss = self.loss(counting, *args)
        forward, steps = counting.evaluations, counting.steps
        loss.backward()
        # Backprop evaluates nothing in its backward pass; what is counted there belongs to the adjoint solve.
        counts = {"nfe": forward, "nfeBackward": counting.evaluations - forward, "steps": steps}
        return {"loss": [loss.item()], "gradient": self.field.flat_gradient()}, counts


class Gradient(Differentiated):
    def __init__(self, problem, options):
        super().__init__(problem, options)
        self.y0, self.ts = floats(self.task["y0"]), floats(self.task["ts"])

    def loss(self, f, ts):
        return self.odeint(f, self.y0, ts)[-1].square().mean()

    def run(self):
        self.loss_and_gradient(self.f, self.ts)

    def answer(self):
        return self.answered(self.ts)

    def over(self, ts):
        return self.answered(floats(ts))


class Training(Differentiated):
    def __init__(self, problem, options):
        super().__init__(problem, options)
        self.ts, self.ys = floats(self.task["ts"]), floats(self.task["ys"])
        window = self.task["window"]
        rows = lambda starts: torch.stack([self.ys[torch.tensor(starts) + k] for k in range(window)])
        self.batches = [rows(starts) for starts in self.task["batches"]]
        self.times = self.ts[:window]
        self.restart()

    def restart(self):
        self.field.reset()
        self.optimizer = torch.optim.RMSprop(self.field.parameters(), lr=self.task["learningRate"])
        self.done = 0

    def loss(self, f, batch):
        return (self.odeint(f, batch[0], self.times) - batch).abs().mean()

    def run(self):
        self.loss_and_gradient(self.f, self.batches[self.done % len(self.batches)])
        self.optimizer.step()
        self.done += 1

    def answer(self):
        self.restart()
        return self.answered(self.batches[0])

    def test(self):
        with torch.no_grad():
            ys = self.odeint(self.f, self.ys[:1], self.ts)
            return (ys - self.ys[:, None]).abs().mean().item()


PROGRAMS = {"solve": Solve, "gradient": Gradient, "training": Training}


def program_of(problem, options):
    kind = problem["dynamics"]["kind"]
    if kind not in FIELDS:
        raise Unsupported(f"our script has no dynamics '{kind}'")
    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    return PROGRAMS[problem["task"]["kind"]](problem, options)
