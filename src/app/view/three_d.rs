//! Lesions in space.

use std::sync::Arc;

use super::LesionId;
use crate::geometry::Point;
use crate::surface::Surface;

/// The lesions of a time point in space, to be turned and looked at from all sides.
#[derive(Clone, Debug)]
pub struct ThreeDView {
    /// Lesions that have a mask on the series shown.
    pub bodies: Vec<BodyView>,
    /// Outer corners of the image, LPS mm: bit 0 of the index is the end of the columns, bit 1 that of
    /// the rows, bit 2 that of the slices.
    pub corners: [Point; 8],
    /// Middle of the lesions, or of the image where there are none.
    pub middle: Point,
    /// Left, right and so on are known.
    pub known_orientation: bool,
    /// Surfaces are still being made.
    pub pending: bool,
}

/// A lesion in space.
#[derive(Clone, Debug)]
pub struct BodyView {
    /// Which.
    pub lesion: LesionId,
    /// Its label.
    pub label: String,
    /// Position in the list, for its colour.
    pub color: usize,
    /// Its surface.
    pub surface: Arc<Surface>,
}
