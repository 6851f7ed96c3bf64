//! Panels beside the pictures: shown, hidden, moved, with all the room; and the size of everything.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::view::{Layout, PanelKind, Side};

use super::*;

fn staged(layout: Layout) -> Harness<'static, Stage> {
    let mut view = fixture::loaded(true);
    view.layout = layout;
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    harness
}

fn click(harness: &mut Harness<'_, Stage>, name: &str) {
    harness.get_by_label(name).click();
    harness.run();
}

fn layout(harness: &Harness<'_, Stage>) -> Layout {
    harness.state().view.layout
}

#[test]
fn a_panel_moves_to_another_side_and_back_by_its_menu() {
    let mut harness = staged(Layout::default());
    click(&mut harness, "Place of the Growth panel");
    click(&mut harness, "Left");
    assert_eq!(layout(&harness).growth.side, Side::Left);
    let slice = slice_rect(&harness, "Baseline");
    let menu = harness.get_by_label("Place of the Growth panel").rect();
    assert!(menu.right() < slice.left(), "{menu:?} {slice:?}");
    click(&mut harness, "Place of the Growth panel");
    click(&mut harness, "Below");
    let menu = harness.get_by_label("Place of the Growth panel").rect();
    assert!(menu.top() > slice_rect(&harness, "Baseline").bottom());
    harness.get_by_label("New lesion");
    click(&mut harness, "Place of the Lesions panel");
    click(&mut harness, "All panels as at first");
    assert_eq!(layout(&harness), Layout::default());
}

#[test]
fn a_panel_takes_all_the_room_and_gives_it_back_as_it_was() {
    let before = Layout::default().toggled(PanelKind::History);
    let mut harness = staged(before);
    let slice = slice_rect(&harness, "Baseline");
    click(&mut harness, "Place of the Lesions panel");
    click(&mut harness, "All the room");
    assert!(harness.query_by_label("Slice view Baseline").is_none());
    assert!(
        harness
            .query_by_label("Place of the History panel")
            .is_none()
    );
    click(&mut harness, "Place of the Lesions panel");
    click(&mut harness, "Back to its place");
    assert_eq!(layout(&harness), before);
    assert_eq!(slice_rect(&harness, "Baseline"), slice);
}

#[test]
fn keys_show_and_hide_panels() {
    let mut harness = staged(Layout::default());
    for (key, modifiers, panel) in [
        (Key::L, Modifiers::SHIFT, PanelKind::Lesions),
        (Key::G, Modifiers::SHIFT, PanelKind::Growth),
        (Key::H, Modifiers::NONE, PanelKind::History),
    ] {
        let shown = layout(&harness).of(panel).shown;
        harness.key_press_modifiers(modifiers, key);
        harness.run();
        assert_eq!(layout(&harness).of(panel).shown, !shown, "{panel:?}");
    }
    assert_eq!(harness.state().ui.tool, Tool::Window, "Shift + L is no L");
    assert!(harness.state().ui.show_overlays, "Shift + G is no G");
}

#[test]
fn an_edge_that_was_dragged_is_remembered() {
    let mut harness = staged(Layout::default());
    let edge = harness.get_by_label("Place of the Growth panel").rect();
    // The panel begins where the pictures end.
    let x = slice_rect(&harness, "Follow-up 1").right();
    let found = (0..16).find_map(|n| {
        let at = pos2(x + n as f32, edge.bottom() + 120.0);
        drag(
            &mut harness,
            &[at, at - vec2(40.0, 0.0), at - vec2(60.0, 0.0)],
        );
        layout(&harness).side(Side::Right)
    });
    let width = found.expect("the edge is there");
    assert!(width > 340.0, "{width}");
    let again = staged(layout(&harness));
    let here = harness.get_by_label("Place of the Growth panel").rect();
    let there = again.get_by_label("Place of the Growth panel").rect();
    assert!(
        (here.left() - there.left()).abs() < 2.0,
        "{here:?} {there:?}"
    );
    let slices = [&harness, &again].map(|h| slice_rect(h, "Baseline").width());
    assert!((slices[0] - slices[1]).abs() < 2.0, "{slices:?}");
}

#[test]
fn everything_gets_larger_and_comes_back() {
    let mut harness = staged(Layout::default());
    let press = |harness: &mut Harness<'_, Stage>, key| {
        harness.key_press_modifiers(Modifiers::COMMAND, key);
        harness.run();
        harness.run();
    };
    let size = |harness: &Harness<'_, Stage>| harness.ctx.pixels_per_point();
    let normal = size(&harness);
    press(&mut harness, Key::Plus);
    assert!((size(&harness) / normal - 1.1).abs() < 1e-3);
    press(&mut harness, Key::Minus);
    assert!((size(&harness) / normal - 1.0).abs() < 1e-3);
    press(&mut harness, Key::Equals);
    press(&mut harness, Key::Equals);
    press(&mut harness, Key::Num0);
    assert!((size(&harness) / normal - 1.0).abs() < 1e-3);
}

#[test]
fn panels_look_as_they_should() {
    let mut results = SnapshotResults::new();
    let moved = Layout::default()
        .toggled(PanelKind::History)
        .moved(PanelKind::Growth, Side::Left)
        .moved(PanelKind::History, Side::Bottom);
    let whole = Layout::default().maximised(Some(PanelKind::Growth));
    for (name, layout) in [("panels_moved", moved), ("panels_whole", whole)] {
        results.add(staged(layout).try_snapshot(name));
    }
}
