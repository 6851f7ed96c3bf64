//! Looking through files: headers in parallel, what is known kept for the next look, what is found
//! told while it goes on.

mod watch;

pub use watch::{Listing, SeriesRow, Watch};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rayon::prelude::*;

use super::archive::Stamp;
use super::classify::{self, Classified};
use super::dicom::Stacks;
use super::dicomdir::Resolved;
use super::sidecar::SidecarImage;
use super::walk::{self, Found};
use super::{Error, Item, bytes};
use crate::jobs::JobContext;

/// Files whose headers are remembered; beyond, all are read again.
const MOST_KNOWN: usize = 200_000;

/// What is known of files that were looked at before. A file of the same length and time is not
/// read again.
#[derive(Debug, Default)]
pub struct Index(Mutex<BTreeMap<PathBuf, Entry>>);

#[derive(Debug)]
struct Entry {
    /// Every file that the answer rests on.
    stamps: Vec<(PathBuf, Option<Stamp>)>,
    sidecar: Option<SidecarImage>,
    classified: Classified,
}

impl Index {
    /// As [`super::scan`], without reading again what has not changed; tells `watch` what it has
    /// found so far.
    ///
    /// # Errors
    /// As [`super::scan`]. Nothing is told of a scan that failed but what single files hold.
    pub fn scan(
        &self,
        roots: &[PathBuf],
        watch: &Watch,
        job: &JobContext,
    ) -> Result<Vec<Item>, Error> {
        self.read(roots, watch, Stacks::Apart, job)
    }

    pub(super) fn read(
        &self,
        roots: &[PathBuf],
        watch: &Watch,
        stacks: Stacks,
        job: &JobContext,
    ) -> Result<Vec<Item>, Error> {
        job.progress.step("Looking for files");
        let mut found = walk::walk(roots, job)?;
        job.progress.step("Reading headers");
        let mut gathered = Gathered::default();
        let mut next = std::mem::take(&mut found.files);
        let (mut total, done) = (0, AtomicUsize::new(0));
        while !next.is_empty() {
            total += next.len();
            watch.found(total);
            let classified: Vec<Classified> = next
                .par_iter()
                .map(|path| {
                    job.check()?;
                    let classified = self.classify(path, found.sidecar_image(path), job)?;
                    watch.read(&classified);
                    let n = done.fetch_add(1, Ordering::Relaxed);
                    job.progress.set(n + 1, total);
                    Ok(classified)
                })
                .collect::<Result<_, Error>>()?;
            next = gathered.take(classified, &mut found, job)?;
        }
        let items = super::assemble(gathered, &found, stacks, job)?;
        self.forget(roots);
        watch.finish(&items);
        Ok(items)
    }

    /// Number of files that are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn classify(
        &self,
        path: &Path,
        sidecar: Option<&SidecarImage>,
        job: &JobContext,
    ) -> Result<Classified, Error> {
        if let Some(known) = self.known(path, sidecar) {
            return Ok(known);
        }
        let before = bytes::stamp(path);
        let classified = classify::classify(path, sidecar, job)?;
        if let Some(others) = rests_on(&classified) {
            let mut stamps = vec![(path.to_owned(), before)];
            let others = others.iter().filter(|p| *p != path);
            stamps.extend(others.map(|p| (p.clone(), bytes::stamp(p))));
            let entry = Entry {
                stamps,
                sidecar: sidecar.cloned(),
                classified: classified.clone(),
            };
            let mut known = self.0.lock();
            if known.len() < MOST_KNOWN {
                known.insert(path.to_owned(), entry);
            }
        }
        Ok(classified)
    }

    fn known(&self, path: &Path, sidecar: Option<&SidecarImage>) -> Option<Classified> {
        let (stamps, classified) = {
            let known = self.0.lock();
            let entry = known.get(path)?;
            if entry.sidecar.as_ref() != sidecar {
                return None;
            }
            (entry.stamps.clone(), entry.classified.clone())
        };
        let same = stamps
            .iter()
            .all(|(path, stamp)| stamp.is_some() && bytes::stamp(path) == *stamp);
        same.then_some(classified)
    }

    /// Forgets files below the roots that are not there any more.
    fn forget(&self, roots: &[PathBuf]) {
        let mut known = self.0.lock();
        known.retain(|path, _| {
            !roots.iter().any(|root| path.starts_with(root)) || bytes::stamp(path).is_some()
        });
    }
}

/// The files that an answer rests on beside the one that was asked about; `None` when it may change
/// although they do not.
fn rests_on(classified: &Classified) -> Option<Vec<PathBuf>> {
    match classified {
        Classified::Item(item) => match &item.error {
            None => Some(item.paths.clone()),
            // A refusal of one file for what is in it, not for what is missing beside it.
            Some(error) => ["E-DICOM", "E-EMPTY", "E-FORMAT", "E-ZIP"]
                .contains(&&*error.code)
                .then(Vec::new),
        },
        Classified::Dicom(_) | Classified::Archive(_) | Classified::Directory(_) => {
            Some(Vec::new())
        }
    }
}

/// What the files of a scan are.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) items: Vec<Item>,
    pub(super) instances: Vec<super::dicom::Instance>,
    pub(super) directories: Vec<Resolved>,
}

impl Gathered {
    /// Sorts answers, and returns the files that they lead to.
    fn take(
        &mut self,
        classified: Vec<Classified>,
        found: &mut Found,
        job: &JobContext,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut next = Vec::new();
        for one in classified {
            job.check()?;
            match one {
                Classified::Item(item) => self.items.push(*item),
                Classified::Dicom(instance) => self.instances.push(*instance),
                Classified::Archive(members) => next.extend(found.add(members)?),
                Classified::Directory(directory) => {
                    let resolved = directory.resolve();
                    let files = resolved.files.iter().map(|(file, _)| file.clone());
                    next.extend(found.add(files.collect())?);
                    self.directories.push(resolved);
                }
            }
        }
        Ok(next)
    }
}
