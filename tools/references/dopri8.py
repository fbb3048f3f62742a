"""The dense output of dopri8: of order 5 from the stages of a step, of order 7 from four further stages; both once continuously
differentiable.

No such set is published. For order 5, the conditions of order, sum_i b_i(theta) Phi_i(tree) = theta^r / gamma(tree) for each rooted tree
of r vertices (Hairer, Norsett and Wanner I, II.6), are linear in the coefficients of the polynomials b_i, and so are b_i(1),
b_i'(0) and b_i'(1), which join the steps. What they leave free makes the defects of the trees of the next order small, in
least squares over the step.

Order 7 is bootstrapped (Enright, Jackson, Norsett and Thomsen 1986): a stage whose value has order 5 completes the conditions of
order 6, three stages whose values have order 6 complete those of order 7. Each is the least squares solution of its conditions for
small defects of the next order and small coefficients; the nodes, found by a search for both, are near its minimum. The dense
output is the Hermite cubic of both ends plus theta^2 (1 - theta)^2 times polynomials in 2 theta - 1: the joint is smooth by its
form, and coefficients are a hundred times smaller than those of powers of theta, which would round away the accuracy in f32.

The run refuses to write unless, in exact arithmetic, the fractions of the package's tableau have order 8 and the embedded weights
order 7 on all trees; the rounded results keep their conditions; and order 6 has no solution in the stages of the step alone.
"""

import re
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.polynomial import Polynomial

from typescript import ROOT, literal, write_module

SOURCE = ROOT / "packages" / "solvers" / "dopri8" / "src"
ORDER, DEGREE = 5, 6
FURTHER_ORDER, BULGE_DEGREE = 7, 3
# The nodes of the further stages, and the orders of their values.
FURTHER = ((Fraction(53, 100), 5), (Fraction(2, 25), 6), (Fraction(7, 10), 6), (Fraction(23, 40), 6))
# How much small coefficients count beside small defects.
RIDGE = 3e-3


def fractions_of(name):
    """A constant of tableau.ts, in exact arithmetic."""
    text = (SOURCE / "tableau.ts").read_text(encoding="utf-8")
    value = re.search(rf"export const {name} = (\[.*?\]);", text, re.DOTALL).group(1)
    exact = re.sub(r"(\d+)(?: / (\d+))?", lambda m: f"Fraction({m[1]}, {m[2] or 1})", value)
    return eval(exact, {"Fraction": Fraction})


@cache
def trees(order):
    """The rooted trees of so many vertices, each as the sorted tuple of those that hang from its root."""
    return sorted(forests(order - 1, order - 1))


@cache
def forests(vertices, largest):
    """The multisets of trees with so many vertices together, none of them with more than `largest`."""
    if vertices == 0:
        return {()}
    return {
        tuple(sorted((tree, *rest)))
        for size in range(1, min(vertices, largest) + 1)
        for tree in trees(size)
        for rest in forests(vertices - size, size)
    }


def vertices_of(tree):
    return 1 + sum(map(vertices_of, tree))


def gamma(tree):
    product = vertices_of(tree)
    for child in tree:
        product *= gamma(child)
    return product


def stage_weights(a):
    """The function that gives each stage's elementary weight of a tree."""

    @cache
    def of(tree):
        weights = [Fraction(1)] * len(a)
        for child in tree:
            below = of(child)
            weights = [w * sum(x * y for x, y in zip(row, below)) for w, row in zip(weights, a)]
        return weights

    return of


def defect(weights, of, order):
    """The largest defect of any condition of an order."""
    return max(abs(sum(w * x for w, x in zip(weights, of(t))) - Fraction(1, gamma(t))) for t in trees(order))


def up_to(order):
    return [tree for size in range(1, order + 1) for tree in trees(size)]


def matrix(of, chosen, stages):
    return np.array([[float(of(tree)[i]) for i in stages] for tree in chosen])


def has_solution(of, order, theta):
    """Whether any weights of all stages satisfy the conditions at one position."""
    chosen = up_to(order)
    left = matrix(of, chosen, range(14))
    right = np.array([theta ** vertices_of(tree) / gamma(tree) for tree in chosen])
    weights = np.linalg.lstsq(left, right, rcond=1e-11)[0]
    return np.abs(left @ weights - right).max() < 1e-14


def powers(theta, derivative=0):
    m = np.arange(1, DEGREE + 1)
    return m * theta ** (m - 1.0) if derivative else theta ** (1.0 * m)


def conditions(of, b, stages):
    """The equations C x = d for the coefficients x of all weights, power after power."""
    rows, values = [], []
    for tree, phi in zip(up_to(ORDER), matrix(of, up_to(ORDER), stages)):
        for m in range(DEGREE):
            rows.append(np.outer(np.eye(DEGREE)[m], phi).ravel())
            values.append(1 / gamma(tree) if vertices_of(tree) == m + 1 else 0)
    for k, stage in enumerate(stages):
        unit = np.eye(len(stages))[k]
        for at, value in (
            (powers(0.0, 1), stage == 0),
            (powers(1.0), float(b[stage])),
            (powers(1.0, 1), stage == 13),
        ):
            rows.append(np.outer(at, unit).ravel())
            values.append(value)
    return np.array(rows), np.array(values, dtype=float)


def next_order(of, stages):
    """The same for the defects of the next order, at Gauss points of the step: E x - e is to be small."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    chosen = trees(ORDER + 1)
    rows, values = [], []
    for theta, weight in zip((nodes + 1) / 2, np.sqrt(weights)):
        for tree, phi in zip(chosen, matrix(of, chosen, stages)):
            rows.append(weight * np.outer(powers(theta), phi).ravel())
            values.append(weight * theta ** (ORDER + 1) / gamma(tree))
    return np.array(rows), np.array(values)


def constrained_least_squares(c, d, e, f):
    """The x with C x = d, consistent but of lower rank, that makes |E x - f| least."""
    u, s, vt = np.linalg.svd(c)
    rank = int((s > 1e-10 * s[0]).sum())
    inverse = vt[:rank].T @ (u[:, :rank] / s[:rank]).T
    free = vt[rank:].T
    particular = inverse @ d
    x = particular + free @ np.linalg.lstsq(e @ free, f - e @ particular, rcond=1e-12)[0]
    for _ in range(3):
        x -= inverse @ np.asarray(c.astype(np.longdouble) @ x - d, dtype=float)
    return x


def with_ridge(rows, values, width):
    """Least squares that also keep the solution small."""
    return np.vstack([rows, RIDGE * np.eye(width)]), np.concatenate([values, np.zeros(width)])


def scaled(of, chosen, stages):
    """The elementary weights of trees times their densities: the conditions of a node c are then c^r."""
    return matrix(of, chosen, stages) * np.array([[float(gamma(tree))] for tree in chosen])


def further_row(rows, node, order):
    """The coefficients of a stage at a node whose value has an order, from the stages before it."""
    of = stage_weights(rows)
    stages = [j for j in range(len(rows)) if j not in (1, 2)]  # the first stages are too inaccurate to be of use
    def powers_of(chosen):
        return np.array([float(node) ** vertices_of(tree) for tree in chosen])

    held, small = up_to(order), trees(order + 1)
    x = constrained_least_squares(
        scaled(of, held, stages),
        powers_of(held),
        *with_ridge(scaled(of, small, stages), powers_of(small), len(stages)),
    )
    row = [0.0] * len(rows)
    for j, value in zip(stages, x):
        row[j] = float(value)
    return row


def bulge_of(power):
    """theta^power minus its Hermite cubic, over theta^2 (1 - theta)^2: coefficients in s = 2 theta - 1."""
    theta = Polynomial([0.5, 0.5])
    start, end = float(power == 1), float(power)
    cubic = Polynomial([0, start, 3 - 2 * start - end, end + start - 2])
    quotient = (Polynomial([0] * power + [1]) - cubic) // Polynomial([0, 0, 1, -2, 1])
    return quotient(theta).coef


def bulge_conditions(of, chosen, stages):
    """The equations for the coefficients of the bulge, power after power of s."""
    rows = scaled(of, chosen, stages)
    values = np.zeros((BULGE_DEGREE + 1, len(chosen)))
    for k, tree in enumerate(chosen):
        coefficients = bulge_of(vertices_of(tree))[: BULGE_DEGREE + 1]
        values[: len(coefficients), k] = coefficients
    return np.kron(np.eye(BULGE_DEGREE + 1), rows), values.ravel()


def bulge_defects(of, stages):
    """The defects of the next order, at Gauss points of the step."""
    chosen = trees(FURTHER_ORDER + 1)
    rows, values = [], []
    for s, weight in zip(*np.polynomial.legendre.leggauss(10)):
        size = np.sqrt(weight) * (1 - s * s) ** 2
        rows.append(size * np.kron(s ** np.arange(BULGE_DEGREE + 1), scaled(of, chosen, stages)))
        values.append(np.full(len(chosen), size * Polynomial(bulge_of(FURTHER_ORDER + 1))(s)))
    return np.vstack(rows), np.concatenate(values)


def largest_defect(of, weights, order, theta):
    """The largest defect of all conditions up to an order at one position, in exact arithmetic."""
    return max(
        abs(sum(w * x for w, x in zip(weights, of(tree))) - theta ** vertices_of(tree) / gamma(tree)) for tree in up_to(order)
    )


def extension(rows, b):
    """Further rows of coefficients, and the bulge, from the rows of a method and its weights."""
    for node, order in FURTHER:
        row = further_row(rows, node, order)
        rows = [*rows, [Fraction(x) for x in row]]
        kept = float(largest_defect(stage_weights(rows[:-1]), rows[-1], order, node))
        print(f"stage at {node}: order {order} {kept:.1e}, largest {max(map(abs, row)):.2f}")
        if kept > 1e-15:
            raise SystemExit("a further stage does not satisfy its conditions")

    of = stage_weights(rows)
    weights = [*b, *(Fraction(0) for _ in FURTHER)]
    stages = [i for i, w in enumerate(weights) if w != 0 or i >= 13]
    width = (BULGE_DEGREE + 1) * len(stages)
    left, right = bulge_conditions(of, up_to(FURTHER_ORDER), stages)
    x = constrained_least_squares(left, right, *with_ridge(*bulge_defects(of, stages), width))
    table = [[] for _ in rows]
    for k, stage in enumerate(stages):
        table[stage] = [float(value) for value in x.reshape(BULGE_DEGREE + 1, len(stages))[:, k]]

    kept = max(float(largest_defect(of, dense_weights(table, weights, theta), FURTHER_ORDER, theta)) for theta in (
        Fraction(1, 10), Fraction(7, 20), Fraction(1, 2), Fraction(4, 5)
    ))
    print(f"dense output: order {FURTHER_ORDER} {kept:.1e}, largest {np.abs(x).max():.1f}")
    if kept > 1e-14:
        raise SystemExit("the further dense output does not satisfy its conditions")
    return rows[14:], table


def dense_weights(table, b, theta):
    """b_i(theta) of the Hermite cubic with the bulge; stage 13 is f at the end of the step."""
    bulge = theta**2 * (1 - theta) ** 2
    weights = []
    for i, (row, weight) in enumerate(zip(table, b)):
        start, end = Fraction(i == 0), Fraction(i == 13)
        cubic = start * theta + (3 * weight - 2 * start - end) * theta**2 + (start + end - 2 * weight) * theta**3
        weights.append(cubic + bulge * sum(Fraction(x) * (2 * theta - 1) ** m for m, x in enumerate(row)))
    return weights


def main():
    a, b, embedded, c = (fractions_of(name) for name in ("a", "b", "embedded", "c"))
    of = stage_weights(a)
    rows = max(abs(sum(row) - node) for row, node in zip(a, c))
    order8 = max(defect(b, of, order) for order in range(1, 9))
    order7 = max(defect(embedded, of, order) for order in range(1, 8))
    print(f"rows {float(rows):.1e}, order 8 {float(order8):.1e}, embedded order 7 {float(order7):.1e}")
    if max(rows, order8, order7) > 2e-17:
        raise SystemExit("the tableau does not satisfy its conditions")

    with_end, weights = stage_weights([*a, b]), [*b, Fraction(0)]
    if not has_solution(with_end, ORDER, 0.5) or has_solution(with_end, ORDER + 1, 0.5):
        raise SystemExit(f"{ORDER} is not the highest order of dense output")

    # the stages of weight 0 would be of no help: the defects of order 6 are as small without them
    stages = [i for i in range(14) if i == 13 or weights[i] != 0]
    left, right = conditions(with_end, weights, stages)
    wanted = next_order(with_end, stages)
    x = constrained_least_squares(left, right, *wanted)
    kept = np.abs(left @ x - right).max()
    print(f"conditions {kept:.1e}, next order {np.abs(wanted[0] @ x - wanted[1]).max():.1e}, largest {np.abs(x).max():.0f}")
    if kept > 2e-13:  # the rounding of slopes at the end, sums of terms of some hundreds
        raise SystemExit("the dense output does not satisfy its conditions")

    table = [[] for _ in range(14)]
    for k, stage in enumerate(stages):
        row = x.reshape(DEGREE, len(stages))[:, k].copy()
        row[0] = float(stage == 0)
        table[stage] = list(row)
    further, bulge = extension([*a, b], weights)
    rows = "readonly (readonly number[])[]"
    write_module(
        SOURCE / "dense-output.ts",
        "The dense output. Derived, checked and written by tools/references/dopri8.py, never by hand.",
        [
            f"/** Of order 5: bᵢ(θ) = Σₘ interpolant[i][m]·θ^(m+1). */\nexport const interpolant: {rows} = {literal(table)};",
            f"/** Nodes of the further stages. */\nexport const furtherC = {literal([float(node) for node, _ in FURTHER])};",
            f"/** Their coefficients. */\nexport const furtherA: {rows} = {literal([[float(x) for x in row] for row in further])};",
            f"/** Of order 7: what is added to the Hermite cubic, over θ²(1 − θ)², in powers of 2θ − 1. */\n"
            f"export const bulge: {rows} = {literal(bulge)};",
        ],
    )


main()
