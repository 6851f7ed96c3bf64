//! Figures that are measured: drawing them, dragging their handles, and their menu; on slices and on the
//! planes across alike.

use egui::{
    Align2, Button, Color32, Key, Painter, Popup, Pos2, Rect, Response, Shape, Stroke, Ui, vec2,
};

use super::super::state::{Tool, UiState};
use super::super::theme;
use super::super::widgets::{gated, halo_text};
use super::gesture::{Gesture, Kind, Zoomed};
use super::overlay::{around, inside};
use super::transform::Transform;
use crate::app::Command;
use crate::app::view::{
    DrawnFigure, Figure, FigureKind, FigureOf, FigureView, PixelMap, Point, Probe, SectionView,
    SeriesId, SliceView,
};
use crate::texts::{self, tr};
use crate::units::Mm;

/// A handle is taken within this distance of the pointer, in points.
const GRASP: f32 = 8.0;
/// A line is meant within this distance.
const NEAR: f32 = 6.0;
/// A press that moves less than this, in points, is a click.
const SLIP: f32 = 4.0;
/// A figure being drawn lies in the plane itself.
const FLAT: [Mm; 2] = [Mm(0.01); 2];

/// A picture on which figures are drawn.
pub(super) struct Canvas<'a> {
    series: SeriesId,
    of: Zoomed,
    map: PixelMap,
    /// Columns and rows.
    size: [usize; 2],
    transform: Transform,
    figures: &'a [FigureView],
    probe: Option<&'a Probe>,
    /// Why nothing can be drawn here.
    barred: Option<&'a str>,
}

impl<'a> Canvas<'a> {
    pub(super) fn of_slice(
        slice: &'a SliceView,
        transform: Transform,
        barred: Option<&'a str>,
    ) -> Self {
        Self {
            series: slice.series,
            of: Zoomed::Slice,
            map: slice.map,
            size: [slice.picture.width, slice.picture.height],
            transform,
            figures: &slice.figures,
            probe: slice.probe.as_ref(),
            barred,
        }
    }

    pub(super) fn of_section(
        section: &'a SectionView,
        transform: Transform,
        barred: Option<&'a str>,
    ) -> Self {
        Self {
            series: section.series,
            of: Zoomed::Section(section.across),
            map: section.map,
            size: [section.picture.width, section.picture.height],
            transform,
            figures: &section.figures,
            probe: section.probe.as_ref(),
            barred,
        }
    }

    /// The picture position under the pointer, moved onto the picture when it is outside.
    fn picture(&self, at: Pos2) -> [f64; 2] {
        let [x, y] = self.transform.to_picture(at);
        let [width, height] = self.size.map(|n| n as f64 - 0.5);
        [x.clamp(-0.5, width), y.clamp(-0.5, height)]
    }

    fn screen(&self, p: [f32; 2]) -> Pos2 {
        self.transform.to_screen(p.map(f64::from))
    }

    /// Whether this tool measures here: a region lies in a slice.
    fn takes(&self, kind: FigureKind) -> bool {
        self.of == Zoomed::Slice || !kind.is_flat_region()
    }

    /// The handle at a place on the screen.
    fn handle_at(&self, at: Pos2) -> Option<(&'a FigureView, usize)> {
        let handles = self.figures.iter().flat_map(|f| {
            let handles = f.drawn.handles.iter();
            handles.map(move |(n, p)| (f, *n, self.screen(*p).distance(at)))
        });
        let near = handles.filter(|(_, _, distance)| *distance <= GRASP);
        let nearest = near.min_by(|a, b| a.2.total_cmp(&b.2))?;
        Some((nearest.0, nearest.1))
    }

    /// The measurement that is meant at a place on the screen.
    fn meant_at(&self, at: Pos2) -> Option<FigureOf> {
        if let Some((figure, _)) = self.handle_at(at) {
            return Some(figure.of);
        }
        let away = |drawn: &DrawnFigure| {
            let lines = drawn.lines.iter().flat_map(|line| line.windows(2));
            let lines = lines.map(|l| distance_to(at, [l[0], l[1]].map(|p| self.screen(p))));
            let points = drawn.points.iter().map(|p| self.screen(*p).distance(at));
            lines.chain(points).fold(f32::INFINITY, f32::min)
        };
        let measured = |f: &&FigureView| matches!(f.of, FigureOf::Measurement(_));
        let all = self.figures.iter().filter(measured);
        let near = all
            .map(|f| (f.of, away(&f.drawn)))
            .filter(|(_, d)| *d <= NEAR);
        near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(of, _)| of)
    }
}

/// Distance of a place from a straight line between two others.
fn distance_to(p: Pos2, [a, b]: [Pos2; 2]) -> f32 {
    let along = b - a;
    let length = along.length_sq();
    let t = if length > 0.0 {
        ((p - a).dot(along) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    p.distance(a + along * t)
}

/// A figure being drawn.
pub(in crate::ui) struct FigureDraft {
    kind: FigureKind,
    of: Zoomed,
    map: PixelMap,
    /// Places that were set, in picture coordinates.
    set: Vec<[f64; 2]>,
    /// Where the pointer is.
    at: [f64; 2],
    /// Where the button went down last, and where the pointer is, on the screen.
    pressed: Pos2,
    pointer: Pos2,
    /// Nothing more is to be set.
    done: bool,
}

impl FigureDraft {
    fn new(kind: FigureKind, canvas: &Canvas<'_>, at: Pos2) -> Self {
        let place = canvas.picture(at);
        Self {
            kind,
            of: canvas.of,
            map: canvas.map,
            set: vec![place],
            at: place,
            pressed: at,
            pointer: at,
            done: false,
        }
    }

    /// Whether places are set one by one, and not both by one drag.
    const fn is_stepwise(&self) -> bool {
        matches!(self.kind, FigureKind::Angle | FigureKind::Polygon)
    }

    fn is_slip(&self) -> bool {
        self.pressed.distance(self.pointer) < SLIP
    }

    /// Sets a place, unless it is the one that was set last.
    fn set(&mut self, place: [f64; 2], is_near: impl Fn([f64; 2]) -> bool) {
        if self.set.last().is_none_or(|last| !is_near(*last)) {
            self.set.push(place);
        }
    }

    /// The figure through these places; simpler ones until it has enough of them.
    fn figure_of(&self, places: &[[f64; 2]]) -> Option<Figure> {
        let point = |p: [f64; 2]| self.map.patient(p[0], p[1]);
        let (first, last) = (*places.first()?, *places.last()?);
        let (a, b) = (point(first), point(last));
        let line = Figure::Length { ends: [a, b] };
        Some(match self.kind {
            FigureKind::Length => line,
            FigureKind::Bidirectional => {
                Figure::bidirectional([a, b], self.map.dx.cross(&self.map.dy))
            }
            FigureKind::Angle => match places {
                [a, vertex, b] => Figure::Angle {
                    points: [*a, *vertex, *b].map(point),
                },
                _ => line,
            },
            FigureKind::Ellipse => {
                // In the rectangle between the two places.
                let [x, y] = [0, 1].map(|c| (first[c] + last[c]) / 2.0);
                Figure::Ellipse {
                    center: point([x, y]),
                    ends: [point([last[0], y]), point([x, last[1]])],
                }
            }
            FigureKind::Polygon if places.len() < 3 => line,
            FigureKind::Polygon => Figure::Polygon {
                corners: places.iter().copied().map(point).collect(),
            },
            FigureKind::Sphere => Figure::Sphere { center: a, rim: b },
            FigureKind::Probe => Figure::Probe { at: b },
        })
        .filter(Figure::is_usable)
    }

    /// What is drawn so far, up to the pointer.
    fn shown(&self) -> Option<Figure> {
        let mut places = self.set.clone();
        if !self.done {
            places.push(self.at);
        }
        self.figure_of(&places)
    }

    /// The figure, once it is drawn.
    fn figure(&self) -> Option<Figure> {
        let figure = if self.is_stepwise() {
            self.figure_of(&self.set)
        } else {
            self.shown()
        };
        figure.filter(|f| f.kind() == self.kind)
    }
}

/// A handle being dragged.
pub(in crate::ui) struct HandleDrag {
    of: FigureOf,
    /// In which picture.
    within: Zoomed,
    figure: Figure,
    handle: usize,
    map: PixelMap,
    /// Where it is now; `None` until the pointer moves.
    to: Option<Point>,
}

impl HandleDrag {
    fn command(&self) -> Option<Command> {
        let (handle, to) = (self.handle, self.to?);
        Some(match self.of {
            FigureOf::Measurement(measurement) => Command::MoveHandle {
                measurement,
                handle,
                to,
            },
            FigureOf::Caliper(annotation) => Command::MoveCaliper {
                annotation,
                handle,
                to,
            },
        })
    }

    fn moved(&self) -> Option<Figure> {
        self.figure.moved(self.handle, self.to?)
    }
}

/// The measurement whose menu was opened last.
pub(in crate::ui) struct Menu {
    of: FigureOf,
    within: (SeriesId, Zoomed),
    label: String,
    clicked: Pos2,
}

/// Takes a handle, or begins a figure, where the left button goes down. Whatever else the button does
/// then has to wait.
pub(super) fn begin(ui: &Ui, response: &Response, canvas: &Canvas<'_>, state: &mut UiState) {
    if state.gesture.is_some() || canvas.barred.is_some() || !response.contains_pointer() {
        return;
    }
    let pressed = ui.input(|i| {
        let at = i.pointer.interact_pos();
        // With Ctrl it sets the window.
        at.filter(|_| i.pointer.primary_pressed() && !i.modifiers.command && !i.modifiers.ctrl)
    });
    let Some(at) = pressed else { return };
    let takes_handles = matches!(state.tool, Tool::Window | Tool::Caliper | Tool::Measure(_));
    let handle = canvas
        .handle_at(at)
        .filter(|_| takes_handles && state.show_overlays);
    let kind = match (handle, state.tool) {
        (Some((figure, handle)), _) => Kind::Handle(HandleDrag {
            of: figure.of,
            within: canvas.of,
            figure: (*figure.figure).clone(),
            handle,
            map: canvas.map,
            to: None,
        }),
        (None, Tool::Measure(kind)) if canvas.takes(kind) => {
            Kind::Figure(FigureDraft::new(kind, canvas, at))
        }
        _ => return,
    };
    state.gesture = Some(Gesture {
        series: canvas.series,
        start: at,
        kind,
    });
}

/// Lets a figure or handle of this picture follow the pointer, and sets further places of it.
pub(super) fn follow(ui: &Ui, canvas: &Canvas<'_>, gesture: &mut Option<Gesture>) {
    let Some(gesture) = gesture.as_mut().filter(|g| g.series == canvas.series) else {
        return;
    };
    let Some(at) = ui.input(|i| i.pointer.interact_pos()) else {
        return;
    };
    let place = canvas.picture(at);
    let start = gesture.start;
    match &mut gesture.kind {
        Kind::Figure(draft) if draft.of == canvas.of => {
            (draft.at, draft.pointer) = (place, at);
            let (pressed, released, twice) = ui.input(|i| {
                (
                    i.pointer.primary_pressed(),
                    i.pointer.primary_released(),
                    i.pointer
                        .button_double_clicked(egui::PointerButton::Primary),
                )
            });
            if !draft.is_stepwise() {
                return;
            }
            let near = |p: [f64; 2]| canvas.transform.to_screen(p).distance(at) < SLIP;
            let closes = draft.set.len() >= 3
                && near_first(draft, canvas, at)
                && draft.kind == FigureKind::Polygon;
            if pressed {
                draft.pressed = at;
            }
            if pressed && closes {
                draft.done = true;
            } else if pressed || (released && !draft.is_slip()) {
                draft.set(place, near);
            }
            let enough = match draft.kind {
                FigureKind::Angle => draft.set.len() == 3,
                _ => draft.set.len() >= 3 && twice,
            };
            draft.done |= enough;
        }
        // A press without a move is no move by what the pointer was beside the handle.
        Kind::Handle(drag)
            if drag.within == canvas.of && (drag.to.is_some() || at.distance(start) >= SLIP) =>
        {
            drag.to = Some(drag.map.patient(place[0], place[1]));
        }
        _ => {}
    }
}

fn near_first(draft: &FigureDraft, canvas: &Canvas<'_>, at: Pos2) -> bool {
    let first = draft.set.first().map(|p| canvas.transform.to_screen(*p));
    first.is_some_and(|first| first.distance(at) <= GRASP)
}

/// Whether a figure or a handle is under way.
pub(super) const fn is_measuring(gesture: &Gesture) -> bool {
    matches!(gesture.kind, Kind::Figure(_) | Kind::Handle(_))
}

/// Ends a figure or a handle that is under way, where it is to end; returns whether it did.
pub(super) fn end(ui: &Ui, running: &Gesture, out: &mut Vec<Command>) -> bool {
    let (down, released, accepted) = ui.input(|i| {
        (
            i.pointer.primary_down(),
            i.pointer.primary_released(),
            i.key_pressed(Key::Enter),
        )
    });
    match &running.kind {
        Kind::Figure(draft) => {
            let probes = draft.kind == FigureKind::Probe;
            let ends = if draft.is_stepwise() {
                draft.done || accepted
            } else {
                released || accepted || !down
            };
            if !ends {
                return false;
            }
            let slipped = !draft.is_stepwise() && !probes && draft.is_slip();
            // The window lost the pointer without a release: nobody said where the line ends.
            let lost = !draft.is_stepwise() && !released && !accepted;
            out.extend(draft.figure().filter(|_| !slipped && !lost).map(|figure| {
                Command::AddMeasurement {
                    series: running.series,
                    figure,
                    label: String::new(),
                }
            }));
            true
        }
        Kind::Handle(drag) => {
            if !(released || accepted || !down) {
                return false;
            }
            out.extend(drag.command().filter(|_| released || accepted));
            true
        }
        _ => false,
    }
}

/// A text beside a figure.
struct Label {
    own: Rect,
    text: String,
    color: Color32,
}

/// Draws all figures of a picture, and the one under way; notes which one the pointer is at.
pub(super) fn paint(
    painter: &Painter,
    response: &Response,
    canvas: &Canvas<'_>,
    state: &mut UiState,
) {
    let pointer = response.hover_pos().filter(|_| response.contains_pointer());
    let meant = pointer.and_then(|at| canvas.meant_at(at));
    if state.gesture.is_none() && meant.is_some() {
        state.meant_figure = meant;
    }
    let gesture = state.gesture.as_ref().filter(|g| g.series == canvas.series);
    let dragged = gesture.and_then(|g| match &g.kind {
        Kind::Handle(drag) => Some(drag),
        _ => None,
    });
    let color = theme::image().figure;
    // Those that a hand is at come first, and get the places that they want.
    let (mut first, mut labels) = (Vec::new(), Vec::new());
    for figure in canvas.figures {
        let drag = dragged.filter(|d| d.of == figure.of);
        let moved = drag.and_then(HandleDrag::moved);
        let strong = meant == Some(figure.of) || drag.is_some();
        if let Some(moved) = moved {
            let drawn = canvas.map.draw(&moved, FLAT);
            lines(painter, canvas, &drawn, color, strong);
            handles(painter, canvas, &drawn, color, strong);
            let text = canvas.probe.map(|p| p.measure(&moved)).unwrap_or_default();
            first.extend(label(painter, canvas, &drawn, &text, color));
            continue;
        }
        if matches!(figure.of, FigureOf::Measurement(_)) {
            lines(painter, canvas, &figure.drawn, color, strong);
            let text = texts(figure, strong);
            let label = label(painter, canvas, &figure.drawn, &text, color);
            if strong { &mut first } else { &mut labels }.extend(label);
        }
        if canvas.barred.is_none() && !figure.locked {
            handles(painter, canvas, &figure.drawn, color, strong);
        }
    }
    first.extend(draft(painter, canvas, gesture));
    first.append(&mut labels);
    place(painter, &first);
}

/// What is written beside a figure: all of it at the pointer, else its name, size and mean; of a part or
/// a cut its size alone.
fn texts(figure: &FigureView, all: bool) -> Vec<String> {
    let n = match (all, figure.drawn.is_whole) {
        (true, _) => figure.lines.len(),
        (false, true) => 2,
        (false, false) => 1,
    };
    let name = (!figure.label.is_empty()).then(|| figure.label.clone());
    let lines = figure.lines.iter().take(n).cloned();
    name.into_iter().chain(lines).collect()
}

/// The figure under way.
fn draft(painter: &Painter, canvas: &Canvas<'_>, gesture: Option<&Gesture>) -> Option<Label> {
    let Some(Kind::Figure(draft)) = gesture.map(|g| &g.kind) else {
        return None;
    };
    let figure = draft.shown().filter(|_| draft.of == canvas.of)?;
    let color = theme::image().draft;
    let drawn = canvas.map.draw(&figure, FLAT);
    lines(painter, canvas, &drawn, color, true);
    handles(painter, canvas, &drawn, color, false);
    let text = canvas.probe?.measure(&figure);
    label(painter, canvas, &drawn, &text, color)
}

fn lines(
    painter: &Painter,
    canvas: &Canvas<'_>,
    drawn: &DrawnFigure,
    color: Color32,
    strong: bool,
) {
    let halo = theme::image().halo.gamma_multiply(0.7);
    let width = if strong { 2.0 } else { 1.4 };
    for line in &drawn.lines {
        let points: Vec<Pos2> = line.iter().map(|p| canvas.screen(*p)).collect();
        painter.add(Shape::line(points.clone(), Stroke::new(width + 1.5, halo)));
        painter.add(Shape::line(points, Stroke::new(width, color)));
    }
    for point in &drawn.points {
        let at = canvas.screen(*point);
        for (width, color) in [(width + 1.5, halo), (width, color)] {
            for arm in [vec2(6.0, 0.0), vec2(0.0, 6.0)] {
                painter.line_segment([at - arm, at + arm], Stroke::new(width, color));
            }
        }
    }
}

fn handles(
    painter: &Painter,
    canvas: &Canvas<'_>,
    drawn: &DrawnFigure,
    color: Color32,
    strong: bool,
) {
    let halo = theme::image().halo.gamma_multiply(0.7);
    let radius = if strong { 4.0 } else { 2.5 };
    for (_, p) in &drawn.handles {
        let at = canvas.screen(*p);
        painter.circle(at, radius, halo, Stroke::new(1.2, color));
    }
}

/// Lines of text for a figure that is in view.
fn label(
    painter: &Painter,
    canvas: &Canvas<'_>,
    drawn: &DrawnFigure,
    text: &[String],
    color: Color32,
) -> Option<Label> {
    let all = drawn.lines.iter().flatten().chain(&drawn.points);
    let own = Rect::from_points(&all.map(|p| canvas.screen(*p)).collect::<Vec<_>>());
    let is_seen = own.intersects(painter.clip_rect());
    (is_seen && !text.is_empty()).then(|| Label {
        own,
        text: text.join("\n"),
        color,
    })
}

/// Puts each text where it hides least of the other figures and of the texts before it.
fn place(painter: &Painter, labels: &[Label]) {
    let inner = painter.clip_rect().shrink2(vec2(6.0, 22.0));
    let mut placed: Vec<Rect> = Vec::new();
    for label in labels {
        let font = theme::medium(12.0);
        let galley = painter.layout_no_wrap(label.text.clone(), font.clone(), label.color);
        let hidden = |r: &Rect| {
            let over = |o: &Rect| {
                let both = o.intersect(*r);
                if both.is_positive() { both.area() } else { 0.0 }
            };
            let figures: f32 = labels.iter().map(|l| over(&l.own)).sum();
            figures + 4.0 * placed.iter().map(over).sum::<f32>()
        };
        let best = around(label.own.expand(4.0), galley.size())
            .map(|r| r.translate(inside(inner, r)))
            .into_iter()
            .min_by(|a, b| hidden(a).total_cmp(&hidden(b)));
        if let Some(rect) = best {
            let anchor = Align2::LEFT_TOP;
            halo_text(painter, rect.min, anchor, &label.text, font, label.color);
            placed.push(rect);
        }
    }
}

/// The menu of a measurement, under a click of the right button. Returns whether there is one, so that
/// no other menu opens in its place.
pub(super) fn menu_ui(
    ui: &Ui,
    response: &Response,
    canvas: &Canvas<'_>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) -> bool {
    let clicked = ui.input(|i| {
        let at = i.pointer.interact_pos();
        at.filter(|_| i.pointer.secondary_clicked())
    });
    let within = (canvas.series, canvas.of);
    let mut open = None;
    if let Some(at) = clicked.filter(|_| response.contains_pointer()) {
        let meant = canvas.meant_at(at).filter(|_| state.show_overlays);
        let found = canvas.figures.iter().find(|f| Some(f.of) == meant);
        let found = found.filter(|f| matches!(f.of, FigureOf::Measurement(_)));
        if found.is_some() || state.figure_menu.is_some() {
            open = Some(found.is_some().into());
        }
        state.figure_menu = found.map(|f| Menu {
            of: f.of,
            within,
            label: f.label.clone(),
            clicked: at,
        });
    }
    let Some(menu) = state.figure_menu.as_mut().filter(|m| m.within == within) else {
        return false;
    };
    let Some(figure) = canvas.figures.iter().find(|f| f.of == menu.of) else {
        state.figure_menu = None;
        return false;
    };
    let FigureOf::Measurement(measurement) = menu.of else {
        return false;
    };
    let shown = Popup::menu(response)
        .id(response.id.with("figure"))
        .open_memory(open)
        .at_position(menu.clicked)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| {
            let mut close = false;
            ui.horizontal(|ui| {
                ui.label(tr!("Name"));
                let field = egui::TextEdit::singleline(&mut menu.label).desired_width(150.0);
                let response = gated(ui, canvas.barred, field)
                    .accessible_name(tr!("Name of this measurement"));
                if response.lost_focus() && menu.label.trim() != figure.label {
                    out.push(Command::LabelMeasurement {
                        measurement,
                        label: menu.label.clone(),
                    });
                }
                close |= response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            });
            let button = Button::new(tr!(
                "Remove this {word}",
                word = texts::text(figure.figure.kind().word())
            ));
            if gated(ui, canvas.barred, button).clicked() {
                out.push(Command::RemoveMeasurement { measurement });
                close = true;
            }
            if close {
                ui.close();
            }
        });
    if shown.is_none() {
        state.figure_menu = None;
        return open.is_some();
    }
    true
}
