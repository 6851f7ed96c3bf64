//! What the program knows of models by itself: `models/manifest.toml`, compiled in.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::document::{self, Document, FORMAT};
use super::names;
use super::plan::{Licence, Wanted};

const TEXT: &str = include_str!("../../models/manifest.toml");

/// Where a known model comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// Out of packages of PyPI and npm.
    Packages,
    /// From a repository of the Hugging Face hub.
    Hub {
        /// `OWNER/REPO`
        repository: String,
    },
}

/// A model that the program knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What it is called here.
    pub name: String,
    /// What it is.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// Under which terms it may be used.
    pub licence: Licence,
    /// Where it comes from.
    pub source: Source,
    /// Its files, where they are known beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Wanted>,
}

/// All known models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// In the order in which they are listed.
    pub models: Vec<Known>,
}

impl Document for Manifest {
    fn fault(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("format {} is not known", self.format));
        }
        for (at, known) in self.models.iter().enumerate() {
            let name = &known.name;
            if names::check(name).is_err() {
                return Some(format!("“{name}” cannot be a name"));
            }
            if self.models[..at].iter().any(|other| other.name == *name) {
                return Some(format!("two models are called {name}"));
            }
            if let Some(fault) = known.files.iter().find_map(Wanted::fault) {
                return Some(format!("{name}: {fault}"));
            }
            let is_listed = known.files.iter().all(|f| !f.parts.is_empty());
            let fits = match &known.source {
                Source::Packages => is_listed && !known.files.is_empty(),
                Source::Hub { repository } => {
                    known.files.is_empty() && super::wish::is_repository(repository)
                }
            };
            if !fits {
                return Some(format!("{name}: files and source do not fit together"));
            }
        }
        None
    }
}

impl Manifest {
    /// The manifest of this version of the program.
    #[must_use]
    pub fn own() -> &'static Self {
        static OWN: LazyLock<Manifest> =
            LazyLock::new(|| Manifest::parse(TEXT).expect("a test reads it"));
        &OWN
    }

    /// A manifest from its text.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        document::parse(text)
    }

    /// The model called this.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Known> {
        self.models.iter().find(|known| known.name == name)
    }
}
