//! Records of a DICOMDIR (PS3.3 F, PS3.10 8): which files a medium holds.

use std::path::Path;

use dicom::dictionary_std::tags;

use super::read::{self, Extent};
use super::values::{integer, items, text, texts};
use crate::open::Refusal;

/// Media Storage Directory Storage.
pub(super) const SOP_CLASS: &str = "1.2.840.10008.1.3.10";

/// A file that a directory refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::open) struct Reference {
    /// Components of its path, below the folder of the directory.
    pub(in crate::open) file: Vec<String>,
    /// Series Instance UID of the series record before it; empty when there is none.
    pub(in crate::open) series_uid: String,
}

/// The files that a directory refers to, in its order. Records out of use are left out.
pub(in crate::open) fn references(path: &Path) -> Result<Vec<Reference>, Refusal> {
    let set = read::open(path, Extent::Header)?;
    let mut series_uid = String::new();
    let mut references = Vec::new();
    for record in items(&set, tags::DIRECTORY_RECORD_SEQUENCE) {
        if integer(record, tags::RECORD_IN_USE_FLAG) == Some(0) {
            continue;
        }
        match &*text(record, tags::DIRECTORY_RECORD_TYPE) {
            "SERIES" => series_uid = text(record, tags::SERIES_INSTANCE_UID),
            "PATIENT" | "STUDY" => series_uid.clear(),
            _ => {}
        }
        let file = texts(record, tags::REFERENCED_FILE_ID);
        if !file.is_empty() {
            references.push(Reference {
                file,
                series_uid: series_uid.clone(),
            });
        }
    }
    Ok(references)
}
