//! Figures through the session: stored at once, undone and redone, locked by a signature, and never a
//! number that is not worked out on the image.

use oncotwin::app::view::{Figure, FigureOf, FigureView, Point};
use oncotwin::case::*;
use oncotwin::volume::PetStatement;
use serde_json::json;

use super::*;

impl Desk {
    fn drawn(&mut self, n: usize) -> Vec<FigureView> {
        self.view().columns[n]
            .shown
            .clone()
            .expect("a slice")
            .figures
    }

    /// Picture positions of the slice that is shown at time point `n`, in space.
    fn places<const N: usize>(&mut self, n: usize, places: [[f64; 2]; N]) -> [Point; N] {
        let map = self.view().columns[n].shown.clone().expect("a slice").map;
        places.map(|[x, y]| map.patient(x, y))
    }

    fn measure(&mut self, n: usize, figure: Figure) -> MeasurementId {
        let series = self.series(n);
        let label = String::new();
        self.send(Command::AddMeasurement {
            series,
            figure,
            label,
        });
        self.no_errors();
        self.records().measurements.last().expect("measured").id
    }
}

#[test]
fn a_figure_is_stored_moved_named_and_removed_step_by_step() {
    let mut desk = Desk::open();
    let points = desk.places(0, [[20.0, 20.0], [20.0, 30.0], [34.0, 30.0]]);
    let id = desk.measure(0, Figure::Angle { points });
    assert_eq!(desk.drawn(0)[0].lines, ["90.0°"]);
    let drawn = desk.records();
    let [to] = desk.places(0, [[30.0, 20.0]]);
    desk.send(Command::MoveHandle {
        measurement: id,
        handle: 2,
        to,
    });
    assert_eq!(desk.drawn(0)[0].lines, ["45.0°"]);
    let moved = desk.records();
    desk.send(Command::LabelMeasurement {
        measurement: id,
        label: " Cobb ".to_owned(),
    });
    assert_eq!(desk.drawn(0)[0].label, "Cobb");
    let named = desk.records();
    desk.send(Command::RemoveMeasurement { measurement: id });
    assert!(desk.drawn(0).is_empty());
    let titles: Vec<String> = desk.titles().into_iter().map(|(title, _)| title).collect();
    assert_eq!(
        titles,
        [
            "Measure an angle · Baseline",
            "Move an angle · Baseline",
            "Name an angle · Baseline",
            "Remove an angle · Baseline",
        ]
    );
    // Also after a restart.
    desk.verify();
    for expected in [&named, &moved, &drawn] {
        desk.send(Command::Undo);
        assert_eq!(&desk.records(), expected);
    }
    desk.send(Command::Undo);
    assert!(desk.records().measurements.is_empty());
    for expected in [&drawn, &moved, &named] {
        desk.send(Command::Redo);
        assert_eq!(&desk.records(), expected);
    }
    desk.verify();
}

#[test]
fn a_region_says_what_is_in_it_wherever_it_is_seen() {
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let [center, rim] = desk.places(0, [[40.0, 40.0], [44.0, 40.0]]);
    desk.measure(0, Figure::Sphere { center, rim });
    let lines = desk.drawn(0)[0].lines.clone();
    assert!(
        lines[0].contains("mL") && lines[0].contains("mm"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("mean") && lines[1].ends_with("HU"),
        "{lines:?}"
    );
    let series = desk.series(0);
    desk.send(Command::PointAt {
        series,
        place: center,
    });
    for section in desk.view().columns[0].sections.clone() {
        let [figure] = &section.figures[..] else {
            panic!("{:?}", section.figures);
        };
        assert_eq!(figure.lines, lines);
        // The circle around the place where the planes meet.
        let at = section.map.pixel(center);
        let radius = center.distance(rim).0 / section.map.dx.norm();
        for p in &figure.drawn.lines[0] {
            let d = (f64::from(p[0]) - at[0]).hypot(f64::from(p[1]) - at[1]);
            assert!((d - radius).abs() < 0.3, "{d} and {radius}");
        }
    }
    // A slice beyond it shows nothing of it.
    let slice = desk.view().columns[0]
        .shown
        .as_ref()
        .expect("a slice")
        .slice;
    desk.send(Command::SetSlice {
        series,
        slice: slice + 8,
    });
    assert!(desk.drawn(0).is_empty());
}

#[test]
fn what_cannot_be_measured_is_refused_and_changes_nothing() {
    let mut desk = Desk::open();
    let before = desk.records();
    let [a, b, c] = desk.places(0, [[20.0, 20.0], [30.0, 20.0], [30.0, 30.0]]);
    let far = Point(c.0 + nalgebra::Vector3::z() * 30.0);
    for (figure, why) in [
        (Figure::Length { ends: [a, a] }, "no size"),
        (
            Figure::Polygon {
                corners: vec![a, b, far],
            },
            "one slice to another",
        ),
        (
            Figure::Probe {
                at: Point::new(9e3, 0.0, 0.0),
            },
            "outside the image",
        ),
    ] {
        let series = desk.series(0);
        desk.send(Command::AddMeasurement {
            series,
            figure,
            label: String::new(),
        });
        assert!(desk.said(why), "{why}");
        desk.quiet();
    }
    let id = desk.measure(0, Figure::Length { ends: [a, b] });
    let drawn = desk.records();
    desk.send(Command::MoveHandle {
        measurement: id,
        handle: 1,
        to: a,
    });
    assert!(desk.said("Nothing of a size"));
    desk.send(Command::MoveHandle {
        measurement: id,
        handle: 7,
        to: c,
    });
    assert_eq!(desk.records(), drawn);
    desk.send(Command::Undo);
    assert_eq!(desk.records(), before);
}

#[test]
fn a_signature_locks_figures_and_binds_them() {
    let mut desk = Desk::open();
    let [a, b, c] = desk.places(0, [[20.0, 20.0], [30.0, 20.0], [30.0, 30.0]]);
    let id = desk.measure(0, Figure::Length { ends: [a, b] });
    desk.draw(0, 0, None);
    desk.name_reader();
    let time_point = desk.time_point(0);
    desk.send(Command::MarkReviewed { time_point });
    // What is changed is to be reviewed anew.
    desk.send(Command::MoveHandle {
        measurement: id,
        handle: 1,
        to: c,
    });
    assert_eq!(desk.view().columns[0].reading.state, ReadingState::Draft);
    desk.send(Command::MarkReviewed { time_point });
    desk.send(Command::Sign {
        time_point,
        meaning: Meaning::Approval,
    });
    let signed = desk.records();
    assert_eq!(desk.view().columns[0].reading.state, ReadingState::Signed);
    assert!(desk.drawn(0)[0].locked);
    let series = desk.series(0);
    for command in [
        Command::MoveHandle {
            measurement: id,
            handle: 0,
            to: b,
        },
        Command::LabelMeasurement {
            measurement: id,
            label: "x".to_owned(),
        },
        Command::RemoveMeasurement { measurement: id },
        Command::AddMeasurement {
            series,
            figure: Figure::Probe { at: a },
            label: String::new(),
        },
    ] {
        desk.send(command);
        assert!(desk.said("is signed by"));
        assert_eq!(desk.records(), signed);
        desk.quiet();
    }
    assert!(!desk.view().columns[0].reading.broken);
    desk.verify();
}

#[test]
fn the_caliper_keeps_its_right_angle_and_swaps_its_roles() {
    let mut desk = Desk::open();
    let series = desk.series(0);
    let [a, b, c, d] = desk.places(0, [[20.0, 40.0], [50.0, 40.0], [34.0, 33.0], [36.0, 47.0]]);
    for (line, lesion) in [([a, b], None), ([c, d], Some(()))] {
        let lesion = lesion.and(desk.session().state().selected_lesion());
        desk.send(Command::Caliper {
            series,
            lesion,
            line,
        });
    }
    let figure = desk.drawn(0).remove(0);
    let FigureOf::Caliper(annotation) = figure.of else {
        panic!("{figure:?}");
    };
    assert_eq!(figure.drawn.handles.len(), 4);
    let before = desk.records();
    let [to] = desk.places(0, [[35.0, 80.0]]);
    desk.send(Command::MoveCaliper {
        annotation,
        handle: 3,
        to,
    });
    desk.no_errors();
    let caliper = desk.records().annotations[0]
        .marking
        .caliper
        .expect("lines");
    let short = caliper.short.expect("a short axis");
    let [u, v] = [caliper.long, short].map(|l| l[1].0 - l[0].0);
    assert!(u.norm() > v.norm() && u.dot(&v).abs() < 1e-6 * u.norm() * v.norm());
    assert!(
        short[0].distance(a).0 < 1e-6 && short[1].distance(b).0 < 1e-6,
        "roles swap"
    );
    let (title, _) = desk.titles().pop().expect("a step");
    assert_eq!(title, "Move the caliper of L1 · Baseline");
    desk.send(Command::Undo);
    assert_eq!(desk.records(), before);
    desk.verify();
}

#[test]
fn an_erased_patient_leaves_no_figure() {
    let mut desk = Desk::open();
    let [at] = desk.places(0, [[20.0, 20.0]]);
    desk.measure(0, Figure::Probe { at });
    let patient = desk.records().patients[0].id;
    desk.send(Command::ErasePatient {
        patient,
        reason: "test data".to_owned(),
    });
    assert!(desk.records().measurements.is_empty());
    desk.verify();
}

#[test]
fn scripts_measure_by_the_same_steps() {
    let mut desk = Desk::open();
    let [a, b, c] = desk
        .places(0, [[20.0, 20.0], [30.0, 20.0], [30.0, 30.0]])
        .map(<[f64; 3]>::from);
    let script = json!({"commands": [
        {"do": "measure", "timepoint": 0, "label": "aorta",
         "figure": {"kind": "length", "ends": [a, b]}},
        {"do": "measure", "timepoint": 0, "figure": {"kind": "probe", "at": c}},
        {"do": "move_handle", "measurement": 0, "handle": 1, "to": c},
        {"do": "label_measurement", "measurement": 1, "label": "fat"},
        {"do": "remove_measurement", "measurement": 0},
    ]});
    let script: oncotwin::app::Script = serde_json::from_value(script).expect("valid");
    let out = desk.dir.path().join("out");
    oncotwin::app::review::run(desk.session(), &script, Path::new(""), &out).expect("runs");
    let records = desk.records();
    assert_eq!(records.measurements.len(), 1);
    assert_eq!(records.measurements[0].label, "fat");
    let beyond = json!({"commands": [{"do": "remove_measurement", "measurement": 3}]});
    let beyond = serde_json::from_value(beyond).expect("valid");
    let said = oncotwin::app::review::run(desk.session(), &beyond, Path::new(""), &out);
    assert!(
        said.expect_err("refused")
            .to_string()
            .contains("the patient has 1")
    );
    desk.verify();
}

/// Uptake is worked out anew when a reader states another body weight: no number is kept that would be
/// false then.
#[test]
fn uptake_follows_what_is_stated_of_the_series() {
    let mut desk = Desk::open_edited(super::uptake::as_pet);
    let map = desk.view().columns[0].shown.clone().expect("a slice").map;
    let [width, height] = {
        let shown = desk.view().columns[0].shown.clone().expect("a slice");
        [shown.picture.width, shown.picture.height].map(|n| n as f64 / 2.0)
    };
    let center = map.patient(width, height);
    let rim = Point(center.0 + map.dx.normalize() * 20.0);
    desk.measure(0, Figure::Sphere { center, rim });
    let mean = |desk: &mut Desk| -> f64 {
        let lines = desk.drawn(0)[0].lines.clone();
        assert!(lines[2].starts_with("peak"), "{lines:?}");
        let word = lines[1].split(' ').nth(1).expect("a number");
        word.parse().expect("a number")
    };
    let before = mean(&mut desk);
    let series = desk.series(0);
    desk.send(Command::StatePet {
        series,
        stated: PetStatement {
            weight_kg: Some(140.0),
            ..PetStatement::default()
        },
        reason: "weighed again".to_owned(),
    });
    desk.no_errors();
    let after = mean(&mut desk);
    assert!(after > 1.5 * before, "{before} and {after}");
}

#[test]
fn the_report_lists_figures_with_one_column_per_unit() {
    let mut desk = Desk::open();
    desk.draw(0, 0, None);
    let [a, b] = desk.places(0, [[100.0, 100.0], [120.0, 100.0]]);
    desk.measure(0, Figure::Length { ends: [a, b] });
    desk.measure(0, Figure::Sphere { center: a, rim: b });
    let dir = desk.dir.path().join("report");
    desk.send(Command::Export {
        dir: dir.clone(),
        formats: vec![oncotwin::report::Format::Csv],
    });
    desk.no_errors();
    let text = std::fs::read_to_string(dir.join("figures.csv")).expect("written");
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let names = rows.headers().expect("names").clone();
    let rows: Vec<csv::StringRecord> = rows.records().map(|r| r.expect("a row")).collect();
    assert_eq!(rows.len(), 2);
    let cell = |row: usize, name: &str| {
        let at = names.iter().position(|n| n == name).expect("a column");
        rows[row].get(at).expect("a cell").to_owned()
    };
    // 20 pixels of 1.3 mm.
    assert_eq!(cell(0, "length_mm"), "26");
    assert_eq!(
        (cell(0, "kind"), cell(0, "length_px")),
        ("length".into(), String::new())
    );
    assert_eq!(
        (cell(0, "mean"), cell(0, "status")),
        (String::new(), "measured".into())
    );
    assert_eq!(
        (cell(1, "kind"), cell(1, "value_unit")),
        ("sphere".into(), "HU".into())
    );
    let volume: f64 = cell(1, "volume_mm3").parse().expect("a number");
    assert!((volume - 4.0 / 3.0 * std::f64::consts::PI * 26f64.powi(3)).abs() < 0.01);
    let manifest = std::fs::read_to_string(dir.join("manifest.json")).expect("written");
    assert!(manifest.contains("figures.csv"));
}

#[test]
fn figures_alone_make_a_report_for_readers() {
    let mut desk = Desk::open();
    let [a, b] = desk.places(0, [[100.0, 100.0], [120.0, 100.0]]);
    desk.measure(0, Figure::Length { ends: [a, b] });
    let dir = desk.dir.path().join("report");
    desk.send(Command::Export {
        dir: dir.clone(),
        formats: vec![oncotwin::report::Format::Html, oncotwin::report::Format::Md],
    });
    desk.no_errors();
    for name in ["report.html", "report.md"] {
        let text = std::fs::read_to_string(dir.join(name)).expect("written");
        assert!(text.contains("Other measurements"), "{name}");
        assert!(text.contains("26.0 mm"), "{name}");
    }
}
