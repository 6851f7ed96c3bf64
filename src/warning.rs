//! Named warnings: an oddity of the input that was handled, and that the user must be able to see.
//!
//! A warning travels from the reader that raised it to the series list, to every measurement that
//! depends on it and into the report. `docs/warnings` has a page on each code, `docs/refusals` one on
//! each code of what is refused.

mod pages;
mod refusals;

use serde::{Deserialize, Serialize};

/// What was odd. The string form is part of the command-line contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WarningCode {
    /// Gantry tilt: slices are sheared; measured in true geometry.
    #[serde(rename = "W-TILT")]
    Tilt,
    /// Slices are missing.
    #[serde(rename = "W-GAP")]
    Gap,
    /// Slices are unevenly spaced.
    #[serde(rename = "W-SPACING")]
    UnevenSpacing,
    /// Slices are thicker than their distance.
    #[serde(rename = "W-OVERLAP")]
    Overlap,
    /// A slice or an instance occurs more than once.
    #[serde(rename = "W-DUPLICATE")]
    Duplicate,
    /// Slice order could not be taken from positions.
    #[serde(rename = "W-ORDER")]
    Order,
    /// One series holds several stacks and was split.
    #[serde(rename = "W-SPLIT")]
    Split,
    /// Stacks of one series were joined as a reader asked.
    #[serde(rename = "W-JOINED")]
    Joined,
    /// Several volumes over time or phase in one series.
    #[serde(rename = "W-4D")]
    FourD,
    /// Direction cosines are not orthonormal.
    #[serde(rename = "W-IOP")]
    DirectionCosines,
    /// Pixels went through lossy compression.
    #[serde(rename = "W-LOSSY")]
    Lossy,
    /// Padding pixels were left out.
    #[serde(rename = "W-PADDING")]
    Padding,
    /// Rescale differs between slices or is missing.
    #[serde(rename = "W-RESCALE")]
    Rescale,
    /// PET without a trustworthy SUV.
    #[serde(rename = "W-NOSUV")]
    NoSuv,
    /// Frames of reference differ.
    #[serde(rename = "W-FOR")]
    FrameOfReference,
    /// sform and qform disagree.
    #[serde(rename = "W-SFORM")]
    Sform,
    /// Left and right are unknown.
    #[serde(rename = "W-ORIENT-UNKNOWN")]
    OrientationUnknown,
    /// Millimetres are not to be believed.
    #[serde(rename = "W-SPACING-UNKNOWN")]
    SpacingUnknown,
    /// Patient identity differs between files or time points.
    #[serde(rename = "W-PATIENT")]
    Patient,
    /// Text could not be decoded with the declared character set.
    #[serde(rename = "W-CHARSET")]
    CharacterSet,
    /// Some files were left out.
    #[serde(rename = "W-PARTIAL")]
    Partial,
    /// A file is written otherwise than it declares.
    #[serde(rename = "W-SYNTAX")]
    Syntax,
    /// Stored values have more digits than are kept.
    #[serde(rename = "W-PRECISION")]
    Precision,
    /// The date of the study is unknown or was supplied beside the image.
    #[serde(rename = "W-DATE")]
    Date,
    /// A lesion is small beside the voxels, or thin beside the slices.
    #[serde(rename = "W-SMALL")]
    Small,
    /// The mask touches the border of the image.
    #[serde(rename = "W-BORDER")]
    Border,
    /// The segmentation is doubtful (low contrast, leak, disagreement with the drawn line).
    #[serde(rename = "W-DOUBTFUL")]
    Doubtful,
    /// A parameter is not determined by the data; its posterior is its prior.
    #[serde(rename = "W-NOT-IDENTIFIED")]
    NotIdentified,
    /// A set of priors says nothing of a parameter, which has that of the generic set.
    #[serde(rename = "W-PRIOR")]
    Prior,
    /// The posterior's own diagnostics are not good; its numbers are provisional.
    #[serde(rename = "W-POSTERIOR")]
    Posterior,
    /// The files of a series are not the ones that were entered and measured.
    #[serde(rename = "W-CHANGED")]
    Changed,
    /// A mask lies on another grid than the image it is measured with.
    #[serde(rename = "W-GRID")]
    OtherGrid,
    /// A reader stated values in place of the header's.
    #[serde(rename = "W-STATED")]
    Stated,
    /// The growth models simplify what the record says of treatment.
    #[serde(rename = "W-MODEL")]
    Model,
    /// Two images are aligned less well than measuring across them would need.
    #[serde(rename = "W-REGISTRATION")]
    Registration,
}

/// The code and the page of the warning or refusal called this: in capitals or not, with or without
/// `W-` or `E-`.
#[must_use]
pub fn explained(text: &str) -> Option<(String, &'static str)> {
    if let Some(code) = WarningCode::named(text) {
        return Some((code.as_str(), code.page()));
    }
    refusals::named(text).map(|(code, page)| (code.to_owned(), page))
}

impl WarningCode {
    /// The code as printed, for example `W-GAP`.
    #[must_use]
    pub fn as_str(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// What begins the part of a W-4D warning that names the volume.
const NAMED: &str = "; volume ";

/// These warnings, that of several volumes (W-4D) naming the one that is shown and measured, which
/// is counted from 0; `None` takes the name out.
#[must_use]
pub fn naming_frame(warnings: &[Warning], frame: Option<usize>) -> Vec<Warning> {
    let name = |warning: &Warning| {
        let mut warning = warning.clone();
        if warning.code == WarningCode::FourD {
            let plain = warning.message.split(NAMED).next().unwrap_or_default();
            warning.message = match frame {
                Some(frame) => format!("{plain}{NAMED}{} is shown and measured", frame + 1),
                None => plain.to_owned(),
            };
        }
        warning
    };
    warnings.iter().map(name).collect()
}

/// A named warning with its consequence in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What was odd.
    pub code: WarningCode,
    /// What it means for the user. Never holds patient data.
    pub message: String,
    /// Files concerned, where that helps; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl Warning {
    /// A warning that concerns the whole item.
    #[must_use]
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            files: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn warnings_and_refusals_are_explained_by_any_spelling_of_their_code() {
        for (text, code) in [
            ("w-gap", "W-GAP"),
            (" E-READ ", "E-READ"),
            ("read-only", "E-READ-ONLY"),
            ("zip", "E-ZIP"),
            ("patient", "W-PATIENT"),
            ("e-patient", "E-PATIENT"),
        ] {
            let (found, page) = explained(text).expect(code);
            assert_eq!(found, code);
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        }
        assert!(explained("E-NOTHING").is_none());
        assert!(explained("").is_none());
    }
}
