//! Links of time points in the window: the menu of a link, and the bar of an alignment.

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{LinkMode, View};

use super::*;

fn staged(view: View) -> Harness<'static, Stage> {
    let mut harness = harness(view, [1200.0, 800.0]);
    harness.run();
    harness
}

fn open_menu(harness: &mut Harness<'_, Stage>, title: &str) {
    let name = format!("Link of {title}");
    harness
        .get_all_by(|n| n.label().is_some_and(|l| l.starts_with(&name)))
        .next()
        .expect("a link")
        .click();
    harness.run();
}

#[test]
fn the_menu_of_a_link_changes_it() {
    let mut harness = staged(fixture::loaded(true));
    open_menu(&mut harness, "Follow-up 1");
    sent(&mut harness);
    harness
        .get_by_label("By offset, from where they stand now")
        .click();
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        commands.iter().any(|c| matches!(
            c,
            Command::SetLink {
                mode: LinkMode::Offset,
                ..
            }
        )),
        "{commands:?}"
    );
}

#[test]
fn images_are_aligned_to_the_first_one_only() {
    let mut harness = staged(fixture::loaded(true));
    open_menu(&mut harness, "Follow-up 1");
    sent(&mut harness);
    harness
        .get_by_label("Align to the first time point anew")
        .click();
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::Register { .. }]),
        "{commands:?}"
    );
    open_menu(&mut harness, "Baseline");
    harness
        .get_by_label("Align the other time points to this one")
        .click();
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::RegisterAll]),
        "{commands:?}"
    );
}

#[test]
fn an_alignment_waits_for_a_word() {
    for (button, accepts) in [("Accept the alignment", true), ("Reject", false)] {
        let mut harness = staged(fixture::aligned(true));
        sent(&mut harness);
        harness.get_by_label(button).click();
        harness.run();
        let commands = sent(&mut harness);
        let expected = match commands[..] {
            [Command::AcceptRegistration { .. }] => accepts,
            [Command::RemoveRegistration { .. }] => !accepts,
            _ => false,
        };
        assert!(expected, "{commands:?}");
    }
}

#[test]
fn alignments_look_as_they_should() {
    let mut results = SnapshotResults::new();
    for (name, dark, size) in [
        ("aligned_dark", true, [1280.0, 800.0]),
        ("aligned_light", false, [1280.0, 800.0]),
        ("aligned_narrow", true, [800.0, 600.0]),
    ] {
        let mut harness = harness(fixture::aligned(dark), size);
        harness.run();
        results.add(harness.try_snapshot(name));
    }
}
