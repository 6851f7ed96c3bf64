"""Peers of `oncotwin bench sbc`.

sbc.py JOB    exponential growth under doses fitted by scipy.optimize.curve_fit and drawn from by emcee; JOB is
              a JSON file, the answer JSON on standard output

Model, noise and priors are those of the program, written anew: diameters in mm, ln d with Student's t of
four degrees and scale hypot(relative, absolute/d); each dose kills with a half-life.
"""

import json
import statistics
import sys
import time
import warnings

import emcee
import numpy as np
from scipy.optimize import curve_fit

# ln of the first diameter, growth rate of volume per day, ln of the log-kill of a dose, ln of its half-life.
CENTRE = np.array([np.log(27.0), 0.005, np.log(9 * 0.02805), np.log(7.0)])
SPREAD = np.array([1.5 * 0.659**0.5, 0.009, 1.5 * 0.9174**0.5, 0.65])

# sigma of anything smaller is that of 5 mm.
LEAST = 5.0


class Lesion:
    def __init__(self, job, noise):
        self.days = np.array(job["days"]) - job["days"][0]
        self.measured = np.log(job["diameters"])
        doses = np.array(job["doses"]) - job["days"][0]
        self.since = np.clip(self.days[:, None] - doses[None, :], 0.0, None)
        self.relative, self.absolute = noise

    def curve(self, ln_d, rate, ln_kill, ln_half):
        """ln d on the days of the scans; parameters are numbers, or columns of many draws."""
        fading = np.log(2.0) / np.exp(ln_half)
        gone = -np.expm1(-np.multiply.outer(fading, self.since))
        killed = np.exp(ln_kill)[..., None] * gone.sum(axis=-1)
        ln_volumes = np.multiply.outer(rate, self.days) - killed
        return np.asarray(ln_d)[..., None] + ln_volumes / 3.0

    def one(self, _, *theta):
        return self.curve(*(np.float64(p) for p in theta))

    def sigma(self, ln_d):
        return np.hypot(self.relative, self.absolute / np.maximum(np.exp(ln_d), LEAST))

    def log_posterior(self, z):
        x = self.curve(*(CENTRE + SPREAD * z).T)
        sigma = self.sigma(x)
        t = (self.measured - x) / sigma
        fit = 2.5 * np.log1p(t * t / 4).sum(axis=-1) + np.log(sigma).sum(axis=-1)
        return -fit - 0.5 * (z * z).sum(axis=-1)

    def start(self):
        return np.array([self.measured[0], *CENTRE[1:]])


def least_squares(lesion):
    """Milliseconds of a fit, or None where it failed."""
    began = time.perf_counter()
    try:
        curve_fit(
            lesion.one,
            lesion.days,
            lesion.measured,
            p0=lesion.start(),
            sigma=lesion.sigma(lesion.measured),
        )
    except RuntimeError:
        return None
    return 1e3 * (time.perf_counter() - began)


def draws(lesion, job, vectorised):
    """Milliseconds per 1000 effective draws after the burn-in, which is not counted, and quantiles."""
    random = np.random.default_rng(2)
    np.random.seed(2)
    start = (lesion.start() - CENTRE) / SPREAD
    begin = start + 0.1 * random.standard_normal((job["walkers"], 4))
    sampler = emcee.EnsembleSampler(
        job["walkers"], 4, lesion.log_posterior, vectorize=vectorised
    )
    settled = sampler.run_mcmc(begin, job["burn_in"])
    sampler.reset()
    began = time.perf_counter()
    sampler.run_mcmc(settled, job["steps"])
    milliseconds = 1e3 * (time.perf_counter() - began)
    tau = sampler.get_autocorr_time(quiet=True).max()
    effective = job["walkers"] * job["steps"] / tau
    theta = CENTRE + SPREAD * sampler.get_chain(flat=True)
    theta[:, [0, 2, 3]] = np.exp(theta[:, [0, 2, 3]])
    return {
        "per_1000": 1000 * milliseconds / effective,
        "quantiles": np.quantile(theta, [0.05, 0.5, 0.95], axis=0).T.tolist(),
    }


if __name__ == "__main__":
    # emcee says when a chain is shorter than 50 autocorrelation times; exp of far proposals overflows.
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    lesions = [Lesion(lesion, job["noise"]) for lesion in job["lesions"]]
    times = [
        [least_squares(lesion) for _ in range(job["times"])] for lesion in lesions
    ]
    answer = {
        "curve_fit": [
            None if None in each else statistics.median(each) for each in times
        ],
        "emcee": [draws(lesion, job, False) for lesion in lesions[: job["sampled"]]],
        "vectorised": [
            draws(lesion, job, True) for lesion in lesions[: job["sampled"]]
        ],
    }
    print(json.dumps(answer))
