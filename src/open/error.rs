//! Why something could not be opened.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::geometry::GridError;
use crate::jobs::Cancelled;
use crate::volume::VolumeError;

/// A refusal with its reason, as printed in JSON under `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message} ({place}); {hint}")]
pub struct Refusal {
    /// Stable code, `E-…`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Where: a file, and the tag or key in it.
    #[serde(rename = "where")]
    pub place: String,
    /// What the user can do.
    pub hint: String,
}

impl Refusal {
    /// A refusal from its four parts.
    #[must_use]
    pub fn new(
        code: &str,
        message: impl Into<String>,
        place: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            place: place.into(),
            hint: hint.into(),
        }
    }
}

/// Why a scan or a load failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The job was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A path cannot be read or listed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no file at all.
    #[error("{} holds no file: choose the folder that holds the images", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A `study.toml` is malformed.
    #[error("{}: {message}", path.display())]
    Sidecar {
        /// The file.
        path: PathBuf,
        /// Which key, and what is wrong with it.
        message: String,
    },
    /// An item was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Decoded samples do not fit the grid.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The geometry is impossible.
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl Error {
    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// The error in the form of the command-line contract: code, message, where, hint.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let message = self.to_string();
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Cancelled(_) => Refusal::new("E-CANCELLED", message, "", "start it again"),
            Self::Io { path, source } => Refusal::new(
                "E-READ",
                in_words(source),
                path.display().to_string(),
                "check that the path exists and may be read",
            ),
            Self::Empty { path } => Refusal::new(
                "E-EMPTY",
                message,
                path.display().to_string(),
                "choose the folder that holds the images",
            ),
            Self::Sidecar { path, message } => Refusal::new(
                "E-SIDECAR",
                message.clone(),
                path.display().to_string(),
                "correct or remove the file",
            ),
            Self::Volume(_) | Self::Grid(_) => Refusal::new(
                "E-GEOMETRY",
                message,
                "",
                "the geometry of the files is inconsistent",
            ),
        }
    }
}

/// What the system said, without its numbers where a word says it better.
pub(super) fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this may not be read".to_owned(),
        _ => error.to_string(),
    }
}
