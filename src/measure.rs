//! Measuring masks: volume, RECIST axes and value statistics, on the native grid, never resampled.

use serde::{Deserialize, Serialize};

use crate::geometry::Point;
use crate::units::{Bulk, Length};
use crate::volume::Statistics;

/// A straight line across a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisLine {
    /// Its length.
    pub length: Length,
    /// Its two ends, LPS mm.
    pub ends: [Point; 2],
}

/// What is measured on one mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Number of voxels.
    pub voxels: usize,
    /// Voxels times their own volumes (each slice with its own extent).
    pub volume: Bulk,
    /// RECIST longest in-plane diameter over all slices.
    pub long_axis: AxisLine,
    /// Longest extent perpendicular to it in the same slice.
    pub short_axis: AxisLine,
    /// Slice (k) that carries both axes.
    pub axis_slice: usize,
    /// Value statistics inside the mask; `None` when measured without an image.
    pub values: Option<Statistics>,
}
