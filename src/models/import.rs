//! Taking over a model whose files are on this computer already.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::digest::{digest, read_all};
use super::document::FORMAT;
use super::library::Found;
use super::lock::lock;
use super::manifest::Manifest;
use super::meter::Meter;
use super::part::Part;
use super::plan::Wanted;
use super::receipt::{Origin, Receipt, Record};
use super::space;
use super::{Error, Library, Means, Result, names};
use crate::jobs::JobContext;
use crate::nn::gemma::{Files, Gemma};

/// What is to be taken over.
#[derive(Clone, Debug)]
pub struct Import<'p> {
    /// A GGUF file, or a folder with the files of a model.
    pub path: &'p Path,
    /// What it shall be called; by its own name where none is given.
    pub name: Option<&'p str>,
    /// Whether the files stay where they are.
    pub in_place: bool,
}

/// Folder and names of the files that make the model.
fn files_at(path: &Path) -> Result<(PathBuf, Vec<String>)> {
    let no_model = |reason: &str| Error::NoModel {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let path = std::path::absolute(path).map_err(Error::read(path))?;
    let found = std::fs::metadata(&path).map_err(Error::read(&path))?;
    let own = path.file_name().and_then(|name| name.to_str());
    let parent = || path.parent().unwrap_or(&path).to_owned();
    let folder = match own {
        _ if found.is_dir() => path.clone(),
        Some(name) if names::is_gguf(name) => {
            let name = Some(name.to_owned()).filter(|name| names::is_plain(name));
            let name = name.ok_or_else(|| {
                no_model("the name of the file has signs that not every system takes")
            })?;
            return Ok((parent(), vec![name]));
        }
        Some(name) if names::is_safetensors(name) => parent(),
        _ => {
            return Err(no_model(
                "GGUF files and folders of safetensors are taken over",
            ));
        }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(Error::read(&folder))? {
        let name = entry.map_err(Error::read(&folder))?.file_name();
        let belongs = |name: &String| names::belongs(name) || names::is_gguf(name);
        files.extend(name.into_string().ok().filter(belongs));
    }
    files.sort_unstable();
    let models = files
        .iter()
        .filter(|name| names::is_gguf(name) && !names::is_vision(name));
    match models.count() {
        0 => Ok((folder, files)),
        1 => {
            files.retain(|name| names::is_gguf(name) || name == "tokenizer.json");
            Ok((folder, files))
        }
        _ => Err(no_model("it holds several GGUF files: name one of them")),
    }
}

/// The name that a file or folder gives its model.
fn own_name(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let name = path.file_name()?.to_str()?;
    let stem = [".gguf", ".GGUF"]
        .into_iter()
        .find_map(|end| name.strip_suffix(end));
    let name = match stem {
        Some(stem) => stem,
        None if names::is_safetensors(name) => path.parent()?.file_name()?.to_str()?,
        None => name,
    };
    Some(names::plain(name))
}

/// Takes a model over: checks that it can be run, copies its files with their checksums, or only notes
/// where they are.
///
/// # Errors
/// [`Error::NoModel`] and [`Error::Model`] when there is nothing to run, [`Error::Exists`] when the name
/// is taken, [`Error::Space`], [`Error::Cancelled`], and what the disk says.
pub fn import(
    library: &Library,
    what: &Import<'_>,
    means: &Means,
    now: Timestamp,
    job: &JobContext,
) -> Result<Receipt> {
    let (from, files) = files_at(what.path)?;
    let own = own_name(what.path).unwrap_or_default();
    let name = what.name.unwrap_or(&own);
    names::check(name)?;
    let found = Found::among(&from, files.iter().map(String::as_str));
    let found = found.ok_or_else(|| Error::NoModel {
        path: what.path.to_owned(),
        reason: "neither a GGUF file nor safetensors".to_owned(),
    })?;
    Gemma::check(&Files {
        weights: found.weights,
        vision: found.vision,
    })?;
    let folder = library.folder(name);
    let is_new = !folder.exists();
    let exists = |other: String| Error::Exists {
        name: name.to_owned(),
        other,
        path: folder.clone(),
    };
    let lock = lock(&folder, name)?;
    match Receipt::read(&folder)? {
        Some(other) => return Err(exists(other.origin.text())),
        None if super::plan::Plan::read(&folder)?.is_some() => {
            return Err(exists("a fetch that was broken off".to_owned()));
        }
        None => {}
    }
    let taken = take(&from, &files, what.in_place, &folder, means, job);
    let records = match taken {
        Ok(records) => records,
        Err(error) => {
            drop(lock);
            if is_new {
                std::fs::remove_dir_all(&folder).ok();
            }
            return Err(error);
        }
    };
    let known = Manifest::own().find(name);
    let receipt = Receipt {
        format: FORMAT,
        name: name.to_owned(),
        title: known.map_or_else(|| own.clone(), |known| known.title.clone()),
        date: now,
        licence: known.map(|known| known.licence.clone()),
        origin: Origin::Import {
            path: from,
            in_place: what.in_place,
        },
        files: records,
    };
    receipt.write(&folder)?;
    Ok(receipt)
}

/// Copies the files, or where they stay in place only reads them.
fn take(
    from: &Path,
    files: &[String],
    in_place: bool,
    folder: &Path,
    means: &Means,
    job: &JobContext,
) -> Result<Vec<Record>> {
    let mut wanted = Vec::new();
    for name in files {
        let path = from.join(name);
        let found = std::fs::metadata(&path).map_err(Error::read(&path))?;
        wanted.push(Wanted {
            path: name.clone(),
            bytes: found.len(),
            sha256: None,
            blob: None,
            parts: Vec::new(),
        });
    }
    let total = wanted.iter().map(|file| file.bytes).sum();
    if !in_place {
        space::check(folder, total, means.free)?;
    }
    let mut meter = Meter::new(job, total);
    let mut records = Vec::new();
    for wanted in &wanted {
        let path = from.join(&wanted.path);
        if in_place {
            meter.begin(format!("Reading {}", wanted.path));
            let digest = digest(&path, wanted, &mut meter)?;
            let changed = |[expected, found]: [String; 2]| Error::Checksum {
                path: path.clone(),
                expected,
                found,
            };
            records.push(Record {
                path: wanted.path.clone(),
                bytes: wanted.bytes,
                sha256: digest.finish(wanted).map_err(changed)?,
            });
            continue;
        }
        meter.begin(format!("Copying {}", wanted.path));
        let mut part = Part::empty(folder, wanted, &mut meter)?;
        let file = std::fs::File::open(&path).map_err(Error::read(&path))?;
        read_all(file, &path, &mut meter, |bytes| part.write(bytes))?;
        records.push(part.finish()?);
    }
    Ok(records)
}
