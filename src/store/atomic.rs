//! Writing a file so that it is there whole or not at all.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// How far a file must have got when [`write()`] returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// On the disk, together with its directory entry.
    Disk,
    /// With the operating system; a power cut may lose or damage it.
    System,
}

/// Writes `bytes` under `path`, replacing what was there in one step.
///
/// The file is first written into `scratch`, which must lie on the same file system and is swept
/// when a workspace opens, so that a killed process leaves nothing behind.
pub(super) fn write(
    path: &Path,
    scratch: &Path,
    bytes: &[u8],
    durability: Durability,
) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(scratch)?;
    file.write_all(bytes)?;
    if durability == Durability::Disk {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|e| e.error)?;
    if durability == Durability::Disk
        && let Some(parent) = path.parent()
    {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    // Windows cannot open a directory as a file; NTFS journals its entries by itself.
    if cfg!(unix) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
