//! Reading every file of an installed model anew.

use serde::Serialize;

use super::digest::digest;
use super::manifest::Manifest;
use super::meter::Meter;
use super::plan::Wanted;
use super::receipt::{Origin, Receipt, Record};
use super::{Error, Library, Result, names};
use crate::jobs::JobContext;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// As it arrived.
    Ok,
    /// Not there.
    Missing,
    /// Longer or shorter.
    OtherSize {
        /// Bytes that are there.
        found: u64,
    },
    /// Changed.
    OtherContent {
        /// SHA-256 of what is there.
        found: String,
    },
    /// The system does not give it out.
    Unreadable {
        /// What the system said.
        reason: String,
    },
}

/// A file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Name of the file.
    pub path: String,
    /// Size that it should have.
    pub bytes: u64,
    /// SHA-256 that it should have.
    pub sha256: String,
    /// What became of it.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The checksum that a file should have: that of the manifest, where it knows the file, since a receipt
/// can be changed together with the file.
fn expected(receipt: &Receipt, file: &Record) -> String {
    let known = Manifest::own().models.iter();
    let mut known = known.filter(|known| known.name == receipt.name);
    let is_packaged = matches!(receipt.origin, Origin::Packages { .. });
    let published = known.find_map(|known| {
        let wanted = known.files.iter().find(|wanted| wanted.path == file.path)?;
        wanted.sha256.clone()
    });
    published
        .filter(|_| is_packaged)
        .unwrap_or_else(|| file.sha256.clone())
}

/// Compares every file of an installed model with its receipt, and with the manifest where that knows it.
///
/// # Errors
/// [`Error::Name`] when no such model is installed, [`Error::Receipt`], [`Error::Cancelled`].
pub fn verify(library: &Library, name: &str, job: &JobContext) -> Result<Vec<Checked>> {
    names::check(name)?;
    let receipt = library.receipt(name)?.ok_or_else(|| Error::Name {
        name: name.to_owned(),
    })?;
    let folder = receipt.files_in(&library.folder(name));
    let mut meter = Meter::new(job, receipt.bytes());
    let mut check = |file: &Record| -> Result<Checked> {
        let path = folder.join(&file.path);
        let sha256 = expected(&receipt, file);
        let unreadable = |e: std::io::Error| Finding::Unreadable {
            reason: e.to_string(),
        };
        meter.begin(format!("Checking {}", file.path));
        let finding = match std::fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Finding::Missing,
            Err(e) => unreadable(e),
            Ok(found) if found.len() != file.bytes => Finding::OtherSize { found: found.len() },
            Ok(_) => {
                let wanted = Wanted {
                    path: file.path.clone(),
                    bytes: file.bytes,
                    sha256: Some(sha256.clone()),
                    blob: None,
                    parts: Vec::new(),
                };
                match digest(&path, &wanted, &mut meter).map(|digest| digest.finish(&wanted)) {
                    Ok(Ok(_)) => Finding::Ok,
                    Ok(Err([_, found])) => Finding::OtherContent { found },
                    Err(Error::Read { source, .. }) => unreadable(source),
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(Checked {
            path: file.path.clone(),
            bytes: file.bytes,
            sha256,
            finding,
        })
    };
    receipt.files.iter().map(&mut check).collect()
}
