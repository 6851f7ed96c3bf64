//! Headers as rows to look through: every element of a DICOM file, every field of other formats.

mod nifti;
mod text;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::bytes::Bytes;
use super::{Error, Refusal, dicom, metaimage, nrrd};

/// Characters of a value that are shown.
const MOST_SHOWN: usize = 240;

/// One element or field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeaderRow {
    /// Depth of nesting in sequences.
    pub depth: usize,
    /// `(0010,0020)`, or the number of an item; empty for formats without tags.
    pub tag: String,
    /// Value representation, or the type of a field.
    pub vr: String,
    /// Keyword of the dictionary or name of the field; empty when unknown.
    pub keyword: String,
    /// The value, shortened.
    pub value: String,
    /// Private creator of a private element.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub private_creator: String,
}

impl HeaderRow {
    /// A field of a format that has keys and no tags.
    pub(super) fn field(key: &str, kind: &str, value: &str) -> Self {
        Self {
            keyword: key.to_owned(),
            vr: kind.to_owned(),
            value: shortened(value),
            ..Self::default()
        }
    }

    /// Whether tag, keyword, private creator or value hold `find`, in capitals or not. A tag is
    /// found with and without its punctuation.
    #[must_use]
    pub fn matches(&self, find: &str) -> bool {
        let find = find.trim().to_lowercase();
        let digits = |s: &str| s.replace(['(', ')', ',', ' '], "").to_lowercase();
        let tag = digits(&find);
        [&self.keyword, &self.value, &self.private_creator]
            .iter()
            .any(|text| text.to_lowercase().contains(&find))
            || (!tag.is_empty() && digits(&self.tag).contains(&tag))
    }
}

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// The file.
    pub path: PathBuf,
    /// `DICOM`, `NIfTI-1`, `NIfTI-2`, `NRRD` or `MetaImage`.
    pub format: String,
    /// Elements in order; those of sequence items are deeper.
    pub rows: Vec<HeaderRow>,
}

/// Reads the header of one file, which may lie in a zip archive.
///
/// # Errors
/// When the file cannot be read or is of no format that this program knows.
pub fn header(path: &Path) -> Result<Header, Error> {
    let mut head = Vec::new();
    let io = |e: std::io::Error| match e.get_ref().and_then(|e| e.downcast_ref::<Refusal>()) {
        Some(refusal) => Error::Refused(refusal.clone()),
        None => Error::io(path, e),
    };
    let file = Bytes::open(path).map_err(io)?;
    file.take(1024).read_to_end(&mut head).map_err(io)?;
    let made = |format: &str, rows| Header {
        path: path.to_owned(),
        format: format.to_owned(),
        rows,
    };
    if dicom::has_preamble(&head) {
        return Ok(made("DICOM", dicom::header_rows(path)?));
    }
    if nrrd::begins(&head) {
        return Ok(made("NRRD", text::nrrd(path).map_err(io)?));
    }
    if metaimage::begins(&head) {
        return Ok(made("MetaImage", text::metaimage(path).map_err(io)?));
    }
    if let Some((format, rows)) = nifti::rows(path).map_err(io)? {
        return Ok(made(format, rows));
    }
    if dicom::may_lack_preamble(&head) {
        return Ok(made("DICOM", dicom::header_rows(path)?));
    }
    Err(Refusal::new(
        "E-FORMAT",
        "the file has no header that this program knows",
        path.display().to_string(),
        "choose a DICOM, NIfTI, NRRD or MetaImage file",
    )
    .into())
}

/// A value on one line, cut where it is long.
pub(super) fn shortened(value: &str) -> String {
    let mut shown: String = value
        .chars()
        .take(MOST_SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let n = value.chars().count();
    if n > MOST_SHOWN {
        shown.push_str(&format!("… ({n} characters)"));
    }
    shown
}
