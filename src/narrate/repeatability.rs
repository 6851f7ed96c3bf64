//! How far two measurements of an unchanged lesion lie apart.
//!
//! Log-scale standard deviation of a diameter d, same reader: `sd² = 0.05² + (0.8 mm / d)²`, in
//! line with the within-reader limits of agreement pooled by Yoon et al., Eur J Cancer 2016;53:5
//! (about 6 % per measurement). Of a volume: `sd² = 0.10² + (1.5 h / d)²`, h being the larger of
//! voxel and slice (a shell of half a voxel has the relative volume 3 · h/2 / d).

use crate::units::{Bulk, Length};

use super::summary::LesionMeasure;

/// Slice thickness taken where none is known, mm: the thickest with which RECIST 1.1 accepts a
/// lesion of 10 mm.
const UNKNOWN_SLICE_MM: f64 = 5.0;

/// 97.5 % quantile of the standard normal distribution.
const Z975: f64 = 1.959_963_984_540_054;

/// Limits of a change in per cent that 95 % of repeated measurements stay within.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) low_pct: f64,
    pub(super) high_pct: f64,
}

fn limits(first_sd: f64, second_sd: f64) -> Limits {
    let z = Z975 * first_sd.hypot(second_sd);
    Limits {
        low_pct: 100.0 * ((-z).exp() - 1.0),
        high_pct: 100.0 * (z.exp() - 1.0),
    }
}

fn diameter_sd(length: Length) -> f64 {
    let floor = match length {
        Length::Mm(_) => 0.8,
        // Without a scale the reader's absolute error is taken as one pixel.
        Length::Px(_) => 1.0,
    };
    (0.05f64).hypot(floor / length.value())
}

/// Limits between two diameters; both must be positive.
pub(super) fn diameter_limits(first: Length, second: Length) -> Limits {
    limits(diameter_sd(first), diameter_sd(second))
}

fn volume_sd(volume: Bulk, measure: &LesionMeasure, slice_mm: Option<f64>) -> f64 {
    let sphere = (6.0 * volume.value() / std::f64::consts::PI).cbrt();
    let (h, d) = match volume {
        Bulk::Mm3(_) => (
            slice_mm.unwrap_or(UNKNOWN_SLICE_MM),
            measure
                .long_axis
                .and_then(Length::mm)
                .map_or(sphere, |mm| mm.0),
        ),
        Bulk::Voxels(_) => (1.0, sphere),
    };
    (0.10f64).hypot(1.5 * h / d)
}

/// Limits between two volumes, each with its measurement and slice thickness in mm; both volumes
/// must be positive.
pub(super) fn volume_limits(
    first: (Bulk, &LesionMeasure, Option<f64>),
    second: (Bulk, &LesionMeasure, Option<f64>),
) -> Limits {
    limits(
        volume_sd(first.0, first.1, first.2),
        volume_sd(second.0, second.1, second.2),
    )
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::units::{Mm, Mm3};

    #[test]
    fn limits_widen_as_a_lesion_gets_small() {
        let mm = |v| Length::Mm(Mm(v));
        let large = diameter_limits(mm(60.0), mm(60.0));
        let small = diameter_limits(mm(10.0), mm(10.0));
        assert!(small.high_pct > large.high_pct && small.low_pct < large.low_pct);
        // sd = hypot(0.05, 0.08); limits are exp(±1.96 √2 sd) − 1.
        let z = Z975 * 2f64.sqrt() * 0.05f64.hypot(0.08);
        assert_relative_eq!(
            small.high_pct,
            100.0 * (z.exp() - 1.0),
            max_relative = 1e-12
        );
    }

    #[test]
    fn thick_slices_widen_the_limits_of_a_volume() {
        let m = LesionMeasure {
            long_axis: Some(Length::Mm(Mm(20.0))),
            ..LesionMeasure::default()
        };
        let v = Bulk::Mm3(Mm3(4000.0));
        let thin = volume_limits((v, &m, Some(1.0)), (v, &m, Some(1.0)));
        let thick = volume_limits((v, &m, Some(5.0)), (v, &m, Some(5.0)));
        assert!(thick.high_pct > 2.0 * thin.high_pct);
    }
}
