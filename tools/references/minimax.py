"""Best rational approximations by Remez's exchange, in mpmath."""

import mpmath


def minimax(function, low, high, numerator, denominator=0, *, first=None, weight=None, spread=None):
    """The best c + z P(z) over 1 + z Q(z) on [low, high]: coefficients of both, lowest order first, and the weighted error.

    `numerator` and `denominator` are the numbers of coefficients of P and Q. `first` fixes c. Errors are relative unless
    `weight` says otherwise. `spread` maps [0, 1] to where the first points lie.
    """
    weight = weight or (lambda z: 1 / function(z))
    low, high = mpmath.mpf(low), mpmath.mpf(high)
    spread = spread or (lambda t: low + (high - low) * t)
    free = 0 if first is not None else 1
    size = numerator + denominator + free + 1
    steps = size - free
    points = [spread((1 - mpmath.cos(mpmath.pi * (k + 1 - free) / steps)) / 2) for k in range(size)]
    level, q = mpmath.mpf(0), [mpmath.mpf(0)] * denominator

    def one_plus(coefficients, z):
        return 1 + z * mpmath.polyval(coefficients[::-1], z) if coefficients else mpmath.mpf(1)

    for _ in range(60):
        values, weights = [function(z) for z in points], [weight(z) for z in points]
        for _ in range(40):  # the level times Q is the one product of unknowns: solved by substitution
            matrix, right = mpmath.matrix(size, size), mpmath.matrix(size, 1)
            for i, z in enumerate(points):
                sign = (-1) ** i
                target = values[i] + sign * level / weights[i]
                row = [mpmath.mpf(1)] * free
                row += [z ** (j + 1) for j in range(numerator)]
                row += [-target * z ** (j + 1) for j in range(denominator)]
                row.append(-sign / weights[i] * one_plus(q, z))
                for j, entry in enumerate(row):
                    matrix[i, j] = entry
                right[i] = target - (0 if free else first)
            solution = list(mpmath.lu_solve(matrix, right))
            change = solution[-1]
            q = solution[free + numerator : -1]
            level += change
            if not denominator or abs(change) < abs(level) * mpmath.mpf(10) ** -12:
                break
        c = solution[0] if free else mpmath.mpf(first)
        p = solution[free : free + numerator]

        def error(z):
            top = c + z * mpmath.polyval(p[::-1], z) if p else c
            return (top / one_plus(q, z) - function(z)) * weight(z)

        peaks = extrema(error, sorted({low, *points, high}))
        while len(peaks) > size:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        if len(peaks) < size:
            raise SystemExit("the exchange lost a point: change the degrees")
        points = [z for z, _ in peaks]
        heights = [abs(e) for _, e in peaks]
        if peaks[0][1] * level < 0:
            level = -level
        if max(heights) - min(heights) < max(heights) / 1000:
            return [c, *p], [mpmath.mpf(1), *q], max(heights)
    raise SystemExit("the exchange did not settle")


def extrema(error, marks):
    """The largest error between each two changes of its sign."""
    grid = [a + (b - a) * k / 16 for a, b in zip(marks, marks[1:]) for k in range(16)] + [marks[-1]]
    values = [error(z) for z in grid]
    peaks = []
    for i, (z, e) in enumerate(zip(grid, values)):
        if e == 0:
            continue
        if not peaks or (e > 0) != (values[peaks[-1]] > 0):
            peaks.append(i)
        elif abs(e) > abs(values[peaks[-1]]):
            peaks[-1] = i
    found = []
    for i in peaks:
        z, e = grid[i], values[i]
        if 0 < i < len(grid) - 1:
            left, right = (z - grid[i - 1]) * (e - values[i + 1]), (z - grid[i + 1]) * (e - values[i - 1])
            if left != right:
                top = z - ((z - grid[i - 1]) * left - (z - grid[i + 1]) * right) / (2 * (left - right))
                if grid[i - 1] < top < grid[i + 1] and abs(error(top)) > abs(e):
                    z, e = top, error(top)
        found.append((z, e))
    return found
