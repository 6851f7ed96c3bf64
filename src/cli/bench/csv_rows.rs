//! Tables of data sets: rows with their lines, and refusals that name them.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::cli::output::Failure;

/// A file of a set.
pub(super) fn open(path: &Path, set: &str) -> Result<File, Failure> {
    File::open(path).map_err(|e| {
        Failure::new("E-DATA", format!("{set}: {e}"))
            .at(path.display())
            .hint("--data names the folder that holds the sets.")
    })
}

/// All rows with their lines.
pub(super) fn rows<T: DeserializeOwned>(
    reader: csv::Reader<impl io::Read>,
) -> Result<Vec<(u64, T)>, Failure> {
    let mut rows = reader.into_deserialize();
    let mut found = Vec::new();
    loop {
        let line = rows.reader().position().line();
        match rows.next() {
            Some(Ok(row)) => found.push((line, row)),
            Some(Err(e)) => {
                let line = e.position().map_or(line, csv::Position::line);
                return Err(damaged(line, &e.to_string()));
            }
            None => return Ok(found),
        }
    }
}

pub(super) fn check(
    line: u64,
    column: &str,
    value: f64,
    [least, most]: [f64; 2],
) -> Result<(), Failure> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let message = format!("{column} is {value}; it must be from {least} to {most}");
    Err(damaged(line, &message))
}

pub(super) fn damaged(line: u64, message: &str) -> Failure {
    Failure::new("E-TABLE", format!("line {line}: {message}"))
}
