//! A measurement that belongs to no lesion: a figure on a series.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MeasurementId, SeriesId};
use crate::measure::Figure;

/// A figure drawn by hand on a series, to measure something.
///
/// What it measures is not kept. It follows from the figure and the image, and the image may come to
/// mean something else: a reader may state another body weight of a PET series, or show another of
/// several volumes. A number kept beside them would then be false without anybody having changed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Identifier; it stays when handles are dragged.
    pub id: MeasurementId,
    /// On which series.
    pub series: SeriesId,
    /// The figure, LPS mm.
    pub figure: Figure,
    /// What it is of, in words; may be empty.
    pub label: String,
    /// When it was drawn.
    pub created: Timestamp,
}
