//! How single values are spelt in the database, and how spellings are checked on the way back.

use std::path::{Path, PathBuf};

use rusqlite::Row;
use rusqlite::types::{FromSql, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Error;
use crate::provenance::canonical_json;
use crate::warning::Warning;

/// A failure inside a database routine; the caller knows which file it is about.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Store(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    /// The error for the user, `doing` something to the database at `path`.
    pub(super) fn at(self, doing: &'static str, path: &Path) -> Error {
        match self {
            Self::Sql(error) => Error::database(doing, path)(error),
            Self::Store(error) => error,
        }
    }
}

/// A count as SQLite's integer.
pub(super) fn integer(n: usize) -> Result<i64, Error> {
    i64::try_from(n).map_err(|_| Error::Refused(format!("the count {n} is too large to store")))
}

/// A number that can be stored and written as JSON; SQLite would silently make NaN a NULL.
pub(super) fn real(x: f64) -> Result<f64, Error> {
    if x.is_finite() {
        return Ok(x);
    }
    Err(Error::Refused(format!("{x} is not a measurable number")))
}

/// The JSON text of a value in the form of the journal: numbers in their shortest form, no −0.
pub(super) fn canonical(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_value(value)
        .map(|value| canonical_json(&value))
        .map_err(|e| Error::Refused(format!("a value has no JSON form: {e}")))
}

/// The JSON text of a value.
pub(super) fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|e| Error::Refused(format!("a value has no JSON form: {e}")))
}

/// The word that stands for a variant of an enumeration without fields.
pub(super) fn word(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(Error::Refused(format!("{other:?} is not a plain word"))),
    }
}

/// A path as TEXT, or as BLOB where it is not Unicode.
pub(super) fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(raw_path(path)),
    }
}

#[cfg(unix)]
fn raw_path(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
fn path_of_raw(raw: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(raw).into()
}

#[cfg(windows)]
fn raw_path(path: &Path) -> Vec<u8> {
    use std::os::windows::ffi::OsStrExt as _;
    path.as_os_str()
        .encode_wide()
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[cfg(windows)]
fn path_of_raw(raw: &[u8]) -> PathBuf {
    use std::os::windows::ffi::OsStringExt as _;
    let units: Vec<u16> = raw
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    std::ffi::OsString::from_wide(&units).into()
}

/// Warnings without the files they name, and these files apart (`None` when there are none).
pub(super) fn split_warnings(warnings: &[Warning]) -> (Vec<Warning>, Option<Vec<Vec<String>>>) {
    let bare = warnings
        .iter()
        .map(|w| Warning::new(w.code, w.message.clone()))
        .collect();
    let files: Vec<_> = warnings.iter().map(|w| w.files.clone()).collect();
    let any = files.iter().any(|f| !f.is_empty());
    (bare, any.then_some(files))
}

/// A row of a table, read with checks.
pub(super) struct Fields<'a> {
    pub(super) row: &'a Row<'a>,
    pub(super) table: &'static str,
}

impl Fields<'_> {
    pub(super) fn get<T: FromSql>(&self, column: &'static str) -> Result<T, Fault> {
        Ok(self.row.get(column)?)
    }

    pub(super) fn text(&self, column: &'static str) -> Result<String, Fault> {
        self.get(column)
    }

    pub(super) fn parse<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, Fault> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.unreadable(column, &text))
    }

    pub(super) fn parse_opt<T: std::str::FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.get(column)?;
        text.map(|t| t.parse().map_err(|_| self.unreadable(column, &t)))
            .transpose()
    }

    pub(super) fn size(&self, column: &'static str) -> Result<usize, Fault> {
        let n: i64 = self.get(column)?;
        usize::try_from(n).map_err(|_| self.unreadable(column, &n.to_string()))
    }

    pub(super) fn reals<const N: usize>(
        &self,
        columns: [&'static str; N],
    ) -> Result<[f64; N], Fault> {
        let mut values = [0.0; N];
        for (value, column) in values.iter_mut().zip(columns) {
            *value = self.get(column)?;
        }
        Ok(values)
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Fault> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|_| self.unreadable(column, &text))
    }

    pub(super) fn json_opt<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.get(column)?;
        text.map(|t| serde_json::from_str(&t).map_err(|_| self.unreadable(column, &t)))
            .transpose()
    }

    pub(super) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Fault> {
        let text = self.text(column)?;
        serde_json::from_value(text.as_str().into()).map_err(|_| self.unreadable(column, &text))
    }

    pub(super) fn path(&self, column: &'static str) -> Result<PathBuf, Fault> {
        match self.get(column)? {
            Value::Text(text) => Ok(text.into()),
            Value::Blob(raw) => Ok(path_of_raw(&raw)),
            other => Err(self.unreadable(column, &format!("{other:?}"))),
        }
    }

    /// Warnings of column `warnings`, joined with the files of column `files`.
    pub(super) fn warnings(&self) -> Result<Vec<Warning>, Fault> {
        let mut warnings: Vec<Warning> = self.json("warnings")?;
        if self.get::<Option<String>>("files")?.is_some() {
            let files: Vec<Vec<String>> = self.json("files")?;
            for (warning, files) in warnings.iter_mut().zip(files) {
                warning.files = files;
            }
        }
        Ok(warnings)
    }

    pub(super) fn unreadable(&self, what: &'static str, found: &str) -> Fault {
        Fault::Store(Error::Row {
            table: self.table,
            what,
            detail: format!("{found:?}"),
        })
    }
}
