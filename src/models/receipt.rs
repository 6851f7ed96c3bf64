//! What is known of an installed model: the file that is written when all others are there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::{self, Document, FORMAT};
use super::plan::Licence;
use super::{Result, names};

/// Its name in the folder of a model.
const NAME: &str = "receipt.toml";

/// Where an installed model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Origin {
    /// Out of packages.
    Packages {
        /// Each with its version.
        packages: Vec<String>,
    },
    /// From the hub.
    Hub {
        /// Address of the hub.
        endpoint: String,
        /// `OWNER/REPO`
        repository: String,
        /// The commit that all files are of.
        revision: String,
    },
    /// From this computer.
    Import {
        /// The folder that the files lay in.
        path: PathBuf,
        /// Whether they stayed there.
        in_place: bool,
    },
}

impl Origin {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Packages { packages } => packages.join(", "),
            Self::Hub {
                endpoint,
                repository,
                revision,
            } => format!("{endpoint}/{repository}, commit {revision}"),
            Self::Import {
                path,
                in_place: true,
            } => format!("stays in {}", path.display()),
            Self::Import { path, .. } => format!("taken over from {}", path.display()),
        }
    }

    /// Whether both are the same content: of one commit, from whatever mirror.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let commit = |origin: &Self| match origin {
            Self::Hub {
                repository,
                revision,
                ..
            } => Some([repository.clone(), revision.clone()]),
            _ => None,
        };
        self == other || commit(self).is_some_and(|own| commit(other) == Some(own))
    }
}

/// A file of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Name in the folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// Checksum when it arrived.
    pub sha256: String,
}

/// What is known of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub(super) format: u32,
    /// What it is called here.
    pub name: String,
    /// What it is.
    pub title: String,
    /// When it arrived.
    pub date: Timestamp,
    /// The terms that were accepted; unknown for what was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
    /// Where it came from.
    pub origin: Origin,
    /// Its files.
    pub files: Vec<Record>,
}

impl Document for Receipt {
    fn fault(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!(
                "format {} is of a newer version of the program",
                self.format
            ));
        }
        if !names::is_plain(&self.name) {
            return Some(format!("“{}” cannot be a name", self.name));
        }
        for (at, file) in self.files.iter().enumerate() {
            let is_twice = self.files[..at].iter().any(|other| other.path == file.path);
            if is_twice || !names::is_plain(&file.path) || !names::is_hex(&file.sha256, 64) {
                return Some(format!("the row of the file “{}”", file.path));
            }
        }
        self.files.is_empty().then(|| "it names no file".to_owned())
    }
}

impl Receipt {
    /// A receipt from its text.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        document::parse(text)
    }

    /// The receipt in a model's folder; `None` where the model is not installed.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        document::read(&folder.join(NAME))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        document::write(&folder.join(NAME), self)
    }

    pub(super) fn remove(folder: &Path) -> Result<()> {
        document::remove(&folder.join(NAME))
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Where the files lie: in the model's folder, unless they stayed where they were.
    #[must_use]
    pub(super) fn files_in(&self, folder: &Path) -> PathBuf {
        match &self.origin {
            Origin::Import {
                path,
                in_place: true,
            } => path.clone(),
            _ => folder.to_owned(),
        }
    }

    /// Files that are missing or have another size, seen without reading them.
    pub(super) fn faults(&self, folder: &Path) -> Vec<String> {
        let folder = self.files_in(folder);
        let fault = |file: &Record| match std::fs::metadata(folder.join(&file.path)) {
            Err(_) => Some(format!("{} is missing", file.path)),
            Ok(found) if found.len() != file.bytes => Some(format!(
                "{} has {} bytes instead of {}",
                file.path,
                found.len(),
                file.bytes
            )),
            Ok(_) => None,
        };
        self.files.iter().filter_map(fault).collect()
    }
}
