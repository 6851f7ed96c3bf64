//! The volumes of one tumour over time.

use crate::units::{Days, Mm3};

/// One measured volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Day since the injection.
    pub day: Days,
    /// Volume; 0 where nothing was found.
    pub volume: Mm3,
}

/// The readings of one tumour.
#[derive(Clone, Debug, PartialEq)]
pub struct Tumour {
    /// Whose it is, as written.
    pub name: String,
    /// In order of time.
    pub readings: Vec<Reading>,
}
