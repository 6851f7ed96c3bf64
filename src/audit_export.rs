//! The audit trail for other programs: entries in, text out.
//!
//! Every format is one [`opening`] and one [`line()`] per entry, so that a trail of any length can be
//! written while it is read:
//!
//! - CSV (RFC 4180): a row per entry with all columns and what its journal says.
//! - JSON Lines: an object per entry and line, `docs/schemas/audit-entry.schema.json`.
//! - DICOM: an audit message per entry and line (PS3.15 A.5), as the body of a syslog message
//!   (RFC 5424; IHE ITI-20). Without title, reason and content of changes, which may name a person.

mod csv;
mod messages;

use crate::store::AuditEntry;

/// Formats of the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// JSON Lines.
    Json,
    /// DICOM audit messages.
    Dicom,
}

impl Format {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Dicom => "dicom",
        }
    }
}

/// Why an entry has no such form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has no form as JSON.
    #[error("entry {seq} has no JSON form ({source}); run `oncotwin audit verify`")]
    Json {
        /// The entry.
        seq: u64,
        /// Why.
        source: serde_json::Error,
    },
    /// It has no form as CSV.
    #[error("entry {seq} has no CSV form ({source}); run `oncotwin audit verify`")]
    Csv {
        /// The entry; 0 for the header.
        seq: u64,
        /// Why.
        source: ::csv::Error,
    },
}

/// What stands before the entries, line break included; may be empty.
///
/// # Errors
/// None that can be met.
pub fn opening(format: Format) -> Result<String, Error> {
    match format {
        Format::Csv => csv::header(),
        Format::Json | Format::Dicom => Ok(String::new()),
    }
}

/// One entry, line break included.
///
/// # Errors
/// When the entry has no form as asked for.
pub fn line(format: Format, entry: &AuditEntry) -> Result<String, Error> {
    match format {
        Format::Csv => csv::row(entry),
        Format::Json => {
            let seq = entry.seq;
            let text =
                serde_json::to_string(entry).map_err(|source| Error::Json { seq, source })?;
            Ok(text + "\n")
        }
        Format::Dicom => Ok(messages::message(entry) + "\n"),
    }
}
