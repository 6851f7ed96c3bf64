//! The page of documentation that each refusal has, compiled in.

/// Codes with their pages, in order of the alphabet.
macro_rules! pages {
    ($($code:literal),+ $(,)?) => {
        &[$(($code, include_str!(concat!("../../docs/refusals/", $code, ".md")))),+]
    };
}

const PAGES: &[(&str, &str)] = pages![
    "E-AMBIGUOUS",
    "E-ANALYZE",
    "E-ANCHOR",
    "E-ARTIFACT-CORRUPT",
    "E-ARTIFACT-MISSING",
    "E-BACKUP",
    "E-BITS",
    "E-CANCELLED",
    "E-CODE",
    "E-CODEC",
    "E-COLOUR",
    "E-CRASH",
    "E-DAMAGED",
    "E-DATA",
    "E-DATABASE",
    "E-DICOM",
    "E-DICOMDIR",
    "E-DISK-FULL",
    "E-DTYPE",
    "E-EMPTY",
    "E-ERASE",
    "E-EVENTS",
    "E-EXISTS",
    "E-EXPORT",
    "E-FOREIGN",
    "E-FORMAT",
    "E-FRAME",
    "E-GEOMETRY",
    "E-GRID",
    "E-IO",
    "E-ITEM",
    "E-LABEL",
    "E-LOAD",
    "E-LOCKED",
    "E-LUT",
    "E-MASK",
    "E-MEASURE",
    "E-MEMORY",
    "E-METAIMAGE",
    "E-MOSAIC",
    "E-MULTIFRAME",
    "E-NEWER",
    "E-NIFTI",
    "E-NO-HOME",
    "E-NOT-A-VOLUME",
    "E-NOT-EMPTY",
    "E-NRRD",
    "E-OLDER",
    "E-OPEN",
    "E-PATIENT",
    "E-PET",
    "E-PHANTOM",
    "E-PRESET",
    "E-READ",
    "E-READ-ONLY",
    "E-READING-ONLY",
    "E-REFUSED",
    "E-REGISTER",
    "E-REPORT",
    "E-REVIEW",
    "E-SCENARIO",
    "E-SCRIPT",
    "E-SEG",
    "E-SESSION",
    "E-SIDECAR",
    "E-SLICES",
    "E-STEP",
    "E-STOPPED",
    "E-STORE",
    "E-TABLE",
    "E-TRAIL",
    "E-TWIN",
    "E-UNEVEN",
    "E-UNKNOWN",
    "E-WRITE",
    "E-ZIP",
];

/// The page about a refusal: the code in capitals or not, with or without `E-`.
pub(super) fn named(text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.trim().to_uppercase();
    let code = match text.starts_with("E-") {
        true => text,
        false => format!("E-{text}"),
    };
    let at = PAGES.binary_search_by(|(c, _)| (*c).cmp(&code)).ok()?;
    PAGES.get(at).copied()
}
