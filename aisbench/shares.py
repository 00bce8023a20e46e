"""The 95 % confidence interval of a share."""

from __future__ import annotations

from statistics import NormalDist

# 95 % of a normal distribution lies within this many standard deviations of the mean.
Z_95 = NormalDist().inv_cdf(0.975)


def wilson_interval(happened: float, count: float) -> tuple[float, float]:
    """The 95 % interval of the share `happened` / `count`, which is also good near 0 (E. B. Wilson, Journal of the
    American Statistical Association 22, 1927). If trials are not independent, `count` is their effective number, which
    need not be whole."""
    share = happened / count
    spread = Z_95**2 / count
    middle = (share + spread / 2) / (1 + spread)
    reach = Z_95 * (share * (1 - share) / count + spread / (4 * count)) ** 0.5 / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)
