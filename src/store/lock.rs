//! One writer at a time: the lock file of a workspace.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::Error;

/// File of the lock in the workspace's folder; it stays there, empty.
pub(super) const LOCK: &str = "oncotwin.lock";

/// A lock that is given back when this is dropped.
///
/// Closing the file would not do: a process that another thread happens to be starting holds a copy
/// of it until its program begins, and with it the lock.
pub(super) struct Lock(File);

impl Lock {
    /// Shuts out every other process.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process holds it, [`Error::Io`] when there can be no lock.
    pub(super) fn for_writing(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                dir: dir.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(Error::io("lock", &path)(source)),
        }
    }

    /// Keeps the program from writing to the workspace while it is copied; `None` where the system
    /// has no lock to give.
    ///
    /// # Errors
    /// [`Error::Locked`] when a process writes to it.
    pub(super) fn for_copying(dir: &Path) -> Result<Option<Self>, Error> {
        let Ok(file) = File::open(dir.join(LOCK)) else {
            return Ok(None);
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                dir: dir.to_owned(),
            }),
            Err(TryLockError::Error(_)) => Ok(None),
            Ok(()) => Ok(Some(Self(file))),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!("the lock of the workspace was not given back: {error}");
        }
    }
}
