"""The dense output of dopri8: weights b_i(theta) of order 5, once continuously differentiable, from the stages of a step.

No such set is published. The conditions of order, sum_i b_i(theta) Phi_i(tree) = theta^r / gamma(tree) for each rooted tree
of r vertices (Hairer, Norsett and Wanner I, II.6), are linear in the coefficients of the polynomials b_i, and so are b_i(1),
b_i'(0) and b_i'(1), which join the steps. What they leave free makes the defects of the trees of the next order small, in
least squares over the step. The run refuses to write unless, in exact arithmetic, the fractions of the package's tableau have
order 8 and the embedded weights order 7 on all trees; the rounded result keeps its conditions; and order 6 has no solution.
"""

import re
from fractions import Fraction
from functools import cache

import numpy as np

from typescript import ROOT, literal, write_module

SOURCE = ROOT / "packages" / "solvers" / "dopri8" / "src"
ORDER, DEGREE = 5, 6


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
    write_module(
        SOURCE / "dense-output.ts",
        "Dense output of order 5: bᵢ(θ) = Σₘ interpolant[i][m]·θ^(m+1). Derived, checked and written by "
        "tools/references/dopri8.py, never by hand.",
        [f"export const interpolant: readonly (readonly number[])[] = {literal(table)};"],
    )


main()
