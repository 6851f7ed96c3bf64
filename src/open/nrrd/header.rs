//! The text of an NRRD header: fields, keys with values, the list of data files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::refuse;
use crate::open::bytes::Bytes;
use crate::open::{Error, Refusal};

/// A header of more bytes is not believed.
const MAX_HEADER: u64 = 8 << 20;

/// What a header says.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    fields: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
    /// Data files, one per line, behind `data file: LIST`.
    pub(super) list: Vec<String>,
    /// Place of the first byte behind the blank line that ends the header.
    pub(super) end: u64,
}

impl Header {
    /// The text of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// The value of a key (`key:=value`).
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        self.keys.get(name).map(String::as_str)
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

/// One name per field.
fn canonical(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match &*name {
        "datafile" => "data file",
        "lineskip" => "line skip",
        "byteskip" => "byte skip",
        "axismins" => "axis mins",
        "axismaxs" => "axis maxs",
        "oldmin" => "old min",
        "oldmax" => "old max",
        "centerings" => "centers",
        other => other,
    }
    .to_owned()
}

/// Reads a header.
pub(super) fn read(path: &Path) -> Result<Header, Error> {
    let file = Bytes::open(path).map_err(|e| Error::io(path, e))?;
    let mut text = BufReader::new(file.take(MAX_HEADER));
    let mut header = Header::default();
    let mut line = Vec::new();
    let mut n = 0usize;
    loop {
        line.clear();
        let read = text
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::io(path, e))?;
        header.end += read as u64;
        if header.end >= MAX_HEADER {
            return Err(refuse(path, "the header does not end").into());
        }
        let content = String::from_utf8_lossy(&line);
        let content = content.trim_end_matches(['\n', '\r']);
        if read == 0 || content.is_empty() {
            break;
        }
        n += 1;
        if n == 1 {
            check_version(path, content)?;
        } else if !content.starts_with('#') {
            header.take_line(path, content)?;
        }
    }
    Ok(header)
}

fn check_version(path: &Path, magic: &str) -> Result<(), Refusal> {
    let version = magic.trim_end().strip_prefix("NRRD000");
    if version.is_some_and(|v| matches!(v, "1" | "2" | "3" | "4" | "5")) {
        return Ok(());
    }
    Err(refuse(
        path,
        "NRRD of a version that is not known (1 to 5 are)",
    ))
}

impl Header {
    fn take_line(&mut self, path: &Path, line: &str) -> Result<(), Refusal> {
        let is_list = self
            .field("data file")
            .is_some_and(|f| f.split_whitespace().next() == Some("LIST"));
        if is_list {
            self.list.push(line.trim().to_owned());
            return Ok(());
        }
        let Some((name, rest)) = line.split_once(':') else {
            return Err(refuse(
                path,
                "a line of the header is neither field nor key",
            ));
        };
        if let Some(value) = rest.strip_prefix('=') {
            self.keys.insert(name.to_owned(), unescape(value));
            return Ok(());
        }
        let name = canonical(name);
        let before = self.fields.insert(name.clone(), rest.trim().to_owned());
        if before.is_some() {
            return Err(refuse(path, format!("the field {name:?} is there twice")));
        }
        Ok(())
    }
}

/// `\n` and `\\` stand for a line end and a backslash.
fn unescape(value: &str) -> String {
    value.replace("\\n", "\n").replace("\\\\", "\\")
}
