//! What a person chose comes back: keys.

use oncotwin::keymap::{Action, Profile, Settings, Shortcut};

use super::*;

#[test]
fn keys_come_back_with_the_next_session_and_a_broken_file_is_named() {
    let mut desk = Desk::open();
    let mut settings = Settings {
        profile: Profile::ItkSnap,
        ..Settings::default()
    };
    settings.bind(Action::Cine, Shortcut::parse("Ctrl+J").expect("a key"));
    desk.send(Command::SetKeys {
        settings: settings.clone(),
    });
    desk.restart();
    assert_eq!(*desk.session().view().keys.settings(), settings);

    let file = desk.workspace().join("preferences/keys.toml");
    std::fs::write(&file, "[keys]\n\"cine\" = [\"Hyper+C\"]\n").expect("written");
    desk.restart();
    let view = desk.session().view();
    let found = view.messages.iter().find(|m| m.text.contains("keys.toml"));
    let message = found.expect("a message");
    assert_eq!(message.severity, Severity::Warning);
    assert!(message.text.contains("line 2"), "{}", message.text);
    assert!(!message.hint.is_empty());
    assert_eq!(view.keys.settings().profile, Profile::OncoTwin);
}

#[test]
fn panels_come_back_with_the_next_session() {
    use oncotwin::app::view::{Layout, PanelKind, Side};

    let mut desk = Desk::open();
    let layout = Layout::default()
        .moved(PanelKind::Growth, Side::Left)
        .with_side(Side::Left, 333.0)
        .toggled(PanelKind::Lesions)
        .maximised(Some(PanelKind::Growth))
        .scaled(1.2);
    desk.send(Command::SetLayout { layout });
    let entries = desk.view().history.steps.len();
    desk.restart();
    assert_eq!(desk.session().view().layout, layout);
    assert_eq!(desk.view().history.steps.len(), entries, "that is no step");
}

#[test]
fn patients_have_pictures_that_are_kept() {
    use oncotwin::app::view::Thumbnail;

    let mut desk = Desk::open();
    let first = desk.view().id;
    desk.send(Command::ShowChooser);
    let row = |desk: &mut Desk| desk.session().view().chooser.patients[0].clone();
    assert!(matches!(row(&mut desk).thumbnail, Thumbnail::Unknown));
    desk.send(Command::MakeThumbnail { patient: first });
    let Thumbnail::Made(picture) = row(&mut desk).thumbnail else {
        panic!("a picture");
    };
    assert_eq!(picture.width.max(picture.height), 96);
    assert_eq!(picture.gray.len(), picture.width * picture.height);
    let (low, high) = (picture.gray.iter().min(), picture.gray.iter().max());
    assert!(low < high, "something is to be seen");

    // From the cache it is the same, also without the originals.
    let study = desk.dir.path().join("study");
    std::fs::rename(&study, desk.dir.path().join("elsewhere")).expect("moved");
    desk.restart();
    desk.send(Command::MakeThumbnail { patient: first });
    let Thumbnail::Made(again) = row(&mut desk).thumbnail else {
        panic!("a picture");
    };
    assert_eq!(again.gray, picture.gray);
    std::fs::rename(desk.dir.path().join("elsewhere"), &study).expect("moved");

    // A lesion that is drawn makes it another picture.
    desk.send(Command::ShowPatient { patient: first });
    desk.draw(0, 0, None);
    desk.send(Command::ShowChooser);
    assert!(matches!(row(&mut desk).thumbnail, Thumbnail::Unknown));
    desk.send(Command::MakeThumbnail { patient: first });
    assert!(matches!(row(&mut desk).thumbnail, Thumbnail::Made(_)));
}

/// A small image of somebody else.
fn image_of_another() -> Vec<u8> {
    let mut bytes = b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n\
        sizes: 8 8 4\nspace directions: (1,0,0) (0,1,0) (0,0,2)\nspace origin: (0,0,0)\n\
        endian: little\nencoding: raw\n\n"
        .to_vec();
    bytes.extend((0..8 * 8 * 4_i16).flat_map(i16::to_le_bytes));
    bytes
}

#[test]
fn who_was_looked_at_last_comes_first_until_erased() {
    let mut desk = Desk::open();
    let first = desk.view().id;
    let folder = desk.dir.path().join("other");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("other.nrrd"), image_of_another()).expect("written");
    desk.send(Command::Open {
        paths: vec![folder],
    });
    let list = |desk: &mut Desk| -> Vec<PatientId> {
        let rows = desk.session().view().chooser.patients;
        rows.iter().map(|row| row.id).collect()
    };
    let both = list(&mut desk);
    let other = both.into_iter().find(|id| *id != first).expect("another");
    for last in [first, other, first] {
        desk.send(Command::ShowPatient { patient: last });
        desk.send(Command::ShowChooser);
        assert_eq!(list(&mut desk)[0], last);
    }
    desk.restart();
    assert_eq!(list(&mut desk), [first, other]);
    desk.send(Command::ErasePatient {
        patient: first,
        reason: "asked for".to_owned(),
    });
    assert_eq!(list(&mut desk), [other]);
    let settings = desk.session().state().records().settings.clone();
    let named = |value: &serde_json::Value| value.to_string().contains(&first.to_string());
    assert!(settings.iter().all(|(_, value)| !named(value)));
}
