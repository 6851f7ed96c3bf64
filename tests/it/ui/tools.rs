//! Tools of the window: what each draws, and accepting or rejecting what comes of it.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{AnnotationId, BrushShape, Edit, OfferView, ProposalView, SeriesId};
use oncotwin::segment::Prompt;
use oncotwin::ui::Tool;
use uuid::Uuid;

use super::*;

fn prompts(harness: &mut Harness<'_, Stage>) -> Vec<Prompt> {
    sent(harness)
        .into_iter()
        .filter_map(|c| match c {
            Command::Prompt { prompt, .. } => Some(prompt),
            _ => None,
        })
        .collect()
}

fn proposed(text: &str, doubtful: bool, offer: Option<OfferView>) -> View {
    let mut view = fixture::loaded(true);
    let patient = view.patient.as_mut().expect("a patient");
    let shown = patient.columns[0].shown.as_ref().expect("an image");
    let series: SeriesId = shown.series;
    patient.proposal = Some(ProposalView {
        annotation: AnnotationId(Uuid::from_u128(200)),
        series,
        label: "L1".into(),
        color: 0,
        pending: false,
        text: text.into(),
        depends: String::new(),
        doubtful,
        offer,
    });
    view
}

#[test]
fn each_tool_draws_its_gesture() {
    let path = [[40.0, 50.0], [52.0, 50.0], [60.0, 64.0], [71.0, 88.0]];
    for (key, tool, kind) in [
        (Key::D, Tool::Diameter, "drag"),
        (Key::P, Tool::Point, "click"),
        (Key::B, Tool::Box, "box"),
        (Key::S, Tool::Scribble, "stroke"),
        (Key::L, Tool::Lasso, "outline"),
    ] {
        let mut harness = loaded();
        harness.key_press(key);
        harness.run();
        assert_eq!(harness.state().ui.tool, tool);
        let rect = slice_rect(&harness, "Baseline");
        drag(&mut harness, &path.map(|p| on_screen(rect, p)));
        let drawn = prompts(&mut harness);
        assert_eq!(drawn.len(), 1, "{kind}: {drawn:?}");
        assert_eq!(drawn[0].word(), kind);
    }
}

#[test]
fn strokes_take_away_by_the_switch_or_with_alt() {
    let mut harness = loaded();
    harness.key_press(Key::S);
    harness.run();
    let rect = slice_rect(&harness, "Baseline");
    let path = [[40.0, 50.0], [60.0, 70.0]].map(|p| on_screen(rect, p));
    drag(&mut harness, &path);
    harness.get_by_label_contains("take away").click();
    harness.run();
    drag(&mut harness, &path);
    let signs: Vec<bool> = prompts(&mut harness).iter().map(Prompt::adds).collect();
    assert_eq!(signs, [true, false]);
    harness.get_by_label_contains("+ add").click();
    harness.run();
    assert!(!harness.state().ui.negative);
}

#[test]
fn the_caliper_measures_and_makes_no_mask() {
    let mut harness = loaded();
    harness.key_press(Key::K);
    harness.run();
    let rect = slice_rect(&harness, "Baseline");
    drag(
        &mut harness,
        &[[40.0, 50.0], [70.0, 50.0]].map(|p| on_screen(rect, p)),
    );
    let sent = sent(&mut harness);
    let [line] = sent
        .iter()
        .filter_map(|c| match c {
            Command::Caliper { line, .. } => Some(*line),
            _ => None,
        })
        .collect::<Vec<_>>()[..]
    else {
        panic!("{sent:?}");
    };
    // 30 pixels of 0.8 mm.
    assert!((line[0].distance(line[1]).0 - 24.0).abs() < 0.5);
}

#[test]
fn the_brush_paints_the_slice_and_e_makes_it_an_eraser() {
    let mut harness = loaded();
    harness.key_press(Key::E);
    harness.run();
    assert_eq!(harness.state().ui.tool, Tool::Brush);
    let rect = slice_rect(&harness, "Baseline");
    let path = [[40.0, 50.0], [52.0, 58.0], [60.0, 50.0]].map(|p| on_screen(rect, p));
    drag(&mut harness, &path);
    harness.key_press(Key::E);
    harness.get_by_label("sphere").click();
    harness.run();
    drag(&mut harness, &path);
    let edits: Vec<Edit> = sent(&mut harness)
        .into_iter()
        .filter_map(|c| match c {
            Command::Edit { edit, .. } => Some(edit),
            _ => None,
        })
        .collect();
    let forms: Vec<(BrushShape, bool)> = edits
        .iter()
        .map(|e| match e {
            Edit::Brush { shape, adds, .. } => (*shape, *adds),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        forms,
        [(BrushShape::Disc, true), (BrushShape::Sphere, false)]
    );
}

#[test]
fn the_menu_edits_the_mask_of_the_selected_lesion() {
    let mut harness = loaded();
    let rect = slice_rect(&harness, "Baseline");
    harness.hover_at(rect.center());
    harness.run();
    harness.get_by_label("Edit mask").click();
    harness.run();
    harness.get_by_label("Fill between slices").click();
    harness.run();
    let sent = sent(&mut harness);
    let edits = |c: &&Command| {
        matches!(
            c,
            Command::Edit {
                edit: Edit::FillBetween,
                lesion: Some(_),
                ..
            }
        )
    };
    assert_eq!(sent.iter().filter(edits).count(), 1, "{sent:?}");
}

#[test]
fn shift_and_wheel_make_the_brush_wider_and_turn_no_slice() {
    let mut harness = loaded();
    harness.key_press(Key::S);
    harness.run();
    let before = harness.state().ui.brush;
    let rect = slice_rect(&harness, "Baseline");
    harness.hover_at(rect.center());
    harness.run();
    sent(&mut harness);
    wheel(&harness, 2.0, Modifiers::SHIFT);
    harness.run();
    assert!(harness.state().ui.brush > before * 1.3);
    assert!(
        !sent(&mut harness)
            .iter()
            .any(|c| matches!(c, Command::SetSlice { .. }))
    );
}

#[test]
fn what_was_made_is_accepted_or_rejected() {
    for (press, expected) in [
        (Some(Key::Enter), Command::Accept),
        (Some(Key::Escape), Command::Reject),
        // Who takes another tool goes on with what was made.
        (Some(Key::S), Command::Accept),
        (None, Command::Reject),
    ] {
        let mut harness = harness(
            proposed("20.9 × 14.6 mm · 4.91 mL", false, None),
            [1000.0, 640.0],
        );
        harness.run();
        let rect = slice_rect(&harness, "Baseline");
        harness.hover_at(rect.center());
        harness.run();
        sent(&mut harness);
        match press {
            Some(key) => harness.key_press(key),
            None => harness.get_by_label_contains("Reject").click(),
        }
        harness.run();
        let sent = sent(&mut harness);
        assert!(sent.contains(&expected), "{press:?}: {sent:?}");
    }
}

#[test]
fn a_better_slice_and_a_doubtful_mask_are_offered() {
    let view = proposed(
        "20.9 × 14.6 mm · 4.91 mL · confidence 0.31",
        true,
        Some(OfferView::Slice(21)),
    );
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    harness.get_by_label_contains("slice 22").click();
    harness.run();
    harness.get_by_label("Let the mask count").click();
    harness.run();
    let sent = sent(&mut harness);
    assert!(sent.contains(&Command::TakeOffer));
    assert!(sent.iter().any(|c| matches!(c, Command::CountBy { .. })));
}

#[test]
fn another_way_to_divide_is_offered_and_taken_by_its_key() {
    for (by_slice, text) in [
        (true, "Slice by slice: 5.20 mL"),
        (false, "Whole lesion anew: 5.20 mL"),
    ] {
        for by_key in [true, false] {
            let volume = "5.20 mL".to_owned();
            let offer = OfferView::Whole { by_slice, volume };
            let mut harness = harness(
                proposed("20.9 × 14.6 mm", false, Some(offer)),
                [1000.0, 640.0],
            );
            harness.run();
            if by_key {
                harness.key_press(Key::O);
            } else {
                harness.get_by_label(text).click();
            }
            harness.run();
            assert!(sent(&mut harness).contains(&Command::TakeOffer), "{text}");
        }
    }
    // Nothing is taken where nothing is offered.
    let mut harness = harness(proposed("20.9 × 14.6 mm", false, None), [1000.0, 640.0]);
    harness.run();
    harness.key_press(Key::O);
    harness.run();
    assert!(!sent(&mut harness).contains(&Command::TakeOffer));
}

#[test]
fn the_strip_of_tools_and_the_bar_of_a_proposal_look_so() {
    let mut results = SnapshotResults::new();
    for dark in [true, false] {
        let mut view = proposed(
            "20.9 × 14.6 mm · 4.91 mL · confidence 0.31",
            true,
            Some(OfferView::Slice(21)),
        );
        view.dark = dark;
        let mut harness = harness(view, [1200.0, 720.0]);
        harness.state_mut().ui.take(Tool::Scribble);
        harness.run();
        let rect = slice_rect(&harness, "Follow-up 1");
        harness.hover_at(rect.center());
        harness.run();
        let theme = if dark { "dark" } else { "light" };
        harness.snapshot(format!("proposal_{theme}"));
        results.extend_harness(&mut harness);
    }
}

#[test]
fn the_bar_and_the_table_say_how_much_the_hand_matters() {
    let mut view = proposed("24.1 × 18.0 mm · 3.1 ml · confidence 0.86", false, None);
    let patient = view.patient.as_mut().expect("a patient");
    let said = "W-DOUBTFUL: the outline depends on just where the gesture was made";
    let proposal = patient.proposal.as_mut().expect("a proposal");
    proposal.depends = said.to_owned();
    let cell = patient.lesions[0].cells[0].as_mut().expect("marked");
    (cell.consistency, cell.depends) = (Some(0.71), true);
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    assert!(harness.query_by_label(said).is_some());
    harness.get_by_label_contains(", consistency 0.71");
}

#[test]
fn a_part_is_removed_where_it_is_clicked() {
    fn right_click(harness: &mut Harness<'_, Stage>, pos: Pos2) {
        harness.hover_at(pos);
        harness.run();
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos,
                button: egui::PointerButton::Secondary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            harness.run();
        }
    }
    let mut harness = loaded();
    let view = fixture::loaded(true);
    let column = &view.patient.expect("a patient").columns[0];
    let shown = column.shown.as_ref().expect("an image");
    let overlay = &shown.overlays[0];
    let [a, b] = overlay.long_axis.expect("measured");
    let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let name = format!("Remove this part of {}", overlay.label);
    let rect = slice_rect(&harness, "Baseline");

    right_click(&mut harness, on_screen(rect, [2.0, 2.0]));
    assert!(harness.query_by_label(&name).is_none(), "nothing is there");
    right_click(&mut harness, on_screen(rect, middle));
    sent(&mut harness);
    harness.get_by_label(&name).click();
    harness.run();
    let sent = sent(&mut harness);
    let [
        Command::Edit {
            series,
            lesion,
            edit: Edit::RemoveIsland { at },
        },
    ] = &sent[..]
    else {
        panic!("{sent:?}");
    };
    assert_eq!((*series, *lesion), (shown.series, Some(overlay.lesion)));
    let expected = shown
        .map
        .patient(f64::from(middle[0]), f64::from(middle[1]));
    assert!(at.distance(expected).0 < shown.map.dx.norm());
    assert!(
        harness.query_by_label(&name).is_none(),
        "the menu is closed"
    );
}
