//! Minimum of a function with a gradient: L-BFGS (Liu and Nocedal, Math Program 1989;45:503).

use std::collections::VecDeque;

const MEMORY: usize = 12;
const ARMIJO: f64 = 1e-4;

/// Lowers `f`, which returns value and gradient, from `start`. Ends when a step lowers the value by
/// less than `tolerance` of it, when no step lowers it, or after `steps`.
pub(in crate::twin) fn minimise(
    mut f: impl FnMut(&[f64]) -> (f64, Vec<f64>),
    start: &[f64],
    steps: usize,
    tolerance: f64,
) -> (Vec<f64>, f64) {
    let mut x = start.to_vec();
    let (mut value, mut gradient) = f(&x);
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    for _ in 0..steps {
        let mut direction = descent(&gradient, &pairs);
        let mut slope = dot(&gradient, &direction);
        if slope >= 0.0 {
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&gradient, &direction);
        }
        // The first step has no curvature to go by: it is not longer than 0.1.
        let mut length = if pairs.is_empty() {
            (0.1 / libm::sqrt(-slope).max(1e-300)).min(1.0)
        } else {
            1.0
        };
        let mut next = None;
        for _ in 0..30 {
            let there: Vec<f64> = x
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + length * d)
                .collect();
            let (v, g) = f(&there);
            if v.is_finite() && v <= value + ARMIJO * length * slope {
                next = Some((there, v, g));
                break;
            }
            length *= 0.5;
        }
        let Some((there, v, g)) = next else { break };
        let s: Vec<f64> = there.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = g.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let sy = dot(&s, &y);
        if sy > 1e-10 * libm::sqrt(dot(&s, &s) * dot(&y, &y)) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((s, y, 1.0 / sy));
        }
        let gain = value - v;
        (x, value, gradient) = (there, v, g);
        if gain <= tolerance * value.abs().max(1e-12) {
            break;
        }
    }
    (x, value)
}

/// The direction −H·g, with H from the last steps (two-loop recursion).
fn descent(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (s, y, rho) in pairs.iter().rev() {
        let share = rho * dot(s, &q);
        add(&mut q, -share, y);
        shares.push(share);
    }
    if let Some((s, y, _)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        for v in &mut q {
            *v *= scale;
        }
    }
    for ((s, y, rho), share) in pairs.iter().zip(shares.iter().rev()) {
        let back = rho * dot(y, &q);
        add(&mut q, share - back, s);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    for (t, w) in to.iter_mut().zip(what) {
        *t += times * w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_rosenbrock() {
        let f = |x: &[f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            (
                a * a + 100.0 * b * b,
                vec![-2.0 * a - 400.0 * b * x[0], 200.0 * b],
            )
        };
        let (x, value) = minimise(f, &[-1.2, 1.0], 500, 0.0);
        assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 1.0).abs() < 1e-6 && value < 1e-12);
    }
}
