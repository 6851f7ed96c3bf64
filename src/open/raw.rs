//! Images whose header says plainly where the samples lie: NIfTI, Analyze, NRRD and MetaImage.
//!
//! A reader of headers gives a [`RawImage`]; what follows (sizes, samples, labels, the grid) is the
//! same for all of these formats and is done here, once.

mod colour;
mod decode;
mod describe;
mod files;
mod labels;
mod place;
mod sizes;
mod stream;
mod text;

pub(super) use colour::PictureSource;
pub(super) use describe::{NamedSegment, RawImage, RawSource, Role, item, load};
pub(super) use files::{beside, line_end, listed, numbered, without_data_files};
pub(super) use place::{Placed, corners_apart, is_placeholder, is_regular, turned_deg};

use std::path::{Path, PathBuf};

use super::Refusal;
use crate::volume::Rescale;

/// A format of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Analyze,
    Nifti1,
    Nifti2,
    Nrrd,
    MetaImage,
}

impl Format {
    /// The name that stands for a transfer syntax.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Analyze => "Analyze 7.5",
            Self::Nifti1 => "NIfTI-1",
            Self::Nifti2 => "NIfTI-2",
            Self::Nrrd => "NRRD",
            Self::MetaImage => "MetaImage",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Analyze => "E-ANALYZE",
            Self::Nifti1 | Self::Nifti2 => "E-NIFTI",
            Self::Nrrd => "E-NRRD",
            Self::MetaImage => "E-METAIMAGE",
        }
    }

    /// A refusal of a file of this format.
    pub(super) fn damaged(self, path: &Path, message: impl Into<String>) -> Refusal {
        Refusal::new(
            self.code(),
            message,
            path.display().to_string(),
            "the file is damaged, incomplete or of an unusual kind: convert it again",
        )
    }

    /// A refusal of samples that are no grey values.
    pub(super) fn not_measured(self, path: &Path, what: &str) -> Refusal {
        Refusal::new(
            "E-DTYPE",
            format!("{what} are not measured"),
            path.display().to_string(),
            "convert it to a grey-value image of whole or real numbers",
        )
    }
}

/// Type of a stored sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Stored {
    /// Bytes of one sample.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// How samples are packed in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Raw,
    /// One or several gzip members.
    Gzip,
    Zlib,
    Bzip2,
    /// Decimal numbers between white space.
    Ascii,
    /// Two hexadecimal digits per byte, white space anywhere.
    Hex,
}

/// A file that holds an equal share of the samples.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// Bytes of the file before the (encoded) samples.
    pub(super) start: u64,
    /// Decoded bytes before the samples; `None`: they lie at the end of an unencoded file.
    pub(super) skip: Option<u64>,
}

/// Where the samples are and what they look like. Axes, the fastest first: `inner` frames, then
/// (i, j, k), then `outer` frames.
#[derive(Clone, Debug)]
pub(super) struct RawLayout {
    pub(super) format: Format,
    pub(super) stored: Stored,
    pub(super) big_endian: bool,
    pub(super) encoding: Encoding,
    pub(super) parts: Vec<Part>,
    /// Values per voxel, stored side by side.
    pub(super) inner: usize,
    /// Voxels along (i, j, k).
    pub(super) shape: [usize; 3],
    /// Volumes, stored one after the other.
    pub(super) outer: usize,
    pub(super) rescale: Rescale,
}

impl RawLayout {
    /// Number of volumes that can be loaded.
    pub(super) const fn n_frames(&self) -> usize {
        // Checked when the layout was accepted.
        self.inner * self.outer
    }

    /// The first file with samples.
    fn first_path(&self) -> &Path {
        self.parts
            .first()
            .map_or(Path::new(""), |p| p.path.as_path())
    }
}
