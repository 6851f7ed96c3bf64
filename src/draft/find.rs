//! Models in a folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Extent;
use super::host::Read;
use crate::models::Library;
use crate::nn::gemma::{Files, Gemma, Options};
use crate::nn::plan::{Machine, Plan};

/// A model that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Name of its folder, or of its file.
    pub name: String,
    /// Its weights.
    pub files: Files,
    /// Bytes of them.
    pub bytes: u64,
    /// Checksums that its files had when they arrived, where that is known.
    pub arrived: Vec<Read>,
    /// Where it came from, where that is known.
    pub source: Option<String>,
}

impl Found {
    /// The model of a folder, of a GGUF file, or of a safetensors file; `None` where there is none.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        if !path.is_dir() {
            let is_model = path.is_file() && !is_vision(path);
            let is_model = is_model && (is_gguf(path) || is_safetensors(path));
            return is_model.then(|| Self::of(path.file_stem(), path, None, &[path.to_owned()]));
        }
        let inside = entries(path);
        if let Some(weights) = inside.iter().find(|p| is_gguf(p) && !is_vision(p)) {
            let vision = inside.iter().find(|p| is_gguf(p) && is_vision(p)).cloned();
            let files: Vec<PathBuf> = vision.iter().chain([weights]).cloned().collect();
            return Some(Self::of(path.file_name(), weights, vision, &files));
        }
        let shards: Vec<PathBuf> = inside.into_iter().filter(|p| is_safetensors(p)).collect();
        let is_model = !shards.is_empty() && path.join("config.json").is_file();
        is_model.then(|| Self::of(path.file_name(), path, None, &shards))
    }

    fn of(
        name: Option<&OsStr>,
        weights: &Path,
        vision: Option<PathBuf>,
        files: &[PathBuf],
    ) -> Self {
        let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |m| m.len());
        Self {
            name: name.unwrap_or_default().to_string_lossy().into_owned(),
            files: Files {
                weights: weights.to_owned(),
                vision,
            },
            bytes: files.iter().map(size).sum(),
            arrived: Vec::new(),
            source: None,
        }
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case(wanted))
}

fn is_gguf(path: &Path) -> bool {
    has_extension(path, "gguf")
}

fn is_safetensors(path: &Path) -> bool {
    has_extension(path, "safetensors")
}

/// The second file of a multimodal model, as converters name it.
fn is_vision(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.to_string_lossy().to_lowercase().contains("mmproj"))
}

/// By name; none of what cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    paths.sort();
    paths
}

/// Where models are looked for, as [`Library`] knows it.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    let library = Library::at(None).ok()?;
    Some(library.dir().to_owned())
}

/// A model of `folder` by its name: one that was installed there, or just lies there. A folder into which
/// something is still being fetched holds none.
#[must_use]
pub fn find_one(folder: &Path, name: &OsStr) -> Option<Found> {
    let path = folder.join(name);
    let installed = match (Library::at(Some(folder)), name.to_str()) {
        (Ok(library), Some(name)) if path.is_dir() => {
            library.find(name).ok()?.zip(library.receipt(name).ok()?)
        }
        _ => None,
    };
    let Some((found, receipt)) = installed else {
        let is_whole = !entries(&path).iter().any(|p| has_extension(p, "part"));
        return Found::at(&path).filter(|_| is_whole);
    };
    let mut files: Vec<PathBuf> = found.vision.iter().cloned().collect();
    if found.weights.is_dir() {
        files.extend(
            entries(&found.weights)
                .into_iter()
                .filter(|p| is_safetensors(p)),
        );
    } else {
        files.push(found.weights.clone());
    }
    let arrived = receipt.files.into_iter().map(|file| Read {
        name: file.path,
        sha256: file.sha256,
    });
    Some(Found {
        arrived: arrived.collect(),
        source: Some(receipt.origin.text()),
        ..Found::of(Some(name), &found.weights, found.vision, &files)
    })
}

/// The models in a folder, by name.
#[must_use]
pub fn find(folder: &Path) -> Vec<Found> {
    let mut inside = entries(folder);
    // Safetensors without a folder of their own have no settings beside them.
    inside.retain(|path| !is_safetensors(path));
    let names = inside.iter().filter_map(|path| path.file_name());
    names.filter_map(|name| find_one(folder, name)).collect()
}

/// A model that is offered, with what it would take to open it now.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The model.
    pub found: Found,
    /// It sees images.
    pub sees: bool,
    /// Where and in how many bits, and with how much memory; or why not.
    pub plan: Result<Plan, String>,
}

/// The models in a folder, each with what it would take on a machine.
#[must_use]
pub fn offers(folder: &Path, machine: &Machine) -> Vec<Offer> {
    let options = Options::auto(Extent::Comprehensive.positions());
    let offer = |found: Found| {
        let estimate = Gemma::estimate(&found.files, &options, machine);
        let (sees, plan) = estimate.map_or_else(|e| (false, Err(e)), |e| (e.sees, e.plan));
        Offer {
            plan: plan.map_err(|error| error.to_string()),
            sees,
            found,
        }
    };
    find(folder).into_iter().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_in_folders_and_as_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"12345678").unwrap();
        };
        for name in [
            "b/weights.gguf",
            "b/mmproj-f16.gguf",
            "a/config.json",
            "a/model-1.safetensors",
            "a/model-2.safetensors",
            "empty/readme.txt",
            "half/config.json",
            "unfinished/a.gguf",
            "unfinished/mmproj.gguf.part",
            "c.gguf",
            "mmproj.gguf",
        ] {
            write(name);
        }
        let found = find(folder.path());
        let told: Vec<_> = found
            .iter()
            .map(|f| (f.name.as_str(), f.bytes, f.files.vision.is_some()))
            .collect();
        assert_eq!(told, [("a", 16, false), ("b", 16, true), ("c", 8, false)]);
        assert!(find(&folder.path().join("nothing")).is_empty());
    }
}
