//! What a reader states of a PET series: kept, taken back, and followed by what was measured.

use dicom::core::{DataElement, PrimitiveValue, Tag, VR};
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;
use oncotwin::volume::{IntensityUnit, PetStatement, Statistics};
use oncotwin::warning::WarningCode;

use super::*;

/// Makes a PET of every file, of 70 kg and 350 MBq, without time of injection.
pub(super) fn as_pet(study: &Path) {
    for entry in std::fs::read_dir(study).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            as_pet(&path);
            continue;
        }
        let Ok(mut file) = dicom::object::open_file(&path) else {
            continue;
        };
        let mut text = |tag: Tag, vr: VR, value: &str| {
            file.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
        };
        text(tags::MODALITY, VR::CS, "PT");
        text(tags::UNITS, VR::CS, "BQML");
        text(tags::CORRECTED_IMAGE, VR::CS, "DECY\\ATTN");
        text(tags::DECAY_CORRECTION, VR::CS, "ADMIN");
        text(tags::PATIENT_WEIGHT, VR::DS, "70");
        let tracer = InMemDicomObject::from_element_iter([DataElement::new(
            tags::RADIONUCLIDE_TOTAL_DOSE,
            VR::DS,
            PrimitiveValue::from("350000000"),
        )]);
        file.put(DataElement::new(
            tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
            VR::SQ,
            dicom::core::value::DataSetSequence::from(vec![tracer]),
        ));
        file.write_to_file(&path).expect("written");
    }
}

impl Desk {
    fn counted(&mut self) -> (IntensityUnit, Statistics, f64) {
        let records = self.records();
        let mark = records.annotations[0].clone();
        let series = records.series.iter().find(|s| s.id == mark.series);
        let values = records.segmented[0].measured.values.expect("values");
        let slice = self.view().columns[0].shown.clone().expect("shown");
        assert_eq!(
            slice.uptake.expect("PET").stated,
            series.expect("series").pet.unwrap_or_default()
        );
        (series.expect("series").unit, values, slice.window.width)
    }
}

#[test]
fn a_stated_weight_is_kept_and_taken_back_with_all_that_rests_on_it() {
    let mut desk = Desk::open_edited(as_pet);
    desk.draw(0, 0, None);
    let series = desk.series(0);
    let before = desk.counted();
    assert_eq!(before.0, IntensityUnit::SuvBodyWeight);
    let stated = PetStatement {
        weight_kg: Some(105.0),
        ..PetStatement::default()
    };
    let state = |reason: &str| Command::StatePet {
        series,
        stated,
        reason: reason.to_owned(),
    };
    desk.send(state("  "));
    assert!(desk.said("a reason is required"));
    assert_eq!(desk.counted(), before);

    desk.send(state("weighed on the day"));
    let after = desk.counted();
    assert_eq!(after.0, before.0);
    let close = |ours: f64, theirs: f64| (ours / theirs - 1.0).abs() < 1e-5;
    assert!(
        close(after.1.max, before.1.max * 1.5),
        "{after:?} {before:?}"
    );
    assert!(close(after.1.sd, before.1.sd * 1.5));
    assert!(close(after.2, before.2 * 1.5), "the window follows");
    let warned = |desk: &mut Desk| {
        let found = desk.records().series[0].warnings.clone();
        found.iter().any(|w| w.code == WarningCode::Stated)
    };
    assert!(warned(&mut desk));

    desk.restart();
    assert_eq!(desk.counted().1, after.1);
    desk.send(Command::Undo);
    assert!(close(desk.counted().1.max, before.1.max));
    assert!(!warned(&mut desk), "{:?}", desk.records().series);
    desk.send(Command::Redo);
    assert!(close(desk.counted().1.max, after.1.max));

    desk.verify();
}

#[test]
fn a_signed_reading_takes_no_statement() {
    let mut desk = Desk::open_edited(as_pet);
    desk.name_reader();
    desk.draw(0, 0, None);
    let (time_point, series) = (desk.time_point(0), desk.series(0));
    desk.send(Command::MarkReviewed { time_point });
    desk.send(Command::Sign {
        time_point,
        meaning: Meaning::Authorship,
    });
    let before = desk.counted();
    desk.send(Command::StatePet {
        series,
        stated: PetStatement {
            weight_kg: Some(105.0),
            ..PetStatement::default()
        },
        reason: "weighed".to_owned(),
    });
    assert!(desk.said("is signed by"));
    assert_eq!(desk.counted(), before);
}
