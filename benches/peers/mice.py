"""Peers of `oncotwin bench mice`.

mice.py JOB    the same fits with scipy.optimize.curve_fit, likelihoods of populations by sums on fine grids,
               and curves of regression and regrowth; JOB is a JSON file, the answer JSON on standard output
"""

import json
import statistics
import sys
import time
import warnings

import numpy as np
from scipy.optimize import curve_fit
from scipy.special import logsumexp
from scipy.stats import t as student

# Model, start, and bounds, volumes in mm³ from 1 mm³ on day 0.
LAWS = {
    "exponential": (lambda t, a: np.exp(a * t), [0.3], ([0], [5])),
    "free_exponential": (
        lambda t, a, v: v * np.exp(a * t),
        [0.25, 10],
        ([0, 1e-6], [5, 1e4]),
    ),
    "logistic": (
        lambda t, a, k: k / (1 + (k - 1) * np.exp(-a * t)),
        [0.35, 1000],
        ([0, 2], [5, 1e7]),
    ),
    "power_law": (
        lambda t, a, g: (1 + (1 - g) * a * t) ** (1 / (1 - g)),
        [0.9, 0.7],
        ([0, 0], [1e3, 0.999999]),
    ),
    "gompertz": (
        lambda t, a, b: np.exp(a / b * (1 - np.exp(-b * t))),
        [0.6, 0.07],
        ([0, 1e-9], [10, 5]),
    ),
}

CURVES = [
    ("gd", lambda t, g, d: np.exp(-d * t) + np.exp(g * t) - 1, [0.00511] * 2),
    ("dx", lambda t, d: np.exp(-d * t), [0.00511]),
    ("gx", lambda t, g: np.exp(g * t), [0.00511]),
    (
        "gdphi",
        lambda t, p, g, d: (1 - p) * np.exp(g * t) + p * np.exp(-d * t),
        [0.9, 0.00511, 0.00511],
    ),
]


def error(volumes):
    return 0.21 * np.maximum(volumes, 83) ** 0.84


def arrays(tumours):
    return [(np.array(t["days"]), np.array(t["volumes"])) for t in tumours]


def timed(times, work):
    """The result of some work and its median time."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return result, statistics.median(seconds)


def cohort(job, times):
    model, start, bounds = LAWS[job["law"]]
    tumours = arrays(job["tumours"])

    def fit(t, y):
        return curve_fit(
            model,
            t,
            y,
            start,
            sigma=error(y),
            bounds=bounds,
            xtol=1e-12,
            ftol=1e-12,
            max_nfev=20000,
        )[0]

    found, seconds = timed(times, lambda: [fit(t, y) for t, y in tumours])
    fits = [
        {
            "parameters": p.tolist(),
            "squares": float(np.sum(((y - model(t, *p)) / error(y)) ** 2)),
        }
        for (t, y), p in zip(tumours, found)
    ]
    return {"seconds": seconds, "fits": fits}


def deviance(job):
    """-2 ln of the likelihood, standard normal effects summed out on a grid from -6 to 6."""
    two = job["law"] == "gompertz"
    places = np.linspace(-6, 6, 601 if two else 20001)
    n = 2 if two else 1
    mean = np.array(job["mean"][:n])
    root = np.linalg.cholesky(np.array(job["covariance"])[:n, :n])
    unit = np.stack(np.meshgrid(*[places] * n, indexing="ij"), -1).reshape(-1, n)
    step = np.log((places[1] - places[0]) / np.sqrt(2 * np.pi))
    ln_weights = -0.5 * (unit**2).sum(1) + n * step
    effects = np.exp(mean + unit @ root.T)
    if job["law"] == "reduced_gompertz":
        slope, intercept = job["tie"]
        a, b = slope * effects[:, 0] + intercept, effects[:, 0]
    else:
        a, b = effects[:, 0], effects[:, 1] if two else None
    total = 0.0
    for t, y in arrays(job["tumours"]):
        sigma = job["scale"] * error(y)
        ln_density = np.zeros(len(a))
        for day, volume, s in zip(t, y, sigma):
            ln_v = a * day if b is None else a / b * (1 - np.exp(-b * day))
            ln_density -= 0.5 * ((np.exp(ln_v) - volume) / s) ** 2
        total += logsumexp(ln_weights + ln_density)
        total -= np.log(sigma).sum() + 0.5 * len(t) * np.log(2 * np.pi)
    return float(-2 * total)


def chosen(case, significance):
    t, y = np.array(case["days"]), np.array(case["values"])
    t, f = t - t[0] + 1, y / y[0]
    best, curve, parameters = np.inf, None, []
    for name, model, start in CURVES:
        if len(t) <= len(start):
            continue
        p, covariance = curve_fit(
            model,
            t,
            f,
            start,
            bounds=(0, 1),
            xtol=1e-13,
            ftol=1e-13,
            gtol=1e-13,
            max_nfev=5000,
        )
        squares = np.sum((f - model(t, *p)) ** 2)
        values = 2 * student.sf(p / np.sqrt(np.diag(covariance)), len(t) - len(p))
        aic = len(t) * np.log(squares / len(t)) + 2 * len(p)
        if np.all(values < significance) and aic < best:
            best, curve, parameters = aic, name, p.tolist()
    return {"curve": curve, "parameters": parameters}


def rates(job, times):
    cases, seconds = timed(
        times, lambda: [chosen(c, job["significance"]) for c in job["cases"]]
    )
    return {"seconds": seconds, "cases": cases}


if __name__ == "__main__":
    # Derivatives of fits at a bound, and logarithms of fits without a rest.
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        jobs = json.load(file)
    answer = {
        "cohorts": [cohort(job, jobs["times"]) for job in jobs["cohorts"]],
        "populations": [deviance(job) for job in jobs["populations"]],
        "rates": [rates(job, jobs["times"]) for job in jobs["rates"]],
    }
    print(json.dumps(answer))
