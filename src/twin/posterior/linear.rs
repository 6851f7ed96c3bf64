//! Small dense matrices, row-major.

/// A lower triangular factor L of an n × n matrix L Lᵀ.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    n: usize,
    l: Vec<f64>,
}

impl Cholesky {
    /// `None` where the matrix is not positive definite.
    pub(super) fn new(a: &[f64], n: usize) -> Option<Self> {
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
                let rest = a[i * n + j] - dot;
                if i == j {
                    // Also refuses what is not a number.
                    if !(rest > 0.0 && rest.is_finite()) {
                        return None;
                    }
                    l[i * n + i] = libm::sqrt(rest);
                } else {
                    l[i * n + j] = rest / l[j * n + j];
                }
            }
        }
        Some(Self { n, l })
    }

    pub(super) fn identity(n: usize) -> Self {
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            l[i * n + i] = 1.0;
        }
        Self { n, l }
    }

    /// Makes L so many times itself.
    pub(super) fn multiply(&mut self, factor: f64) {
        for l in &mut self.l {
            *l *= factor;
        }
    }

    /// ln det L.
    pub(super) fn log_determinant(&self) -> f64 {
        (0..self.n).map(|i| libm::log(self.l[i * self.n + i])).sum()
    }

    /// Appends L y.
    pub(super) fn times(&self, y: &[f64], out: &mut Vec<f64>) {
        out.extend((0..self.n).map(|i| {
            let row = &self.l[i * self.n..=i * self.n + i];
            row.iter().zip(y).map(|(a, b)| a * b).sum::<f64>()
        }));
    }

    /// L⁻¹, lower triangular.
    pub(super) fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        let mut inverse = vec![0.0; n * n];
        for j in 0..n {
            inverse[j * n + j] = 1.0 / self.l[j * n + j];
            for i in j + 1..n {
                let dot: f64 = (j..i).map(|k| self.l[i * n + k] * inverse[k * n + j]).sum();
                inverse[i * n + j] = -dot / self.l[i * n + i];
            }
        }
        inverse
    }

    /// (L Lᵀ)⁻¹ b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut x = b.to_vec();
        for i in 0..n {
            let dot: f64 = (0..i).map(|k| self.l[i * n + k] * x[k]).sum();
            x[i] = (x[i] - dot) / self.l[i * n + i];
        }
        for i in (0..n).rev() {
            let dot: f64 = (i + 1..n).map(|k| self.l[k * n + i] * x[k]).sum();
            x[i] = (x[i] - dot) / self.l[i * n + i];
        }
        x
    }
}

/// Inverse of a positive definite matrix.
pub(in crate::twin) fn invert(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let inverse = Cholesky::new(a, n)?.inverse();
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            out[i * n + j] = (i.max(j)..n)
                .map(|k| inverse[k * n + i] * inverse[k * n + j])
                .sum();
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverts() {
        let a = [4.0, 1.0, 0.5, 1.0, 3.0, 0.2, 0.5, 0.2, 2.0];
        let b = invert(&a, 3).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let dot: f64 = (0..3).map(|k| a[i * 3 + k] * b[k * 3 + j]).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
        let x = Cholesky::new(&a, 3).unwrap().solve(&[1.0, 2.0, 3.0]);
        let back: f64 = (0..3).map(|k| a[3 + k] * x[k]).sum();
        assert!((back - 2.0).abs() < 1e-14);
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
