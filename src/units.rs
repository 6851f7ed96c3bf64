//! Units as types: a number that a person may read never travels as a bare `f64`.
//!
//! Inside the program lengths are millimetres, volumes cubic millimetres, times days and doses
//! gray. Screens and reports convert (for example to mL) at the last moment, through `Display` or
//! [`Bulk::display`]. Where an image has no trustworthy spacing, [`Length::Px`] and
//! [`Bulk::Voxels`] take the place of millimetres, so that a false millimetre cannot be formed.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$meta:meta])* $name:ident, $symbol:literal, $decimals:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// Symbol printed behind the number.
            pub const SYMBOL: &'static str = $symbol;

            /// The bare number, in the unit that the type names.
            #[must_use]
            pub const fn value(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let decimals = f.precision().unwrap_or($decimals);
                write!(f, "{:.*} {}", decimals, self.0, $symbol)
            }
        }
    };
}

unit!(
    /// Length in millimetres.
    Mm, "mm", 1
);
unit!(
    /// Area in square millimetres.
    Mm2, "mm²", 0
);
unit!(
    /// Volume in cubic millimetres (1 mL = 1000 mm³).
    Mm3, "mm³", 0
);
unit!(
    /// Hounsfield units.
    Hu, "HU", 0
);
unit!(
    /// Time in days; differences of calendar dates are whole numbers.
    Days, "d", 0
);
unit!(
    /// Absorbed dose in gray.
    Gray, "Gy", 1
);
unit!(
    /// In-plane length in pixels, used where the image's spacing is not known.
    Px, "px", 1
);

/// A plane angle in degrees.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Degrees(pub f64);

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(1);
        // No blank before this symbol (ISO 80000-1, 7.1.4).
        write!(f, "{:.*}°", decimals, self.0)
    }
}

impl Mm3 {
    /// The same volume in millilitres.
    #[must_use]
    pub fn millilitres(self) -> f64 {
        self.0 / 1000.0
    }
}

/// A length that is calibrated, or honestly says that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unit", content = "value", rename_all = "lowercase")]
pub enum Length {
    /// Millimetres in patient space.
    Mm(Mm),
    /// Pixels in the image plane; no physical size is known.
    Px(Px),
}

impl Length {
    /// The bare number in the unit named by [`Length::symbol`].
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Mm(mm) => mm.0,
            Self::Px(px) => px.0,
        }
    }

    /// `mm` or `px`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Mm(_) => Mm::SYMBOL,
            Self::Px(_) => Px::SYMBOL,
        }
    }

    /// Millimetres, or `None` where the spacing is unknown.
    #[must_use]
    pub const fn mm(self) -> Option<Mm> {
        match self {
            Self::Mm(mm) => Some(mm),
            Self::Px(_) => None,
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mm(mm) => mm.fmt(f),
            Self::Px(px) => px.fmt(f),
        }
    }
}

/// The size of a flat structure, calibrated or in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unit", content = "value", rename_all = "lowercase")]
pub enum Area {
    /// Square millimetres in patient space.
    Mm2(Mm2),
    /// In pixels; no physical size is known.
    Px2(f64),
}

impl Area {
    /// The bare number in the unit named by [`Area::symbol`].
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Mm2(mm2) => mm2.0,
            Self::Px2(n) => n,
        }
    }

    /// `mm²` or `px²`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Mm2(_) => Mm2::SYMBOL,
            Self::Px2(_) => "px²",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = if self.value().abs() < 100.0 { 1 } else { 0 };
        let decimals = f.precision().unwrap_or(decimals);
        write!(f, "{:.*} {}", decimals, self.value(), self.symbol())
    }
}

/// A size as it is told: a length, or the size of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extent {
    /// A diameter, or a sum of diameters.
    Length(Length),
    /// A volume.
    Bulk(Bulk),
}

impl Extent {
    /// The bare number in the unit of the size.
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Length(length) => length.value(),
            Self::Bulk(bulk) => bulk.value(),
        }
    }
}

/// The size of a three-dimensional structure, calibrated or counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unit", content = "value", rename_all = "lowercase")]
pub enum Bulk {
    /// Cubic millimetres.
    Mm3(Mm3),
    /// Number of voxels; no physical size is known.
    Voxels(f64),
}

impl Bulk {
    /// The bare number in the unit named by [`Bulk::symbol`].
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Mm3(mm3) => mm3.0,
            Self::Voxels(n) => n,
        }
    }

    /// `mm³` or `voxels`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Mm3(_) => Mm3::SYMBOL,
            Self::Voxels(_) => "voxels",
        }
    }

    /// Cubic millimetres, or `None` where the spacing is unknown.
    #[must_use]
    pub const fn mm3(self) -> Option<Mm3> {
        match self {
            Self::Mm3(mm3) => Some(mm3),
            Self::Voxels(_) => None,
        }
    }

    /// What a screen or a report prints: millilitres with two decimals below 100 mL, one above,
    /// or a voxel count.
    #[must_use]
    pub fn display(self) -> String {
        match self {
            Self::Mm3(mm3) if mm3.millilitres().abs() < 100.0 => {
                format!("{:.2} mL", mm3.millilitres())
            }
            Self::Mm3(mm3) => format!("{:.1} mL", mm3.millilitres()),
            Self::Voxels(n) => format!("{n:.0} voxels"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncalibrated_sizes_never_print_millimetres() {
        assert_eq!(Length::Px(Px(88.36)).to_string(), "88.4 px");
        assert_eq!(Bulk::Voxels(8246.0).display(), "8246 voxels");
        assert_eq!(Length::Px(Px(3.0)).mm(), None);
        assert_eq!(Bulk::Voxels(3.0).mm3(), None);
        assert_eq!(Area::Px2(12.26).to_string(), "12.3 px²");
    }

    #[test]
    fn millilitres_are_a_thousandth_of_cubic_millimetres() {
        assert_eq!(Bulk::Mm3(Mm3(27_636.25)).display(), "27.64 mL");
        assert_eq!(Bulk::Mm3(Mm3(358_682.1)).display(), "358.7 mL");
    }
}
