//! The explicit Runge–Kutta pair of order 5(4) of Dormand and Prince (J Comput Appl Math 1980;6:19),
//! with step control after Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I,
//! II.4.
//!
//! Days asked for do not bend the sequence of steps: a step that contains one is repeated,
//! shortened, as a side step, and the sequence goes on as if nobody had asked. So a value is the
//! same to the bit whatever else is asked for, and dense output of lower order is not needed.

use super::check::Error;

/// More steps than this between two changes of treatment are taken for a failure.
const MOST_STEPS: usize = 200_000;

/// How exact the solver is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Error of a step relative to a component.
    pub relative: f64,
    /// Error of a step in a component near zero.
    pub absolute: f64,
    /// Longest step, days.
    pub longest: f64,
}

impl Default for Tolerance {
    /// Far below what any measurement sees, and cheap for equations this small.
    fn default() -> Self {
        Self {
            relative: 1e-11,
            absolute: 1e-12,
            longest: f64::INFINITY,
        }
    }
}

/// Coefficients of the stages; the last row is the solution of order 5 (first same as last).
const A: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[
        19372.0 / 6561.0,
        -25360.0 / 2187.0,
        64448.0 / 6561.0,
        -212.0 / 729.0,
    ],
    &[
        9017.0 / 3168.0,
        -355.0 / 33.0,
        46732.0 / 5247.0,
        49.0 / 176.0,
        -5103.0 / 18656.0,
    ],
    &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
    ],
];
/// Places of the stages after the first, as shares of the step.
const C: [f64; 6] = [0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0];
/// Order 5 minus order 4.
const E: [f64; 7] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// A step: where it leads, the slope there, and the estimate of its error.
struct Step<const N: usize> {
    y: [f64; N],
    slope: [f64; N],
    error: [f64; N],
}

fn step<const N: usize>(
    f: &impl Fn(f64, &[f64; N]) -> [f64; N],
    t: f64,
    y: &[f64; N],
    slope: &[f64; N],
    h: f64,
) -> Step<N> {
    let mut k = [*slope; 7];
    let mut at = *y;
    for (stage, row) in A.iter().enumerate() {
        at = *y;
        for (a, k) in row.iter().zip(&k) {
            for (at, k) in at.iter_mut().zip(k) {
                *at += h * a * k;
            }
        }
        k[stage + 1] = f(t + C[stage] * h, &at);
    }
    let mut error = [0.0; N];
    for (e, k) in E.iter().zip(&k) {
        for (error, k) in error.iter_mut().zip(k) {
            *error += h * e * k;
        }
    }
    Step {
        y: at,
        slope: k[6],
        error,
    }
}

/// Root mean square of `v` in units of what is tolerated at `y` and `z`.
fn norm<const N: usize>(v: &[f64; N], y: &[f64; N], z: &[f64; N], tolerance: &Tolerance) -> f64 {
    let mut sum = 0.0;
    for i in 0..N {
        let size = y[i].abs().max(z[i].abs());
        let scaled = v[i] / (tolerance.absolute + tolerance.relative * size);
        sum += scaled * scaled;
    }
    libm::sqrt(sum / N as f64)
}

/// First step: one that an Euler step would barely survive, made a little bolder by the curvature.
/// What hardly moves at the start would lead decades ahead, where f may have no value any more; so
/// a day is the most.
fn first_step<const N: usize>(
    f: &impl Fn(f64, &[f64; N]) -> [f64; N],
    y: &[f64; N],
    slope: &[f64; N],
    tolerance: &Tolerance,
) -> f64 {
    let (size, speed) = (norm(y, y, y, tolerance), norm(slope, y, y, tolerance));
    let h0 = if size < 1e-5 || speed < 1e-5 {
        1e-6
    } else {
        (0.01 * size / speed).min(1.0)
    };
    let mut ahead = *y;
    for (a, s) in ahead.iter_mut().zip(slope) {
        *a += h0 * s;
    }
    let next = f(h0, &ahead);
    let mut bend = [0.0; N];
    for i in 0..N {
        bend[i] = next[i] - slope[i];
    }
    let curvature = norm(&bend, y, y, tolerance) / h0;
    let largest = speed.max(curvature);
    let h1 = if largest <= 1e-15 {
        (h0 * 1e-3).max(1e-6)
    } else {
        libm::pow(0.01 / largest, 0.2)
    };
    h1.min(100.0 * h0)
}

/// Integrates y' = f(t, y) from t = 0, up to `end` and no further, and hands out y at the times
/// asked for, which must rise and lie in [0, `end`].
///
/// f must be smooth on [0, `end`): the caller cuts at every change of treatment. Where f has a kink
/// in y, `kink` changes its sign there, and a step ends on it; else it is a constant. `end` may be
/// infinite; the run then ends behind the last time asked for. The steps depend on `end`, on
/// nothing else that is asked.
pub(crate) fn integrate<const N: usize>(
    f: impl Fn(f64, &[f64; N]) -> [f64; N],
    kink: impl Fn(f64, &[f64; N]) -> f64,
    start: [f64; N],
    tolerance: &Tolerance,
    end: f64,
    times: &[f64],
    mut out: impl FnMut(usize, &[f64; N]),
) -> Result<(), Error> {
    let (mut t, mut y) = (0.0, start);
    let mut slope = f(t, &y);
    let mut h = first_step(&f, &y, &slope, tolerance);
    let mut next = 0;
    let mut refused = false;
    for _ in 0..MOST_STEPS {
        while next < times.len() && times[next] <= t {
            out(next, &y);
            next += 1;
        }
        if next == times.len() {
            return Ok(());
        }
        h = h.min(tolerance.longest);
        let mut last = t + h >= end;
        if last {
            h = end - t;
        }
        let mut taken = step(&f, t, &y, &slope, h);
        let error = norm(&taken.error, &y, &taken.y, tolerance);
        if error.is_nan() || taken.slope.iter().any(|s| !s.is_finite()) {
            // Outside the domain of f: come nearer first.
            h *= 0.1;
            refused = true;
            if t + h <= t {
                return Err(Error::Diverged { elapsed: t });
            }
            continue;
        }
        if error > 1.0 {
            h *= (0.9 * libm::pow(error, -0.2)).max(0.2);
            refused = true;
            if t + h <= t {
                return Err(Error::Diverged { elapsed: t });
            }
            continue;
        }
        let side = kink(t, &y);
        if side * kink(t + h, &taken.y) < 0.0 {
            // The shortest step, to a rounding, that comes out on the other side.
            let (mut before, mut beyond) = (0.0, h);
            loop {
                let middle = 0.5 * (before + beyond);
                if middle <= before || middle >= beyond {
                    break;
                }
                let tried = step(&f, t, &y, &slope, middle);
                if side * kink(t + middle, &tried.y) < 0.0 {
                    (beyond, taken, last) = (middle, tried, false);
                } else {
                    before = middle;
                }
            }
            h = beyond;
        }
        let reached = if last { end } else { t + h };
        while next < times.len() && times[next] < reached {
            out(next, &step(&f, t, &y, &slope, times[next] - t).y);
            next += 1;
        }
        t = reached;
        y = taken.y;
        slope = taken.slope;
        let grow = if error == 0.0 {
            5.0
        } else {
            (0.9 * libm::pow(error, -0.2)).clamp(0.2, 5.0)
        };
        // Right after a refusal a longer step would be refused again.
        h *= if refused { grow.min(1.0) } else { grow };
        refused = false;
    }
    Err(Error::Diverged { elapsed: t })
}

/// For an f without kink.
pub(crate) fn smooth<const N: usize>(_: f64, _: &[f64; N]) -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<const N: usize>(
        f: impl Fn(f64, &[f64; N]) -> [f64; N],
        start: [f64; N],
        tolerance: &Tolerance,
        end: f64,
        times: &[f64],
    ) -> Vec<[f64; N]> {
        let mut out = Vec::new();
        integrate(f, smooth, start, tolerance, end, times, |_, y| {
            out.push(*y);
        })
        .unwrap();
        out
    }

    #[test]
    fn a_circle_closes() {
        let tau = std::f64::consts::TAU;
        let out = run(
            |_, y: &[f64; 2]| [-y[1], y[0]],
            [1.0, 0.0],
            &Tolerance::default(),
            f64::INFINITY,
            &[tau / 4.0, tau, 10.0 * tau],
        );
        assert!(out[0][0].abs() < 1e-10 && (out[0][1] - 1.0).abs() < 1e-10);
        assert!((out[2][0] - 1.0).abs() < 1e-8 && out[2][1].abs() < 1e-8);
    }

    #[test]
    fn the_order_is_five() {
        let f = |t: f64, y: &[f64; 1]| [y[0] * libm::cos(t)];
        let error = |n: u32| {
            let (mut t, mut y) = (0.0, [1.0]);
            let h = 2.0 / f64::from(n);
            for _ in 0..n {
                y = step(&f, t, &y, &f(t, &y), h).y;
                t += h;
            }
            (y[0] - 2.0_f64.sin().exp()).abs()
        };
        let order = (error(20) / error(40)).log2();
        assert!((4.7..5.6).contains(&order), "{order}");
    }

    #[test]
    fn what_else_is_asked_for_changes_no_bit() {
        let f = |t: f64, y: &[f64; 1]| [0.3 * y[0] * (1.0 - y[0]) - 0.1 * libm::exp(-t)];
        let one = run(f, [0.2], &Tolerance::default(), f64::INFINITY, &[17.3]);
        let many = run(
            f,
            [0.2],
            &Tolerance::default(),
            f64::INFINITY,
            &[0.0, 1e-9, 3.1, 3.2, 9.9, 17.3, 40.0],
        );
        assert_eq!(one[0][0].to_bits(), many[5][0].to_bits());
        assert_eq!(many[0][0].to_bits(), 0.2_f64.to_bits());
    }

    #[test]
    fn a_kink_costs_no_digits() {
        // y' = |y - 1| + 0.1 from 0: logarithm below one, exponential above.
        let mut out = 0.0;
        integrate(
            |_, y: &[f64; 1]| [(y[0] - 1.0).abs() + 0.1],
            |_, y| y[0] - 1.0,
            [0.0],
            &Tolerance::default(),
            f64::INFINITY,
            &[4.0],
            |_, y| out = y[0],
        )
        .unwrap();
        let exact = 1.0 + 0.1 * ((4.0 - 11.0_f64.ln()).exp() - 1.0);
        assert!((out / exact - 1.0).abs() < 1e-10);
    }

    #[test]
    fn a_slow_start_does_not_lead_far_ahead() {
        // No value beyond t = 3, and nearly no slope at t = 0.
        let out = run(
            |t: f64, _: &[f64; 1]| [1e-9 + 0.5 * t / libm::sqrt(3.0 - t)],
            [8.0],
            &Tolerance::default(),
            2.0,
            &[2.0],
        );
        assert!(out[0][0].is_finite() && out[0][0] > 8.0);
    }

    #[test]
    fn an_end_is_reached_and_not_passed() {
        let f = |t: f64, _: &[f64; 1]| {
            assert!(t <= 2.5);
            [t]
        };
        let out = run(f, [0.0], &Tolerance::default(), 2.5, &[1.0, 2.5]);
        assert!((out[1][0] - 3.125).abs() < 1e-12);
    }

    #[test]
    fn what_blows_up_is_an_error() {
        let result = integrate(
            |_, y: &[f64; 1]| [y[0] * y[0]],
            smooth,
            [1.0],
            &Tolerance::default(),
            f64::INFINITY,
            &[2.0],
            |_, _| {},
        );
        assert!(matches!(result, Err(Error::Diverged { .. })));
    }
}
