//! Recognising files of this family and finding the other half of a pair.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::header;
use crate::open::Refusal;
use crate::open::bytes::{self, Bytes};
use crate::open::raw::Format;

/// What the first bytes say.
pub(in crate::open) enum Sniffed {
    Nifti,
    Refused(Refusal),
    No,
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B])
}

/// Whether a file is gzipped, whatever its name.
pub(super) fn is_gzip_file(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    Bytes::open(path)?.take(2).read_to_end(&mut head)?;
    Ok(is_gzip(&head))
}

/// Up to `n` first bytes, unzipped where needed. A gzip stream that breaks off behind a whole
/// header still yields that.
pub(super) fn head(path: &Path, n: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = BufReader::new(Bytes::open(path)?);
    if !is_gzip_file(path)? {
        file.take(n).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    match MultiGzDecoder::new(file).take(n).read_to_end(&mut bytes) {
        Err(e) if bytes.len() < header::SMALLEST => Err(e),
        _ => Ok(bytes),
    }
}

/// The format that the size of the header names.
pub(super) fn format_of(bytes: &[u8]) -> Format {
    match header::stated_size(bytes) {
        Some((540, _)) => Format::Nifti2,
        _ => Format::Nifti1,
    }
}

/// The file that has the same name with another ending, in the same case.
pub(super) fn partner(path: &Path, from: &str, to: &str) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let ungz = |n: &str| {
        let cut = n.len().checked_sub(3)?;
        n.get(cut..)
            .is_some_and(|e| e.eq_ignore_ascii_case(".gz"))
            .then(|| n[..cut].to_owned())
    };
    let plain = ungz(name).unwrap_or_else(|| name.to_owned());
    let (stem, ending) = plain.rsplit_once('.')?;
    if !ending.eq_ignore_ascii_case(from) {
        return None;
    }
    // Halves of a pair are usually packed alike.
    let mut packing = ["", ".gz", ".GZ"];
    if plain != name {
        packing.rotate_left(1);
    }
    [to.to_owned(), to.to_uppercase()]
        .iter()
        .flat_map(|to| packing.map(|gz| format!("{stem}.{to}{gz}")))
        .map(|name| path.with_file_name(name))
        .find(|p| bytes::is_file(p))
}

fn is_named(path: &Path, endings: &[&str]) -> bool {
    path.file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .is_some_and(|n| endings.iter().any(|e| n.ends_with(e)))
}

/// Looks at the first bytes of a file.
pub(in crate::open) fn sniff(path: &Path, first: &[u8]) -> Sniffed {
    let named = is_named(path, &[".nii", ".nii.gz"]);
    let refuse = |message: String| Sniffed::Refused(Format::Nifti1.damaged(path, message));
    let bytes = if is_gzip(first) {
        match head(path, header::LARGEST) {
            Ok(bytes) => bytes,
            Err(e) if named => return refuse(format!("gzip stream: {e}")),
            Err(_) => return Sniffed::No,
        }
    } else {
        first.to_vec()
    };
    match header::recognise(&bytes) {
        Some(Format::Analyze)
            if !is_named(path, &[".hdr", ".hdr.gz"]) || partner(path, "hdr", "img").is_none() =>
        {
            Sniffed::Refused(Refusal::new(
                "E-ANALYZE",
                "an Analyze 7.5 header without its .img file, or a NIfTI-1 header with a wrong \
                 magic code",
                path.display().to_string(),
                "put the .img file beside it, or convert it to NIfTI-1",
            ))
        }
        Some(_) => Sniffed::Nifti,
        None if named => refuse("named NIfTI, but it does not begin as one".to_owned()),
        None => Sniffed::No,
    }
}
