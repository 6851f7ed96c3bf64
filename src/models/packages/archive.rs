//! One file out of a wheel or a tarball.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use super::{Client, Piece};
use crate::models::digest::CHUNK;
use crate::models::{Error, Result};

fn failed(piece: &Piece, reason: impl Into<String>) -> Error {
    Error::Client {
        client: piece.client.name(),
        package: piece.package.clone(),
        reason: reason.into(),
    }
}

fn copy(
    piece: &Piece,
    mut member: impl Read,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = member.read(&mut chunk);
        match n.map_err(|e| failed(piece, e.to_string()))? {
            0 => return Ok(()),
            n => take(&chunk[..n])?,
        }
    }
}

/// Hands out the bytes of the piece's member.
pub(super) fn extract(
    piece: &Piece,
    archive: &Path,
    take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let file = BufReader::new(File::open(archive).map_err(Error::read(archive))?);
    let missing = || failed(piece, format!("it holds no {}", piece.member));
    match piece.client {
        Client::Pip => {
            let mut zip = zip::ZipArchive::new(file).map_err(|e| failed(piece, e.to_string()))?;
            let member = zip.by_name(&piece.member).map_err(|_| missing())?;
            copy(piece, member, take)
        }
        Client::Npm => {
            let mut tar = tar::Archive::new(GzDecoder::new(file));
            for entry in tar.entries().map_err(|e| failed(piece, e.to_string()))? {
                let entry = entry.map_err(|e| failed(piece, e.to_string()))?;
                if entry
                    .path()
                    .is_ok_and(|path| path == Path::new(&piece.member))
                {
                    return copy(piece, entry, take);
                }
            }
            Err(missing())
        }
    }
}
