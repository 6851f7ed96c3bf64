//! Colours in place of grey levels: for uptake, and for an image that lies over another.

use serde::{Deserialize, Serialize};

/// How a grey level becomes a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMap {
    /// As it is.
    #[default]
    Gray,
    /// The palette *Hot Iron* of DICOM PS3.6 annex B.1.1.
    HotIron,
    /// Perceptually even, from black over violet and orange to yellow.
    Inferno,
    /// Perceptually even, from violet over green to yellow.
    Viridis,
    /// A rainbow without false edges (Mikhailov 2019).
    Turbo,
}

impl ColourMap {
    /// All maps.
    pub const ALL: [Self; 5] = [
        Self::Gray,
        Self::HotIron,
        Self::Inferno,
        Self::Viridis,
        Self::Turbo,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gray => "Grey",
            Self::HotIron => "Hot iron",
            Self::Inferno => "Inferno",
            Self::Viridis => "Viridis",
            Self::Turbo => "Rainbow",
        }
    }

    /// Red, green and blue of a grey level.
    #[must_use]
    pub fn colour(self, level: u8) -> [u8; 3] {
        let even = |gradient: colorous::Gradient| {
            let c = gradient.eval_rational(usize::from(level), 256);
            [c.r, c.g, c.b]
        };
        match self {
            Self::Gray => [level; 3],
            Self::HotIron => {
                // Twice as steep from the start, twice from half-way, four times from three quarters.
                let ramp = |from: u8, slope: u8| level.saturating_sub(from).saturating_mul(slope);
                [ramp(0, 2), ramp(128, 2), ramp(192, 4)]
            }
            Self::Inferno => even(colorous::INFERNO),
            Self::Viridis => even(colorous::VIRIDIS),
            Self::Turbo => even(colorous::TURBO),
        }
    }

    /// The colours of all grey levels.
    #[must_use]
    pub fn table(self) -> [[u8; 3]; 256] {
        std::array::from_fn(|level| self.colour(level as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hot_iron_is_that_of_the_standard() {
        let map = ColourMap::HotIron;
        // PS3.6 B.1.1 at 0, 1, 127, 128, 129, 192, 193 and 255.
        assert_eq!(map.colour(0), [0, 0, 0]);
        assert_eq!(map.colour(1), [2, 0, 0]);
        assert_eq!(map.colour(127), [254, 0, 0]);
        assert_eq!(map.colour(129), [255, 2, 0]);
        assert_eq!(map.colour(193), [255, 130, 4]);
        assert_eq!(map.colour(255), [255, 254, 252]);
    }

    #[test]
    fn brightness_rises_with_the_level_in_even_maps() {
        for map in [
            ColourMap::Gray,
            ColourMap::HotIron,
            ColourMap::Inferno,
            ColourMap::Viridis,
        ] {
            let bright = |level: u8| {
                let [r, g, b] = map.colour(level).map(f64::from);
                0.2126 * r + 0.7152 * g + 0.0722 * b
            };
            let steps: Vec<f64> = (0..16).map(|n| bright(n * 17)).collect();
            assert!(steps.windows(2).all(|w| w[0] < w[1]), "{map:?}: {steps:?}");
        }
    }
}
