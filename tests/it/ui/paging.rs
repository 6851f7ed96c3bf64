//! No slice is left out: four linked time points of a thousand slices each, paged faster than the
//! window draws. And a window in which nothing happens rests.

use std::path::Path;
use std::time::Duration;

use oncotwin::app::view::LinkMode;

use super::room::{Room, enter, rest, session, write_study};
use super::*;

const SLICES: usize = 1000;
const TIME_POINTS: usize = 4;
const SIZE: [f32; 2] = [1600.0, 800.0];

/// A level that tells slices apart from those near them; window 0–255.
fn level(slice: usize, time_point: usize) -> u8 {
    ((slice * 7 + time_point * 31) % 251) as u8
}

/// Small slices, many of them, in an NRRD file for each time point.
fn write(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let names: Vec<String> = (0..TIME_POINTS).map(|n| format!("t{n}.nrrd")).collect();
    for (n, name) in names.iter().enumerate() {
        let mut file = format!(
            "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\n\
             sizes: 6 5 {SLICES}\nspace directions: (2,0,0) (0,2,0) (0,0,0.7)\n\
             kinds: domain domain domain\nendian: little\nencoding: raw\n\
             space origin: (0,0,{})\n\n",
            n as f64 * 0.35
        )
        .into_bytes();
        for k in 0..SLICES {
            let sample = i16::from(level(k, n)).to_le_bytes();
            file.extend(sample.iter().cycle().take(6 * 5 * 2));
        }
        std::fs::write(folder.join(name), file).expect("written");
    }
    write_study(folder, &names);
}

/// The four time points on their first slices, linked, the pointer over the first.
fn opened(folder: &Path) -> Harness<'static, Room> {
    let study = folder.join("study");
    write(&study);
    let mut session = session(&folder.join("case"));
    session.send(Command::Open { paths: vec![study] });
    session.settle();
    let columns = session.view().patient.expect("one patient").columns;
    assert_eq!(columns.len(), TIME_POINTS);
    let series: Vec<_> = columns.iter().map(|c| c.series[0].id).collect();
    for series in &series {
        session.send(Command::SetSlice {
            series: *series,
            slice: 0,
        });
        session.send(Command::SetWindow {
            series: *series,
            window: Some(WindowLevel::new(127.5, 255.0)),
        });
    }
    for series in &series {
        session.send(Command::SetLink {
            series: *series,
            mode: LinkMode::Offset,
        });
    }
    let mut harness = enter(session, SIZE);
    rest(&mut harness);
    let over = harness.get_by_label("Slice view Baseline").rect().center();
    harness.hover_at(over);
    harness.run();
    harness.state_mut().shown.clear();
    harness
}

/// Every index was on the screen once in all columns, in order, and it was its picture that was.
fn assert_none_left_out(room: &Room) {
    let mut frames = room.shown.clone();
    frames.dedup();
    assert_eq!(frames.len(), SLICES, "frames with something new");
    for (expected, columns) in frames.iter().enumerate() {
        let all: Vec<_> = (0..TIME_POINTS)
            .map(|n| (expected, level(expected, n)))
            .collect();
        assert_eq!(columns, &all);
    }
}

#[test]
fn a_wheel_that_outruns_the_window_leaves_no_slice_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut harness = opened(dir.path());
    // 60 notches a second, 30 frames a second.
    for _ in 0..SLICES / 2 {
        for _ in 0..2 {
            harness.input_mut().events.push(Event::MouseWheel {
                unit: MouseWheelUnit::Line,
                delta: vec2(0.0, -1.0),
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
                modifiers: Modifiers::NONE,
            });
        }
        harness.step();
    }
    let behind = harness.state().shown.last().expect("frames")[0].0;
    assert!(
        behind < SLICES - 1,
        "{behind}: more was asked for than shown"
    );
    for _ in 0..SLICES {
        harness.step();
    }
    assert_none_left_out(harness.state());
}

#[test]
fn a_key_that_is_held_leaves_no_slice_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut harness = opened(dir.path());
    for n in 0..SLICES {
        harness.input_mut().events.push(Event::Key {
            key: Key::ArrowDown,
            physical_key: None,
            pressed: true,
            repeat: n > 0,
            modifiers: Modifiers::NONE,
        });
        harness.step();
    }
    assert_none_left_out(harness.state());
}

#[test]
fn who_turns_back_or_looks_elsewhere_is_answered_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut harness = opened(dir.path());
    let notches = |harness: &mut Harness<'_, Room>, n: usize, down: f32| {
        for _ in 0..n {
            harness.input_mut().events.push(Event::MouseWheel {
                unit: MouseWheelUnit::Line,
                delta: vec2(0.0, -down),
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
                modifiers: Modifiers::NONE,
            });
        }
        harness.step();
    };
    let now = |harness: &mut Harness<'_, Room>| {
        harness.step();
        harness.state().shown.last().expect("frames")[0].0
    };
    notches(&mut harness, 40, 1.0);
    notches(&mut harness, 1, -1.0);
    harness.run();
    assert_eq!(now(&mut harness), 0, "one on, one back");
    notches(&mut harness, 40, 1.0);
    harness.hover_at(pos2(2.0, 2.0));
    harness.run();
    let left_at = now(&mut harness);
    assert!(left_at < 4, "{left_at}: what nobody looks at is not paged");
    let over = harness.get_by_label("Slice view Baseline").rect().center();
    harness.hover_at(over);
    harness.run();
    assert_eq!(now(&mut harness), left_at, "and not later either");
    notches(&mut harness, 40, 1.0);
    harness.key_press(Key::End);
    harness.run();
    assert_eq!(now(&mut harness), SLICES - 1);
}

#[test]
fn a_window_on_a_patient_rests_when_all_is_done() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut harness = opened(dir.path());
    let resting = |harness: &mut Harness<'_, Room>| {
        rest(harness);
        // Hints fade in after a while, once.
        harness.run_steps(20);
        let output = harness.output();
        output.viewport_output[&egui::ViewportId::ROOT].repaint_delay
    };
    assert_eq!(resting(&mut harness), Duration::MAX);
    for key in [Key::Q, Key::ArrowDown, Key::Q, Key::Num2, Key::I] {
        harness.key_press(key);
        let delay = resting(&mut harness);
        assert_eq!(delay, Duration::MAX, "after {key:?}");
    }
    let frames = harness.state().shown.len();
    harness.remove_cursor();
    assert_eq!(resting(&mut harness), Duration::MAX);
    assert!(harness.state().shown.len() > frames, "frames were drawn");
    harness.get_by_label("Back to the patients").click();
    assert_eq!(resting(&mut harness), Duration::MAX);
}

#[test]
fn opening_and_closing_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut harness = opened(dir.path());
    let close = |harness: &mut Harness<'_, Room>| {
        harness.get_by_label("Back to the patients").click();
        rest(harness);
        harness.state_mut().shown = Vec::new();
    };
    let n_textures = |harness: &Harness<'_, Room>| {
        let textures = harness.ctx.tex_manager();
        let textures = textures.read();
        textures.allocated().count()
    };
    let grid = |harness: &Harness<'_, Room>| harness.state().session.state().shown_grid(0);
    // What is known of the files stays, and nothing of the images.
    let known = Arc::downgrade(&grid(&harness).expect("loaded"));
    let mut after_first = None;
    for cycle in 0..24 {
        harness.state_mut().session.send(Command::ShowPlanes {
            three: cycle % 2 == 0,
        });
        rest(&mut harness);
        let view = harness.state_mut().patient();
        let pictures: Vec<_> = view
            .columns
            .iter()
            .flat_map(|c| {
                let slice = c.shown.as_ref().map(|s| Arc::downgrade(&s.picture));
                let across = c.sections.iter().map(|s| Arc::downgrade(&s.picture));
                slice.into_iter().chain(across)
            })
            .collect();
        assert_eq!(pictures.len(), if cycle % 2 == 0 { 12 } else { 4 });
        let open = known.strong_count();
        let patient = view.id;
        drop(view);
        close(&mut harness);
        assert!(pictures.iter().all(|p| p.strong_count() == 0));
        let left = (known.strong_count(), n_textures(&harness));
        assert!(left.0 < open, "the image is still held");
        assert_eq!(*after_first.get_or_insert(left), left, "cycle {cycle}");
        harness
            .state_mut()
            .session
            .send(Command::ShowPatient { patient });
        rest(&mut harness);
    }
}
