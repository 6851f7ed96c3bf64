//! Running the programs that fetch packages.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::{Client, Piece};
use crate::jobs::JobContext;
use crate::models::{Error, Result};

/// How the clients are called on this computer: for each, the ways to try, in order.
#[derive(Clone, Debug)]
pub struct Clients {
    pub(in crate::models) pip: Vec<Vec<String>>,
    pub(in crate::models) npm: Vec<Vec<String>>,
}

/// What a client says when Python is there and pip is not.
const NO_PIP: &str = "No module named pip";

/// Lines of a client's last words that are passed on.
const LINES: usize = 3;

fn ways(ways: &[&[&str]]) -> Vec<Vec<String>> {
    let words = |way: &&[&str]| way.iter().map(|word| (*word).to_owned()).collect();
    ways.iter().map(words).collect()
}

/// A client at work; ended if nobody waits for it any more.
struct Working(Child);

impl Working {
    fn wait(&mut self, job: &JobContext) -> Result<std::io::Result<ExitStatus>> {
        loop {
            match self.0.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(50)),
                Ok(Some(status)) => return Ok(Ok(status)),
                Err(e) => return Ok(Err(e)),
            }
            job.check()?;
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The end of what a client said, without names and passwords in addresses.
pub(super) fn last_words(text: &str) -> String {
    let clean = |word: &str| match (word.find("://"), word.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &word[..scheme + 3], &word[at + 1..])
        }
        _ => word.to_owned(),
    };
    let line = |line: &str| {
        line.split_whitespace()
            .map(clean)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let lines: Vec<String> = text.lines().map(line).filter(|l| !l.is_empty()).collect();
    let from = lines.len().saturating_sub(LINES);
    lines[from..].join("; ")
}

impl Clients {
    /// As they are usually called.
    #[must_use]
    pub fn of_system() -> Self {
        let npm: &[&str] = if cfg!(windows) {
            &["npm.cmd"]
        } else {
            &["npm"]
        };
        Self {
            pip: ways(&[
                &["pip3"],
                &["python3", "-m", "pip"],
                &["pip"],
                &["python", "-m", "pip"],
            ]),
            npm: ways(&[npm]),
        }
    }

    /// Fetches a package into a folder that is empty, and gives its file.
    pub(super) fn obtain(&self, piece: &Piece, into: &Path, job: &JobContext) -> Result<PathBuf> {
        let (ways, arguments, ending): (_, &[&str], _) = match piece.client {
            Client::Pip => (
                &self.pip,
                &[
                    "download",
                    "--no-deps",
                    "--only-binary",
                    ":all:",
                    "--no-input",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--dest",
                    ".",
                ],
                "whl",
            ),
            Client::Npm => (&self.npm, &["pack", "--silent", "--ignore-scripts"], "tgz"),
        };
        let client = piece.client.name();
        for way in ways {
            let Some((program, first)) = way.split_first() else {
                continue;
            };
            let mut command = Command::new(program);
            command.args(first).args(arguments).arg(&piece.package);
            let Some(said) = run(command, into, job)? else {
                continue;
            };
            let file = said.and_then(|()| only(into, ending));
            return file.map_err(|reason| Error::Client {
                client,
                package: piece.package.clone(),
                reason,
            });
        }
        Err(Error::ClientMissing {
            client,
            package: piece.package.clone(),
        })
    }
}

/// Runs a client in a folder; `None` where it is not installed, else whether it did its work.
fn run(
    mut command: Command,
    folder: &Path,
    job: &JobContext,
) -> Result<Option<std::result::Result<(), String>>> {
    let path = folder.join("said.txt");
    let said = File::create(&path).map_err(Error::write(&path))?;
    command.current_dir(folder).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(said);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Ok(Some(Err(e.to_string()))),
    };
    let status = Working(child).wait(job)?;
    let said = std::fs::read(&path).map_err(Error::read(&path))?;
    let said = String::from_utf8_lossy(&said);
    Ok(match status {
        Ok(status) if status.success() => Some(Ok(())),
        _ if said.contains(NO_PIP) => None,
        Ok(status) if said.trim().is_empty() => Some(Err(status.to_string())),
        Ok(_) => Some(Err(last_words(&said))),
        Err(e) => Some(Err(e.to_string())),
    })
}

/// The one file of a kind in a folder.
fn only(folder: &Path, ending: &str) -> std::result::Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| e.to_string())?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found = paths.filter(|path| path.extension().is_some_and(|e| e == ending));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        _ => Err(format!("it did not leave one .{ending} file")),
    }
}
