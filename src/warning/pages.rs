//! The page of documentation that each warning has, compiled in.

use super::WarningCode;

impl WarningCode {
    /// The page in Markdown: headings, paragraphs and inline code.
    #[must_use]
    pub const fn page(self) -> &'static str {
        match self {
            Self::OtherGrid => include_str!("../../docs/warnings/W-GRID.md"),
            Self::Syntax => include_str!("../../docs/warnings/W-SYNTAX.md"),
            Self::Precision => include_str!("../../docs/warnings/W-PRECISION.md"),
            Self::Tilt => include_str!("../../docs/warnings/W-TILT.md"),
            Self::Gap => include_str!("../../docs/warnings/W-GAP.md"),
            Self::UnevenSpacing => include_str!("../../docs/warnings/W-SPACING.md"),
            Self::Overlap => include_str!("../../docs/warnings/W-OVERLAP.md"),
            Self::Duplicate => include_str!("../../docs/warnings/W-DUPLICATE.md"),
            Self::Order => include_str!("../../docs/warnings/W-ORDER.md"),
            Self::Split => include_str!("../../docs/warnings/W-SPLIT.md"),
            Self::Joined => include_str!("../../docs/warnings/W-JOINED.md"),
            Self::FourD => include_str!("../../docs/warnings/W-4D.md"),
            Self::DirectionCosines => include_str!("../../docs/warnings/W-IOP.md"),
            Self::Lossy => include_str!("../../docs/warnings/W-LOSSY.md"),
            Self::Padding => include_str!("../../docs/warnings/W-PADDING.md"),
            Self::Rescale => include_str!("../../docs/warnings/W-RESCALE.md"),
            Self::NoSuv => include_str!("../../docs/warnings/W-NOSUV.md"),
            Self::FrameOfReference => include_str!("../../docs/warnings/W-FOR.md"),
            Self::Sform => include_str!("../../docs/warnings/W-SFORM.md"),
            Self::OrientationUnknown => include_str!("../../docs/warnings/W-ORIENT-UNKNOWN.md"),
            Self::SpacingUnknown => include_str!("../../docs/warnings/W-SPACING-UNKNOWN.md"),
            Self::Patient => include_str!("../../docs/warnings/W-PATIENT.md"),
            Self::CharacterSet => include_str!("../../docs/warnings/W-CHARSET.md"),
            Self::Partial => include_str!("../../docs/warnings/W-PARTIAL.md"),
            Self::Date => include_str!("../../docs/warnings/W-DATE.md"),
            Self::Small => include_str!("../../docs/warnings/W-SMALL.md"),
            Self::Border => include_str!("../../docs/warnings/W-BORDER.md"),
            Self::Doubtful => include_str!("../../docs/warnings/W-DOUBTFUL.md"),
            Self::NotIdentified => include_str!("../../docs/warnings/W-NOT-IDENTIFIED.md"),
            Self::Prior => include_str!("../../docs/warnings/W-PRIOR.md"),
            Self::Posterior => include_str!("../../docs/warnings/W-POSTERIOR.md"),
            Self::Changed => include_str!("../../docs/warnings/W-CHANGED.md"),
            Self::Stated => include_str!("../../docs/warnings/W-STATED.md"),
            Self::Model => include_str!("../../docs/warnings/W-MODEL.md"),
            Self::Registration => include_str!("../../docs/warnings/W-REGISTRATION.md"),
        }
    }

    /// The code written like this, in capitals or not, with or without `W-`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_uppercase();
        let name = text.strip_prefix("W-").unwrap_or(&text);
        serde_json::from_value(format!("W-{name}").into()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_by_name_and_their_page_is_theirs() {
        assert_eq!(WarningCode::named("w-gap"), Some(WarningCode::Gap));
        assert_eq!(WarningCode::named(" 4d "), Some(WarningCode::FourD));
        assert_eq!(WarningCode::named("W-NOTHING"), None);
        for code in [
            WarningCode::Gap,
            WarningCode::NotIdentified,
            WarningCode::Tilt,
        ] {
            let head = format!("# {}: ", code.as_str());
            assert!(code.page().starts_with(&head), "{head}");
        }
    }
}
