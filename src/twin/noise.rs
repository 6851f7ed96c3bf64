//! Repeatability of lesion measurements, on the log scale.
//!
//! For a diameter d: σ² = c² + (δ/d)², σ being the scale of ln d. Per-measurement SDs of about 5 %
//! for one reader come from Oxnard et al., J Clin Oncol 2011 (same-day scans), 6.1 % within and
//! 8.6 % between readers from the limits of agreement in Yoon et al., Eur J Cancer 2016;53:5, and
//! 2.4 % for computer-aided diameters from Zhao et al., Radiology 2009;252:263. For a volume:
//! σ² = 0.10² + (1.5 h/d)² with h the slice thickness and d the diameter of the equal sphere
//! (interscan nodule volumetry −25…+29 %, SD 9.7 %).
//!
//! By default σ is the *scale of a Student t with four degrees of freedom*, whose SD is √2 σ: tails
//! for misread scans, and a total near the 8–12 % residuals that population fits of tumour size
//! report (Ribba 2022, Struemper 2025).

use super::exp::exp;
use std::f64::consts::{LN_2, PI};

use serde::{Deserialize, Serialize};

use super::posterior::Random;
use super::series::{Observation, Scale};

/// Slice thickness assumed for volumes when none is stated, mm.
const DEFAULT_SLICE_MM: f64 = 3.0;
/// RECIST 1.1 calls slices beyond this thickness unfit for its usual limits, mm.
const THICK_SLICE_MM: f64 = 5.0;

/// What the name of a reader begins with that is a program.
const ALGORITHM: &str = "algorithm";

/// Shape of the noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseFamily {
    /// Student t with four degrees of freedom.
    StudentT4,
    /// Gaussian.
    Gaussian,
}

/// Repeatability of diameters, σ² = c² + (δ/d)².
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseRow {
    /// Relative part c.
    pub relative: f64,
    /// Absolute part δ, mm.
    pub absolute_mm: f64,
}

impl NoiseRow {
    /// One reader throughout.
    pub const SAME_READER: Self = Self {
        relative: 0.05,
        absolute_mm: 0.8,
    };
    /// Several readers, or slices thicker than 5 mm.
    pub const DIFFERENT_READERS: Self = Self {
        relative: 0.085,
        absolute_mm: 1.0,
    };
    /// One algorithm throughout.
    pub const SAME_ALGORITHM: Self = Self {
        relative: 0.025,
        absolute_mm: 0.5,
    };

    /// σ of ln d for a diameter of `d` mm.
    #[must_use]
    pub fn sigma(self, d: f64) -> f64 {
        libm::sqrt(self.relative * self.relative + (self.absolute_mm / d) * (self.absolute_mm / d))
    }
}

/// Noise of one series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseModel {
    /// Shape.
    pub family: NoiseFamily,
    /// Repeatability of diameters; `None` chooses by the readers and slices of the series:
    /// [`NoiseRow::DIFFERENT_READERS`] when readers differ or a slice is thicker than 5 mm,
    /// [`NoiseRow::SAME_ALGORITHM`] when all is read by one algorithm (a reader whose name begins with
    /// `algorithm`), else [`NoiseRow::SAME_READER`].
    pub row: Option<NoiseRow>,
}

impl Default for NoiseModel {
    fn default() -> Self {
        Self {
            family: NoiseFamily::StudentT4,
            row: None,
        }
    }
}

/// Noise settled for one series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Noise {
    pub(super) family: NoiseFamily,
    row: NoiseRow,
    scale: Scale,
}

impl Noise {
    pub(super) fn of_series(model: NoiseModel, scale: Scale, observations: &[Observation]) -> Self {
        let mut readers = observations.iter().filter_map(|o| o.reader.as_deref());
        let first = readers.next();
        let several = readers.any(|r| Some(r) != first);
        let thick = observations
            .iter()
            .any(|o| o.slice.is_some_and(|s| s.0 > THICK_SLICE_MM));
        let is_algorithm = |reader: &str| {
            let start = reader.get(..ALGORITHM.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(ALGORITHM))
        };
        let algorithm = observations
            .iter()
            .all(|o| o.reader.as_deref().is_some_and(is_algorithm));
        let row = model.row.unwrap_or(if several || thick {
            NoiseRow::DIFFERENT_READERS
        } else if algorithm {
            NoiseRow::SAME_ALGORITHM
        } else {
            NoiseRow::SAME_READER
        });
        Self {
            family: model.family,
            row,
            scale,
        }
    }

    /// σ of the logarithm of the measured size, where the latent log volume is `x`.
    ///
    /// Uses the latent, not the measured size, so that the likelihood is a density of the data.
    /// Unknown spacing counts pixels and voxels for millimetres. Smaller lesions than 5 mm have the σ
    /// of 5 mm.
    pub(super) fn sigma(&self, x: f64, slice_mm: Option<f64>) -> f64 {
        // Under the limit of detection the form would let a speck be read as anything; σ stays that
        // of the limit (5 mm, or 5 pixels).
        let d = exp(Scale::DiameterMm.log_size(x)).max(5.0);
        let blur = match self.scale {
            Scale::DiameterMm | Scale::DiameterPx => return self.row.sigma(d),
            Scale::VolumeMm3 => slice_mm.unwrap_or(DEFAULT_SLICE_MM),
            Scale::Voxels => 1.0,
        };
        let absolute = 1.5 * blur / d;
        libm::sqrt(0.01 + absolute * absolute)
    }

    /// Log density of the standardised residual `t` (without the 1/σ).
    pub(super) fn log_density(&self, t: f64) -> f64 {
        match self.family {
            // Γ(5/2)/(√(4π) Γ(2)) = 3/8.
            NoiseFamily::StudentT4 => libm::log(0.375) - 2.5 * libm::log1p(t * t / 4.0),
            NoiseFamily::Gaussian => -0.5 * (t * t + libm::log(2.0 * PI)),
        }
    }

    /// Log of the probability that a standardised residual lies below `t`.
    pub(super) fn log_probability_below(&self, t: f64) -> f64 {
        match self.family {
            NoiseFamily::StudentT4 => {
                // F(t) = (1 + u)² (2 − u)/4 with u = t/√(4 + t²); 1 + u without cancellation.
                let root = libm::sqrt(4.0 + t * t);
                let u = t / root;
                let one_plus_u = if t < 0.0 {
                    4.0 / (root * (root - t))
                } else {
                    1.0 + u
                };
                2.0 * libm::log(one_plus_u) + libm::log(2.0 - u) - 2.0 * LN_2
            }
            NoiseFamily::Gaussian if t < -30.0 => {
                // Leading term of the tail; erfc underflows soon after.
                -0.5 * t * t - libm::log(-t) - 0.5 * libm::log(2.0 * PI)
            }
            NoiseFamily::Gaussian => libm::log(0.5 * libm::erfc(-t / std::f64::consts::SQRT_2)),
        }
    }

    /// A standardised deviate from a standard normal and an independent χ² of four degrees.
    fn deviate(&self, normal: f64, chi_square_4: f64) -> f64 {
        match self.family {
            NoiseFamily::StudentT4 => normal / libm::sqrt(chi_square_4 / 4.0),
            NoiseFamily::Gaussian => normal,
        }
    }

    /// Weight of a residual `t` in reweighted least squares, in units of 1/σ²: (ν + 1)/(ν + t²) for a
    /// Student t.
    pub(super) fn weight(&self, t: f64) -> f64 {
        match self.family {
            NoiseFamily::StudentT4 => 5.0 / (4.0 + t * t),
            NoiseFamily::Gaussian => 1.0,
        }
    }

    /// 95 % quantile of a standardised deviate.
    pub(super) const fn quantile_95(&self) -> f64 {
        match self.family {
            NoiseFamily::StudentT4 => 2.131_846_786_326_649,
            NoiseFamily::Gaussian => 1.644_853_626_951_473,
        }
    }

    /// A standardised deviate.
    pub(super) fn draw(&self, random: &mut Random) -> f64 {
        let normal = random.normal();
        let chi_square = random.chi_square_4();
        self.deviate(normal, chi_square)
    }

    /// Expected information of one measurement on its location, in units of 1/σ².
    pub(super) fn information(&self) -> f64 {
        match self.family {
            // (ν + 1)/(ν + 3).
            NoiseFamily::StudentT4 => 5.0 / 7.0,
            NoiseFamily::Gaussian => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(family: NoiseFamily) -> Noise {
        Noise {
            family,
            row: NoiseRow::SAME_READER,
            scale: Scale::DiameterMm,
        }
    }

    #[test]
    fn probability_below_is_the_integral_of_the_density() {
        for family in [NoiseFamily::StudentT4, NoiseFamily::Gaussian] {
            let n = noise(family);
            for (a, b) in [(-6.0, -2.0), (-2.0, 0.5), (0.5, 4.0)] {
                let steps = 4000;
                let h = (b - a) / f64::from(steps);
                let simpson: f64 = (0..=steps)
                    .map(|i| {
                        let w = if i == 0 || i == steps {
                            1.0
                        } else if i % 2 == 1 {
                            4.0
                        } else {
                            2.0
                        };
                        w * n.log_density(a + f64::from(i) * h).exp()
                    })
                    .sum::<f64>()
                    * h
                    / 3.0;
                let direct = n.log_probability_below(b).exp() - n.log_probability_below(a).exp();
                approx::assert_abs_diff_eq!(simpson, direct, epsilon = 1e-11);
            }
            approx::assert_abs_diff_eq!(n.log_probability_below(0.0), -LN_2, epsilon = 1e-14);
        }
    }

    #[test]
    fn far_tails_stay_finite() {
        for family in [NoiseFamily::StudentT4, NoiseFamily::Gaussian] {
            let n = noise(family);
            assert!(n.log_probability_below(-1e6).is_finite());
            assert!(n.log_probability_below(1e6).abs() < 1e-12);
        }
        // ν = 4: F(t) → 3/t⁴.
        let n = noise(NoiseFamily::StudentT4);
        approx::assert_relative_eq!(
            n.log_probability_below(-1000.0).exp(),
            3e-12,
            max_relative = 1e-4
        );
    }

    #[test]
    fn a_25_mm_lesion_read_by_one_reader_has_six_percent() {
        approx::assert_abs_diff_eq!(NoiseRow::SAME_READER.sigma(25.0), 0.0594, epsilon = 1e-3);
    }
}
