//! What a user asks to be fetched.

use std::str::FromStr;

use super::{Error, names};

/// A model by its name, or any repository of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One that the program knows.
    Known(String),
    /// `hub:OWNER/REPO[@REVISION]`
    Hub {
        /// `OWNER/REPO`
        repository: String,
        /// Branch, tag or commit; `main` where none is given.
        revision: Option<String>,
    },
}

/// Whether this is `OWNER/REPO`.
pub(super) fn is_repository(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(owner, name)| names::is_plain(owner) && names::is_plain(name))
}

fn is_revision(text: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
    !text.is_empty() && text.len() <= 200 && text.chars().all(is_known) && !text.contains("..")
}

impl FromStr for Wish {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Name {
            name: text.to_owned(),
        };
        let Some(rest) = text.strip_prefix("hub:") else {
            names::check(text).map_err(|_| wrong())?;
            return Ok(Self::Known(text.to_owned()));
        };
        let (repository, revision) = match rest.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (rest, None),
        };
        if !is_repository(repository) || revision.is_some_and(|r| !is_revision(r)) {
            return Err(wrong());
        }
        Ok(Self::Hub {
            repository: repository.to_owned(),
            revision: revision.map(str::to_owned),
        })
    }
}
