//! One process at a time works on a model.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{Error, Result};

/// Held while files of a model change; the system lets go of it with the process.
pub(super) struct Lock {
    _file: File,
}

/// Takes the folder of a model, which is made where it is not there.
pub(super) fn lock(folder: &Path, name: &str) -> Result<Lock> {
    std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(Error::write(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(Error::Busy {
            name: name.to_owned(),
            path: folder.to_owned(),
        }),
        // Some file systems know no locks; on them it is left to the user.
        Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => {
            Ok(Lock { _file: file })
        }
        Err(TryLockError::Error(e)) => Err(Error::write(&path)(e)),
    }
}
