"""Short convolutions with few multiplications: the matrices of Toom and Cook.

Four outputs of a filter with r taps, y_i = sum_j g_j d_(i+j), take 4 r multiplications. With the
values of polynomials at n = r + 3 points they take n (Winograd, "Arithmetic complexity of
computations", 1980; for networks Lavin and Gray, CVPR 2016):

    y = A^T [(G g) * (B d)]        d: n inputs, g: r taps, y: 4 outputs, *: point by point

The points are 0, 1, -1, 2, -2, 1/2, -1/2 as far as they are needed, and infinity.
"""

from fractions import Fraction
from functools import cache

import numpy as np

OUTPUTS = 4
FINITE_POINTS = tuple(map(Fraction, ("0", "1", "-1", "2", "-2", "1/2", "-1/2")))
MOST_TAPS = len(FINITE_POINTS) + 2 - OUTPUTS  # more would need points that round badly


@cache
def matrices(taps):
    """Return B (n, n), A (n, 4) and G (n, taps) as float64 arrays; `taps` is 2 to MOST_TAPS."""
    finite = FINITE_POINTS[: OUTPUTS + taps - 2]
    others = [[other for other in finite if other != point] for point in finite]
    # Lagrange: the polynomial that is 0 at all other points, over its value at the point.
    inputs = [[*_with_roots(roots), Fraction(0)] for roots in others] + [_with_roots(finite)]
    weights = [
        [power / _product(point - other for other in roots) for power in _powers(point, taps)]
        for point, roots in zip(finite, others, strict=True)
    ]
    outputs = [_powers(point, OUTPUTS) for point in finite]
    at_infinity = [[Fraction(0)] * (length - 1) + [Fraction(1)] for length in (OUTPUTS, taps)]
    return tuple(
        np.array(matrix, np.float64)
        for matrix in (inputs, [*outputs, at_infinity[0]], [*weights, at_infinity[1]])
    )


def _with_roots(roots):
    """Return the coefficients of the product of (x - root), from the constant on."""
    coefficients = [Fraction(1)]
    for root in roots:
        raised = [Fraction(0), *coefficients]
        coefficients = [a - root * b for a, b in zip(raised, [*coefficients, 0], strict=True)]
    return coefficients


def _powers(point, count):
    return [point**power for power in range(count)]


def _product(numbers):
    product = Fraction(1)
    for number in numbers:
        product *= number
    return product
