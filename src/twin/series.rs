//! Sizes of one lesion over time.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::units::{Bulk, Days, Length, Mm, Mm3, Px};

/// Largest day, before or after baseline, that is believed (about 270 years).
const MAX_DAY: f64 = 1e5;
/// Largest size that is believed, in any of the units.
const MAX_SIZE: f64 = 1e12;

/// A measured size of a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "size", rename_all = "lowercase")]
pub enum Size {
    /// A diameter, or a sum of diameters.
    Diameter(Length),
    /// A volume.
    Volume(Bulk),
}

impl Size {
    /// The scale that this size is measured on.
    #[must_use]
    pub const fn scale(self) -> Scale {
        match self {
            Self::Diameter(Length::Mm(_)) => Scale::DiameterMm,
            Self::Diameter(Length::Px(_)) => Scale::DiameterPx,
            Self::Volume(Bulk::Mm3(_)) => Scale::VolumeMm3,
            Self::Volume(Bulk::Voxels(_)) => Scale::Voxels,
        }
    }

    /// The bare number in the unit of [`Size::scale`].
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Diameter(length) => length.value(),
            Self::Volume(bulk) => bulk.value(),
        }
    }
}

/// The scale and unit on which a lesion is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Diameter in millimetres.
    DiameterMm,
    /// Diameter in pixels, spacing unknown.
    DiameterPx,
    /// Volume in cubic millimetres.
    VolumeMm3,
    /// Voxel count, spacing unknown.
    Voxels,
}

impl Scale {
    /// `mm`, `px`, `mm3` or `voxels`, as tables write it.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::DiameterMm => "mm",
            Self::DiameterPx => "px",
            Self::VolumeMm3 => "mm3",
            Self::Voxels => "voxels",
        }
    }

    /// A number on this scale as a typed size.
    #[must_use]
    pub const fn size(self, value: f64) -> Size {
        match self {
            Self::DiameterMm => Size::Diameter(Length::Mm(Mm(value))),
            Self::DiameterPx => Size::Diameter(Length::Px(Px(value))),
            Self::VolumeMm3 => Size::Volume(Bulk::Mm3(Mm3(value))),
            Self::Voxels => Size::Volume(Bulk::Voxels(value)),
        }
    }

    /// Whether sizes are diameters.
    #[must_use]
    pub const fn is_diameter(self) -> bool {
        matches!(self, Self::DiameterMm | Self::DiameterPx)
    }

    /// Whether millimetres are known.
    #[must_use]
    pub const fn is_calibrated(self) -> bool {
        matches!(self, Self::DiameterMm | Self::VolumeMm3)
    }

    /// Logarithm of the size whose sphere has the log volume `x`.
    pub(super) fn log_size(self, x: f64) -> f64 {
        if self.is_diameter() {
            (x - libm::log(PI / 6.0)) / 3.0
        } else {
            x
        }
    }

    /// Log volume of the sphere that stands for the logarithm of a size.
    pub(super) fn log_volume(self, log_size: f64) -> f64 {
        if self.is_diameter() {
            libm::log(PI / 6.0) + 3.0 * log_size
        } else {
            log_size
        }
    }

    /// Size below which a lesion counts as seen by nobody: 5 mm, its sphere, or one pixel or voxel
    /// where no millimetre is known.
    #[must_use]
    pub fn detection_limit(self) -> f64 {
        match self {
            Self::DiameterMm => 5.0,
            Self::VolumeMm3 => PI / 6.0 * 125.0,
            Self::DiameterPx | Self::Voxels => 1.0,
        }
    }
}

/// One measurement of a lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Day after baseline; may be fractional and may be negative.
    pub day: Days,
    /// What was measured. Zero means absent or too small to measure: the likelihood then says that
    /// the size lies below 5 mm, not that it is zero.
    pub size: Size,
    /// Who or what measured, where known; several readers in one series widen the noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Slice thickness, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<Mm>,
}

/// The measurements of one lesion, in any order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LesionSeries {
    /// The measurements; all on one [`Scale`].
    pub observations: Vec<Observation>,
}

impl LesionSeries {
    /// Values read on days, of which neither reader nor slice is known; in the unit of `scale`.
    #[must_use]
    pub fn of(scale: Scale, readings: impl IntoIterator<Item = (Days, f64)>) -> Self {
        let observation = |(day, value): (Days, f64)| Observation {
            day,
            size: scale.size(value),
            reader: None,
            slice: None,
        };
        Self {
            observations: readings.into_iter().map(observation).collect(),
        }
    }

    /// The series in order of time, with its scale.
    ///
    /// Observations of one day are ordered by value, slice and reader, so that the order in which
    /// they are given can have no influence on a single bit of the result.
    pub(super) fn ordered(&self) -> Result<(Vec<Observation>, Scale), Error> {
        let first = self.observations.first().ok_or(Error::NoObservations)?;
        let scale = first.size.scale();
        for o in &self.observations {
            if o.size.scale() != scale {
                return Err(Error::MixedUnits {
                    first: scale.unit(),
                    other: o.size.scale().unit(),
                });
            }
            check_day("the day of a measurement", o.day.0)?;
            let value = o.size.value();
            if !(0.0..=MAX_SIZE).contains(&value) {
                return Err(Error::BadNumber {
                    what: "a measured size",
                    value,
                    expected: "a finite number, zero or more",
                });
            }
            if let Some(slice) = o.slice
                && !(slice.0 > 0.0 && slice.0 <= 1e3)
            {
                return Err(Error::BadNumber {
                    what: "a slice thickness (mm)",
                    value: slice.0,
                    expected: "above 0 and at most 1000",
                });
            }
        }
        let mut ordered = self.observations.clone();
        ordered.sort_by(|a, b| {
            a.day
                .0
                .total_cmp(&b.day.0)
                .then(a.size.value().total_cmp(&b.size.value()))
                .then_with(|| slice_key(a).total_cmp(&slice_key(b)))
                .then_with(|| a.reader.cmp(&b.reader))
        });
        Ok((ordered, scale))
    }
}

fn slice_key(o: &Observation) -> f64 {
    o.slice.map_or(0.0, |s| s.0)
}

/// Refuses days that are not finite or absurdly far away.
pub(super) fn check_day(what: &'static str, day: f64) -> Result<(), Error> {
    if day.abs() <= MAX_DAY {
        return Ok(());
    }
    Err(Error::BadNumber {
        what,
        value: day,
        expected: "a finite number between -100000 and 100000",
    })
}
