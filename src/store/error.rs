//! What can go wrong with a workspace, and what the user can do about it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store could not do what was asked. Nothing of a refused transaction is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the workspace open.
    #[error(
        "the workspace {} is open in another OncoTwin; close it there, or choose another folder",
        dir.display()
    )]
    Locked {
        /// The workspace.
        dir: PathBuf,
    },
    /// A later version of the program wrote the database.
    #[error(
        "{} was written by a newer OncoTwin (schema {found}, this program knows {known}); \
         update OncoTwin to open it",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest schema version that this program knows.
        known: u32,
    },
    /// An earlier version of the program wrote the database, and it may not be brought up to date.
    #[error(
        "{} was written by an older OncoTwin; open it once where it can be written, so that it is \
         brought up to date",
        path.display()
    )]
    Older {
        /// The database.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{} is not an OncoTwin workspace; choose another folder", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The platform names no data directory.
    #[error("no data directory is known for this user; name a workspace folder (--case DIR)")]
    NoHome,
    /// No space is left.
    #[error(
        "no space is left to {doing} {}; nothing was saved by this step: free some space and \
         repeat it",
        path.display()
    )]
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// The folder or file cannot be written.
    #[error(
        "not allowed to {doing} {}; make the folder writable, or choose another workspace folder",
        path.display()
    )]
    ReadOnly {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// Reading or writing a file failed.
    #[error("could not {doing} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database file is damaged.
    #[error(
        "the database {} is damaged ({detail}); keep a copy of the folder, then restore a backup, or \
         copy what can be read with `oncotwin salvage`",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// Any other failure of the database.
    #[error(
        "could not {doing} the database {}: {source}; check the disk and its connection, then try \
         again",
        path.display()
    )]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A row holds something that the program never writes there.
    #[error("table {table} holds an unreadable {what}: {detail}")]
    Row {
        /// The table.
        table: &'static str,
        /// The column or the kind of value.
        what: &'static str,
        /// What was found.
        detail: String,
    },
    /// A change contradicts the record (an unknown parent, a label used twice).
    #[error("the change does not fit the record: {0}")]
    Refused(String),
    /// A transaction changes the record without an audit entry.
    #[error("a change of the record needs an audit entry; only views and settings go without")]
    Unaccounted,
    /// An artifact is not in the workspace.
    #[error("artifact {sha256} is missing from the workspace")]
    MissingArtifact {
        /// Its SHA-256, hex.
        sha256: String,
    },
    /// A file does not have the content that its name promises.
    #[error("artifact {} is corrupt: its content does not have the SHA-256 of its name", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
    },
    /// The workspace was opened for reading only.
    #[error("the workspace is open for reading only ({reason}); nothing of this change was saved")]
    ReadingOnly {
        /// Why.
        reason: String,
    },
    /// The anchor of the audit trail was not written; what was committed stands.
    #[error(
        "the record was saved, but the anchor that protects the end of its audit trail was not: {0}"
    )]
    Anchor(#[source] Box<Error>),
    /// A file of that name is there already.
    #[error("{} exists already and is left as it is; choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A folder that must be new holds something.
    #[error("the folder {} is not empty; name a new or an empty one", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// The file is not a backup, or not whole.
    #[error(
        "{} cannot be restored: {detail}; nothing was restored, try another copy of the backup",
        path.display()
    )]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The user asked to stop; nothing was left behind.
    #[error(transparent)]
    Cancelled(#[from] crate::jobs::Cancelled),
    /// The writer has ended.
    #[error("the workspace is closed; nothing of this change was saved")]
    Stopped,
}

/// What the user can do about a failed file, as the end of a sentence.
fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => {
            "; check that this is the right folder and that its disk is connected"
        }
        // The program's own; they say it themselves.
        ErrorKind::Other => "",
        _ => "; check the disk and its connection, then try again",
    }
}

impl Error {
    /// Short code for machine-readable output.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "E-LOCKED",
            Self::Newer { .. } => "E-NEWER",
            Self::Older { .. } => "E-OLDER",
            Self::Foreign { .. } => "E-FOREIGN",
            Self::NoHome => "E-NO-HOME",
            Self::DiskFull { .. } => "E-DISK-FULL",
            Self::ReadOnly { .. } => "E-READ-ONLY",
            Self::Io { .. } => "E-IO",
            Self::Damaged { .. } => "E-DAMAGED",
            Self::Database { .. } | Self::Row { .. } => "E-DATABASE",
            Self::Refused(_) | Self::Unaccounted => "E-REFUSED",
            Self::MissingArtifact { .. } => "E-ARTIFACT-MISSING",
            Self::Corrupt { .. } => "E-ARTIFACT-CORRUPT",
            Self::ReadingOnly { .. } => "E-READING-ONLY",
            Self::Anchor(_) => "E-ANCHOR",
            Self::Exists { .. } => "E-EXISTS",
            Self::NotEmpty { .. } => "E-NOT-EMPTY",
            Self::Backup { .. } => "E-BACKUP",
            Self::Cancelled(_) => "E-CANCELLED",
            Self::Stopped => "E-STOPPED",
        }
    }

    /// Turns a file error into one that says what was being done, and where.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { doing, path },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { doing, path }
            }
            _ => Self::Io {
                doing,
                path,
                source,
            },
        }
    }

    /// Turns a database error into one that says what was being done, and where.
    pub(super) fn database(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { doing, path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { doing, path }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                path,
                detail: source.to_string(),
            },
            Some(ErrorCode::ConstraintViolation) => Self::Refused(source.to_string()),
            _ => Self::Database {
                doing,
                path,
                source,
            },
        }
    }
}
