//! What can go wrong on the way of a model to this computer.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::meter::size;
use crate::jobs::Cancelled;

/// Result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model was not listed, fetched, taken over or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No model is called that.
    #[error("no model is called “{name}”")]
    Name {
        /// What was asked for.
        name: String,
    },
    /// A name that cannot be that of a folder.
    #[error(
        "“{name}” cannot be the name of a model: letters, digits, points, dashes and underlines are"
    )]
    NameForm {
        /// What was asked for.
        name: String,
    },
    /// The licence was not accepted here.
    #[error("the licence of {name} was not accepted: {licence}")]
    Licence {
        /// Which model.
        name: String,
        /// Name and address of the licence.
        licence: String,
    },
    /// 401: no token, or one that is not valid.
    #[error("the hub wants to know who asks for {repository}")]
    Token {
        /// Which repository.
        repository: String,
        /// Whether a token was sent.
        sent: bool,
        /// Page of the repository.
        page: String,
    },
    /// 403: the licence was not accepted on the hub, or the token may not read it.
    #[error("the hub does not give out {repository} to this account")]
    Gated {
        /// Which repository.
        repository: String,
        /// Page of the repository.
        page: String,
    },
    /// 404: no such repository, revision or file.
    #[error("the hub has no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// Another status, or an answer that cannot be understood.
    #[error("the hub's answer to {what} cannot be used: {reason}")]
    Hub {
        /// What was asked for.
        what: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The hub was not reached, or the connection broke off again and again.
    #[error("{what} could not be fetched: {reason}")]
    Network {
        /// What was asked for.
        what: String,
        /// What happened last.
        reason: String,
    },
    /// The disk has too little space, known before anything was fetched.
    #[error("{} more are needed and {} are free", size(*needed), size(*free))]
    Space {
        /// Folder of the model.
        dir: PathBuf,
        /// Bytes still to be written.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// What arrived is something else than what was expected.
    #[error("the content is not what was published: expected {expected}, found {found}")]
    Checksum {
        /// Which file.
        path: PathBuf,
        /// Checksum or size.
        expected: String,
        /// Checksum or size.
        found: String,
    },
    /// The program that fetches packages is not installed.
    #[error("{client} is needed to fetch {package} and is not installed")]
    ClientMissing {
        /// `pip` or `npm`.
        client: &'static str,
        /// Which package.
        package: String,
    },
    /// The program that fetches packages failed, or brought something else.
    #[error("{client} did not bring {package}: {reason}")]
    Client {
        /// `pip` or `npm`.
        client: &'static str,
        /// Which package.
        package: String,
        /// What it said last.
        reason: String,
    },
    /// Another model of this name is here.
    #[error("another model is called {name}: {other}")]
    Exists {
        /// The name.
        name: String,
        /// What is there.
        other: String,
        /// Where.
        path: PathBuf,
    },
    /// Another process works on this model.
    #[error("another process is at work on {name}")]
    Busy {
        /// Which model.
        name: String,
        /// Its folder.
        path: PathBuf,
    },
    /// A receipt or a plan that cannot be understood.
    #[error("cannot be understood: {reason}")]
    Receipt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no model where one was to be taken over.
    #[error("there is no model: {reason}")]
    NoModel {
        /// What was named.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// What is there cannot be run.
    #[error(transparent)]
    Model(#[from] crate::nn::Error),
    /// A path could not be read.
    #[error("{source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A path could not be written.
    #[error("{source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The platform names no folder for data.
    #[error("the system names no folder for data of programs")]
    NoHome,
    /// Stopped by the user.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Error {
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Write { path, source },
        }
    }

    /// The code of the refusal, with a page in `docs/refusals`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } | Self::NameForm { .. } => "E-MODEL-NAME",
            Self::Licence { .. } => "E-MODEL-LICENCE",
            Self::Token { .. } => "E-HUB-TOKEN",
            Self::Gated { .. } => "E-HUB-LICENCE",
            Self::NotFound { .. } => "E-HUB-NAME",
            Self::Hub { .. } => "E-HUB",
            Self::Network { .. } => "E-NETWORK",
            Self::Space { .. } | Self::Full { .. } => "E-MODEL-SPACE",
            Self::Checksum { .. } => "E-MODEL-CHECKSUM",
            Self::ClientMissing { .. } | Self::Client { .. } => "E-PACKAGE-CLIENT",
            Self::Exists { .. } => "E-EXISTS",
            Self::Busy { .. } => "E-MODEL-BUSY",
            Self::Receipt { .. } => "E-MODEL-RECEIPT",
            Self::NoModel { .. } => "E-MODEL-FILE",
            Self::Model(error) => error.code(),
            Self::Read { .. } => "E-READ",
            Self::Write { .. } => "E-WRITE",
            Self::NoHome => "E-NO-HOME",
            Self::Cancelled(_) => "E-CANCELLED",
        }
    }

    /// Where it went wrong: a path, or nothing.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        match self {
            Self::Space { dir: path, .. }
            | Self::Full { path }
            | Self::Checksum { path, .. }
            | Self::Exists { path, .. }
            | Self::Busy { path, .. }
            | Self::Receipt { path, .. }
            | Self::NoModel { path, .. }
            | Self::Read { path, .. }
            | Self::Write { path, .. } => Some(path),
            _ => None,
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Name { .. } => {
                "`oncotwin models list` shows the names; `hub:OWNER/REPO` fetches others.".to_owned()
            }
            Self::Licence { .. } => "Read it, then give --accept-licence.".to_owned(),
            Self::Token { sent, page, .. } => {
                let first = if *sent {
                    "The token is not valid (any more)."
                } else {
                    "There is no token."
                };
                format!(
                    "{first} Open {page}, accept the licence, make a token for reading, and set HF_TOKEN."
                )
            }
            Self::Gated { page, .. } => format!(
                "Open {page} with your account and accept the licence; the token must be allowed to read \
                 repositories behind licences."
            ),
            Self::Network { .. } => {
                "What has arrived is kept: the same command goes on from there.".to_owned()
            }
            Self::Full { .. } => {
                "Make space, or name another folder with --models; the same command goes on.".to_owned()
            }
            Self::Space { .. } => "Make space, or name another folder with --models.".to_owned(),
            Self::Checksum { .. } => {
                "What was wrong has been removed. Try again; if it happens again, tell the publisher."
                    .to_owned()
            }
            Self::Exists { .. } => "Give another --name, or remove that folder.".to_owned(),
            Self::NoHome => "Name a folder with --models.".to_owned(),
            _ => format!("`oncotwin explain {}` says what can be done.", self.code()),
        }
    }
}
