//! Colour pictures: slices of red, green and blue bytes side by side, shown and never measured.

use super::{RawLayout, Stored, decode};
use crate::jobs::JobContext;
use crate::open::Error;
use crate::volume::{ColourImage, Samples};

/// Where colour pictures are: every slice of every volume is one.
#[derive(Clone, Debug)]
pub(in crate::open) struct PictureSource {
    /// A row holds the bytes of all its pixels.
    rows: RawLayout,
    width: usize,
    height: usize,
    /// 3, or 4 where transparency is stored, which is not shown.
    bytes: usize,
}

impl PictureSource {
    /// The pictures of a layout, unless its samples are no colours.
    pub(super) fn new(layout: &RawLayout) -> Option<Self> {
        let [width, height, depth] = layout.shape;
        let bytes = layout.inner;
        if layout.stored != Stored::U8 || !(bytes == 3 || bytes == 4) {
            return None;
        }
        let mut rows = layout.clone();
        rows.inner = 1;
        rows.shape = [width.checked_mul(bytes)?, height, 1];
        rows.outer = layout.outer.checked_mul(depth)?;
        Some(Self {
            rows,
            width,
            height,
            bytes,
        })
    }

    /// Number of pictures.
    pub(in crate::open) const fn len(&self) -> usize {
        self.rows.outer
    }

    /// Reads the first picture, and encoded files to their end.
    pub(super) fn check(&self, job: &JobContext) -> Result<decode::Volume, Error> {
        decode::read(&self.rows, 0, true, job)
    }

    /// Loads a picture.
    ///
    /// # Errors
    /// When a file changed since the scan or cannot be read, memory does not suffice, or the job was
    /// cancelled.
    pub(in crate::open) fn load(
        &self,
        picture: usize,
        job: &JobContext,
    ) -> Result<ColourImage, Error> {
        let read = decode::read(&self.rows, picture, self.len() == 1, job)?;
        let rgb = match &read.samples {
            Samples::U16(bytes) => bytes
                .iter()
                .enumerate()
                .filter(|(n, _)| n % self.bytes < 3)
                // Bytes, widened when they were read.
                .map(|(_, v)| *v as u8)
                .collect(),
            _ => Vec::new(),
        };
        ColourImage::new(self.width, self.height, rgb).ok_or_else(|| {
            self.rows
                .format
                .damaged(self.rows.first_path(), "the picture is empty")
                .into()
        })
    }
}
