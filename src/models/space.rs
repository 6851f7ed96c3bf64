//! Space on the disk, looked at before it is needed.

use std::io;
use std::path::Path;

use super::{Error, Result};

/// Tells the bytes that are free where a folder lies.
pub(super) type Free = fn(&Path) -> io::Result<u64>;

/// What the system says.
pub(super) fn free(dir: &Path) -> io::Result<u64> {
    fs4::available_space(dir)
}

/// Refuses what would not fit. A system that cannot say is believed to have space: a full disk is
/// noticed in writing, too.
pub(super) fn check(dir: &Path, needed: u64, free: Free) -> Result<()> {
    match free(dir) {
        Ok(free) if free < needed => Err(Error::Space {
            dir: dir.to_owned(),
            needed,
            free,
        }),
        _ => Ok(()),
    }
}
