//! What a repository holds, as the hub's interface answers.

use std::io::Read as _;

use serde::Deserialize;
use serde_json::Value;

use super::{Hub, Tried, Trouble};
use crate::jobs::JobContext;
use crate::models::document::FORMAT;
use crate::models::plan::{Licence, Plan, Wanted};
use crate::models::receipt::Origin;
use crate::models::{Error, Result, names};

/// Longest answer that is read.
const LONGEST: u64 = 16 << 20;

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

#[derive(Default, Deserialize)]
struct Card {
    license: Option<Value>,
    license_name: Option<Value>,
    license_link: Option<Value>,
}

impl Card {
    fn licence(&self, page: String) -> Licence {
        let text = |value: &Option<Value>| value.as_ref()?.as_str().map(str::to_owned);
        let link = text(&self.license_link).filter(|link| link.starts_with("https://"));
        let stated = text(&self.license_name).or_else(|| text(&self.license));
        Licence {
            name: stated.unwrap_or_else(|| "as stated by the publisher".to_owned()),
            url: link.unwrap_or(page),
        }
    }
}

impl Sibling {
    fn wanted(&self) -> Option<Wanted> {
        let sha256 = self.lfs.as_ref().map(|lfs| lfs.sha256.clone());
        let wanted = Wanted {
            path: self.rfilename.clone(),
            bytes: self.size?,
            blob: self.blob.clone().filter(|_| sha256.is_none()),
            sha256,
            parts: Vec::new(),
        };
        let is_checked = wanted.sha256.is_some() || wanted.blob.is_some();
        (is_checked && wanted.fault().is_none()).then_some(wanted)
    }
}

fn chosen(repository: &str, siblings: &[Sibling], files: &[String]) -> Result<Vec<Wanted>> {
    let missing = |what: String| Error::NotFound { what };
    let mut found: Vec<&Sibling> = Vec::new();
    for name in files {
        let sibling = siblings.iter().find(|s| s.rfilename == *name);
        found.push(sibling.ok_or_else(|| missing(format!("file {name} in {repository}")))?);
    }
    if files.is_empty() {
        let has_weights =
            |s: &Sibling| names::is_plain(&s.rfilename) && names::is_safetensors(&s.rfilename);
        if !siblings.iter().any(has_weights) {
            let gguf = siblings.iter().map(|s| s.rfilename.as_str());
            let gguf: Vec<&str> = gguf.filter(|name| names::is_gguf(name)).collect();
            let what = match gguf.as_slice() {
                [] => format!("weights as safetensors in {repository}"),
                names => format!(
                    "safetensors in {repository}; choose with --file among {}",
                    names.join(", ")
                ),
            };
            return Err(missing(what));
        }
        found.extend(siblings.iter().filter(|s| names::belongs(&s.rfilename)));
    }
    let wanted = |sibling: &Sibling| {
        sibling.wanted().ok_or_else(|| {
            let reason = format!("it gives no checksum for {}", sibling.rfilename);
            Hub::hub_error(repository, reason)
        })
    };
    found.into_iter().map(wanted).collect()
}

impl Hub {
    /// What fetching a repository comes to, at the commit that a revision has now: all safetensors and
    /// what belongs to them, or the files named.
    pub(in crate::models) fn list(
        &self,
        repository: &str,
        revision: &str,
        files: &[String],
        job: &JobContext,
    ) -> Result<Plan> {
        job.progress
            .step(&format!("Asking what {repository} holds"));
        let mut tries = 0;
        let text = loop {
            match self.ask(repository, revision) {
                Ok(text) => break text,
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Again { reason, after }) => {
                    tries += 1;
                    self.wait(repository, tries, reason, after, job)?;
                }
            }
        };
        let answer: Answer =
            serde_json::from_str(&text).map_err(|e| Self::hub_error(repository, e.to_string()))?;
        if !names::is_hex(&answer.sha, 40) {
            return Err(Self::hub_error(repository, "it names no commit"));
        }
        let title = repository.rsplit('/').next().unwrap_or(repository);
        Ok(Plan {
            format: FORMAT,
            name: names::plain(title),
            title: title.to_owned(),
            licence: answer
                .card
                .unwrap_or_default()
                .licence(self.page(repository)),
            files: chosen(repository, &answer.siblings, files)?,
            origin: Origin::Hub {
                endpoint: self.endpoint.clone(),
                repository: repository.to_owned(),
                revision: answer.sha,
            },
        })
    }

    fn ask(&self, repository: &str, revision: &str) -> Tried<String> {
        let revision = revision.replace('/', "%2F").replace('+', "%2B");
        let below = format!("/api/models/{repository}/revision/{revision}?blobs=true");
        let mut response = self.get(repository, &below, 0)?;
        let mut text = String::new();
        let body = response.body_mut().as_reader();
        body.take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|e| Trouble::Again {
                reason: e.to_string(),
                after: None,
            })?;
        Ok(text)
    }
}
