//! What a file is, told by its content and never by its name.

use std::io::Read;
use std::path::Path;

use super::bytes::Bytes;
use super::sidecar::SidecarImage;
use super::{Error, Item, ItemKind, Refusal, dicom, metaimage, nifti, nrrd, raw};
use crate::jobs::JobContext;

/// Names of files that lie beside images and are plainly none of ours.
const BYSTANDERS: [&str; 18] = [
    "md", "txt", "json", "csv", "tsv", "html", "htm", "rst", "xml", "pdf", "toml", "yaml", "yml",
    "log", "py", "png", "jpg", "bval",
];

pub(super) enum Classified {
    /// Complete in itself.
    Item(Box<Item>),
    /// One DICOM file, to be grouped with others.
    Dicom(Box<dicom::Instance>),
}

/// Looks at one file.
///
/// # Errors
/// Only when cancelled: whatever is wrong with the file becomes an item.
pub(super) fn classify(
    path: &Path,
    sidecar: Option<&SidecarImage>,
    job: &JobContext,
) -> Result<Classified, Error> {
    let item = |kind, error: Option<Refusal>| {
        let mut item = Item::new(kind, vec![path.to_owned()]);
        item.error = error;
        Classified::Item(Box::new(item))
    };
    let place = path.display().to_string();
    let head = match read_head(path) {
        Ok(head) => head,
        Err(e) => {
            let error = Refusal::new("E-READ", e.to_string(), place, "check the permissions");
            return Ok(item(ItemKind::Refused, Some(error)));
        }
    };
    if dicom::has_preamble(&head) {
        return Ok(match dicom::read_instance(path) {
            Ok(instance) => Classified::Dicom(Box::new(instance)),
            Err(error) => item(ItemKind::Refused, Some(error)),
        });
    }
    let described = |read: fn(&Path) -> Result<raw::RawImage, Error>| {
        raw::item(path, sidecar, read, job).map(|item| Classified::Item(Box::new(item)))
    };
    if nrrd::begins(&head) {
        return described(nrrd::read);
    }
    if metaimage::begins(&head) {
        return described(metaimage::read);
    }
    match nifti::sniff(path, &head) {
        nifti::Sniffed::Nifti => return described(nifti::read),
        nifti::Sniffed::Refused(error) => return Ok(item(ItemKind::Refused, Some(error))),
        nifti::Sniffed::No => {}
    }
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    if BYSTANDERS.contains(&&*extension) {
        return Ok(item(ItemKind::Other, None));
    }
    if dicom::may_lack_preamble(&head)
        && let Ok(instance) = dicom::read_instance(path)
    {
        return Ok(Classified::Dicom(Box::new(instance)));
    }
    let bystander = path
        .file_name()
        .map(|n| n.to_string_lossy().to_uppercase())
        .is_some_and(|n| n.starts_with("LICENSE") || n.starts_with("README") || n.starts_with('.'));
    if bystander {
        return Ok(item(ItemKind::Other, None));
    }
    let (code, message, hint) = if head.is_empty() {
        ("E-EMPTY", "the file is empty", "copy it again")
    } else if head.starts_with(b"PK\x03\x04") {
        (
            "E-ZIP",
            "zip archives are not read",
            "unpack it and open the folder",
        )
    } else {
        (
            "E-FORMAT",
            "neither DICOM nor NIfTI, Analyze, NRRD or MetaImage",
            "convert it to DICOM or NIfTI, if it is an image; open raw voxels by their header",
        )
    };
    let kind = if code == "E-FORMAT" {
        ItemKind::Other
    } else {
        ItemKind::Refused
    };
    Ok(item(kind, Some(Refusal::new(code, message, place, hint))))
}

/// The first bytes of a file.
fn read_head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    Bytes::open(path)?.take(1024).read_to_end(&mut head)?;
    Ok(head)
}
