//! Image volumes and masks: a [`Grid`] plus samples, never resampled.
//!
//! Samples keep the type that the file stored, with the rescale of each slice, so that memory stays
//! near the size of the data and read-outs are exact. Arrays are indexed `[[k, j, i]]`.

mod colour;
mod colour_map;
mod distance;
mod mask;
pub mod parts;
mod picture;
mod uptake;
mod window;

pub use colour::ColourImage;
pub use colour_map::ColourMap;
pub use distance::{Places, squared_distance};
pub use mask::{Mask, MaskError, MaskRuns};
pub use picture::{Layout, gray_slice, outlines, outlines_of};
pub use uptake::{PetStatement, UptakeKind};
pub use window::{VoiLut, WindowFunction, WindowLevel};

use std::ops::RangeInclusive;
use std::sync::Arc;

use ndarray::{Array3, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::geometry::Grid;

/// Imaging modality, as far as it changes what the program does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Modality {
    /// Computed tomography.
    CT,
    /// Magnetic resonance.
    MR,
    /// Positron emission tomography.
    PT,
    /// Any other DICOM modality code, or empty where the file does not say (NIfTI).
    Other(String),
}

impl Modality {
    /// From a DICOM (0008,0060) code.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code.trim() {
            "CT" => Self::CT,
            "MR" => Self::MR,
            "PT" => Self::PT,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The DICOM code; empty where unknown.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::CT => "CT",
            Self::MR => "MR",
            Self::PT => "PT",
            Self::Other(code) => code,
        }
    }
}

/// What a voxel value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntensityUnit {
    /// Hounsfield units.
    #[serde(rename = "HU")]
    Hounsfield,
    /// Standardised uptake value by body weight.
    #[serde(rename = "SUVbw")]
    SuvBodyWeight,
    /// Standardised uptake value by lean body mass.
    #[serde(rename = "SUVlbm")]
    SuvLeanMass,
    /// Standardised uptake value by body surface area.
    #[serde(rename = "SUVbsa")]
    SuvBodySurface,
    /// Activity concentration.
    #[serde(rename = "Bq/mL")]
    BecquerelPerMl,
    /// No physical unit.
    #[serde(rename = "a.u.")]
    Arbitrary,
}

impl IntensityUnit {
    /// Symbol as printed, and as named in the command-line contract.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Hounsfield => "HU",
            Self::SuvBodyWeight => "SUVbw",
            Self::SuvLeanMass => "SUVlbm",
            Self::SuvBodySurface => "SUVbsa",
            Self::BecquerelPerMl => "Bq/mL",
            Self::Arbitrary => "a.u.",
        }
    }
}

/// A voxel value, or a statistic of some, with what it means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intensity {
    /// The number, in `unit`.
    pub value: f64,
    /// What it means.
    pub unit: IntensityUnit,
}

impl std::fmt::Display for Intensity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = match self.unit {
            IntensityUnit::Hounsfield | IntensityUnit::BecquerelPerMl => 0,
            IntensityUnit::SuvBodyWeight
            | IntensityUnit::SuvLeanMass
            | IntensityUnit::SuvBodySurface => 2,
            IntensityUnit::Arbitrary if self.value.abs() < 10.0 => 3,
            IntensityUnit::Arbitrary => 1,
        };
        let decimals = f.precision().unwrap_or(decimals);
        write!(f, "{:.*} {}", decimals, self.value, self.unit.symbol())
    }
}

/// Linear map from a stored sample to its value: `value = slope · stored + intercept`
/// (DICOM PS3.3 C.11.1, NIfTI `scl_slope`/`scl_inter`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rescale {
    /// Rescale slope.
    pub slope: f64,
    /// Rescale intercept.
    pub intercept: f64,
}

impl Rescale {
    /// Stored samples are values.
    pub const IDENTITY: Self = Self {
        slope: 1.0,
        intercept: 0.0,
    };

    /// The value of a stored sample.
    #[must_use]
    pub fn apply(self, stored: f64) -> f64 {
        self.slope * stored + self.intercept
    }
}

/// Stored samples, indexed `[[k, j, i]]`.
#[derive(Clone, Debug)]
pub enum Samples {
    /// Signed 16-bit, the usual CT.
    I16(Array3<i16>),
    /// Unsigned 16-bit (also holds 8-bit sources).
    U16(Array3<u16>),
    /// Floating point, and integers wider than 16 bits.
    F32(Array3<f32>),
}

impl Samples {
    /// Shape as (i, j, k).
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        let (nk, nj, ni) = match self {
            Self::I16(a) => a.dim(),
            Self::U16(a) => a.dim(),
            Self::F32(a) => a.dim(),
        };
        [ni, nj, nk]
    }
}

/// An image: grid, samples, one rescale per slice and the meaning of the values.
#[derive(Clone, Debug)]
pub struct Volume {
    grid: Arc<Grid>,
    samples: Samples,
    rescale: Vec<Rescale>,
    /// What the values mean.
    pub unit: IntensityUnit,
    /// Modality of the series.
    pub modality: Modality,
    /// Stored values that mark pixels outside the scanned field (DICOM PixelPaddingValue, range).
    pub padding: Option<RangeInclusive<f64>>,
    /// Windows that the file proposes, best first.
    pub windows: Vec<WindowLevel>,
    /// Names of the windows, in their order; fewer where the file has none.
    pub window_names: Vec<String>,
    /// Whether the smallest value is to be shown white (MONOCHROME1); values are not affected.
    pub inverted: bool,
}

/// Why a volume could not be formed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// Samples and grid disagree.
    #[error("samples of shape {samples:?} on a grid of shape {grid:?}")]
    Shape {
        /// Shape of the samples (i, j, k).
        samples: [usize; 3],
        /// Shape of the grid (i, j, k).
        grid: [usize; 3],
    },
    /// One rescale per slice is needed.
    #[error("{rescales} rescales for {slices} slices")]
    Rescale {
        /// Rescales given.
        rescales: usize,
        /// Slices of the grid.
        slices: usize,
    },
}

/// Statistics over real voxels (neither in a void slice, nor padding, nor NaN).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Mean value.
    pub mean: f64,
    /// Standard deviation (population).
    pub sd: f64,
    /// Number of voxels counted.
    pub n: usize,
    /// Number of voxels left out: void slices, padding, NaN.
    pub n_void: usize,
}

impl Statistics {
    /// The statistics of values multiplied by a positive factor.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            min: self.min * factor,
            max: self.max * factor,
            mean: self.mean * factor,
            sd: self.sd * factor,
            ..self
        }
    }
}

impl Volume {
    /// Forms a volume; `rescale` holds one entry per slice.
    ///
    /// # Errors
    /// When shapes disagree.
    pub fn new(
        grid: Arc<Grid>,
        samples: Samples,
        rescale: Vec<Rescale>,
        unit: IntensityUnit,
        modality: Modality,
    ) -> Result<Self, VolumeError> {
        if samples.shape() != grid.shape() {
            return Err(VolumeError::Shape {
                samples: samples.shape(),
                grid: grid.shape(),
            });
        }
        if rescale.len() != grid.shape()[2] {
            return Err(VolumeError::Rescale {
                rescales: rescale.len(),
                slices: grid.shape()[2],
            });
        }
        Ok(Self {
            grid,
            samples,
            rescale,
            unit,
            modality,
            padding: None,
            windows: Vec::new(),
            window_names: Vec::new(),
            inverted: false,
        })
    }

    /// Where the voxels are.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// The stored samples.
    #[must_use]
    pub const fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The rescale of each slice.
    #[must_use]
    pub fn rescale(&self) -> &[Rescale] {
        &self.rescale
    }

    fn stored(&self, i: usize, j: usize, k: usize) -> f64 {
        match &self.samples {
            Samples::I16(a) => f64::from(a[[k, j, i]]),
            Samples::U16(a) => f64::from(a[[k, j, i]]),
            Samples::F32(a) => f64::from(a[[k, j, i]]),
        }
    }

    fn value_of(&self, stored: f64, k: usize) -> Option<f32> {
        if self.grid.is_void(k) {
            return None;
        }
        let is_padding = self.padding.as_ref().is_some_and(|p| p.contains(&stored));
        let value = self.rescale[k].apply(stored) as f32;
        (!is_padding && value.is_finite()).then_some(value)
    }

    /// The value of a voxel, or `None` for void slices, padding and non-finite samples.
    ///
    /// # Panics
    /// When the index lies outside the grid.
    #[must_use]
    pub fn value(&self, i: usize, j: usize, k: usize) -> Option<f32> {
        self.value_of(self.stored(i, j, k), k)
    }

    /// Writes the values of a part of a row, from voxel (i, j, k) on along i; NaN for void slices,
    /// padding and non-finite samples.
    ///
    /// # Panics
    /// When the part leaves the grid.
    pub fn row_into(&self, [i, j, k]: [usize; 3], row: &mut [f32]) {
        if self.grid.is_void(k) {
            row.fill(f32::NAN);
            return;
        }
        fn write<T: Copy + Into<f64>>(
            volume: &Volume,
            samples: ndarray::ArrayView1<'_, T>,
            k: usize,
            row: &mut [f32],
        ) {
            let rescale = volume.rescale[k];
            for (value, stored) in row.iter_mut().zip(samples) {
                let stored: f64 = (*stored).into();
                let found = rescale.apply(stored) as f32;
                let padding = volume.padding.as_ref();
                let is_padding = padding.is_some_and(|p| p.contains(&stored));
                *value = if is_padding || !found.is_finite() {
                    f32::NAN
                } else {
                    found
                };
            }
        }
        let cut = ndarray::s![k, j, i..i + row.len()];
        match &self.samples {
            Samples::I16(a) => write(self, a.slice(cut), k, row),
            Samples::U16(a) => write(self, a.slice(cut), k, row),
            Samples::F32(a) => write(self, a.slice(cut), k, row),
        }
    }

    /// All values of slice `k`, row by row (`j` slow, `i` fast); `None` for void slices, padding and
    /// non-finite samples.
    #[must_use]
    pub fn slice_values(&self, k: usize) -> Box<dyn Iterator<Item = Option<f32>> + '_> {
        fn view<T>(a: &Array3<T>, k: usize) -> ArrayView2<'_, T> {
            a.index_axis(Axis(0), k)
        }
        match &self.samples {
            Samples::I16(a) => Box::new(
                view(a, k)
                    .into_iter()
                    .map(move |&s| self.value_of(f64::from(s), k)),
            ),
            Samples::U16(a) => Box::new(
                view(a, k)
                    .into_iter()
                    .map(move |&s| self.value_of(f64::from(s), k)),
            ),
            Samples::F32(a) => Box::new(
                view(a, k)
                    .into_iter()
                    .map(move |&s| self.value_of(f64::from(s), k)),
            ),
        }
    }

    /// Some neighbouring slices as a volume of their own; `None` when there is none of them.
    #[must_use]
    pub fn slices(&self, range: std::ops::Range<usize>) -> Option<Self> {
        let range = range.start..range.end.min(self.grid.shape()[2]);
        let grid = self.grid.slices(range.clone())?;
        let cut = ndarray::s![range.clone(), .., ..];
        Some(Self {
            grid: Arc::new(grid),
            samples: match &self.samples {
                Samples::I16(a) => Samples::I16(a.slice(cut).to_owned()),
                Samples::U16(a) => Samples::U16(a.slice(cut).to_owned()),
                Samples::F32(a) => Samples::F32(a.slice(cut).to_owned()),
            },
            rescale: self.rescale.get(range)?.to_vec(),
            unit: self.unit,
            modality: self.modality.clone(),
            padding: self.padding.clone(),
            windows: self.windows.clone(),
            window_names: self.window_names.clone(),
            inverted: self.inverted,
        })
    }

    /// Statistics over all real voxels.
    #[must_use]
    pub fn statistics(&self) -> Option<Statistics> {
        let n_slices = self.grid.shape()[2];
        statistics_of((0..n_slices).flat_map(|k| self.slice_values(k)))
    }
}

/// Statistics of a stream of values, `None` when no real value is in it.
#[must_use]
pub fn statistics_of(values: impl Iterator<Item = Option<f32>>) -> Option<Statistics> {
    // Welford's update keeps the variance exact where the mean is large beside the spread.
    let (mut n, mut n_void, mut mean, mut m2) = (0usize, 0usize, 0.0f64, 0.0f64);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        let Some(value) = value.map(f64::from) else {
            n_void += 1;
            continue;
        };
        n += 1;
        let delta = value - mean;
        mean += delta / n as f64;
        m2 += delta * (value - mean);
        min = min.min(value);
        max = max.max(value);
    }
    (n > 0).then(|| Statistics {
        min,
        max,
        mean,
        sd: (m2 / n as f64).sqrt(),
        n,
        n_void,
    })
}
