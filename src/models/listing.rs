//! All models that are known or here, and how far each is.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::manifest::{Known, Manifest, Source};
use super::plan::{Licence, Plan};
use super::receipt::Receipt;
use super::{Error, Library, Result};

/// How far a model is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Not here.
    Known {
        /// Size, where known beforehand.
        bytes: Option<u64>,
    },
    /// A fetch was broken off.
    Partial {
        /// Bytes that are here.
        present: u64,
        /// Bytes in all.
        bytes: u64,
    },
    /// Here.
    Installed {
        /// Bytes in all.
        bytes: u64,
        /// When it arrived.
        date: Timestamp,
        /// Files that are missing or have another size; their content is not read.
        faults: Vec<String>,
    },
    /// Its receipt cannot be understood.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub title: String,
    /// What it is for, if the program knows.
    pub purpose: Option<String>,
    /// Under which terms, where known.
    pub licence: Option<Licence>,
    /// Where it comes from, for people.
    pub source: String,
    /// Where it lies; `None` where nothing is here.
    pub path: Option<PathBuf>,
    /// How far it is.
    #[serde(flatten)]
    pub state: State,
}

fn of_known(known: &Known) -> Listed {
    let sizes: u64 = known.files.iter().map(|file| file.bytes).sum();
    let source = match &known.source {
        Source::Packages => "packages of PyPI and npm".to_owned(),
        Source::Hub { repository } => format!("hub:{repository}"),
    };
    Listed {
        name: known.name.clone(),
        title: known.title.clone(),
        purpose: Some(known.purpose.clone()),
        licence: Some(known.licence.clone()),
        source,
        path: None,
        state: State::Known {
            bytes: (sizes > 0).then_some(sizes),
        },
    }
}

impl Library {
    /// Known models in the manifest's order, each as it is here, then others that are here.
    ///
    /// # Errors
    /// [`Error::Read`] where the folder cannot be listed.
    pub fn list(&self) -> Result<Vec<Listed>> {
        let here = self.names()?;
        let mut rows = Vec::new();
        for known in &Manifest::own().models {
            let own = here.contains(&known.name).then(|| self.row(&known.name));
            rows.push(own.flatten().unwrap_or_else(|| of_known(known)));
        }
        for name in here {
            if Manifest::own().find(&name).is_none() {
                rows.extend(self.row(&name));
            }
        }
        Ok(rows)
    }

    /// What is in the folder of a model; `None` where that is neither a model nor a part of one.
    fn row(&self, name: &str) -> Option<Listed> {
        let folder = self.folder(name);
        let known = Manifest::own().find(name);
        let purpose = known.map(|known| known.purpose.clone());
        let (name, path) = (name.to_owned(), Some(folder.clone()));
        let unreadable = |error: &Error| Listed {
            name: name.clone(),
            title: known.map_or_else(String::new, |known| known.title.clone()),
            purpose: purpose.clone(),
            licence: None,
            source: String::new(),
            path: path.clone(),
            state: State::Unreadable {
                reason: error.to_string(),
            },
        };
        match (Receipt::read(&folder), Plan::read(&folder)) {
            (Ok(Some(receipt)), _) => Some(Listed {
                source: receipt.origin.text(),
                path: Some(receipt.files_in(&folder)),
                state: State::Installed {
                    bytes: receipt.bytes(),
                    date: receipt.date,
                    faults: receipt.faults(&folder),
                },
                name,
                title: receipt.title,
                purpose,
                licence: receipt.licence,
            }),
            (Err(error), _) | (Ok(None), Err(error)) => Some(unreadable(&error)),
            (Ok(None), Ok(Some(plan))) => Some(Listed {
                source: plan.origin.text(),
                state: State::Partial {
                    present: plan.present(&folder),
                    bytes: plan.bytes(),
                },
                name,
                title: plan.title,
                purpose,
                licence: Some(plan.licence),
                path,
            }),
            (Ok(None), Ok(None)) => None,
        }
    }
}
