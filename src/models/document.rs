//! The small files that say what a folder of models holds.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Result};

/// The only form of these files so far.
pub(super) const FORMAT: u32 = 1;

/// What can be wrong with a document although it can be parsed.
pub(super) trait Document: Serialize + DeserializeOwned {
    /// Why it cannot be used, if so.
    fn fault(&self) -> Option<String>;
}

pub(super) fn parse<T: Document>(text: &str) -> std::result::Result<T, String> {
    let document: T = toml::from_str(text).map_err(|e| e.to_string())?;
    match document.fault() {
        Some(fault) => Err(fault),
        None => Ok(document),
    }
}

/// The document in a file; `None` where there is no file.
pub(super) fn read<T: Document>(path: &Path) -> Result<Option<T>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::read(path)(e)),
    };
    let damaged = |reason: String| Error::Receipt {
        path: path.to_owned(),
        reason,
    };
    parse(&text).map(Some).map_err(damaged)
}

/// Writes a document so that either all of it is there or what was there before.
pub(super) fn write<T: Document>(path: &Path, document: &T) -> Result<()> {
    let failed = || Error::write(path);
    let text = toml::to_string(document).map_err(|e| failed()(std::io::Error::other(e)))?;
    // Who writes has the lock of the folder, so that one name beside it is enough.
    let beside = path.with_extension("new");
    let mut file = File::create(&beside).map_err(failed())?;
    file.write_all(text.as_bytes()).map_err(failed())?;
    file.sync_all().map_err(failed())?;
    drop(file);
    std::fs::rename(&beside, path).map_err(failed())
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::write(path)(e)),
        _ => Ok(()),
    }
}
