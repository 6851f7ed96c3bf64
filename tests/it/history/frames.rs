//! Series of several volumes, and stacks of one series that a reader joins.

use dicom::core::{DataElement, PrimitiveValue, Tag, VR};
use dicom::dictionary_std::tags;
use oncotwin::case::FrameOf;
use oncotwin::volume::PetStatement;
use oncotwin::warning::WarningCode;

use super::*;

/// What the second volume's stored values lie above the first's.
const RISE: u16 = 100;

/// The DICOM files of the study's first visit, by path.
fn first_visit(study: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = walk(study)
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "dcm"))
        .collect();
    folders.sort();
    let first = folders[0].parent().expect("a folder").to_owned();
    folders.retain(|p| p.parent() == Some(&first));
    folders
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|e| e.expect("an entry").path())
        .flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] })
        .collect()
}

fn put(file: &mut dicom::object::DefaultDicomObject, tag: Tag, vr: VR, value: &str) {
    file.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

/// Gives the first visit a second volume at the same positions.
fn twice(study: &Path) {
    for (n, path) in first_visit(study).into_iter().enumerate() {
        let mut file = dicom::object::open_file(&path).expect("readable");
        put(&mut file, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, "1");
        file.write_to_file(&path).expect("written");
        put(&mut file, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, "2");
        let uid = format!("2.25.77{n}");
        put(&mut file, tags::SOP_INSTANCE_UID, VR::UI, &uid);
        file.update_meta(|meta| meta.media_storage_sop_instance_uid = uid);
        let stored = file.element(tags::PIXEL_DATA).expect("pixels");
        let stored: Vec<u16> = stored.to_multi_int().expect("words");
        let risen = stored.into_iter().map(|v| v.wrapping_add(RISE));
        let risen = PrimitiveValue::U16(risen.collect());
        file.put(DataElement::new(tags::PIXEL_DATA, VR::OW, risen));
        file.write_to_file(path.with_extension("second.dcm"))
            .expect("written");
    }
}

/// Gives the upper half of the first visit another image type.
fn halves(study: &Path) {
    let files = first_visit(study);
    for path in &files {
        let mut file = dicom::object::open_file(path).expect("readable");
        let number = file.element(tags::INSTANCE_NUMBER).expect("a number");
        let number: usize = number.to_int().expect("a whole number");
        if number * 2 > files.len() {
            put(
                &mut file,
                tags::IMAGE_TYPE,
                VR::CS,
                "DERIVED\\SECONDARY\\MPR",
            );
            file.write_to_file(path).expect("written");
        }
    }
}

impl Desk {
    /// What the first visit shows: which volume, and the value in the middle of the slice.
    fn shown(&mut self) -> (Option<FrameOf>, f32) {
        let slice = self.view().columns[0].shown.clone().expect("shown");
        let probe = slice.probe.expect("values");
        let [width, height] = [slice.picture.width, slice.picture.height];
        let middle = slice.map.patient(width as f64 / 2.0, height as f64 / 2.0);
        (slice.frame, probe.at(middle).expect("a value"))
    }

    fn of_first_visit(&mut self) -> Vec<Series> {
        let time_point = self.time_point(0);
        let mut series = self.records().series;
        series.retain(|s| s.time_point == time_point);
        series
    }
}

#[test]
fn another_volume_is_shown_and_what_was_marked_stays_on_its_own() {
    let mut desk = Desk::open_edited(twice);
    let series = desk.series(0);
    let (frame, value) = desk.shown();
    assert_eq!(frame, Some(FrameOf { index: 0, of: 2 }));

    desk.send(Command::ChooseFrame { series, frame: 2 });
    assert!(desk.said("has 2 volumes"));
    desk.send(Command::ChooseFrame { series, frame: 1 });
    let second = desk.shown();
    assert_eq!(second.0, Some(FrameOf { index: 1, of: 2 }));
    assert!(
        (second.1 - value - f32::from(RISE)).abs() < 1e-3,
        "{second:?} {value}"
    );
    let warned = |series: &Series| {
        let warning = series
            .warnings
            .iter()
            .find(|w| w.code == WarningCode::FourD);
        warning.expect("named").message.clone()
    };
    let [only] = &desk.of_first_visit()[..] else {
        panic!("nothing was marked: the series itself shows the other volume")
    };
    assert!(warned(only).ends_with("; volume 2 is shown and measured"));

    desk.restart();
    assert_eq!(desk.shown(), second, "chosen for good");
    desk.send(Command::Undo);
    assert_eq!(desk.shown(), (frame, value));

    desk.draw(0, 0, None);
    let before = desk.records();
    desk.send(Command::ChooseFrame { series, frame: 1 });
    assert_eq!(desk.shown(), second);
    let [first, other] = &desk.of_first_visit()[..] else {
        panic!("the other volume stands beside the one that is marked")
    };
    assert_eq!((first.frame_index(), other.frame_index()), (0, 1));
    assert_eq!(first.fingerprint, other.fingerprint);
    assert!(warned(first).contains("volume 1") && warned(other).contains("volume 2"));
    let after = desk.records();
    assert_eq!(after.annotations, before.annotations);
    assert_eq!(after.segmented, before.segmented);

    let other = other.id;
    desk.send(Command::ChooseFrame {
        series: other,
        frame: 0,
    });
    assert_eq!(desk.shown(), (frame, value), "nothing is entered twice");
    assert_eq!(desk.of_first_visit().len(), 2);
    desk.restart();
    assert_eq!(desk.of_first_visit().len(), 2);
    desk.send(Command::ShowSeries { series: other });
    assert_eq!(desk.shown(), second);
    desk.verify();
}

#[test]
fn stacks_that_a_reader_joins_are_one_series_also_tomorrow() {
    let mut desk = Desk::open_edited(halves);
    let parts = desk.of_first_visit();
    assert_eq!(parts.len(), 2);
    let n_slices: usize = parts.iter().map(|s| s.shape[2]).sum();
    desk.send(Command::JoinStacks {
        series: parts[0].id,
    });
    let joined = |desk: &mut Desk| {
        let series = desk.of_first_visit();
        let is_joined = |s: &&Series| s.warnings.iter().any(|w| w.code == WarningCode::Joined);
        let joined: Vec<Series> = series.iter().filter(is_joined).cloned().collect();
        assert_eq!((series.len(), joined.len()), (3, 1));
        joined[0].clone()
    };
    let whole = joined(&mut desk);
    assert_eq!(whole.shape[2], n_slices);
    let shown = |desk: &mut Desk| desk.view().columns[0].shown.clone().expect("shown");
    assert_eq!(shown(&mut desk).series, whole.id);
    assert_eq!(shown(&mut desk).n_slices, n_slices);

    desk.send(Command::JoinStacks {
        series: parts[1].id,
    });
    assert!(desk.said("joined already"));
    assert_eq!(joined(&mut desk).id, whole.id);

    desk.restart();
    desk.send(Command::ShowSeries { series: whole.id });
    assert_eq!(shown(&mut desk).n_slices, n_slices);
    desk.draw(0, 0, None);
    desk.verify();
}

#[test]
fn what_cannot_be_joined_is_left_as_it_was() {
    let mut desk = Desk::open_edited(|_| ());
    let before = desk.records();
    let series = desk.series(0);
    desk.send(Command::JoinStacks { series });
    assert!(desk.said("cannot be joined"));
    desk.send(Command::ChooseFrame { series, frame: 1 });
    assert!(desk.said("one volume"));
    assert_eq!(desk.records(), before);
}

#[test]
fn a_choice_taken_back_while_it_is_read_shows_what_is_recorded() {
    let mut desk = Desk::open_edited(twice);
    let series = desk.series(0);
    let first = desk.shown();
    desk.session()
        .send(Command::ChooseFrame { series, frame: 1 });
    desk.session().send(Command::Undo);
    desk.session().settle();
    assert_eq!(desk.shown(), first);
    desk.session().send(Command::Redo);
    desk.session().send(Command::Undo);
    desk.session().send(Command::Redo);
    desk.session().settle();
    assert_eq!(desk.shown().0, Some(FrameOf { index: 1, of: 2 }));
    assert_ne!(desk.shown().1, first.1);
}

#[test]
fn stacks_of_one_file_are_joined_taken_apart_and_found_again() {
    let (dir, _) = crate::open::stacks::traps();
    let case = dir.path().join("enhanced_two_stacks");
    let mut desk = Desk::open_edited(|study| {
        std::fs::remove_dir_all(study).expect("removed");
        std::fs::create_dir(study).expect("made");
        std::fs::copy(case.join("both.dcm"), study.join("both.dcm")).expect("copied");
    });
    let parts = desk.of_first_visit();
    let slices = |series: &[Series]| series.iter().map(|s| s.shape[2]).collect::<Vec<_>>();
    assert_eq!(slices(&parts), [3, 3]);
    desk.send(Command::JoinStacks {
        series: parts[1].id,
    });
    let all = desk.of_first_visit();
    assert_eq!(slices(&all), [3, 3, 6]);

    desk.restart();
    for series in &all {
        desk.send(Command::ShowSeries { series: series.id });
        let slice = desk.view().columns[0].shown.clone().expect("shown");
        assert_eq!((slice.series, slice.n_slices), (series.id, series.shape[2]));
    }
    assert_eq!(
        desk.of_first_visit(),
        all,
        "nothing is said to have changed"
    );
    desk.send(Command::Undo);
    assert_eq!(desk.of_first_visit(), parts);
    desk.send(Command::Redo);
    assert_eq!(desk.of_first_visit(), all);
    desk.verify();
}

#[test]
fn what_is_stated_of_a_pet_holds_for_all_its_volumes() {
    let mut desk = Desk::open_edited(|study| {
        super::uptake::as_pet(study);
        twice(study);
    });
    let series = desk.series(0);
    desk.draw(0, 0, None);
    desk.send(Command::ChooseFrame { series, frame: 1 });
    let stated = PetStatement {
        weight_kg: Some(105.0),
        ..PetStatement::default()
    };
    let before = desk.shown();
    desk.send(Command::StatePet {
        series,
        stated,
        reason: "weighed on the day".to_owned(),
    });
    let pets: Vec<_> = desk.of_first_visit().iter().map(|s| s.pet).collect();
    assert_eq!(pets, [Some(stated); 2]);
    let after = desk.shown();
    assert_eq!(after.0, before.0);
    assert!(
        (after.1 / before.1 - 1.5).abs() < 1e-4,
        "{before:?} {after:?}"
    );
    desk.send(Command::Undo);
    assert_eq!(desk.shown(), before);
    desk.verify();
}
