//! What is to be fetched, known to the last byte before anything is: fixed when a fetch begins and kept
//! beside its files, so that one that was broken off goes on with the same commit.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::{self, Document, FORMAT};
use super::fetch::Means;
use super::manifest::{Known, Manifest, Source};
use super::packages::Piece;
use super::receipt::{Origin, Receipt};
use super::wish::Wish;
use super::{Error, Library, Result, names};
use crate::jobs::JobContext;

/// Its name in the folder of a model, while the model is being fetched.
const NAME: &str = "fetching.toml";

/// Terms of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// What they are called.
    pub name: String,
    /// Where they stand.
    pub url: String,
}

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Name in the folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The checksum of git, which the hub gives for small files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// What it is put together from, if it comes out of packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Piece>,
}

impl Wanted {
    pub(super) fn fault(&self) -> Option<String> {
        let is_hex = |text: &Option<String>, digits| match text {
            Some(text) => names::is_hex(text, digits),
            None => true,
        };
        if names::is_plain(&self.path) && is_hex(&self.sha256, 64) && is_hex(&self.blob, 40) {
            return self.parts.iter().find_map(Piece::fault);
        }
        Some(format!("the row of the file “{}”", self.path))
    }

    /// Where it grows until it is whole.
    pub(super) fn part(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.part", self.path))
    }
}

/// What will be fetched, and under which terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub(super) format: u32,
    /// What the model will be called here.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Terms that must be accepted.
    pub licence: Licence,
    /// Where it comes from.
    pub origin: Origin,
    /// All files.
    pub files: Vec<Wanted>,
}

impl Document for Plan {
    fn fault(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("format {} is not known", self.format));
        }
        if !names::is_plain(&self.name) {
            return Some(format!("“{}” cannot be a name", self.name));
        }
        self.files.iter().find_map(Wanted::fault)
    }
}

impl Plan {
    /// The plan in a model's folder; `None` where no fetch was broken off.
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

    /// Bytes of it that are in a folder, finished or not.
    pub(super) fn present(&self, folder: &Path) -> u64 {
        let length = |path: PathBuf| std::fs::metadata(path).map(|found| found.len()).ok();
        let here = |file: &Wanted| {
            let found = length(folder.join(&file.path)).or_else(|| length(file.part(folder)));
            found.unwrap_or(0).min(file.bytes)
        };
        self.files.iter().map(here).sum()
    }

    fn of_known(known: &Known) -> Self {
        let pieces = known.files.iter().flat_map(|file| &file.parts);
        Self {
            format: FORMAT,
            name: known.name.clone(),
            title: known.title.clone(),
            licence: known.licence.clone(),
            origin: Origin::Packages {
                packages: pieces.map(|piece| piece.package.clone()).collect(),
            },
            files: known.files.clone(),
        }
    }

    /// To mend an installed model: its own files again.
    fn of_receipt(receipt: &Receipt, licence: Licence) -> Self {
        let wanted = |file: &super::Record| Wanted {
            path: file.path.clone(),
            bytes: file.bytes,
            sha256: Some(file.sha256.clone()),
            blob: None,
            parts: Vec::new(),
        };
        Self {
            format: FORMAT,
            name: receipt.name.clone(),
            title: receipt.title.clone(),
            licence,
            origin: receipt.origin.clone(),
            files: receipt.files.iter().map(wanted).collect(),
        }
    }

    /// Whether this is what is asked for: the same files of the same source, and of the same commit
    /// where one is named.
    fn answers(&self, repository: &str, revision: Option<&str>, files: &[String]) -> bool {
        let Origin::Hub {
            repository: own,
            revision: commit,
            ..
        } = &self.origin
        else {
            return false;
        };
        let mut asked: Vec<&String> = files.iter().collect();
        let mut have: Vec<&String> = self.files.iter().map(|file| &file.path).collect();
        asked.sort_unstable();
        have.sort_unstable();
        own == repository
            && revision.is_none_or(|revision| revision == commit)
            && (asked.is_empty() || asked == have)
    }
}

/// Finds out what a wish comes to. The hub is asked for repositories of it, unless a fetch of the same
/// was begun before.
///
/// `name` is what the model shall be called, `files` those to take in place of all safetensors.
///
/// # Errors
/// [`Error::Name`], [`Error::Exists`] where another model has the name, and what the hub says.
pub fn plan(
    library: &Library,
    wish: &Wish,
    name: Option<&str>,
    files: &[String],
    means: &Means,
    job: &JobContext,
) -> Result<Plan> {
    let known = match wish {
        Wish::Known(wanted) => {
            let known = Manifest::own().find(wanted);
            Some(known.ok_or_else(|| Error::Name {
                name: wanted.clone(),
            })?)
        }
        Wish::Hub { .. } => None,
    };
    let (repository, revision) = match (wish, known.map(|known| &known.source)) {
        (
            Wish::Hub {
                repository,
                revision,
            },
            _,
        ) => (repository.as_str(), revision.as_deref()),
        (_, Some(Source::Hub { repository })) => (repository.as_str(), None),
        _ => ("", None),
    };
    let own = known.map_or_else(
        || names::plain(repository.rsplit('/').next().unwrap_or_default()),
        |known| known.name.clone(),
    );
    let name = name.unwrap_or(&own);
    names::check(name)?;
    let folder = library.folder(name);
    let receipt = Receipt::read(&folder)?;
    if let Some(known) = known.filter(|known| known.source == Source::Packages) {
        let mut plan = Plan::of_known(known);
        name.clone_into(&mut plan.name);
        differs(receipt.as_ref(), &plan, &folder)?;
        return Ok(plan);
    }
    if let Some(receipt) = &receipt
        && !matches!(&receipt.origin, Origin::Hub { repository: own, .. } if own == repository)
    {
        return Err(taken(receipt, &folder));
    }
    let begun =
        begun(receipt.as_ref(), &folder).filter(|plan| plan.answers(repository, revision, files));
    if let Some(plan) = begun {
        return Ok(plan);
    }
    let mut plan = means
        .hub
        .list(repository, revision.unwrap_or("main"), files, job)?;
    name.clone_into(&mut plan.name);
    if let Some(known) = known {
        plan.title.clone_from(&known.title);
        plan.licence.clone_from(&known.licence);
    }
    differs(receipt.as_ref(), &plan, &folder)?;
    Ok(plan)
}

/// What an earlier fetch has fixed: the files of an installed model, or a plan that was broken off. One
/// that cannot be read is that of a fetch that begins anew.
fn begun(receipt: Option<&Receipt>, folder: &Path) -> Option<Plan> {
    match receipt {
        Some(receipt) => Some(Plan::of_receipt(receipt, receipt.licence.clone()?)),
        None => Plan::read(folder).ok()?,
    }
}

fn taken(receipt: &Receipt, folder: &Path) -> Error {
    Error::Exists {
        name: receipt.name.clone(),
        other: receipt.origin.text(),
        path: folder.to_owned(),
    }
}

/// Refuses a plan that would replace another model, another commit of the same, or other files of it.
pub(super) fn differs(receipt: Option<&Receipt>, plan: &Plan, folder: &Path) -> Result<()> {
    let Some(receipt) = receipt else {
        return Ok(());
    };
    let mut have: Vec<&String> = receipt.files.iter().map(|file| &file.path).collect();
    let mut planned: Vec<&String> = plan.files.iter().map(|file| &file.path).collect();
    have.sort_unstable();
    planned.sort_unstable();
    if have == planned && receipt.origin.is_same(&plan.origin) {
        return Ok(());
    }
    Err(taken(receipt, folder))
}
