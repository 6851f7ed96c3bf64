"""Writes tests/it/dynamics/reference_curves.json: forward curves of the models, solved by SciPy.

Independent of the Rust code: the equations of the papers on linear volumes, exposures as plain sums
over doses, DOP853 at rtol 1e-12, restarted at every dose. Rerun with

    python scripts/reference_curves.py > tests/it/dynamics/reference_curves.json
"""

import json

import numpy as np
import scipy
from scipy.integrate import solve_ivp

RTOL, ATOL = 1e-12, 1e-12


def solve(rhs, y, start, stops, days, pulse=lambda t, y: y):
    """y on each of `days`; on the day of a stop the value before it."""
    cuts = sorted({s for s in stops if s >= start} | {max(days) + 1.0})
    out, t, y = {}, start, np.array(y, float)
    if t in days:
        out[t] = y.copy()
    if t in cuts:
        y, cuts = pulse(t, y), [c for c in cuts if c != t]
    for cut in cuts:
        asked = sorted({d for d in days if t < d <= cut} | {cut})
        # The right-hand side is told which piece it is on, so that it never looks across a cut.
        now = t
        s = solve_ivp(lambda u, v: rhs(u, v, now), (t, cut), y, "DOP853", asked, rtol=RTOL, atol=ATOL * max(abs(y)))
        assert s.success
        out.update({d: s.y[:, i].copy() for i, d in enumerate(asked) if d in days})
        t, y = cut, pulse(cut, s.y[:, -1])
    return [out[d] for d in days]


def bolus_exposure(doses, terms, now):
    """Sum over doses given up to `now` of gain exp(-rate (t - t_dose))."""
    given = [(d, a) for d, a in doses if d <= now]
    return lambda t: sum(a * g * np.exp(-k * (t - d)) for d, a in given for g, k in terms)


def simeoni():
    p = dict(k1=0.968, k2=6.29e-4, l0=0.273, l1=814.0, psi=20.0)
    # Two-compartment disposition per 30 mg/kg, ng/mL; made for this test.
    terms = [(27000.0, 20.5), (260.0, 1.95)]
    doses = [(8.0, 1.0), (12.0, 1.0), (16.0, 2.0 / 3.0)]
    days = [0.5, 5.0, 8.0, 8.1, 9.0, 12.0, 13.5, 16.0, 18.0, 25.0, 40.0]

    def rhs(t, x, now):
        c = bolus_exposure(doses, terms, now)(t)
        w = x.sum()
        grow = p["l0"] * x[0] / (1.0 + (p["l0"] * w / p["l1"]) ** p["psi"]) ** (1.0 / p["psi"])
        kill = p["k2"] * c * x[0]
        return [grow - kill, kill - p["k1"] * x[1], p["k1"] * (x[1] - x[2]), p["k1"] * (x[2] - x[3])]

    y = solve(rhs, [30.0, 0.0, 0.0, 0.0], 0.0, [d for d, _ in doses], days)
    return dict(parameters=p, terms=terms, doses=doses, start=30.0, days=days,
                volume=[v.sum() for v in y], growing=[v[0] for v in y])


def claret():
    p = dict(growth=0.00107, kill=0.0103, loss=0.0193)
    days = [0.0, 7.25, 56.0, 118.0, 365.0]
    y = solve(lambda t, y, now: (p["growth"] - p["kill"] * np.exp(-p["loss"] * t)) * y, [90.0], 0.0, [], days)
    return dict(parameters=p, start=90.0, days=days, size=[v[0] for v in y])


def claret_dosed():
    p = dict(growth=0.0015, kill=0.02, loss=0.011, elimination=0.12)
    doses = [(3.0, 1.0), (24.0, 1.0), (45.5, 0.75), (66.0, 0.75)]
    days = [0.0, 3.0, 10.0, 45.5, 60.0, 150.0]

    def rhs(t, y, now):
        e = bolus_exposure(doses, [(1.0, p["elimination"])], now)(t)
        return (p["growth"] - p["kill"] * e * np.exp(-p["loss"] * (t - 3.0))) * y

    y = solve(rhs, [70.0], 0.0, [d for d, _ in doses], days)
    return dict(parameters=p, start=70.0, doses=doses, days=days, size=[v[0] for v in y])


def two_populations():
    p = dict(r=0.03, r_resistant=0.02, capacity=2e5, share=0.01, emax=0.15, half=0.5, elimination=0.2, half_life=25.0)
    doses = [(20.0 + 21.0 * i, 1.0) for i in range(5)]
    days = [0.0, 20.0, 30.0, 60.0, 104.0, 160.0, 300.0, 500.0]

    def rhs(t, y, now):
        c = bolus_exposure(doses, [(1.0, p["elimination"])], now)(t)
        room = 1.0 - (y[0] + y[1]) / p["capacity"]
        kill = p["emax"] * c / (p["half"] + c)
        dying = kill * y[0] - np.log(2) / p["half_life"] * y[2]
        return [p["r"] * y[0] * room - kill * y[0], p["r_resistant"] * y[1] * room, dying]

    y = solve(rhs, [4000.0 * 0.99, 4000.0 * 0.01, 0.0], 0.0, [d for d, _ in doses], days)
    return dict(parameters=p, start=4000.0, doses=doses, days=days,
                sensitive=[v[0] for v in y], resistant=[v[1] for v in y], dead=[v[2] for v in y])


def chemoradiation():
    """Logistic growth, K-PD drug, two fractions a day with incomplete repair, rest until kick-off,
    clearance of dead cells."""
    p = dict(rate=0.02, capacity=9e4, kill=0.06, elimination=0.3, alpha=0.12, beta=0.015,
             repair=np.log(2) / (1.5 / 24), kick_off=21.0, half_life=12.0)
    fractions = [(5.0 + d + h / 24.0, 1.2) for d in range(30) if d % 7 < 5 for h in (9.0, 15.0)]
    doses = [(5.0, 1.0), (12.0, 1.0), (19.0, 1.0), (60.0, 1.5)]
    days = [0.0, 5.375, 5.5, 8.0, 20.0, 40.0, 60.0, 75.0, 140.0]
    first = fractions[0][0]
    c = np.log(2) / p["half_life"]

    def rhs(t, y, now):
        h = p["kill"] * bolus_exposure(doses, [(1.0, p["elimination"])], now)(t)
        growing = not first <= now < first + p["kick_off"]
        g = p["rate"] * (1.0 - y[0] / p["capacity"]) if growing else 0.0
        return [(g - h) * y[0], h * y[0] - c * y[1]]

    def pulse(t, y):
        for day, d in fractions:
            if day == t:
                earlier = sum(e * np.exp(-p["repair"] * (day - u)) for u, e in fractions if u < day)
                s = np.exp(-p["alpha"] * d - p["beta"] * d * d - 2.0 * p["beta"] * d * earlier)
                return np.array([y[0] * s, y[1] + y[0] * (1.0 - s)])
        return y

    stops = [d for d, _ in fractions + doses] + [first + p["kick_off"]]
    y = solve(rhs, [12000.0, 0.0], 0.0, stops, days, pulse)
    return dict(parameters=p, start=12000.0, fractions=fractions, doses=doses, days=days,
                living=[v[0] for v in y], dead=[v[1] for v in y])


def general_gompertz():
    """No closed form; a power response of the exposure."""
    p = dict(rate=0.4, decline=0.035, exponent=0.85, kill=0.05, power=0.5, elimination=0.1)
    doses = [(15.0, 1.0), (36.0, 2.0)]
    days = [0.0, 10.0, 15.0, 22.0, 36.0, 50.0, 120.0]

    def rhs(t, y, now):
        e = bolus_exposure(doses, [(1.0, p["elimination"])], now)(t)
        return y ** p["exponent"] * (p["rate"] - p["decline"] * np.log(y)) - p["kill"] * e ** p["power"] * y

    y = solve(rhs, [800.0], 0.0, [d for d, _ in doses], days)
    return dict(parameters=p, start=800.0, doses=doses, days=days, volume=[v[0] for v in y])


def competition():
    """Adaptive treatment, decided at visits every 28 days."""
    r, k = np.array([0.0278, 0.0355]), np.array([1e4, 1e4])
    a, kill = np.array([[1.0, 0.7], [2.0, 1.0]]), np.array([0.06, 0.0])
    start, off, on = np.array([6000.0, 200.0]), 0.5, 1.0
    days, visits = [14.0, 28.0, 100.0, 336.0, 500.0], [28.0 * i for i in range(1, 18)]
    t, y, treated, decisions, out = 0.0, start, True, [], []
    for stop in visits + [520.0]:
        asked = sorted({d for d in days if t < d <= stop} | {stop})
        now = treated
        s = solve_ivp(lambda _, x: r * x * (1 - a @ x / k) - now * kill * x, (t, stop), y, "DOP853", asked,
                      rtol=RTOL, atol=1e-11)
        out += [list(s.y[:, i]) for i, d in enumerate(asked) if d in days]
        t, y = stop, s.y[:, -1]
        if treated and y.sum() <= off * start.sum():
            treated = False
        elif not treated and y.sum() >= on * start.sum():
            treated = True
        decisions.append(treated)
    return dict(rates=list(r), capacities=list(k), coefficients=a.tolist(), kill=list(kill), start=list(start),
                days=days, visits=visits, decisions=decisions[:-1], populations=out)


curves = [simeoni, claret, claret_dosed, two_populations, chemoradiation, general_gompertz, competition]
print(json.dumps({"made_with": f"scipy {scipy.__version__}, DOP853, rtol {RTOL}"} | {c.__name__: c() for c in curves},
                 indent=1))
