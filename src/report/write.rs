//! Documents into a folder: each file whole or not at all, with a manifest of checksums.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Error, Format, Report, csv, figures_csv, html, markdown};

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of its content (hex).
    pub sha256: String,
}

#[derive(Serialize)]
struct Manifest<'a> {
    software: &'a str,
    created: String,
    patient: &'a str,
    audit_head: &'a str,
    files: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    path: &'a str,
    bytes: usize,
    sha256: String,
}

/// Writes the report in each of `formats` into `dir` (made when absent), the fact table as
/// `facts.json`, and last `manifest.json`, which lists all of them. Nothing is written when the
/// narrative is not borne out by its facts. Files of the same names are replaced.
///
/// # Errors
/// [`Error::Narrative`], [`Error::Template`], [`Error::Json`], or [`Error::Io`] with the path.
pub fn write(dir: &Path, report: &Report, formats: &[Format]) -> Result<Vec<Written>, Error> {
    report.verify()?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    if formats.contains(&Format::Html) {
        files.push(("report.html".into(), html(report)?.into_bytes()));
    }
    if formats.contains(&Format::Md) {
        files.extend(markdown(report)?);
    }
    if formats.contains(&Format::Csv) {
        files.push(("measurements.csv".into(), csv(report).into_bytes()));
        if !report.figures.is_empty() {
            files.push(("figures.csv".into(), figures_csv(report).into_bytes()));
        }
    }
    let mut facts = serde_json::to_vec_pretty(&report.facts)?;
    facts.push(b'\n');
    files.push(("facts.json".into(), facts));
    let manifest = Manifest {
        software: &report.header.software,
        created: report.header.created.to_string(),
        patient: &report.case.patient,
        audit_head: &report.header.audit_head,
        files: files
            .iter()
            .map(|(path, bytes)| Entry {
                path,
                bytes: bytes.len(),
                sha256: sha256(bytes),
            })
            .collect(),
    };
    let mut manifest = serde_json::to_vec_pretty(&manifest)?;
    manifest.push(b'\n');
    files.push(("manifest.json".into(), manifest));
    files
        .iter()
        .map(|(name, bytes)| {
            let path: PathBuf = dir.join(name.split('/').collect::<PathBuf>());
            put(&path, bytes).map_err(|source| Error::Io {
                path: path.clone(),
                source,
            })?;
            Ok(Written {
                path,
                sha256: sha256(bytes),
            })
        })
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// A new file in the same folder, flushed to disk, then renamed over the old one.
fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(dir)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    // Temporary files are private; a report gets the permissions that any new file would.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
