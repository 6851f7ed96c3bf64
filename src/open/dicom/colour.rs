//! Colour pictures as they are to be shown (PS3.3 C.7.6.3.1.2).

use std::path::PathBuf;

use super::format::refusal;
use crate::open::Error;
use crate::volume::ColourImage;

/// One colour picture: a frame of a file.
#[derive(Clone, Debug)]
pub(in crate::open) struct PictureRef {
    pub(super) path: PathBuf,
    pub(super) frame: u32,
}

/// Loads one picture.
pub(in crate::open) fn load_colour(picture: &PictureRef) -> Result<ColourImage, Error> {
    Err(refusal(
        "E-COLOUR",
        format!("colour picture {} is not decoded", picture.frame),
        &[&picture.path],
        "",
    )
    .into())
}
