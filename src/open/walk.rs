//! Finding files: recursive, sorted, safe against loops of links; picks up `study.toml` on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::sidecar::{self, Sidecar, SidecarImage};
use super::{Error, Item, bytes};
use crate::jobs::JobContext;

/// Files of a scan and the sidecars that speak of them.
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    /// What tells files apart whatever links lead to them.
    known: BTreeSet<PathBuf>,
    /// Folder of each sidecar.
    sidecars: BTreeMap<PathBuf, Sidecar>,
}

impl Found {
    /// Adds files that others lead to: members of archives, references of directories. Returns
    /// those that were not known, without sidecars, which are read.
    ///
    /// # Errors
    /// When a sidecar is malformed.
    pub(super) fn add(&mut self, paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Error> {
        let mut fresh = Vec::new();
        for path in paths {
            if path.file_name().is_some_and(|n| n == sidecar::FILE_NAME) {
                if let Some(dir) = path.parent() {
                    add_sidecar(dir, &mut self.sidecars)?;
                }
            } else if self.known.insert(canonical(&path)) {
                fresh.push(path);
            }
        }
        Ok(fresh)
    }

    /// The nearest sidecar above a file, with its folder.
    fn sidecar_of(&self, path: &Path) -> Option<(&Path, &Sidecar)> {
        path.ancestors()
            .skip(1)
            .find_map(|dir| self.sidecars.get_key_value(dir))
            .map(|(dir, sidecar)| (dir.as_path(), sidecar))
    }

    /// What a sidecar says about this file.
    pub(super) fn sidecar_image(&self, path: &Path) -> Option<&SidecarImage> {
        let (dir, sidecar) = self.sidecar_of(path)?;
        let relative = path.strip_prefix(dir).ok()?;
        sidecar
            .images
            .iter()
            .find(|i| Path::new(&i.file) == relative)
    }

    /// Fills in what the files themselves do not carry.
    pub(super) fn apply_sidecar(&self, item: &mut Item) {
        let Some(path) = item.paths.first().cloned() else {
            return;
        };
        if let Some((_, sidecar)) = self.sidecar_of(&path) {
            sidecar::apply(item, sidecar, self.sidecar_image(&path));
        }
    }
}

pub(super) fn walk(roots: &[PathBuf], job: &JobContext) -> Result<Found, Error> {
    let mut files = BTreeMap::new();
    let mut sidecars = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut beside = BTreeSet::new();
    for root in roots {
        let before = files.len();
        let is_dir = match std::fs::metadata(root) {
            Ok(meta) => meta.is_dir(),
            Err(_) if bytes::is_file(root) => false,
            // Listed as a file that cannot be read; the others are opened all the same.
            Err(_) if roots.len() > 1 => false,
            Err(e) => return Err(Error::io(root, e)),
        };
        if is_dir {
            walk_folder(root, &mut seen, &mut files, &mut sidecars, job)?;
            if files.len() == before && !roots_overlap(root, &files) {
                return Err(Error::Empty { path: root.clone() });
            }
        } else {
            add_file(root, &mut files);
            if let Some(dir) = root.parent().filter(|dir| beside.insert(dir.to_path_buf())) {
                add_sidecar(dir, &mut sidecars)?;
            }
        }
    }
    let known = files.keys().cloned().collect();
    let mut files: Vec<PathBuf> = files.into_values().collect();
    files.sort();
    Ok(Found {
        files,
        known,
        sidecars,
    })
}

fn roots_overlap(root: &Path, files: &BTreeMap<PathBuf, PathBuf>) -> bool {
    std::fs::canonicalize(root).is_ok_and(|root| files.keys().any(|f| f.starts_with(&root)))
}

fn add_file(path: &Path, files: &mut BTreeMap<PathBuf, PathBuf>) {
    files
        .entry(canonical(path))
        .or_insert_with(|| path.to_owned());
}

/// The path without links, also of a member of an archive.
fn canonical(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(real), Ok(inner)) = (std::fs::canonicalize(above), path.strip_prefix(above)) {
            return if inner.as_os_str().is_empty() {
                real
            } else {
                real.join(inner)
            };
        }
    }
    path.to_owned()
}

fn add_sidecar(dir: &Path, sidecars: &mut BTreeMap<PathBuf, Sidecar>) -> Result<(), Error> {
    if let Some(sidecar) = sidecar::read_sidecar(dir)? {
        sidecars.insert(dir.to_owned(), sidecar);
    }
    Ok(())
}

fn walk_folder(
    dir: &Path,
    seen: &mut BTreeSet<PathBuf>,
    files: &mut BTreeMap<PathBuf, PathBuf>,
    sidecars: &mut BTreeMap<PathBuf, Sidecar>,
    job: &JobContext,
) -> Result<(), Error> {
    job.check()?;
    // A folder reached twice, by whatever links, is visited once.
    if !seen.insert(std::fs::canonicalize(dir).map_err(|e| Error::io(dir, e))?) {
        return Ok(());
    }
    add_sidecar(dir, sidecars)?;
    let mut entries = std::fs::read_dir(dir)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|e| e.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(|e| Error::io(dir, e))?;
    entries.sort();
    for path in entries {
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => walk_folder(&path, seen, files, sidecars, job)?,
            Ok(_) if path.file_name().is_some_and(|n| n == sidecar::FILE_NAME) => {}
            Ok(_) => add_file(&path, files),
            // A dangling link: kept, so that it is listed as unreadable.
            Err(_) => {
                files.insert(path.clone(), path);
            }
        }
    }
    Ok(())
}
