//! What a language model makes of the facts of a case: a prompt of a known version, and a draft that nobody
//! has checked.
//!
//! Drafts are to be read beside the sentences of [`crate::narrate`]; nothing of them enters a report. Neither does
//! what a model says of an image alone (`describe`), which is no finding.

mod describe;
mod find;
mod host;
mod prompt;
mod resources;

pub use find::{Found, Offer, default_folder, find, find_one, offers};
pub use host::{Draft, Host, OpenModel, Provenance, Read, Words};
pub use prompt::{Budget, Prompt};
pub use resources::Resources;

use crate::narrate::FactTable;
use crate::nn::processor::Rgb;
use crate::nn::sampling::Sampling;

/// How much is read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// A context of 2048 tokens: the facts that matter most.
    #[default]
    Routine,
    /// A context of 4096 tokens.
    Comprehensive,
}

impl Extent {
    /// Tokens of a context, prompt and answer.
    #[must_use]
    pub const fn positions(self) -> usize {
        match self {
            Self::Routine => 2048,
            Self::Comprehensive => 4096,
        }
    }

    /// Tokens of a prompt with its images, at most.
    #[must_use]
    pub const fn prompt(self) -> usize {
        match self {
            Self::Routine => 900,
            Self::Comprehensive => 2800,
        }
    }

    /// Tokens of an answer, at most.
    #[must_use]
    pub const fn answer(self) -> usize {
        match self {
            Self::Routine => 300,
            Self::Comprehensive => 700,
        }
    }

    /// Images, at most.
    #[must_use]
    pub const fn images(self) -> usize {
        match self {
            Self::Routine => 2,
            Self::Comprehensive => 3,
        }
    }
}

/// What a model is to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// Draft a narrative of the facts of a case.
    Narrative(FactTable),
    /// Say what is seen on an image, of which this is known: its modality, and how it is shown.
    Description(String),
}

/// How pictures for a model are made of slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rendering {
    /// In grey, in the window that is shown.
    Grey,
    /// Computed tomography in three fixed windows, one for each colour.
    ThreeWindows,
}

/// What a draft is made of.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to be done.
    pub task: Task,
    /// Pictures of the largest lesion, for models that see, of which the first ones are taken; or the image.
    pub images: Vec<Rgb>,
    /// How these were made.
    pub rendering: Rendering,
    /// How much is read and written.
    pub extent: Extent,
    /// How words are chosen.
    pub sampling: Sampling,
}
