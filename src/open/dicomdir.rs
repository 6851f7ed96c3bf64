//! DICOMDIR: finding the files of a medium on the file system it was copied to.
//!
//! Media write names in capitals, without extension, and ISO 9660 adds versions (`IM1.;1`); what
//! was copied from them may have lost or changed any of that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::dicom::{self, Reference};
use super::{Item, ItemKind, Refusal, bytes};
use crate::warning::{Warning, WarningCode};

/// A DICOMDIR and what became of its references.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    path: PathBuf,
    references: Vec<Reference>,
}

impl Directory {
    pub(super) fn read(path: &Path) -> Result<Self, Refusal> {
        Ok(Self {
            path: path.to_owned(),
            references: dicom::references(path)?,
        })
    }

    /// The files that it refers to, and the references that lead nowhere.
    pub(super) fn resolve(&self) -> Resolved {
        let mut folders = Folders::default();
        let base = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let mut resolved = Resolved {
            directory: self.path.clone(),
            files: Vec::new(),
            missing: Vec::new(),
        };
        for reference in &self.references {
            match folders.find(&base, &reference.file) {
                Some(file) => resolved.files.push((file, reference.series_uid.clone())),
                None => resolved.missing.push(reference.clone()),
            }
        }
        resolved
    }
}

/// Names of folders that were listed, as they are compared.
#[derive(Default)]
struct Folders(BTreeMap<PathBuf, BTreeMap<String, PathBuf>>);

impl Folders {
    fn find(&mut self, base: &Path, names: &[String]) -> Option<PathBuf> {
        let mut at = base.to_owned();
        for name in names {
            let listed = self.0.entry(at.clone()).or_insert_with(|| {
                let paths = bytes::list(&at);
                let named = paths.into_iter().rev().filter_map(|p| {
                    let name = p.file_name()?.to_string_lossy().into_owned();
                    Some((compared(&name), p))
                });
                named.collect()
            });
            at = listed.get(&compared(name))?.clone();
        }
        bytes::is_file(&at).then_some(at)
    }
}

/// A name without case, version and the dot of an empty extension.
fn compared(name: &str) -> String {
    let name = name.trim();
    let name = match name.rsplit_once(';') {
        Some((stem, version)) if version.chars().all(|c| c.is_ascii_digit()) => stem,
        _ => name,
    };
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

/// References of a DICOMDIR, looked up.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    directory: PathBuf,
    /// Files found, with the series that the directory says they belong to.
    pub(super) files: Vec<(PathBuf, String)>,
    missing: Vec<Reference>,
}

impl Resolved {
    /// Names missing files on the series they belong to. What cannot be said of a series becomes
    /// the error of the directory's own item.
    pub(super) fn item(&self, items: &mut [Item]) -> Item {
        // Records need not stand in order of the hierarchy: the files that are there tell whether
        // those of this directory do.
        let mut series_of: BTreeMap<&Path, &str> = BTreeMap::new();
        for item in items.iter() {
            for path in &item.paths {
                series_of.insert(path, &item.series_uid);
            }
        }
        let in_order = self.files.iter().all(|(file, series)| {
            let found = series_of.get(file.as_path());
            found.is_none_or(|found| series.is_empty() || found == series)
        });
        let mut by_series: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for reference in &self.missing {
            let series = if in_order { &*reference.series_uid } else { "" };
            by_series
                .entry(series)
                .or_default()
                .push(reference.file.join("/"));
        }
        let mut unsaid = Vec::new();
        for (series, files) in by_series {
            let mut said = false;
            let of_series = items
                .iter_mut()
                .filter(|i| !series.is_empty() && i.series_uid == series && i.is_loadable());
            for item in of_series {
                said = true;
                item.warnings.push(Warning {
                    code: WarningCode::Partial,
                    message: format!(
                        "{} files that the DICOMDIR lists for this series are not there",
                        files.len()
                    ),
                    files: files.clone(),
                });
            }
            if !said {
                unsaid.extend(files);
            }
        }
        let item = Item::new(ItemKind::Other, vec![self.directory.clone()]);
        if unsaid.is_empty() {
            return item;
        }
        let named: Vec<&str> = unsaid.iter().take(3).map(String::as_str).collect();
        let more = match unsaid.len() {
            n if n > 3 => format!(" and {} more", n - 3),
            _ => String::new(),
        };
        let mut item = item.with_error(Refusal::new(
            "E-DICOMDIR",
            format!(
                "{} of {} files that the directory lists are not there: {}{more}",
                unsaid.len(),
                self.files.len() + self.missing.len(),
                named.join(", ")
            ),
            format!("{} (0004,1500)", self.directory.display()),
            "copy the whole medium again",
        ));
        item.kind = ItemKind::Refused;
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_media_are_found_however_they_were_copied() {
        for name in [
            "IM000001",
            "im000001",
            "IM000001.",
            "IM000001.;1",
            "IM000001;1",
        ] {
            assert_eq!(compared(name), "im000001");
        }
        assert_eq!(compared("a;b"), "a;b");
    }

    #[test]
    fn a_reference_does_not_leave_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        std::fs::write(dir.path().join("out.dcm"), b"x").unwrap();
        let names = ["..".to_owned(), "out.dcm".to_owned()];
        assert_eq!(
            Folders::default().find(&dir.path().join("in"), &names),
            None
        );
    }
}
