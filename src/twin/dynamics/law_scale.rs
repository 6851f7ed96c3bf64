//! The scale on which a model's equation is written: volume or diameter.
//!
//! The two are not interchangeable: a growth rate of volume is three times that of the diameter,
//! and a law such as Gompertz with one set of numbers describes another curve on the other scale.
//! Models therefore carry the scale in their type, `Growth<Mm3>` or `Growth<Mm>`.

use std::fmt::Debug;

use crate::units::{Mm, Mm3};

/// ln(π/6).
const LN_SPHERE: f64 = -0.647_029_583_378_654_9;

/// A size that growth laws are written for. Volumes stand for spheres where a diameter is asked
/// for, V = π d³/6; for a *sum* of diameters the volume is therefore nominal.
pub trait LawScale: Copy + Debug + PartialEq + sealed::Sealed {
    /// n in V ∝ sⁿ: what a log-change on this scale is multiplied by to give that of the volume.
    const DIMENSION: f64;
    /// The unit, `mm³` or `mm`.
    const UNIT: &'static str;

    /// The size whose natural logarithm, in the unit of the scale, is `x`.
    fn from_ln(x: f64) -> Self;
    /// Natural logarithm of the number in the unit of the scale.
    fn ln(self) -> f64;
    /// ln(V/mm³) of the sphere that stands for the size with logarithm `x`.
    fn log_volume(x: f64) -> f64;
    /// The bare number in the unit of the scale.
    fn value(self) -> f64;

    /// The volume, for a diameter that of the sphere.
    #[must_use]
    fn volume(self) -> Mm3 {
        Mm3(libm::exp(Self::log_volume(self.ln())))
    }

    /// The diameter, for a volume that of the sphere.
    #[must_use]
    fn diameter(self) -> Mm {
        Mm(libm::exp((Self::log_volume(self.ln()) - LN_SPHERE) / 3.0))
    }
}

impl LawScale for Mm3 {
    const DIMENSION: f64 = 1.0;
    const UNIT: &'static str = "mm³";

    fn from_ln(x: f64) -> Self {
        Self(libm::exp(x))
    }

    fn ln(self) -> f64 {
        libm::log(self.0)
    }

    fn log_volume(x: f64) -> f64 {
        x
    }

    fn value(self) -> f64 {
        self.0
    }
}

impl LawScale for Mm {
    const DIMENSION: f64 = 3.0;
    const UNIT: &'static str = "mm";

    fn from_ln(x: f64) -> Self {
        Self(libm::exp(x))
    }

    fn ln(self) -> f64 {
        libm::log(self.0)
    }

    fn log_volume(x: f64) -> f64 {
        3.0 * x + LN_SPHERE
    }

    fn value(self) -> f64 {
        self.0
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::units::Mm {}
    impl Sealed for crate::units::Mm3 {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn a_sphere_keeps_its_diameter() {
        assert_eq!(LN_SPHERE.to_bits(), libm::log(PI / 6.0).to_bits());
        let v = Mm(30.0).volume();
        assert!((v.0 / (PI * 4500.0) - 1.0).abs() < 1e-14);
        assert!((v.diameter().0 / 30.0 - 1.0).abs() < 1e-14);
    }
}
