//! Carrying out a plan: all files here, each checked, and the receipt last.

use std::path::Path;

use jiff::Timestamp;

use super::digest::digest;
use super::document::FORMAT;
use super::lock::lock;
use super::meter::Meter;
use super::packages::{Clients, assemble};
use super::plan::{Plan, Wanted, differs};
use super::receipt::{Origin, Receipt, Record};
use super::space::{self, Free};
use super::{Error, Hub, Library, Result};
use crate::jobs::JobContext;

/// What a fetch uses of this computer.
pub struct Means {
    /// Where repositories are asked for.
    pub hub: Hub,
    /// Who fetches packages.
    pub clients: Clients,
    pub(super) free: Free,
}

impl Means {
    /// As the environment names them.
    #[must_use]
    pub fn of_system() -> Self {
        Self {
            hub: Hub::of_system(),
            clients: Clients::of_system(),
            free: space::free,
        }
    }
}

/// Fetches what a plan names, goes on with what was broken off, and mends what is damaged. `accepted`
/// says that the user has accepted the licence.
///
/// # Errors
/// [`Error::Licence`] when it was not accepted, [`Error::Space`], [`Error::Checksum`],
/// [`Error::Cancelled`], and what the network, the packages' clients and the disk say.
pub fn fetch(
    library: &Library,
    plan: &Plan,
    accepted: bool,
    means: &Means,
    now: Timestamp,
    job: &JobContext,
) -> Result<Receipt> {
    if !accepted {
        return Err(Error::Licence {
            name: plan.name.clone(),
            licence: format!("{}, {}", plan.licence.name, plan.licence.url),
        });
    }
    let folder = library.folder(&plan.name);
    let _lock = lock(&folder, &plan.name)?;
    let installed = Receipt::read(&folder)?;
    differs(installed.as_ref(), plan, &folder)?;
    if installed.is_none() {
        forget_others(plan, &folder)?;
    }
    let mut records = present(plan, &folder, job)?;
    let missing = |records: &[Option<Record>]| records.iter().any(Option::is_none);
    if let Some(receipt) = installed.filter(|_| !missing(&records)) {
        return Ok(receipt);
    }
    plan.write(&folder)?;
    Receipt::remove(&folder)?;
    let here = plan.files.iter().zip(&records);
    let missing = here.filter(|(_, record)| record.is_none());
    let needed: u64 = missing.map(|(wanted, _)| needed(wanted, &folder)).sum();
    space::check(&folder, needed, means.free)?;
    let mut meter = Meter::new(job, plan.bytes());
    for (wanted, record) in plan.files.iter().zip(&mut records) {
        match record {
            Some(_) => meter.skip(wanted.bytes),
            None => *record = Some(one(plan, wanted, &folder, means, &mut meter)?),
        }
    }
    let receipt = Receipt {
        format: FORMAT,
        name: plan.name.clone(),
        title: plan.title.clone(),
        date: now,
        licence: Some(plan.licence.clone()),
        origin: plan.origin.clone(),
        files: records.into_iter().flatten().collect(),
    };
    receipt.write(&folder)?;
    Plan::remove(&folder)?;
    Ok(receipt)
}

fn one(
    plan: &Plan,
    wanted: &Wanted,
    folder: &Path,
    means: &Means,
    meter: &mut Meter<'_>,
) -> Result<Record> {
    match &plan.origin {
        Origin::Hub {
            repository,
            revision,
            ..
        } => means
            .hub
            .download([repository, revision], wanted, folder, meter),
        _ => assemble(&means.clients, wanted, folder, meter),
    }
}

/// Removes what a fetch of something else has left under this name.
fn forget_others(plan: &Plan, folder: &Path) -> Result<()> {
    // What cannot be read leaves its files to those that have the same names and other checksums.
    let Ok(Some(old)) = Plan::read(folder) else {
        return Ok(());
    };
    for file in old.files.iter().filter(|file| !plan.files.contains(file)) {
        super::document::remove(&folder.join(&file.path))?;
        super::document::remove(&file.part(folder))?;
    }
    Ok(())
}

/// For each file, what is known of it if it is here and right.
fn present(plan: &Plan, folder: &Path, job: &JobContext) -> Result<Vec<Option<Record>>> {
    let mut meter = Meter::new(job, plan.bytes());
    let mut check = |wanted: &Wanted| -> Result<Option<Record>> {
        let path = folder.join(&wanted.path);
        if std::fs::metadata(&path).is_ok_and(|found| found.len() == wanted.bytes) {
            meter.begin(format!("Checking {}", wanted.path));
            if let Ok(sha256) = digest(&path, wanted, &mut meter)?.finish(wanted) {
                return Ok(Some(Record {
                    path: wanted.path.clone(),
                    bytes: wanted.bytes,
                    sha256,
                }));
            }
        }
        super::document::remove(&path)?;
        Ok(None)
    };
    plan.files.iter().map(&mut check).collect()
}

/// Bytes that the disk needs for a file: what is not there yet, and for a while the package around it.
fn needed(wanted: &Wanted, folder: &Path) -> u64 {
    if !wanted.parts.is_empty() {
        return wanted.bytes.saturating_mul(2);
    }
    let here = std::fs::metadata(wanted.part(folder)).map_or(0, |found| found.len());
    wanted.bytes.saturating_sub(here)
}
