"""Problems solved by diffrax on JAX: whole solves, gradients and training steps under jit."""

import jax
import jax.numpy as jnp
import diffrax
import numpy as np

from worker import Unsupported

ADJOINTS = {"backprop": diffrax.RecursiveCheckpointAdjoint, "adjoint": diffrax.BacksolveAdjoint}
ACTIVATIONS = {"identity": lambda x: x, "tanh": jnp.tanh, "softplus": jax.nn.softplus}

# RMSprop's, as PyTorch's defaults.
ALPHA, EPS = 0.99, 1e-8


def versions():
    return {"jax": jax.__version__, "diffrax": diffrax.__version__}


def floats(values):
    """A float32 array, also of numbers that JSON writes as integers."""
    return jnp.array(values, jnp.float32)


def mlp(dynamics):
    """Parameters, and the field t, y, parameters -> net(y ** power)."""
    power, layers = dynamics["power"], dynamics["layers"]
    names = [dynamics["activation"]] * (len(layers) - 1) + [dynamics["finalActivation"]]
    after = [ACTIVATIONS[name] for name in names]

    def field(t, y, params):
        x = y if power == 1 else y**power
        for (weight, bias), activation in zip(params, after):
            x = activation(x @ weight + bias)
        return x

    return [(floats(layer["weight"]), floats(layer["bias"])) for layer in layers], field


def conv_block(dynamics):
    """The same for the ODE block for images: rows of the state are flattened images, time is the last channel."""
    channels, height, width = image = dynamics["image"]
    groups = dynamics["groups"]

    def norm(x, weight, bias):
        grouped = x.reshape(-1, groups, channels // groups * height * width)
        mean = jnp.mean(grouped, -1, keepdims=True)
        variance = jnp.mean(jnp.square(grouped - mean), -1, keepdims=True)
        normal = ((grouped - mean) / jnp.sqrt(variance + 1e-5)).reshape(x.shape)
        return normal * weight[:, None, None] + bias[:, None, None]

    def conv(t, x, weight, bias):
        x = jnp.concatenate([x, jnp.broadcast_to(t, x[:, :1].shape)], 1)
        return jax.lax.conv(x, weight, (1, 1), "SAME") + bias[:, None, None]

    def field(t, y, params):
        norm1, conv1, norm2, conv2, norm3 = params
        x = jax.nn.relu(norm(y.reshape(-1, *image), *norm1))
        x = jax.nn.relu(norm(conv(t, x, *conv1), *norm2))
        return norm(conv(t, x, *conv2), *norm3).reshape(y.shape)

    def layer(weight, bias):
        shape = (channels,) if len(weight) == channels else (channels, channels + 1, 3, 3)
        return floats(weight).reshape(shape), floats(bias)

    return [layer(**each) for each in dynamics["layers"]], field


FIELDS = {"mlp": mlp, "convBlock": conv_block}


def counts_of(steps, is_gradient):
    """diffrax tells steps, not evaluations: six a step (Dopri5 is FSAL) and the first slope.

    So it was when we counted, with diffrax 0.7.2: it starts with a step of 0.01, and evaluates nothing to choose it.
    """
    steps = int(steps)
    return {"nfe": 6 * steps + 1, "nfeBackward": None if is_gradient else 0, "steps": steps}


def flat(params):
    """Layer by layer: the weight, then the bias."""
    return np.concatenate([np.asarray(part).reshape(-1) for layer in params for part in layer]).tolist()


class Program:
    def __init__(self, problem):
        self.task = problem["task"]
        self.params, self.field = FIELDS[problem["dynamics"]["kind"]](problem["dynamics"])
        self.controller = diffrax.PIDController(rtol=problem["rtol"], atol=problem["atol"])
        self.max_steps = problem["maxSteps"]
        self.adjoint = ADJOINTS[self.task.get("gradient", "backprop")]()

    def odeint(self, params, y0, ts, saveat):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(self.field),
            diffrax.Dopri5(),
            t0=ts[0],
            t1=ts[-1],
            dt0=None,
            y0=y0,
            args=params,
            saveat=saveat,
            stepsize_controller=self.controller,
            adjoint=self.adjoint,
            max_steps=self.max_steps,
        )

    def restart(self):
        pass

    def test(self):
        raise Unsupported("no training")

    def over(self, ts):
        raise Unsupported("no gradient")


class Solve(Program):
    def __init__(self, problem):
        super().__init__(problem)
        self.y0, self.ts = floats(self.task["y0"]), floats(self.task["ts"])
        only_last = len(self.task["ts"]) == 2

        @jax.jit
        def solve(params, y0, ts):
            solution = self.odeint(params, y0, ts, diffrax.SaveAt(t1=True) if only_last else diffrax.SaveAt(ts=ts[1:]))
            return solution.ys, solution.stats["num_steps"]

        self.solve = solve

    def run(self):
        return np.asarray(self.solve(self.params, self.y0, self.ts)[0])

    def answer(self):
        ys, steps = self.solve(self.params, self.y0, self.ts)
        return {"ys": np.asarray(ys).reshape(-1).tolist()}, counts_of(steps, False)


class Gradient(Program):
    def __init__(self, problem):
        super().__init__(problem)
        self.y0, self.ts = floats(self.task["y0"]), floats(self.task["ts"])

        def loss(params, y0, ts):
            solution = self.odeint(params, y0, ts, diffrax.SaveAt(t1=True))
            return jnp.mean(jnp.square(solution.ys[-1])), solution.stats["num_steps"]

        self.evaluate = jax.jit(jax.value_and_grad(loss, has_aux=True))

    def run(self):
        jax.block_until_ready(self.evaluate(self.params, self.y0, self.ts))

    def answer(self):
        return self.over(self.task["ts"])

    def over(self, ts):
        (loss, steps), gradient = self.evaluate(self.params, self.y0, floats(ts))
        return {"loss": [float(loss)], "gradient": flat(gradient)}, counts_of(steps, True)


class Training(Program):
    def __init__(self, problem):
        super().__init__(problem)
        ys = np.array(self.task["ys"], np.float32)
        window, rate = self.task["window"], self.task["learningRate"]
        self.batches = [np.stack([ys[np.array(starts) + k] for k in range(window)]) for starts in self.task["batches"]]
        self.ts, self.ys = floats(self.task["ts"]), jnp.array(ys)
        times = self.ts[:window]

        def loss(params, batch):
            solution = self.odeint(params, batch[0], times, diffrax.SaveAt(ts=times))
            return jnp.mean(jnp.abs(solution.ys - batch)), solution.stats["num_steps"]

        self.evaluate = jax.jit(jax.value_and_grad(loss, has_aux=True))

        def step(params, squares, batch):
            (value, _), gradient = jax.value_and_grad(loss, has_aux=True)(params, batch)
            squares = jax.tree.map(lambda v, g: ALPHA * v + (1 - ALPHA) * g * g, squares, gradient)
            params = jax.tree.map(lambda p, v, g: p - rate * g / (jnp.sqrt(v) + EPS), params, squares, gradient)
            return params, squares, value

        self.step = jax.jit(step, donate_argnums=(0, 1))

        @jax.jit
        def test_loss(params):
            solution = self.odeint(params, self.ys[:1], self.ts, diffrax.SaveAt(ts=self.ts))
            return jnp.mean(jnp.abs(solution.ys - self.ys[:, None]))

        self.test_loss = test_loss
        self.restart()

    def restart(self):
        self.state = (jax.tree.map(jnp.copy, self.params), jax.tree.map(jnp.zeros_like, self.params))
        self.done = 0

    def run(self):
        *self.state, loss = self.step(*self.state, self.batches[self.done % len(self.batches)])
        float(loss)
        self.done += 1

    def answer(self):
        (loss, steps), gradient = self.evaluate(self.params, self.batches[0])
        return {"loss": [float(loss)], "gradient": flat(gradient)}, counts_of(steps, True)

    def test(self):
        return float(self.test_loss(self.state[0]))


PROGRAMS = {"solve": Solve, "gradient": Gradient, "training": Training}


def program_of(problem, options):
    kind = problem["dynamics"]["kind"]
    if kind not in FIELDS:
        raise Unsupported(f"our script has no dynamics '{kind}'")
    if options.compile:
        raise Unsupported("JAX compiles always")
    return PROGRAMS[problem["task"]["kind"]](problem)
