//! Reports: plain model in, self-contained documents out.
//!
//! A [`Report`] holds what was measured, modelled and said; [`html()`], [`markdown()`] and [`csv()`] turn
//! it into documents without adding a number of their own: every figure in a table or a sentence is
//! the printed form of a fact. [`write()`] puts the documents into a folder, each file whole or not at
//! all, with a manifest of checksums.

mod csv;
mod figure;
mod growth;
mod html;
mod key_image;
mod limitations;
mod markdown;
mod measured;
mod tables;
mod write;

pub use csv::csv;
pub use figure::{Figure, Theme, nice_ticks};
pub use growth::{CurveBand, CurvePoint, GrowthCurve, Treated, growth_figure, sum_figure};
pub use html::html;
pub use key_image::{CropWindow, GrayPicture, KeyImage, LesionOverlay, key_image, key_image_svg};
pub use markdown::markdown;
pub use measured::{MeasuredFigure, figures_csv};
pub use write::{Written, write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::narrate::{CaseSummary, FactTable, Narrative, Violation, check};

/// A document format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One HTML file with everything inside.
    Html,
    /// Markdown with figures beside it.
    Md,
    /// Measurement table as CSV.
    Csv,
}

/// The sentence at the top and the bottom of every document.
pub const RESEARCH_USE: &str =
    "Research use only \u{2013} not for diagnosis or treatment decisions";

/// Who made the report, when and with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Name and version of the software.
    pub software: String,
    /// When the report was made; passed in, since stages know no clock.
    pub created: Timestamp,
    /// Newest hash of the audit trail (hex); may be empty.
    pub audit_head: String,
    /// Who read the images; may be empty.
    pub reader: String,
}

/// One line of the methods section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// What, for example `Segmentation engine`.
    pub name: String,
    /// Which, with version and parameters.
    pub value: String,
}

/// The reading of one visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Label of the visit, for example `Follow-up 1`.
    pub time_point: String,
    /// The newest line is a signature that stands.
    pub is_signed: bool,
    /// What was signed is not what stands: the record was altered by other means.
    pub is_broken: bool,
    /// What became of the reading, oldest first: who, role, meaning, date and time, reasons of
    /// amendments. Empty for one that never was anything but a draft.
    pub lines: Vec<String>,
}

impl Reading {
    /// The state in words.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match (self.is_signed, self.is_broken) {
            (false, _) => "Draft \u{2013} not signed",
            (true, false) => "Signed",
            (true, true) => "Signed, but what was signed is not what stands",
        }
    }
}

/// Everything a report shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Who, when, with what.
    pub header: Header,
    /// The case.
    pub case: CaseSummary,
    /// Its facts.
    pub facts: FactTable,
    /// What is said of it.
    pub narrative: Narrative,
    /// Readings, visit by visit.
    pub readings: Vec<Reading>,
    /// Growth curves.
    pub curves: Vec<GrowthCurve>,
    /// Key images, in the order shown.
    pub key_images: Vec<KeyImage>,
    /// Figures that were measured beside the lesions, in the order of visits and of drawing.
    pub figures: Vec<MeasuredFigure>,
    /// Further lines of the methods section (engines and seeds are taken from the case).
    pub methods: Vec<Method>,
}

impl Report {
    /// Checks that every sentence is borne out by its facts.
    ///
    /// # Errors
    /// [`Error::Narrative`] names each sentence that is not.
    pub fn verify(&self) -> Result<(), Error> {
        let violations = check(&self.facts, &self.narrative);
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Error::Narrative(violations))
        }
    }
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Sentences say something else than their facts.
    #[error(
        "the narrative is not borne out by its facts, so nothing was exported: {}",
        Violation::describe(.0)
    )]
    Narrative(Vec<Violation>),
    /// A picture's size and its pixels disagree, or its geometry is unusable.
    #[error("key image of {what}: {why}")]
    Picture {
        /// Which.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// The document template failed.
    #[error("report template: {0}")]
    Template(#[from] minijinja::Error),
    /// Facts could not be written as JSON.
    #[error("facts as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file could not be written.
    #[error("{path}: {source}; choose a folder that can be written to")]
    Io {
        /// Which file or folder.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Text of XML and of HTML, and of attributes in double quotes.
fn escape_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters are not allowed in XML at all.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
