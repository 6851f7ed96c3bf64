//! Windows and tables: from values to display grey levels (DICOM PS3.3 C.11.2).

use serde::{Deserialize, Serialize};

/// How a window maps values to grey levels (VOI LUT Function, C.11.2.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowFunction {
    /// Linear between `center ∓ width / 2`; what a reader's own window means.
    #[default]
    LinearExact,
    /// Linear between `center − 0.5 ∓ (width − 1) / 2`; what a file without a stated function means.
    Linear,
    /// The logistic function `1 / (1 + exp(−4 (value − center) / width))`.
    Sigmoid,
}

impl WindowFunction {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A display window (C.11.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowLevel {
    /// Window centre, in the unit of the values.
    pub center: f64,
    /// Window width, in the unit of the values; positive.
    pub width: f64,
    /// How values between the ends become grey.
    #[serde(default, skip_serializing_if = "WindowFunction::is_default")]
    pub function: WindowFunction,
}

impl WindowLevel {
    /// A window of at least the smallest width that still maps values, by `LINEAR_EXACT`, which
    /// suits fractional values.
    #[must_use]
    pub fn new(center: f64, width: f64) -> Self {
        Self {
            center,
            width: width.max(1e-6),
            function: WindowFunction::LinearExact,
        }
    }

    /// The same window by another function.
    #[must_use]
    pub const fn with_function(mut self, function: WindowFunction) -> Self {
        self.function = function;
        self
    }

    /// The window that shows values multiplied by `factor` as this one shows the values.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let exact = match self.function {
            // Half a unit of the old values would be another share of the new ones.
            WindowFunction::Linear => Self::new(self.center - 0.5, self.width - 1.0),
            _ => self,
        };
        Self::new(exact.center * factor, exact.width * factor).with_function(exact.function)
    }

    /// Grey level of a value.
    #[must_use]
    pub fn gray(&self, value: f32) -> u8 {
        let value = f64::from(value);
        let y = match self.function {
            WindowFunction::LinearExact => (value - self.center) / self.width + 0.5,
            WindowFunction::Linear => {
                (value - (self.center - 0.5)) / (self.width - 1.0).max(1e-6) + 0.5
            }
            WindowFunction::Sigmoid => {
                1.0 / (1.0 + (-4.0 * (value - self.center) / self.width).exp())
            }
        };
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

/// A table from values to grey levels (VOI LUT, C.11.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiLut {
    /// LUT explanation; may be empty.
    pub name: String,
    /// The first value that is mapped.
    pub first: i64,
    /// Bits of an entry.
    pub bits: u32,
    /// What the first value and those that follow become; never empty.
    pub entries: Vec<u16>,
}

impl VoiLut {
    /// Grey level of a value; beyond the table that of its nearest end.
    #[must_use]
    pub fn gray(&self, value: f32) -> u8 {
        let last = self.entries.len().saturating_sub(1) as i64;
        let index = (f64::from(value).round() as i64)
            .saturating_sub(self.first)
            .clamp(0, last);
        let entry = self.entries.get(index as usize).copied().unwrap_or(0);
        let most = f64::from((1u32 << self.bits.clamp(1, 16)) - 1);
        (f64::from(entry) / most * 255.0).round().min(255.0) as u8
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
    fn functions_differ_as_the_standard_says() {
        // The example of C.11.2.1.2.1: centre 2048, width 4096 maps 0 to black and 4095 to white.
        let linear = WindowLevel::new(2048.0, 4096.0).with_function(WindowFunction::Linear);
        assert_eq!((linear.gray(0.0), linear.gray(4095.0)), (0, 255));
        assert_eq!(WindowLevel::new(127.0, 254.0).gray(254.0), 255);
        let sigmoid = WindowLevel::new(40.0, 400.0).with_function(WindowFunction::Sigmoid);
        assert_eq!(sigmoid.gray(40.0), 128);
        let expected = 255.0 / (1.0 + (-2.0f64).exp());
        assert_eq!(sigmoid.gray(240.0), expected.round() as u8);
    }

    #[test]
    fn scaling_a_window_scales_what_it_shows() {
        for function in [WindowFunction::Linear, WindowFunction::Sigmoid] {
            let window = WindowLevel::new(500.0, 1001.0).with_function(function);
            let scaled = window.scaled(0.01);
            for value in [0.0, 100.0, 499.0, 900.0] {
                assert_eq!(window.gray(value), scaled.gray(value * 0.01));
            }
        }
    }

    #[test]
    fn windows_of_earlier_records_still_read() {
        let old: WindowLevel =
            serde_json::from_str(r#"{"center":40.0,"width":400.0}"#).expect("read");
        assert_eq!(old, WindowLevel::new(40.0, 400.0));
        let json = serde_json::to_string(&old).expect("written");
        assert_eq!(json, r#"{"center":40.0,"width":400.0}"#);
    }

    #[test]
    fn a_table_maps_by_index_and_holds_its_ends() {
        let lut = VoiLut {
            name: String::new(),
            first: -10,
            bits: 8,
            entries: vec![0, 51, 255],
        };
        let grays = [-50.0, -10.0, -9.0, -8.0, 400.0].map(|v| lut.gray(v));
        assert_eq!(grays, [0, 0, 51, 255, 255]);
    }

    #[test]
    fn automatic_window_ignores_outliers() {
        let values = (0..=10_000).map(|v| if v == 10_000 { 1e6 } else { v as f32 });
        let w = WindowLevel::automatic(values).expect("values");
        assert!((w.center - 5000.0).abs() < 10.0 && (w.width - 9980.0).abs() < 20.0);
    }
}
