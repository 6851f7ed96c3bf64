//! Paths in JSON without loss: text, or a list of code units where the path is not Unicode (bytes
//! on Unix, 16-bit units on Windows).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Units(Vec<u16>),
}

fn form(path: &Path) -> Form {
    match path.to_str() {
        Some(text) => Form::Text(text.to_owned()),
        None => Form::Units(units(path)),
    }
}

fn path(form: Form) -> Result<PathBuf, &'static str> {
    match form {
        Form::Text(text) => Ok(text.into()),
        Form::Units(units) => path_of_units(&units),
    }
}

#[cfg(unix)]
fn units(path: &Path) -> Vec<u16> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|b| u16::from(*b))
        .collect()
}

#[cfg(unix)]
fn path_of_units(units: &[u16]) -> Result<PathBuf, &'static str> {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes: Result<Vec<u8>, _> = units.iter().map(|u| u8::try_from(*u)).collect();
    let bytes = bytes.map_err(|_| "the path comes from another system")?;
    Ok(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(windows)]
fn units(path: &Path) -> Vec<u16> {
    use std::os::windows::ffi::OsStrExt as _;
    path.as_os_str().encode_wide().collect()
}

#[cfg(windows)]
fn path_of_units(units: &[u16]) -> Result<PathBuf, &'static str> {
    use std::os::windows::ffi::OsStringExt as _;
    Ok(std::ffi::OsString::from_wide(units).into())
}

pub(super) fn serialize<S: Serializer>(path: &Path, s: S) -> Result<S::Ok, S::Error> {
    form(path).serialize(s)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<PathBuf, D::Error> {
    path(Form::deserialize(d)?).map_err(serde::de::Error::custom)
}

/// The same for lists.
pub(super) mod list {
    use super::{Deserialize, Deserializer, Form, PathBuf, Serializer, form};

    pub(in crate::case) fn serialize<S: Serializer>(
        paths: &[PathBuf],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_seq(paths.iter().map(|p| form(p)))
    }

    pub(in crate::case) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Vec<PathBuf>, D::Error> {
        let forms: Vec<Form> = Vec::deserialize(d)?;
        let paths: Result<_, _> = forms.into_iter().map(super::path).collect();
        paths.map_err(serde::de::Error::custom)
    }
}
