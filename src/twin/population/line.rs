//! A straight line through points.

use crate::twin::stats::mean;

/// y = slope · x + intercept by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Slope.
    pub slope: f64,
    /// Value at x = 0.
    pub intercept: f64,
    /// Squared correlation.
    pub r2: f64,
}

impl Line {
    /// The line of `y` on `x`.
    #[must_use]
    pub fn through(x: &[f64], y: &[f64]) -> Self {
        let (mx, my) = (mean(x), mean(y));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (a, b) in x.iter().zip(y) {
            xx += (a - mx) * (a - mx);
            xy += (a - mx) * (b - my);
            yy += (b - my) * (b - my);
        }
        let slope = xy / xx;
        Self {
            slope,
            intercept: my - slope * mx,
            r2: xy * xy / (xx * yy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found() {
        let l = Line::through(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0]);
        assert!((l.slope - 2.0).abs() < 1e-12 && (l.intercept - 1.0).abs() < 1e-12);
        assert!((l.r2 - 1.0).abs() < 1e-12);
    }
}
