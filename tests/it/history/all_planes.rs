//! Figures drawn by the pixels of the slice, of the planes across it and of an oblique one, through the
//! session: the same millimetres give the same words.

use oncotwin::app::view::{Figure, PixelMap, Point};

use super::*;

impl Desk {
    /// The pictures of the first time point, by name, with the place where they meet.
    fn maps(&mut self) -> (Vec<(String, PixelMap)>, Point) {
        let column = self.view().columns[0].clone();
        let slice = column.shown.expect("a slice");
        let mut maps = vec![("Slice".to_owned(), slice.map)];
        let place = column.sections[0].place;
        maps.extend(column.sections.into_iter().map(|s| (s.title, s.map)));
        (maps, place)
    }

    /// What the window writes at the figure that was drawn last.
    fn written(&mut self, figure: Figure) -> Vec<String> {
        let series = self.series(0);
        let label = String::new();
        self.send(Command::AddMeasurement {
            series,
            figure,
            label,
        });
        self.no_errors();
        let id = self.records().measurements.last().expect("recorded").id;
        let column = self.view().columns[0].clone();
        let of = oncotwin::app::view::FigureOf::Measurement(id);
        let on_slice = column.shown.as_ref().and_then(|s| s.figure(of)).cloned();
        let across = column.sections.iter().flat_map(|s| &s.figures);
        let mut seen = on_slice
            .into_iter()
            .chain(across.filter(|f| f.of == of).cloned());
        let first = seen.next().expect("seen where it was drawn").lines;
        assert!(seen.all(|f| f.lines == first), "one figure, one number");
        first
    }
}

#[test]
fn the_same_figure_says_the_same_in_every_plane() {
    let mut desk = Desk::open();
    desk.send(Command::ShowPlanes { three: true });
    let series = desk.series(0);
    let straight = desk.maps();
    desk.send(Command::TurnPlane {
        series,
        across: 0,
        about: [0.3, 0.2, 1.0],
        degrees: 34.0,
    });
    let turned = desk.maps();
    assert_eq!(straight.0.len() + turned.0.len(), 6);
    let mut lengths = Vec::new();
    let mut angles = Vec::new();
    let mut spheres = Vec::new();
    let center = straight.1;
    for (maps, place) in [straight, turned] {
        for (name, map) in maps {
            let [x, y] = map.pixel(place);
            let at = |[right, down]: [f64; 2]| {
                map.patient(x + right / map.dx.norm(), y + down / map.dy.norm())
            };
            let ends = [at([-12.0, -16.0]), at([12.0, 16.0])];
            lengths.push((name.clone(), desk.written(Figure::Length { ends })));
            let points = [at([20.0, 0.0]), at([0.0, 0.0]), at([15.0, 15.0])];
            angles.push((name.clone(), desk.written(Figure::Angle { points })));
            // The planes meet in one place to half a voxel; of a sphere it has to be the same.
            let away = at([9.0, 12.0]).0 - at([0.0; 2]).0;
            let rim = Point(center.0 + away);
            spheres.push((name, desk.written(Figure::Sphere { center, rim })));
        }
    }
    for (name, lines) in &lengths {
        assert_eq!(lines, &["40.0 mm"], "{name}");
    }
    for (name, lines) in &angles {
        assert_eq!(lines, &["45.0°"], "{name}");
    }
    for (name, lines) in &spheres {
        assert!(lines.len() > 1, "{name}: volume and values");
        assert_eq!(lines, &spheres[0].1, "{name}");
    }
}
