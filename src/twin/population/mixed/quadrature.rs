//! Gauss–Hermite quadrature.

/// Nodes and weights for ∫ f(x) e^{−x²} dx, by Newton's method on the orthonormal recurrence.
pub(super) fn hermite(n: usize) -> Vec<(f64, f64)> {
    let quarter_root = libm::pow(std::f64::consts::PI, -0.25);
    let evaluate = |x: f64| {
        let (mut last, mut value) = (0.0, quarter_root);
        for j in 0..n {
            let j = j as f64;
            let next = x * libm::sqrt(2.0 / (j + 1.0)) * value - libm::sqrt(j / (j + 1.0)) * last;
            last = value;
            value = next;
        }
        // The derivative of the last polynomial is √(2n) times the one before it.
        (value, libm::sqrt(2.0 * n as f64) * last)
    };
    // Roots lie between −√(2n+1) and √(2n+1); a scan separates them.
    let reach = libm::sqrt(2.0 * n as f64 + 1.0);
    let steps = 200 * n;
    let at = |i: usize| reach * (2.0 * i as f64 / steps as f64 - 1.0) + 1e-9;
    (0..steps)
        .filter(|i| evaluate(at(*i)).0 * evaluate(at(i + 1)).0 < 0.0)
        .map(|i| {
            let mut x = 0.5 * (at(i) + at(i + 1));
            for _ in 0..20 {
                let (value, slope) = evaluate(x);
                x -= value / slope;
            }
            let slope = evaluate(x).1;
            (x, 2.0 / (slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_powers() {
        let root_pi = std::f64::consts::PI.sqrt();
        for n in [1, 2, 5, 9, 15, 21] {
            let nodes = hermite(n);
            assert_eq!(nodes.len(), n);
            let moment = |k: i32| -> f64 { nodes.iter().map(|(x, w)| w * x.powi(k)).sum() };
            assert!((moment(0) - root_pi).abs() < 1e-12, "{n}");
            if n > 1 {
                assert!((moment(2) - root_pi / 2.0).abs() < 1e-12, "{n}");
            }
            if n > 4 {
                assert!((moment(8) - 105.0 / 16.0 * root_pi).abs() < 1e-10, "{n}");
            }
        }
    }
}
