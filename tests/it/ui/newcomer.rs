//! Somebody who opens the program for the first time: from an empty workspace to two lesions measured
//! at two time points, by what hands do in the window, each of them counted.

use std::path::Path;

use oncotwin::phantom::PhantomTruth;
use oncotwin::units::Length;

use super::room::{Room, enter, rest, session};
use super::*;

/// More would be too many.
const MOST: usize = 25;

/// Hands on the window; every click, drag and key is a gesture.
struct Hands {
    harness: Harness<'static, Room>,
    gestures: Vec<String>,
}

impl Hands {
    fn did(&mut self, what: String) {
        self.gestures.push(what);
        rest(&mut self.harness);
    }

    fn click(&mut self, name: &str) {
        let at = self.harness.get_by_label(name).rect().center();
        self.press(at, at);
        self.did(format!("click {name}"));
    }

    fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.did(format!("key {key:?}"));
    }

    fn drag(&mut self, what: &str, from: Pos2, to: Pos2) {
        self.press(from, to);
        self.did(format!("drag {what}"));
    }

    fn press(&mut self, from: Pos2, to: Pos2) {
        let harness = &mut self.harness;
        harness.hover_at(from);
        harness.run();
        harness.drag_at(from);
        harness.run();
        if from != to {
            for part in [0.3, 0.7, 1.0] {
                harness.hover_at(from.lerp(to, part));
                harness.run();
            }
        }
        harness.drop_at(to);
        harness.run();
    }

    /// Brings a slice of a time point into view: by its slider, and where that misses, by keys.
    fn slice(&mut self, n: usize, column: &str, slice: usize) {
        let shown = |hands: &mut Self| {
            let patient = hands.harness.state_mut().patient();
            let shown = patient.columns[n].shown.clone().expect("loaded");
            (shown.slice, shown.n_slices)
        };
        let (now, of) = shown(self);
        let rail = self
            .harness
            .get_by_label(&format!("Slice of {column}"))
            .rect();
        let inset = rail.height() / 2.5;
        let x = |slice: usize| {
            let share = slice as f32 / (of - 1) as f32;
            pos2(
                rail.left() + inset + share * (rail.width() - 2.0 * inset),
                rail.center().y,
            )
        };
        if now != slice {
            self.drag(&format!("the slider of {column}"), x(now), x(slice));
        }
        let name = format!("Slice view {column}");
        let over = self.harness.get_by_label(&name).rect().center();
        while shown(self).0 != slice {
            self.harness.hover_at(over);
            let key = if shown(self).0 < slice {
                Key::ArrowDown
            } else {
                Key::ArrowUp
            };
            self.key(key);
        }
    }

    /// Draws along the longest diameter of a lesion, as far as a hand sees it.
    fn measure(&mut self, n: usize, column: &str, [a, b]: [Point; 2]) {
        let shown = self.harness.state_mut().patient().columns[n].shown.clone();
        let shown = shown.expect("loaded");
        let rect = self
            .harness
            .get_by_label(&format!("Slice view {column}"))
            .rect();
        let size = [shown.picture.width, shown.picture.height].map(|n| n as f64);
        let mm = shown.map.dx.norm();
        let scale = (f64::from(rect.width()) / size[0]).min(f64::from(rect.height()) / size[1]);
        let on_screen = |p: Point| {
            let [x, y] = shown.map.pixel(p);
            let off = [x - (size[0] - 1.0) / 2.0, y - (size[1] - 1.0) / 2.0];
            // No hand hits better than a point of the screen.
            (rect.center() + vec2((off[0] * scale) as f32, (off[1] * scale) as f32)).round()
        };
        assert!((shown.map.dy.norm() - mm).abs() < 1e-9, "square pixels");
        let what = format!("along a lesion in {column}");
        self.drag(&what, on_screen(a), on_screen(b));
    }
}

fn truth(workspace: &Path) -> PhantomTruth {
    let path = workspace.join("samples/phantom/truth.json");
    let text = std::fs::read_to_string(path).expect("the sample was made there");
    serde_json::from_str(&text).expect("as it was written")
}

#[test]
fn two_lesions_at_two_time_points_take_few_gestures() {
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = dir.path().join("case");
    let mut hands = Hands {
        harness: enter(session(&workspace), [1400.0, 900.0]),
        gestures: Vec::new(),
    };
    rest(&mut hands.harness);
    hands.click("Open Synthetic CT study");
    let truth = truth(&workspace);
    let columns = ["Baseline", "Follow-up 1"];
    hands.key(Key::D);
    for lesion in 0..2 {
        if lesion > 0 {
            hands.key(Key::N);
        }
        for (n, column) in columns.into_iter().enumerate() {
            let axis = truth.time_points[n].lesions[lesion].long_axis;
            let grid = hands.harness.state().session.state().shown_grid(n);
            let grid = grid.expect("loaded");
            let middle = axis[0].midpoint(axis[1]);
            let k = grid.voxel_from_patient(middle).k.round() as usize;
            hands.slice(n, column, k);
            hands.measure(n, column, axis);
        }
    }

    let patient = hands.harness.state_mut().patient();
    assert_eq!(patient.lesions.len(), 2);
    for (lesion, row) in patient.lesions.iter().enumerate() {
        for n in 0..2 {
            let cell = row.cells[n].as_ref().expect("measured");
            assert!(!cell.pending, "{} is measured", row.label);
            let known = truth.time_points[n].lesions[lesion].long_axis_mm.0;
            let stated: f64 = cell
                .axes
                .split(|c: char| !c.is_ascii_digit() && c != '.')
                .find_map(|word| word.parse().ok())
                .expect("millimetres");
            assert!(
                (stated - known).abs() < 0.15 * known + 1.3,
                "{} at {n}: {} for {known} mm",
                row.label,
                cell.axes
            );
        }
    }
    let sums = patient.response.iter().take(2);
    for sum in sums {
        assert!(matches!(sum.sum_value, Some(Length::Mm(_))), "{sum:?}");
    }
    for (n, gesture) in hands.gestures.iter().enumerate() {
        eprintln!("{:>2} {gesture}", n + 1);
    }
    eprintln!("{} gestures", hands.gestures.len());
    assert!(hands.gestures.len() <= MOST, "{:?}", hands.gestures);
}
