//! The lines in which the planes of a time point cut each other, and their handles.

use egui::{Painter, Pos2, Rect, Shape, Stroke, Vec2};

use super::super::theme;
use super::gesture::Kind;
use super::transform::Transform;
use crate::app::Command;
use crate::app::view::{Crosshair, PixelMap, PlaneLine, Point, ReferenceLine, SeriesId, Vec3};

/// Half the gap of a crosshair, so that what is looked at is not hidden by it.
const GAP: f32 = 7.0;
/// Radius of a handle.
const HANDLE: f32 = 4.5;
/// A press that is this near to a handle takes it.
const REACH: f32 = 10.0;
/// Handles stand so far from the place, as a part of the smaller side of the picture.
const AWAY: f32 = 0.36;

/// A line on the screen: a point on it, as near to the place as possible, and its unit direction.
fn on_screen(
    crosshair: &Crosshair,
    line: &PlaneLine,
    transform: Transform,
) -> Option<(Pos2, Vec2)> {
    let through = transform.to_screen(line.through);
    let ahead = [0, 1].map(|n| line.through[n] + line.along[n]);
    let along = transform.to_screen(ahead) - through;
    let along = along / along.length();
    let at = transform.to_screen(crosshair.at);
    let near = through + along * (at - through).dot(along);
    (along.x.is_finite() && along.y.is_finite()).then_some((near, along))
}

/// Draws the lines with a gap around the place itself, and handles where they can be turned.
pub(super) fn draw(
    painter: &Painter,
    rect: Rect,
    crosshair: &Crosshair,
    transform: Transform,
    handles: bool,
) {
    let color = theme::image().crosshair;
    let stroke = Stroke::new(1.0, color);
    let far = rect.width() + rect.height();
    for line in &crosshair.lines {
        let Some((near, along)) = on_screen(crosshair, line, transform) else {
            continue;
        };
        for way in [along, -along] {
            // From outside the picture back to the place: nothing where the place is not in sight.
            let beyond = far + (near - rect.center()).length();
            painter.line_segment([near + way * GAP, near + way * beyond], stroke);
        }
    }
    if handles {
        for (_, at) in grips(rect, crosshair, transform) {
            painter.circle(at, HANDLE, theme::image().halo, Stroke::new(1.5, color));
        }
    }
}

/// Draws where the slice of the active view cuts this picture, dashed: it is another column's.
pub(super) fn references(
    painter: &Painter,
    lines: &[ReferenceLine],
    active: Option<SeriesId>,
    transform: Transform,
) {
    let ink = theme::image();
    for line in lines.iter().filter(|line| Some(line.of) == active) {
        let ends = line.ends.map(|end| transform.to_screen(end));
        painter.line_segment(ends, Stroke::new(2.5, ink.halo));
        let stroke = Stroke::new(1.2, ink.text_weak);
        painter.extend(Shape::dashed_line(&ends, stroke, 7.0, 5.0));
    }
}

/// Handles that are in sight, with the plane that each turns.
fn grips(
    rect: Rect,
    crosshair: &Crosshair,
    transform: Transform,
) -> impl Iterator<Item = (usize, Pos2)> {
    let away = AWAY * rect.width().min(rect.height());
    let lines = crosshair.lines.iter().filter_map(move |line| {
        let (near, along) = on_screen(crosshair, line, transform)?;
        Some((line.across?, [near + along * away, near - along * away]))
    });
    lines
        .flat_map(|(across, ends)| ends.map(|at| (across, at)))
        .filter(move |(_, at)| rect.contains(*at))
}

/// The plane whose handle is at a place of the screen.
pub(super) fn grip_at(
    rect: Rect,
    crosshair: &Crosshair,
    transform: Transform,
    at: Pos2,
) -> Option<usize> {
    let near = grips(rect, crosshair, transform).map(|(across, grip)| (across, grip.distance(at)));
    let nearest = near.min_by(|a, b| a.1.total_cmp(&b.1));
    nearest
        .filter(|(_, d)| *d <= REACH)
        .map(|(across, _)| across)
}

/// A plane being turned by its line in another picture.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    across: usize,
    /// Where the planes meet, in the picture that is turned on.
    place: Point,
    /// Normal of that picture.
    about: Vec3,
    map: PixelMap,
    transform: Transform,
    /// Direction of the pointer from the place when it was last seen, radians.
    last: f64,
    /// Turned so far, degrees.
    total: f64,
}

impl Turn {
    /// Begins where the pointer went down on a handle.
    pub(super) fn begin(
        rect: Rect,
        crosshair: &Crosshair,
        map: &PixelMap,
        transform: Transform,
        start: Pos2,
    ) -> Option<Kind> {
        let across = grip_at(rect, crosshair, transform, start)?;
        let mut turn = Self {
            across,
            place: crosshair.place,
            about: crosshair.normal,
            map: *map,
            transform,
            last: 0.0,
            total: 0.0,
        };
        turn.last = turn.direction(start)?;
        Some(Kind::Turn(turn))
    }

    /// Direction from the place to a point of the screen, within the picture; `None` too near to
    /// the place to tell.
    fn direction(&self, at: Pos2) -> Option<f64> {
        let [x, y] = self.transform.to_picture(at);
        let d = self.map.patient(x, y).0 - self.place.0;
        let u = self.map.dx.normalize();
        let v = self.about.cross(&u);
        (self
            .transform
            .to_screen(self.map.pixel(self.place))
            .distance(at)
            > GAP)
            .then(|| d.dot(&v).atan2(d.dot(&u)))
    }

    /// Follows the pointer.
    pub(super) fn follow(&mut self, series: SeriesId, at: Pos2) -> Option<Command> {
        let now = self.direction(at)?;
        let by = (now - self.last).to_degrees();
        // The short way round.
        let by = by - 360.0 * (by / 360.0).round();
        self.last = now;
        self.total += by;
        (by != 0.0).then(|| self.command(series, by))
    }

    /// Turns back what was turned.
    pub(super) fn call_off(&self, series: SeriesId) -> Command {
        self.command(series, -self.total)
    }

    fn command(&self, series: SeriesId, degrees: f64) -> Command {
        Command::TurnPlane {
            series,
            across: self.across,
            about: self.about.into(),
            degrees,
        }
    }
}
