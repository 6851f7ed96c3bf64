//! Window centre and width: from values to display grey levels.

use serde::{Deserialize, Serialize};

/// A display window (DICOM PS3.3 C.11.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowLevel {
    /// Window centre, in the unit of the values.
    pub center: f64,
    /// Window width, in the unit of the values; positive.
    pub width: f64,
}

impl WindowLevel {
    /// A window of at least the smallest width that still maps values.
    #[must_use]
    pub fn new(center: f64, width: f64) -> Self {
        Self {
            center,
            width: width.max(1e-6),
        }
    }

    /// Grey level of a value by the `LINEAR_EXACT` function (C.11.2.1.3.2), which suits fractional
    /// values and differs from `LINEAR` by half a stored value.
    #[must_use]
    pub fn gray(&self, value: f32) -> u8 {
        let y = (f64::from(value) - self.center) / self.width + 0.5;
        (y.clamp(0.0, 1.0) * 255.0).round() as u8
    }

    /// A window from the 0.1 and 99.9 percentiles of the values; `None` when there are none.
    #[must_use]
    pub fn automatic(values: impl Iterator<Item = f32>) -> Option<Self> {
        let mut values: Vec<f32> = values.collect();
        if values.is_empty() {
            return None;
        }
        let mut at = |q: f64| {
            let index = ((values.len() - 1) as f64 * q).round() as usize;
            f64::from(*values.select_nth_unstable_by(index, f32::total_cmp).1)
        };
        let (low, high) = (at(0.001), at(0.999));
        Some(Self::new((low + high) / 2.0, high - low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_spans_black_to_white() {
        let w = WindowLevel::new(40.0, 400.0);
        assert_eq!((w.gray(-160.0), w.gray(240.0)), (0, 255));
        assert_eq!((w.gray(-1000.0), w.gray(3000.0)), (0, 255));
        assert_eq!(w.gray(40.0), 128);
    }

    #[test]
    fn automatic_window_ignores_outliers() {
        let values = (0..=10_000).map(|v| if v == 10_000 { 1e6 } else { v as f32 });
        let w = WindowLevel::automatic(values).expect("values");
        assert!((w.center - 5000.0).abs() < 10.0 && (w.width - 9980.0).abs() < 20.0);
    }
}
