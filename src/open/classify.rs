//! What a file is, told by its content and never by its name.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive;
use super::bytes::Bytes;
use super::dicomdir::Directory;
use super::error::in_words;
use super::sidecar::SidecarImage;
use super::{Error, Item, ItemKind, Refusal, dicom, metaimage, nifti, nrrd, raw};
use crate::jobs::JobContext;

/// Names of files that lie beside images and are plainly none of ours.
const BYSTANDERS: [&str; 18] = [
    "md", "txt", "json", "csv", "tsv", "html", "htm", "rst", "xml", "pdf", "toml", "yaml", "yml",
    "log", "py", "png", "jpg", "bval",
];

/// What one file is.
#[derive(Clone, Debug)]
pub(super) enum Classified {
    /// Complete in itself.
    Item(Box<Item>),
    /// One DICOM file, to be grouped with others.
    Dicom(Box<dicom::Instance>),
    /// A zip archive with the paths of its members.
    Archive(Vec<PathBuf>),
    /// A DICOMDIR, which leads to other files.
    Directory(Box<Directory>),
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
            let error = refusal_of(&e).unwrap_or_else(|| {
                Refusal::new(
                    "E-READ",
                    in_words(&e),
                    place,
                    "check that the path exists and may be read",
                )
            });
            return Ok(item(ItemKind::Refused, Some(error)));
        }
    };
    if dicom::has_preamble(&head) {
        return Ok(match dicom_file(path) {
            Ok(classified) => classified,
            Err(error) => item(ItemKind::Refused, Some(error)),
        });
    }
    if archive::is_zip(&head) {
        return Ok(match members(path) {
            Ok(Some(members)) => Classified::Archive(members),
            Ok(None) => item(ItemKind::Other, None),
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
        && let Ok(classified) = dicom_file(path)
    {
        return Ok(classified);
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

fn dicom_file(path: &Path) -> Result<Classified, Refusal> {
    let instance = dicom::read_instance(path)?;
    Ok(if instance.is_directory() {
        Classified::Directory(Box::new(Directory::read(path)?))
    } else {
        Classified::Dicom(Box::new(instance))
    })
}

/// Members of a zip archive; `None` for a document that only uses its format.
fn members(path: &Path) -> Result<Option<Vec<PathBuf>>, Refusal> {
    let refused = |message: String| {
        Refusal::new(
            "E-ZIP",
            message,
            path.display().to_string(),
            "unpack it with another program and open the folder",
        )
    };
    if std::fs::metadata(path).is_err() {
        return Err(refused(
            "an archive inside an archive is not read".to_owned(),
        ));
    }
    let archive = archive::open(path)
        .map_err(|e| refusal_of(&e).unwrap_or_else(|| refused(e.to_string())))?;
    if archive.is_document() {
        return Ok(None);
    }
    let members: Vec<PathBuf> = archive.paths().collect();
    if members.is_empty() {
        return Err(refused("the archive holds no file".to_owned()));
    }
    Ok(Some(members))
}

/// The refusal that an error of reading carries.
fn refusal_of(error: &std::io::Error) -> Option<Refusal> {
    error.get_ref()?.downcast_ref::<Refusal>().cloned()
}

/// The first bytes of a file.
fn read_head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    Bytes::open(path)?.take(1024).read_to_end(&mut head)?;
    Ok(head)
}
