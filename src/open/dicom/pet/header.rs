//! What a PET header says of uptake.

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use crate::open::dicom::dates;
use crate::open::dicom::values::{
    is_private_of, items, number, private_number, private_text, text, texts,
};

/// What a PET header says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::open::dicom) struct PetHeader {
    pub(in crate::open::dicom) units: String,
    /// SUVType (0054,1006): which SUV the unit g/mL means.
    pub(in crate::open::dicom) suv_type: String,
    pub(in crate::open::dicom) corrections: Vec<String>,
    pub(in crate::open::dicom) decay_correction: String,
    /// Patient's weight, kg.
    pub(in crate::open::dicom) weight: Option<f64>,
    /// Patient's height, m.
    pub(in crate::open::dicom) height: Option<f64>,
    pub(in crate::open::dicom) sex: String,
    /// Injected dose, Bq.
    pub(in crate::open::dicom) dose: Option<f64>,
    /// Half-life, s.
    pub(in crate::open::dicom) half_life: Option<f64>,
    pub(in crate::open::dicom) injection: Option<DateTime>,
    pub(in crate::open::dicom) injection_time: Option<Time>,
    /// DecayCorrectionDateTime (0018,9701) of enhanced PET.
    pub(in crate::open::dicom) decay_reference: Option<DateTime>,
    pub(in crate::open::dicom) series_start: Option<DateTime>,
    pub(in crate::open::dicom) acquisition_start: Option<DateTime>,
    /// The scanner's own start of the scan.
    pub(in crate::open::dicom) scan_start: Option<DateTime>,
    /// The unit of the real world values that `units` is taken from; empty where it is not.
    pub(in crate::open::dicom) mapped_unit: String,
    /// Whether the injection has an offset from UTC that the other times lack.
    pub(in crate::open::dicom) injection_floats: bool,
    /// Philips (7053,1000): from rescaled counts to SUV by body weight.
    pub(in crate::open::dicom) counts_to_suv: Option<f64>,
    /// Philips (7053,1009): from rescaled counts to Bq/mL.
    pub(in crate::open::dicom) counts_to_activity: Option<f64>,
}

const TIMEZONE_OFFSET: Tag = Tag(0x0008, 0x0201);
const ENHANCED_PET: &str = "1.2.840.10008.5.1.4.1.1.130";

pub(in crate::open::dicom) fn header(set: &InMemDicomObject, sop_class: &str) -> PetHeader {
    let tracer = items(set, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE).first();
    let at = |day: Tag, time: Tag| {
        let day: Date = dates::date(&text(set, day))?;
        Some(day.to_datetime(dates::time(&text(set, time))?))
    };
    // DA and TM are in the zone of the data set; a DT may name another (PS3.5 6.2, PS3.3 C.12.1).
    let zone = dates::offset_s(&text(set, TIMEZONE_OFFSET));
    let local = |text: &str| -> Option<DateTime> {
        let stated = dates::date_time(text)?;
        match (dates::offset_s(text), zone) {
            (Some(own), Some(zone)) => stated.checked_add((zone - own).seconds()).ok(),
            _ => Some(stated),
        }
    };
    let injection = tracer
        .map(|t| text(t, tags::RADIOPHARMACEUTICAL_START_DATE_TIME))
        .unwrap_or_default();
    let private = |tag: Tag, creator: &str| is_private_of(set, tag, creator).then_some(tag);
    let scan_start = [
        private(Tag(0x0071, 0x1022), "SIEMENS MED PT"),
        private(Tag(0x0009, 0x100D), "GEMS_PETD_01"),
    ]
    .into_iter()
    .flatten()
    .find_map(|tag| local(&private_text(set, tag)));
    let philips = |tag: Tag| {
        private(tag, "Philips PET")
            .and_then(|tag| private_number(set, tag))
            .filter(|f| *f > 0.0)
    };
    let mut header = PetHeader {
        units: text(set, tags::UNITS),
        suv_type: text(set, Tag(0x0054, 0x1006)),
        corrections: texts(set, tags::CORRECTED_IMAGE),
        decay_correction: text(set, tags::DECAY_CORRECTION),
        weight: number(set, tags::PATIENT_WEIGHT),
        height: number(set, tags::PATIENT_SIZE),
        sex: text(set, tags::PATIENT_SEX),
        dose: tracer.and_then(|t| number(t, tags::RADIONUCLIDE_TOTAL_DOSE)),
        half_life: tracer.and_then(|t| number(t, tags::RADIONUCLIDE_HALF_LIFE)),
        injection: local(&injection),
        injection_time: tracer
            .and_then(|t| dates::time(&text(t, tags::RADIOPHARMACEUTICAL_START_TIME))),
        decay_reference: local(&text(set, Tag(0x0018, 0x9701))),
        series_start: at(tags::SERIES_DATE, tags::SERIES_TIME),
        acquisition_start: at(tags::ACQUISITION_DATE, tags::ACQUISITION_TIME)
            .or_else(|| local(&text(set, tags::ACQUISITION_DATE_TIME))),
        scan_start,
        injection_floats: zone.is_none() && dates::offset_s(&injection).is_some(),
        mapped_unit: String::new(),
        counts_to_suv: philips(Tag(0x7053, 0x1000)),
        counts_to_activity: philips(Tag(0x7053, 0x1009)),
    };
    if sop_class == ENHANCED_PET {
        enhanced(set, &mut header);
    }
    header
}

/// Enhanced PET says the same in other attributes: the unit with the mapping to real world values,
/// corrections one by one.
fn enhanced(set: &InMemDicomObject, header: &mut PetHeader) {
    let level = items(set, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    let mapping = [
        level,
        items(set, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).first(),
    ]
    .into_iter()
    .flatten()
    .find_map(|g| items(g, Tag(0x0040, 0x9096)).first());
    let unit = mapping
        .and_then(|m| items(m, Tag(0x0040, 0x08EA)).first())
        .map(|code| text(code, tags::CODE_VALUE))
        .unwrap_or_default();
    let (units, kind) = match &*unit {
        "Bq/ml" | "Bq/mL" => ("BQML", ""),
        "g/ml{SUVbw}" => ("GML", "BW"),
        "g/ml{SUVlbm}" => ("GML", "LBM"),
        "cm2/ml{SUVbsa}" => ("CM2ML", "BSA"),
        other => (other, ""),
    };
    if header.units.is_empty() {
        header.units = units.to_owned();
        header.mapped_unit.clone_from(&unit);
        header.suv_type = kind.to_owned();
    }
    if header.corrections.is_empty() {
        for (tag, name) in [(Tag(0x0018, 0x9759), "ATTN"), (Tag(0x0018, 0x9758), "DECY")] {
            if text(set, tag) == "YES" {
                header.corrections.push(name.to_owned());
            }
        }
    }
    if header.decay_correction.is_empty() && header.decay_reference.is_some() {
        "START".clone_into(&mut header.decay_correction);
    }
}
