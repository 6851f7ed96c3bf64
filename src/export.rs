//! Files for other programs: NIfTI volumes and masks, written atomically; and masks that they wrote.

mod mask;
mod nifti;

pub use mask::{Fit, Label, ReadMask, read_mask, read_mask_on};
pub use nifti::{write_nifti_mask, write_nifti_volume};

use std::path::PathBuf;

/// Why a file was not written, or a mask not taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// NIfTI can only state even steps.
    #[error(
        "E-UNEVEN: slices are unevenly spaced or shifted (up to {worst_mm:.3} mm off the even \
         line), which NIfTI cannot state; writing it anyway would move them"
    )]
    Uneven {
        /// Largest distance of a slice from its even place, mm.
        worst_mm: f64,
    },
    /// NIfTI-1 holds at most 32767 voxels along an axis.
    #[error("a grid of {0:?} voxels is too large for NIfTI-1")]
    TooLarge([usize; 3]),
    /// The mask cannot be read.
    #[error(transparent)]
    Open(#[from] crate::open::Error),
    /// The mask was made on another grid.
    #[error(
        "E-GRID: {}: the mask lies on another grid than the image (shape {mask:?} beside {image:?}, \
         or positions more than 0.001 mm apart); draw or resample it on this image",
        path.display()
    )]
    OtherGrid {
        /// The mask file.
        path: PathBuf,
        /// Shape of the mask.
        mask: [usize; 3],
        /// Shape of the image.
        image: [usize; 3],
    },
    /// The file is not a label map.
    #[error("E-MASK: {}: voxels are not whole numbers from 0 up", path.display())]
    NotLabels {
        /// The mask file.
        path: PathBuf,
    },
    /// One of several labels must be chosen, or the chosen one is not there.
    #[error("E-LABEL: {}: choose one of these labels, by number or, where layers share it, by name: {}", path.display(), labels.join(", "))]
    Label {
        /// The mask file.
        path: PathBuf,
        /// Number, name and layer of each label in the file.
        labels: Vec<String>,
    },
    /// The mask does not fit its grid.
    #[error(transparent)]
    Mask(#[from] crate::volume::MaskError),
}
