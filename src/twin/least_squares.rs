//! Nonlinear least squares in up to three parameters within a box.

/// Largest number of parameters.
pub(super) const MAX: usize = 3;

/// Parameter values; those past the dimension of a problem are not looked at.
pub(super) type Point = [f64; MAX];

type Matrix = [[f64; MAX]; MAX];

/// Lowest and highest allowed values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    /// Lowest.
    pub(super) lower: Point,
    /// Highest.
    pub(super) upper: Point,
}

impl Bounds {
    /// No bounds.
    pub(super) const NONE: Self = Self {
        lower: [f64::NEG_INFINITY; MAX],
        upper: [f64::INFINITY; MAX],
    };
}

/// A sum of squares.
pub(super) trait Problem {
    /// Number of parameters, from 1 to [`MAX`].
    fn dim(&self) -> usize;

    /// Hands each residual and its gradient to `each`.
    fn residuals(&self, at: &Point, each: &mut dyn FnMut(f64, &Point));
}

/// Sum of squares, half its gradient and the matrix JᵀJ at a point.
#[derive(Clone, Copy, Debug)]
struct System {
    squares: f64,
    gradient: Point,
    normal: Matrix,
}

impl System {
    fn at(problem: &impl Problem, point: &Point) -> Self {
        let n = problem.dim();
        let mut s = Self {
            squares: 0.0,
            gradient: [0.0; MAX],
            normal: [[0.0; MAX]; MAX],
        };
        problem.residuals(point, &mut |r, g| {
            s.squares += r * r;
            for i in 0..n {
                s.gradient[i] += g[i] * r;
                for j in 0..=i {
                    s.normal[i][j] += g[i] * g[j];
                }
            }
        });
        for i in 0..n {
            for j in 0..i {
                s.normal[j][i] = s.normal[i][j];
            }
        }
        s
    }
}

/// A minimum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Minimum {
    /// Where.
    pub(super) point: Point,
    /// Sum of squares there.
    pub(super) squares: f64,
    /// (JᵀJ)⁻¹ there, bounds not looked at; `None` where JᵀJ is singular.
    pub(super) inverse: Option<Matrix>,
    /// Whether the steps became small before their number ran out.
    pub(super) converged: bool,
}

/// Minimises by Levenberg's and Marquardt's method (SIAM J Appl Math 1963;11:431). A parameter at a
/// bound that the gradient pushes against stays there.
pub(super) fn minimise(problem: &impl Problem, start: Point, bounds: &Bounds) -> Minimum {
    const STEPS: usize = 1000;
    const SMALL: f64 = 1e-12;
    let n = problem.dim();
    let clip = |p: Point| -> Point {
        std::array::from_fn(|j| {
            if j < n {
                p[j].clamp(bounds.lower[j], bounds.upper[j])
            } else {
                p[j]
            }
        })
    };
    let mut point = clip(start);
    let mut here = System::at(problem, &point);
    let mut damping = 1e-2;
    let mut converged = false;
    'steps: for _ in 0..STEPS {
        let held: [bool; MAX] = std::array::from_fn(|j| {
            j >= n
                || (point[j] <= bounds.lower[j] && here.gradient[j] > 0.0)
                || (point[j] >= bounds.upper[j] && here.gradient[j] < 0.0)
        });
        loop {
            let mut damped = here.normal;
            let largest = (0..n).fold(0.0, |m: f64, j| m.max(damped[j][j]));
            for (j, row) in damped.iter_mut().enumerate() {
                if held[j] {
                    *row = std::array::from_fn(|k| if k == j { 1.0 } else { 0.0 });
                } else {
                    for (k, entry) in row.iter_mut().enumerate() {
                        if held[k] {
                            *entry = 0.0;
                        }
                    }
                    row[j] += damping * row[j].max(1e-12 * largest);
                }
            }
            let free: Point = std::array::from_fn(|j| if held[j] { 0.0 } else { here.gradient[j] });
            let trial = inverse(&damped, n).map(|inverse| {
                clip(std::array::from_fn(|i| {
                    point[i] - (0..n).map(|j| inverse[i][j] * free[j]).sum::<f64>()
                }))
            });
            if let Some(trial) = trial {
                let there = System::at(problem, &trial);
                let small =
                    (0..n).all(|j| (trial[j] - point[j]).abs() <= SMALL * (point[j].abs() + 1e-9));
                if there.squares <= here.squares {
                    point = trial;
                    here = there;
                    damping = (damping * 0.1).max(1e-15);
                    if small {
                        converged = true;
                        break 'steps;
                    }
                    break;
                }
                if small {
                    converged = true;
                    break 'steps;
                }
            }
            damping *= 10.0;
            if damping > 1e20 {
                converged = here.squares.is_finite();
                break 'steps;
            }
        }
    }
    Minimum {
        point,
        squares: here.squares,
        inverse: inverse(&here.normal, n),
        converged,
    }
}

/// Inverse of a symmetric positive definite matrix by Cholesky's decomposition.
pub(super) fn inverse(matrix: &Matrix, n: usize) -> Option<Matrix> {
    let root = cholesky(matrix, n)?;
    let mut out = [[0.0; MAX]; MAX];
    for (column, x) in out.iter_mut().enumerate().take(n) {
        for i in 0..n {
            let unit = if i == column { 1.0 } else { 0.0 };
            x[i] = (unit - (0..i).map(|k| root[i][k] * x[k]).sum::<f64>()) / root[i][i];
        }
        for i in (0..n).rev() {
            x[i] = (x[i] - (i + 1..n).map(|k| root[k][i] * x[k]).sum::<f64>()) / root[i][i];
        }
    }
    Some(out)
}

/// Lower L with L Lᵀ = matrix; `None` unless that is positive definite to rounding.
pub(super) fn cholesky(matrix: &Matrix, n: usize) -> Option<Matrix> {
    let mut root = [[0.0; MAX]; MAX];
    for i in 0..n {
        for j in 0..=i {
            let rest = matrix[i][j] - (0..j).map(|k| root[i][k] * root[j][k]).sum::<f64>();
            root[i][j] = if i != j {
                rest / root[j][j]
            } else if rest > 1e-15 * matrix[i][i] && rest.is_finite() {
                libm::sqrt(rest)
            } else {
                return None;
            };
        }
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rosenbrock;

    impl Problem for Rosenbrock {
        fn dim(&self) -> usize {
            2
        }

        fn residuals(&self, p: &Point, each: &mut dyn FnMut(f64, &Point)) {
            each(10.0 * (p[1] - p[0] * p[0]), &[-20.0 * p[0], 10.0, 0.0]);
            each(1.0 - p[0], &[-1.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn goes_along_a_valley() {
        let m = minimise(&Rosenbrock, [-1.2, 1.0, 0.0], &Bounds::NONE);
        assert!(m.converged && m.squares < 1e-20);
        assert!((m.point[0] - 1.0).abs() < 1e-9 && (m.point[1] - 1.0).abs() < 1e-9);
    }

    /// On x ≤ 0.5 the minimum is (0.5, 0.25).
    #[test]
    fn stops_at_a_bound() {
        let mut bounds = Bounds::NONE;
        bounds.upper[0] = 0.5;
        let m = minimise(&Rosenbrock, [-1.2, 1.0, 0.0], &bounds);
        assert!(m.converged);
        assert!((m.point[0] - 0.5).abs() < 1e-12 && (m.point[1] - 0.25).abs() < 1e-9);
    }

    #[test]
    fn inverts() {
        let a = [[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]];
        let b = inverse(&a, 3).unwrap();
        for (i, row) in a.iter().enumerate() {
            // The inverse is symmetric: its rows are its columns.
            for (j, column) in b.iter().enumerate() {
                let sum: f64 = row.iter().zip(column).map(|(a, b)| a * b).sum();
                assert!((sum - if i == j { 1.0 } else { 0.0 }).abs() < 1e-12);
            }
        }
        assert!(inverse(&[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0; 3]], 2).is_none());
    }
}
