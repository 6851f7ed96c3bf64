//! What lies in colour over a picture.

use std::sync::Arc;

use super::{ColourMap, Point, SeriesId, WindowLevel};
use crate::register::Rigid;
use crate::volume::Volume;

/// A coloured picture, rows from the top.
#[derive(Clone, Debug)]
pub struct FusedPicture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width · height` times red, green, blue, alpha (not multiplied).
    pub rgba: Vec<u8>,
    /// Differs whenever the pixels differ.
    pub version: u64,
}

/// A coloured picture over another.
#[derive(Clone, Debug)]
pub struct FusedView {
    /// The picture, pixel on pixel.
    pub picture: Arc<FusedPicture>,
    /// How much it hides of what is below, 0–1.
    pub opacity: f64,
}

/// What lies over a series.
#[derive(Clone, Debug)]
pub struct FusionView {
    /// The series that lies over it.
    pub over: SeriesId,
    /// What that is called.
    pub label: String,
    /// Its colours.
    pub colours: ColourMap,
    /// How much it hides of what is below, 0–1.
    pub opacity: f64,
    /// What the place rests on, where it is an alignment; empty for one frame of reference.
    pub trust: String,
    /// The window it is shown in; `None` while it is loaded.
    pub window: Option<WindowLevel>,
    /// Unit of the window's numbers.
    pub unit: &'static str,
    /// What gives its value at a place; `None` while it is loaded.
    pub probe: Option<FusedProbe>,
    /// Why it is not shown; empty when it is, or is being loaded.
    pub problem: String,
}

/// A series that may lie over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FusionRow {
    /// Which.
    pub series: SeriesId,
    /// What it is called.
    pub label: String,
}

/// The values of an image that lies over another.
#[derive(Clone)]
pub struct FusedProbe {
    volume: Arc<Volume>,
    way: Rigid,
}

impl std::fmt::Debug for FusedProbe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FusedProbe")
    }
}

impl FusedProbe {
    /// What reads values of a volume; `way` leads from the space of the image below to its own.
    #[must_use]
    pub const fn new(volume: Arc<Volume>, way: Rigid) -> Self {
        Self { volume, way }
    }

    /// The value of the nearest voxel to a place in the space of the image below; `None` outside,
    /// and where there is no value.
    #[must_use]
    pub fn at(&self, place: Point) -> Option<f32> {
        let grid = self.volume.grid();
        let voxel = grid.voxel_from_patient(self.way.apply(place));
        let index = |v: f64, n: usize| {
            let v = v.round();
            (v >= 0.0 && v < n as f64).then_some(v as usize)
        };
        let [ni, nj, nk] = grid.shape();
        self.volume.value(
            index(voxel.i, ni)?,
            index(voxel.j, nj)?,
            index(voxel.k, nk)?,
        )
    }
}
