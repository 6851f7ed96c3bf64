//! How near a mask comes to its reference.

use crate::measure;
use crate::volume::Mask;

/// How near a mask comes to the reference.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(super) struct Score {
    /// Dice overlap.
    pub(super) dice: f64,
    /// 95th percentile of surface distances, mm (pixels where the spacing is unknown).
    pub(super) hd95: f64,
    /// Volume less the reference's, relative.
    pub(super) volume: f64,
    /// Longest axis less the reference's, relative.
    pub(super) diameter: f64,
}

impl Score {
    /// Of no mask at all.
    pub(super) const NONE: Self = Self {
        dice: 0.0,
        hd95: f64::INFINITY,
        volume: -1.0,
        diameter: -1.0,
    };

    pub(super) fn of(made: &Mask, reference: &Mask) -> Self {
        let axis = |m: &Mask| measure::measure(m, None).map(|m| m.long_axis.length.value());
        let (Ok(compared), Ok(long), Ok(wanted)) = (
            measure::compare(made, reference),
            axis(made),
            axis(reference),
        ) else {
            return Self::NONE;
        };
        let [volume, whole] = compared.volumes.map(|v| v.value());
        Self {
            dice: compared.dice,
            hd95: compared.surface_95.value(),
            volume: volume / whole - 1.0,
            diameter: long / wanted - 1.0,
        }
    }
}
