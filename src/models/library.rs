//! The folder that models lie in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::receipt::Receipt;
use super::{Error, Result, names};

/// Names the folder in the environment.
const VARIABLE: &str = "ONCOTWIN_MODELS";

/// The folder that models lie in, each in a folder of its own name.
#[derive(Clone, Debug)]
pub struct Library {
    dir: PathBuf,
}

/// What it takes to open an installed model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its GGUF file, or the folder of its safetensors.
    pub weights: PathBuf,
    /// The second file of a multimodal GGUF.
    pub vision: Option<PathBuf>,
    /// `tokenizer.json`, where there is one.
    pub tokenizer: Option<PathBuf>,
}

impl Found {
    /// What the files of a folder come to; `None` where none of them holds weights.
    pub(super) fn among<'n>(folder: &Path, files: impl Iterator<Item = &'n str>) -> Option<Self> {
        let mut files: Vec<&str> = files.collect();
        files.sort_unstable();
        let first = |is: fn(&str) -> bool| files.iter().find(|name| is(name)).copied();
        let gguf = first(|name| names::is_gguf(name) && !names::is_vision(name));
        let weights = match gguf {
            Some(name) => folder.join(name),
            None => {
                first(names::is_safetensors)?;
                folder.to_owned()
            }
        };
        let beside = |name: Option<&str>| name.map(|name| folder.join(name));
        Some(Self {
            weights,
            vision: beside(first(names::is_vision).filter(|_| gguf.is_some())),
            tokenizer: beside(first(|name| name == "tokenizer.json")),
        })
    }
}

impl Library {
    /// The folder named; else that of `ONCOTWIN_MODELS`; else `models` in the platform's data directory.
    ///
    /// # Errors
    /// [`Error::NoHome`] when the platform names no such directory.
    pub fn at(dir: Option<&Path>) -> Result<Self> {
        Self::choose(dir, std::env::var_os(VARIABLE))
    }

    pub(super) fn choose(dir: Option<&Path>, variable: Option<OsString>) -> Result<Self> {
        let named = dir.map(Path::to_owned);
        let variable = || variable.filter(|v| !v.is_empty()).map(PathBuf::from);
        let own = || {
            let dirs = directories::ProjectDirs::from("", "", "oncotwin")?;
            Some(dirs.data_dir().join("models"))
        };
        let dir = named.or_else(variable).or_else(own);
        let dir = dir.ok_or(Error::NoHome)?;
        Ok(Self { dir })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a model of this name lies, or would.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What is known of an installed model.
    ///
    /// # Errors
    /// [`Error::Receipt`], [`Error::Read`].
    pub fn receipt(&self, name: &str) -> Result<Option<Receipt>> {
        if !names::is_plain(name) {
            return Ok(None);
        }
        Receipt::read(&self.folder(name))
    }

    /// The files of an installed model; `None` where none is called this.
    ///
    /// # Errors
    /// [`Error::Receipt`], [`Error::Read`]; [`Error::NoModel`] where a file is missing or cut short.
    pub fn find(&self, name: &str) -> Result<Option<Found>> {
        let Some(receipt) = self.receipt(name)? else {
            return Ok(None);
        };
        let folder = self.folder(name);
        let mut faults = receipt.faults(&folder);
        let files = receipt.files_in(&folder);
        let found = Found::among(&files, receipt.files.iter().map(|f| f.path.as_str()));
        if found.is_none() {
            faults.push("none of its files holds weights".to_owned());
        }
        match faults.into_iter().next() {
            Some(reason) => Err(Error::NoModel {
                path: files,
                reason,
            }),
            None => Ok(found),
        }
    }

    /// Names of the folders, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::read(&self.dir)(e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(Error::read(&self.dir))?.file_name();
            found.extend(name.into_string().ok().filter(|name| names::is_plain(name)));
        }
        found.sort_unstable();
        Ok(found)
    }
}
