//! DICOM: headers into instances, instances into stacks, stacks into volumes.

mod bounds;
mod charset;
mod codec;
mod colour;
mod contours;
mod dates;
mod directory;
mod format;
mod frames;
mod geometry;
mod header;
mod instance;
mod lut;
mod marks;
mod mosaic;
mod pet;
mod pixels;
mod place;
mod read;
mod samples;
mod scaling;
mod seen;
mod stack;
mod store;
mod values;
mod voi;
mod wreck;

pub(super) use colour::{PictureRef, load_colour};
pub(super) use directory::{Reference, references};
pub(super) use header::header_rows;
pub(super) use instance::{Instance, read_instance};
pub(super) use pet::PetHeaders;
pub(super) use pixels::load;
pub(super) use read::{has_preamble, may_lack_preamble};
pub(super) use stack::{Stacks, items};
pub(super) use wreck::series_named_in;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use crate::volume::Rescale;
use place::PixelFile;

/// Where the voxels of a stack lie, in slice order, for each volume of a 4-D item.
#[derive(Clone, Debug)]
pub(super) struct DicomSource {
    pub(super) frames: Vec<Vec<SliceRef>>,
    pub(super) sample: SampleKind,
    pub(super) padding: Option<RangeInclusive<f64>>,
    /// The table from stored values to values; samples are then values, NaN where padding.
    pub(super) lut: Option<Arc<lut::ModalityLut>>,
    /// What the headers of a PET series say of uptake.
    pub(super) pet: Option<PetHeaders>,
}

/// One slice: a frame of a file (or a tile of a mosaic) and its rescale.
#[derive(Clone, Debug)]
pub(super) struct SliceRef {
    pub(super) path: PathBuf,
    pub(super) frame: u32,
    pub(super) rescale: Rescale,
    pub(super) pixels: Option<Arc<PixelFile>>,
}

/// The type that holds every stored value of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleKind {
    I16,
    U16,
    F32,
}
