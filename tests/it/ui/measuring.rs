//! Figures in the window: drawing them on slices and planes, dragging their handles, removing them.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{
    Figure, FigureKind, FigureOf, FigureView, MeasurementId, Probe, SectionView, SliceView,
};
use oncotwin::geometry::Grid;
use oncotwin::ui::Tool;
use oncotwin::units::Mm;
use oncotwin::volume::{IntensityUnit, Modality, Rescale, Samples, Volume};
use uuid::Uuid;

use super::*;

/// The voxels behind the first slice of the fixture.
fn voxels(slice: &SliceView) -> Arc<Volume> {
    let picture = &slice.picture;
    let shape = (1, picture.height, picture.width);
    let gray = picture.gray.iter().map(|g| i16::from(*g) * 2 - 200);
    let samples = ndarray::Array3::from_shape_vec(shape, gray.collect()).expect("of its size");
    let map = slice.map;
    let shape = [picture.width, picture.height, 1];
    let grid = Grid::new(shape, map.dx, map.dy, vec![map.origin], None).expect("a grid");
    let volume = Volume::new(
        Arc::new(grid),
        Samples::I16(samples),
        vec![Rescale::IDENTITY],
        IntensityUnit::Hounsfield,
        Modality::CT,
    );
    Arc::new(volume.expect("a volume"))
}

/// Views of figures on a picture, as the program makes them.
fn figures(map: &PixelMap, probe: &Probe, all: &[(u128, Figure)], reach: f64) -> Vec<FigureView> {
    let views = all.iter().map(|(n, figure)| FigureView {
        of: FigureOf::Measurement(MeasurementId(Uuid::from_u128(*n))),
        lines: probe.measure(figure),
        drawn: map.draw(figure, [Mm(reach); 2]),
        figure: Arc::new(figure.clone()),
        label: if *n == 503 {
            "spleen".into()
        } else {
            String::new()
        },
        locked: false,
    });
    views.filter(|v| !v.drawn.is_empty()).collect()
}

/// Three planes with one figure of each kind.
fn measured(dark: bool) -> View {
    let mut view = fixture::planes(dark);
    let column = &mut view.patient.as_mut().expect("a patient").columns[0];
    let slice = column.shown.as_mut().expect("a slice");
    let probe = Probe::new(voxels(slice), 0);
    let map = slice.map;
    let at = |x, y| map.patient(x, y);
    let all = [
        (
            500,
            Figure::Length {
                ends: [at(30.0, 20.0), at(95.0, 28.0)],
            },
        ),
        (
            501,
            Figure::bidirectional(
                [at(82.0, 66.0), at(98.0, 78.0)],
                slice.map.dx.cross(&slice.map.dy),
            ),
        ),
        (
            502,
            Figure::Angle {
                points: [at(50.0, 112.0), at(63.0, 98.0), at(80.0, 110.0)],
            },
        ),
        (
            503,
            Figure::Ellipse {
                center: at(106.0, 52.0),
                ends: [at(112.0, 52.0), at(106.0, 60.0)],
            },
        ),
        (
            504,
            Figure::Sphere {
                center: at(28.0, 78.0),
                rim: at(38.0, 78.0),
            },
        ),
        (505, Figure::Probe { at: at(64.0, 52.0) }),
    ];
    slice.figures = figures(&slice.map, &probe, &all, 0.5);
    slice.probe = Some(probe.clone());
    // Through the sphere.
    let place = at(28.0, 78.0).0;
    for (section, axis) in column.sections.iter_mut().zip([1, 0]) {
        section.map.origin.0[axis] = place[axis];
        section.figures = figures(&section.map, &probe, &all, 0.4);
        section.probe = Some(probe.clone());
    }
    view
}

fn staged(view: View) -> Harness<'static, Stage> {
    let mut harness = harness(view, [1200.0, 800.0]);
    harness.run();
    harness
}

fn slice_of(harness: &Harness<'_, Stage>) -> SliceView {
    let patient = harness.state().view.patient.as_ref().expect("a patient");
    patient.columns[0].shown.clone().expect("a slice")
}

fn click(harness: &mut Harness<'_, Stage>, at: Pos2) {
    drag(harness, &[at]);
}

/// The figures that were drawn.
fn drawn(harness: &mut Harness<'_, Stage>) -> Vec<Figure> {
    let figure = |c| match c {
        Command::AddMeasurement { figure, .. } => Some(figure),
        _ => None,
    };
    sent(harness).into_iter().filter_map(figure).collect()
}

#[test]
fn each_figure_is_drawn_by_its_drag() {
    let mut harness = staged(fixture::planes(true));
    let map = slice_of(&harness).map;
    let rect = slice_rect(&harness, "Baseline");
    let path = [[40.0, 50.0], [52.0, 50.0], [60.0, 64.0]];
    for kind in FigureKind::ALL {
        if matches!(kind, FigureKind::Angle | FigureKind::Polygon) {
            continue;
        }
        harness.state_mut().ui.take(Tool::Measure(kind));
        drag(&mut harness, &path.map(|p| on_screen(rect, p)));
        let all = drawn(&mut harness);
        let [figure] = &all[..] else {
            panic!("{kind:?}: {all:?}");
        };
        assert_eq!(figure.kind(), kind);
        let corners = [[40.0, 50.0], [60.0, 64.0]];
        match figure {
            Figure::Length { ends } | Figure::Bidirectional { long: ends, .. } => {
                assert_near(&map, ends[0], corners[0]);
                assert_near(&map, ends[1], corners[1]);
            }
            Figure::Sphere { center, rim } => {
                assert_near(&map, *center, corners[0]);
                assert_near(&map, *rim, corners[1]);
            }
            Figure::Ellipse { center, ends } => {
                assert_near(&map, *center, [50.0, 57.0]);
                assert_near(&map, ends[0], [60.0, 57.0]);
                assert_near(&map, ends[1], [50.0, 64.0]);
            }
            Figure::Probe { at } => assert_near(&map, *at, corners[1]),
            other => panic!("{other:?}"),
        }
        // A slip of the hand draws nothing but a probe.
        let at = on_screen(rect, [70.0, 70.0]);
        drag(&mut harness, &[at, at + vec2(2.0, 1.0)]);
        assert_eq!(
            drawn(&mut harness).len(),
            usize::from(kind == FigureKind::Probe)
        );
    }
}

#[test]
fn an_angle_is_a_leg_and_a_click_or_three_clicks() {
    let mut harness = staged(fixture::planes(true));
    harness
        .state_mut()
        .ui
        .take(Tool::Measure(FigureKind::Angle));
    let map = slice_of(&harness).map;
    let rect = slice_rect(&harness, "Baseline");
    let places = [[40.0, 80.0], [40.0, 50.0], [70.0, 50.0]];
    let [a, b, c] = places.map(|p| on_screen(rect, p));
    drag(&mut harness, &[a, b]);
    click(&mut harness, c);
    for place in [a, b, c] {
        click(&mut harness, place);
    }
    let all = drawn(&mut harness);
    assert_eq!(all.len(), 2);
    for figure in &all {
        let Figure::Angle { points } = figure else {
            panic!("{figure:?}");
        };
        for (point, place) in points.iter().zip(places) {
            assert_near(&map, *point, place);
        }
    }
    // Called off after the first leg.
    drag(&mut harness, &[a, b]);
    harness.key_press(Key::Escape);
    harness.run();
    click(&mut harness, c);
    assert_eq!(drawn(&mut harness), []);
}

#[test]
fn a_polygon_ends_at_its_first_corner_or_with_enter() {
    let mut harness = staged(fixture::planes(true));
    harness
        .state_mut()
        .ui
        .take(Tool::Measure(FigureKind::Polygon));
    let map = slice_of(&harness).map;
    let rect = slice_rect(&harness, "Baseline");
    let places = [[40.0, 40.0], [80.0, 42.0], [78.0, 80.0], [44.0, 76.0]];
    for ending in [Some([40.0, 40.0]), None] {
        for place in places.into_iter().chain(ending) {
            click(&mut harness, on_screen(rect, place));
        }
        if ending.is_none() {
            harness.key_press(Key::Enter);
            harness.run();
        }
        let all = drawn(&mut harness);
        let [Figure::Polygon { corners }] = &all[..] else {
            panic!("{all:?}");
        };
        assert_eq!(corners.len(), 4);
        for (corner, place) in corners.iter().zip(places) {
            assert_near(&map, *corner, place);
        }
    }
}

#[test]
fn lines_are_drawn_on_planes_across_and_regions_are_not() {
    let mut harness = staged(fixture::planes(true));
    let section: SectionView = {
        let patient = harness.state().view.patient.as_ref().expect("a patient");
        patient.columns[0].sections[0].clone()
    };
    let middle = harness
        .get_by_label("Coronal plane Baseline")
        .rect()
        .center();
    for (kind, n) in [(FigureKind::Length, 1), (FigureKind::Ellipse, 0)] {
        harness.state_mut().ui.take(Tool::Measure(kind));
        drag(&mut harness, &[middle, middle + vec2(40.0, 25.0)]);
        let all = sent(&mut harness);
        let points_elsewhere = all.iter().any(|c| matches!(c, Command::PointAt { .. }));
        assert!(!points_elsewhere || n == 0, "{all:?}");
        let added = all.iter().filter_map(|c| match c {
            Command::AddMeasurement { figure, .. } => Some(figure.clone()),
            _ => None,
        });
        let added: Vec<Figure> = added.collect();
        assert_eq!(added.len(), n, "{added:?}");
        for figure in added {
            for end in figure.handles() {
                let [x, y] = section.map.pixel(end);
                assert!(
                    section.map.patient(x, y).distance(end).0 < 1e-6,
                    "in the plane"
                );
            }
        }
    }
}

#[test]
fn a_handle_is_dragged_in_one_step_and_escape_lets_go() {
    let mut harness = staged(measured(true));
    let slice = slice_of(&harness);
    let rect = slice_rect(&harness, "Baseline");
    let (from, to) = ([95.0, 28.0], [100.0, 40.0]);
    drag(
        &mut harness,
        &[from, [97.0, 30.0], to].map(|p| on_screen(rect, p)),
    );
    let commands = sent(&mut harness);
    let [
        Command::MoveHandle {
            measurement,
            handle: 1,
            to: moved,
        },
    ] = commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(measurement, MeasurementId(Uuid::from_u128(500)));
    assert_near(&slice.map, moved, to);

    let [from, to] = [from, to].map(|p| on_screen(rect, p));
    harness.hover_at(from);
    harness.run();
    harness.drag_at(from);
    harness.run();
    harness.hover_at(to);
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    harness.drop_at(to);
    harness.run();
    assert_eq!(sent(&mut harness), []);
    // A click on a handle moves nothing.
    click(&mut harness, from + vec2(3.0, 0.0));
    assert!(
        !sent(&mut harness)
            .iter()
            .any(|c| matches!(c, Command::MoveHandle { .. }))
    );
}

#[test]
fn a_signed_figure_has_no_handles() {
    let mut view = measured(true);
    let column = &mut view.patient.as_mut().expect("a patient").columns[0];
    column.reading.state = oncotwin::case::ReadingState::Signed;
    let mut harness = staged(view);
    let rect = slice_rect(&harness, "Baseline");
    drag(
        &mut harness,
        &[[95.0, 28.0], [97.0, 30.0], [100.0, 40.0]].map(|p| on_screen(rect, p)),
    );
    let commands = sent(&mut harness);
    assert!(
        !commands
            .iter()
            .any(|c| matches!(c, Command::MoveHandle { .. })),
        "{commands:?}"
    );
}

#[test]
fn delete_removes_what_the_pointer_is_at() {
    let mut harness = staged(measured(true));
    let rect = slice_rect(&harness, "Baseline");
    harness.hover_at(on_screen(rect, [62.5, 24.0]));
    harness.run();
    harness.key_press(Key::Delete);
    harness.run();
    let measurement = MeasurementId(Uuid::from_u128(500));
    assert_eq!(
        sent(&mut harness),
        [Command::RemoveMeasurement { measurement }]
    );
    harness.hover_at(on_screen(rect, [62.5, 120.0]));
    harness.run();
    harness.key_press(Key::Delete);
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        !commands.contains(&Command::RemoveMeasurement { measurement }),
        "{commands:?}"
    );
}

#[test]
fn the_menu_of_a_figure_names_and_removes_it() {
    let mut harness = staged(measured(true));
    let rect = slice_rect(&harness, "Baseline");
    let at = on_screen(rect, [62.5, 24.0]);
    let open = |harness: &mut Harness<'_, Stage>| {
        harness.hover_at(at);
        harness.run();
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Secondary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            harness.run();
        }
        sent(harness);
    };
    let measurement = MeasurementId(Uuid::from_u128(500));
    open(&mut harness);
    harness.get_by_label("Name of this measurement").focus();
    harness.run();
    harness
        .get_by_label("Name of this measurement")
        .type_text("aorta");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let label = "aorta".to_owned();
    assert_eq!(
        sent(&mut harness),
        [Command::LabelMeasurement { measurement, label }]
    );
    open(&mut harness);
    harness.get_by_label("Remove this length").click();
    harness.run();
    assert_eq!(
        sent(&mut harness),
        [Command::RemoveMeasurement { measurement }]
    );
    assert!(
        harness.query_by_label("Remove this length").is_none(),
        "the menu is closed"
    );
}

#[test]
fn figures_are_chosen_in_the_menu_and_taken_again_by_key() {
    let mut harness = loaded();
    harness.get_by_label("Measure").click();
    harness.run();
    harness.get_by_label("Sphere").click();
    harness.run();
    assert_eq!(harness.state().ui.tool, Tool::Measure(FigureKind::Sphere));
    for tool in [Tool::Window, Tool::Measure(FigureKind::Sphere)] {
        harness.key_press(Key::A);
        harness.run();
        assert_eq!(harness.state().ui.tool, tool);
    }
}

#[test]
fn figures_look_as_they_should() {
    let mut results = SnapshotResults::new();
    for dark in [true, false] {
        let mut harness = harness(measured(dark), [1280.0, 800.0]);
        harness
            .state_mut()
            .ui
            .take(Tool::Measure(FigureKind::Ellipse));
        harness.run();
        if dark {
            let rect = slice_rect(&harness, "Baseline");
            let path = [[52.0, 40.0], [72.0, 64.0]].map(|p| on_screen(rect, p));
            harness.hover_at(path[0]);
            harness.run();
            harness.drag_at(path[0]);
            harness.run();
            harness.hover_at(path[1]);
            harness.run();
        }
        let theme = if dark { "dark" } else { "light" };
        results.add(harness.try_snapshot(format!("figures_{theme}")));
    }
}
