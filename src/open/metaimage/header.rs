//! The text of a MetaImage header.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::refuse;
use crate::open::Error;
use crate::open::bytes::Bytes;

/// A header of more bytes is not believed.
const MAX_HEADER: u64 = 8 << 20;

/// Keys that come first in headers of the wild.
const FIRST_KEYS: [&str; 5] = ["objecttype", "ndims", "comment", "objectsubtype", "name"];

/// What a header says, by keys in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    keys: BTreeMap<String, String>,
    /// Data files, one per line, behind `ElementDataFile = LIST`.
    pub(super) list: Vec<String>,
    /// Place of the first byte behind the header.
    pub(super) end: u64,
}

impl Header {
    /// The text of a key.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// A key that says yes or no, as MetaIO reads it: by its first letter.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, String> {
        match self.text(key).map(|t| t.chars().next()) {
            None => Ok(None),
            Some(Some('T' | 't' | '1' | 'Y' | 'y')) => Ok(Some(true)),
            Some(Some('F' | 'f' | '0' | 'N' | 'n')) => Ok(Some(false)),
            Some(_) => Err(format!("{key} is neither True nor False")),
        }
    }

    /// Numbers of a key; `None` where it is missing.
    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, String> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        text.split_whitespace()
            .map(|w| w.parse::<f64>().ok().filter(|v| v.is_finite()))
            .collect::<Option<_>>()
            .map(Some)
            .ok_or_else(|| format!("{key} is {text:?}"))
    }
}

fn key_and_value(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(['=', ':'])?;
    let key = key.trim().to_lowercase();
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (key, value.trim().to_owned()))
}

/// Whether a file begins as a MetaImage header.
pub(in crate::open) fn begins(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut keys = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map_while(key_and_value)
        .map(|(key, _)| key);
    let Some(first) = keys.next() else {
        return false;
    };
    first == "ndims" || FIRST_KEYS.contains(&&*first) && keys.any(|k| k == "ndims")
}

/// Reads a header, up to and with `ElementDataFile`.
pub(super) fn read(path: &Path) -> Result<Header, Error> {
    let file = Bytes::open(path).map_err(|e| Error::io(path, e))?;
    let mut text = BufReader::new(file.take(MAX_HEADER));
    let mut header = Header::default();
    let mut line = Vec::new();
    let mut is_list = false;
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
        let content = content.trim();
        if read == 0 {
            break;
        }
        if is_list {
            if !content.is_empty() {
                header.list.push(content.to_owned());
            }
            continue;
        }
        if content.is_empty() {
            continue;
        }
        let Some((key, value)) = key_and_value(content) else {
            return Err(refuse(path, "a line of the header is no key with a value").into());
        };
        let is_last = key == "elementdatafile";
        is_list = is_last && value.split_whitespace().next() == Some("LIST");
        if header.keys.insert(key.clone(), value).is_some() {
            return Err(refuse(path, format!("the key {key} is there twice")).into());
        }
        if is_last && !is_list {
            break;
        }
    }
    Ok(header)
}
