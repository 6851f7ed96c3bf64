//! Mode of a log density in a few dimensions; the minimum of a function with a gradient.

mod lbfgs;

pub(super) use lbfgs::minimise;

/// Maximises `f` by the simplex method of Nelder and Mead (Comput J 1965;7:308), restarted once
/// from the best point. Returns the point and the value.
pub(super) fn maximise(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    step: &[f64],
) -> (Vec<f64>, f64) {
    let mut best = (start.to_vec(), f(start));
    for scale in [1.0, 0.3] {
        let steps: Vec<f64> = step.iter().map(|s| s * scale).collect();
        let found = simplex(&mut f, &best.0, &steps, 150 * start.len());
        if found.1 > best.1 {
            best = found;
        }
    }
    best
}

fn simplex(
    f: &mut impl FnMut(&[f64]) -> f64,
    start: &[f64],
    step: &[f64],
    max_evaluations: usize,
) -> (Vec<f64>, f64) {
    let n = start.len();
    let mut vertices: Vec<(Vec<f64>, f64)> = (0..=n)
        .map(|i| {
            let mut point = start.to_vec();
            if let Some(s) = i.checked_sub(1) {
                point[s] += step[s];
            }
            let value = f(&point);
            (point, value)
        })
        .collect();
    let mut evaluations = n + 1;
    while evaluations < max_evaluations {
        vertices.sort_by(|a, b| b.1.total_cmp(&a.1));
        if vertices[0].1 - vertices[n].1 < 1e-9 {
            break;
        }
        let centre: Vec<f64> = (0..n)
            .map(|j| vertices[..n].iter().map(|v| v.0[j]).sum::<f64>() / n as f64)
            .collect();
        let worst = vertices[n].clone();
        let mut along = |t: f64| {
            let point: Vec<f64> = centre
                .iter()
                .zip(&worst.0)
                .map(|(c, w)| c + t * (w - c))
                .collect();
            let value = f(&point);
            (point, value)
        };
        let reflected = along(-1.0);
        evaluations += 1;
        if reflected.1 > vertices[0].1 {
            let expanded = along(-2.0);
            evaluations += 1;
            vertices[n] = if expanded.1 > reflected.1 {
                expanded
            } else {
                reflected
            };
        } else if reflected.1 > vertices[n - 1].1 {
            vertices[n] = reflected;
        } else {
            let contracted = along(if reflected.1 > worst.1 { -0.5 } else { 0.5 });
            evaluations += 1;
            if contracted.1 > worst.1.max(reflected.1) {
                vertices[n] = contracted;
            } else {
                let top = vertices[0].0.clone();
                for vertex in &mut vertices[1..] {
                    for (p, t) in vertex.0.iter_mut().zip(&top) {
                        *p = t + 0.5 * (*p - t);
                    }
                    vertex.1 = f(&vertex.0);
                }
                evaluations += n;
            }
        }
    }
    vertices.sort_by(|a, b| b.1.total_cmp(&a.1));
    vertices.swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_mode_of_a_correlated_gaussian() {
        // Precision [[20, 6], [6, 4]].
        let f = |z: &[f64]| {
            let (a, b) = (z[0] - 0.7, z[1] + 1.3);
            -0.5 * (20.0 * a * a + 12.0 * a * b + 4.0 * b * b)
        };
        let (mode, _) = maximise(f, &[0.0, 0.0], &[0.1, 0.5]);
        approx::assert_abs_diff_eq!(mode[0], 0.7, epsilon = 1e-3);
        approx::assert_abs_diff_eq!(mode[1], -1.3, epsilon = 1e-3);
    }
}
