//! How far a measured volume lies from the true one.

use crate::units::Mm3;

/// Standard deviation of a measured volume: σ(V) = scale · max(V, floor)^power, in mm³.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeError {
    /// In mm^{3(1 − power)}.
    pub scale: f64,
    /// Volume below which the deviation does not fall further.
    pub floor: Mm3,
    /// Without unit.
    pub power: f64,
}

impl VolumeError {
    /// Subcutaneous tumours of mice measured twice with callipers: 0.21 max(V, 83 mm³)^0.84
    /// (Benzekry et al., PLoS Comput Biol 2014;10:e1003800).
    pub const CALLIPER: Self = Self {
        scale: 0.21,
        floor: Mm3(83.0),
        power: 0.84,
    };

    /// σ at a volume.
    #[must_use]
    pub fn deviation(&self, volume: Mm3) -> Mm3 {
        Mm3(self.scale * libm::pow(volume.0.max(self.floor.0), self.power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_flat_below_the_floor() {
        let e = VolumeError::CALLIPER;
        assert_eq!(e.deviation(Mm3(0.0)), e.deviation(Mm3(83.0)));
        assert!((e.deviation(Mm3(1000.0)).0 - 0.21 * 1000f64.powf(0.84)).abs() < 1e-9);
    }
}
