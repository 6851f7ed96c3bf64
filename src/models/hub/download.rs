//! A file of a repository, piece by piece until it is whole.

use std::io::Read as _;
use std::path::Path;

use ureq::Body;
use ureq::http::header::CONTENT_RANGE;
use ureq::http::{Response, StatusCode};

use super::{Hub, Tried, Trouble};
use crate::models::digest::CHUNK;
use crate::models::meter::Meter;
use crate::models::part::Part;
use crate::models::plan::Wanted;
use crate::models::receipt::Record;
use crate::models::{Error, Result};

/// How often a file is begun anew, where the host does not go on from where it broke off.
const RESTARTS: u32 = 3;

/// Where the bytes of an answer belong.
enum Answer {
    /// Behind those that are there.
    Rest(Response<Body>),
    /// At the beginning.
    Whole(Response<Body>),
    /// Nowhere: what is there is no beginning of what the host has.
    Nothing,
}

/// Why a file that was begun anew several times is not begun again.
fn given_up(answer: &Answer, part: &Part<'_>) -> Error {
    match answer {
        Answer::Nothing => part.discard(format!("{} bytes", part.bytes())),
        _ => Error::Network {
            what: part.wanted().path.clone(),
            reason: "the connection breaks off, and the host always begins anew".to_owned(),
        },
    }
}

/// Where a partial answer begins: `bytes 5-9/10`.
fn begin(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let range = range.strip_prefix("bytes ")?;
    range.split('-').next()?.trim().parse().ok()
}

impl Hub {
    /// Fetches a file into a folder; goes on from what an earlier try has left.
    pub(in crate::models) fn download(
        &self,
        [repository, revision]: [&str; 2],
        wanted: &Wanted,
        folder: &Path,
        meter: &mut Meter<'_>,
    ) -> Result<Record> {
        meter.begin(format!("Checking what is here of {}", wanted.path));
        let mut part = Part::open(folder, wanted, meter)?;
        meter.resume(format!("Fetching {}", wanted.path));
        let below = format!("/{repository}/resolve/{revision}/{}", wanted.path);
        let (mut tries, mut restarts) = (0, 0);
        while part.bytes() < wanted.bytes {
            let before = part.bytes();
            let answer = self.ask_for(repository, &below, before);
            let ended = match answer {
                Ok(Answer::Rest(response)) => append(response, &mut part, meter),
                Ok(answer) => {
                    restarts += u32::from(before > 0);
                    if restarts > RESTARTS {
                        return Err(given_up(&answer, &part));
                    }
                    part.restart(meter)?;
                    match answer {
                        Answer::Whole(response) => append(response, &mut part, meter),
                        _ => continue,
                    }
                }
                Err(trouble) => Err(trouble),
            };
            if part.bytes() > before {
                tries = 0;
            }
            let (reason, after) = match ended {
                Ok(()) if part.bytes() >= wanted.bytes => break,
                Ok(()) => ("the connection ended too early".to_owned(), None),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Again { reason, after }) => (reason, after),
            };
            tries += 1;
            self.wait(&wanted.path, tries, reason, after, meter.job())?;
        }
        part.finish()
    }

    fn ask_for(&self, repository: &str, below: &str, from: u64) -> Tried<Answer> {
        let response = self.get(repository, below, from)?;
        Ok(match response.status() {
            StatusCode::PARTIAL_CONTENT if begin(&response) == Some(from) => Answer::Rest(response),
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => Answer::Nothing,
            _ => Answer::Whole(response),
        })
    }
}

/// Writes what comes until the connection ends.
fn append(mut response: Response<Body>, part: &mut Part<'_>, meter: &mut Meter<'_>) -> Tried<()> {
    let mut body = response.body_mut().as_reader();
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = match body.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) => {
                return Err(Trouble::Again {
                    reason: e.to_string(),
                    after: None,
                });
            }
        };
        part.write(&chunk[..n])?;
        meter.add(n).map_err(Error::from)?;
    }
}
