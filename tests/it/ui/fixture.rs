//! Views as the program would make them, for drawing without it.

pub(super) mod record;
mod space;

use std::path::PathBuf;
use std::sync::Arc;

use oncotwin::app::view::{
    ActShape, ActView, AnnotationId, BandPoint, ChooserView, ColourMap, ColumnView, Crosshair,
    FusedPicture, FusedView, FusionRow, FusionView, GrowthPoint, GrowthView, HistoryView, JobId,
    JobRow, Layout, LesionCell, LesionId, LesionRole, LesionRow, Letters, LinkMode, LinkTrust,
    LinkView, Message, ModelView, NarrativeRow, Overlay, ParameterView, PatientId, PatientRow,
    PatientView, Picture, PixelMap, PlaneLine, Point, PriorSet, ReadingView, RegistrationView,
    ResponseCell, SampleRow, Saved, ScenarioChange, SectionOutline, SectionView, SeriesId,
    SeriesTab, Severity, SliceView, SumView, Thumbnail, TimePointId, TreatmentId, TreatmentRow,
    ValueSource, Vec3, View, WindowLevel,
};
use oncotwin::units::Mm;
use uuid::Uuid;

pub(super) use space::three_d;

const SIDE: usize = 128;
const PIXEL: f64 = 0.8;

fn view(dark: bool) -> View {
    View {
        patient: None,
        chooser: ChooserView::default(),
        jobs: Vec::new(),
        messages: Vec::new(),
        saved: Saved::All,
        read_only: None,
        readers: record::readers(),
        trace: None,
        files: None,
        picture: None,
        header: None,
        crash: None,
        workspace: PathBuf::from("review-2024").display().to_string(),
        dark,
        hidden: false,
        layout: Layout::default(),
        keys: Arc::default(),
    }
}

pub(super) fn empty(dark: bool) -> View {
    view(dark)
}

pub(super) fn chooser(dark: bool) -> View {
    let mut view = view(dark);
    view.chooser = ChooserView {
        samples: vec![
            SampleRow {
                title: "Synthetic chest CT".into(),
                detail: "Four time points, three lesions of known size, written by this program. \
                         Public domain"
                    .into(),
                available: true,
            },
            SampleRow {
                title: "Soft-tissue sarcoma".into(),
                detail: "Not downloaded. Run scripts/get_samples to fetch it (38 MB, CC BY 3.0)"
                    .into(),
                available: false,
            },
        ],
        patients: vec![PatientRow {
            id: PatientId(Uuid::from_u128(1)),
            title: "Müller, Jürgen · 4711".into(),
            detail: "3 time points, 2 lesions, last 2024-05-02".into(),
            thumbnail: Thumbnail::Made(Arc::new(picture(1.0, 1))),
        }],
    };
    view
}

/// A body with three lesions; `size` scales the lesions.
fn picture(size: f64, version: u64) -> Picture {
    let mut seed = 12345_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 24) / 255.0 * 14.0 - 7.0
    };
    let inside = |x: f64, y: f64, c: [f64; 2], r: [f64; 2]| {
        ((x - c[0]) / r[0]).powi(2) + ((y - c[1]) / r[1]).powi(2) < 1.0
    };
    let mut gray = Vec::with_capacity(SIDE * SIDE);
    for j in 0..SIDE {
        for i in 0..SIDE {
            let (x, y) = (i as f64, j as f64);
            let mut v = 4.0;
            if inside(x, y, [63.5, 66.0], [56.0, 44.0]) {
                v = 120.0;
                for lung in [[40.0, 62.0], [88.0, 62.0]] {
                    if inside(x, y, lung, [18.0, 27.0]) {
                        v = 28.0;
                    }
                }
                if inside(x, y, [63.5, 98.0], [9.0, 8.0]) {
                    v = 225.0;
                }
                for (c, r) in BLOBS {
                    if inside(x, y, c, r.map(|r| r * size)) {
                        v = 150.0;
                    }
                }
                v += noise();
            }
            gray.push(v.clamp(0.0, 255.0) as u8);
        }
    }
    Picture {
        width: SIDE,
        height: SIDE,
        gray,
        version,
    }
}

const BLOBS: [([f64; 2], [f64; 2]); 3] = [
    ([42.0, 58.0], [13.0, 9.0]),
    ([90.0, 70.0], [8.0, 8.0]),
    ([64.0, 52.0], [5.0, 6.0]),
];

/// Outline of an ellipse of pixels, along their edges.
fn outline(c: [f64; 2], r: [f64; 2]) -> Vec<[f32; 2]> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for j in 0..SIDE {
        let rest = 1.0 - ((j as f64 - c[1]) / r[1]).powi(2);
        if rest <= 0.0 {
            continue;
        }
        let half = r[0] * rest.sqrt();
        let (a, b) = ((c[0] - half).ceil() as f32, (c[0] + half).floor() as f32);
        if a > b {
            continue;
        }
        for y in [j as f32 - 0.5, j as f32 + 0.5] {
            left.push([a - 0.5, y]);
            right.push([b + 0.5, y]);
        }
    }
    right.reverse();
    left.extend(right);
    left
}

fn overlay(n: usize, size: f64) -> Overlay {
    let (c, r) = BLOBS[n];
    let (rx, ry) = (r[0] * size, r[1] * size);
    let at = |x: f64, y: f64| [x as f32, y as f32];
    Overlay {
        lesion: lesion_id(n),
        label: format!("L{}", n + 1),
        color: n,
        outlines: vec![outline(c, [rx, ry])],
        long_axis: Some([at(c[0] - rx, c[1]), at(c[0] + rx, c[1])]),
        short_axis: Some([at(c[0], c[1] - ry), at(c[0], c[1] + ry)]),
        drawn: Some([
            at(c[0] - rx - 0.6, c[1] + 1.5),
            at(c[0] + rx + 0.6, c[1] - 1.5),
        ]),
        size: None,
        drawn_short: None,
        propagated: false,
        preview: false,
    }
}

pub(super) fn lesion_id(n: usize) -> LesionId {
    LesionId(Uuid::from_u128(100 + n as u128))
}

fn slice(n: u128, size: f64) -> SliceView {
    SliceView {
        series: SeriesId(Uuid::from_u128(10 + n)),
        picture: Arc::new(picture(size, n as u64)),
        map: PixelMap {
            origin: Point::new(-50.8, -50.8, 120.0 + n as f64),
            dx: Vec3::x() * PIXEL,
            dy: Vec3::y() * PIXEL,
        },
        calibrated: true,
        slice: 20,
        n_slices: 60,
        is_void: false,
        badges: Vec::new(),
        position: Mm(120.0 + n as f64),
        window: WindowLevel::new(40.0, 400.0),
        unit: "HU",
        probe: None,
        uptake: None,
        frame: None,
        presets: vec![
            ("Soft tissue".into(), WindowLevel::new(40.0, 400.0)),
            ("Lung".into(), WindowLevel::new(-600.0, 1500.0)),
        ],
        zoom: 1.0,
        pan: [0.0; 2],
        references: Vec::new(),
        crosshair: None,
        slab: None,
        on_its_way: false,
        colours: ColourMap::Gray,
        fusible: Vec::new(),
        fusion: None,
        fused: None,
        letters: Some(Letters {
            left: "R".into(),
            right: "L".into(),
            top: "A".into(),
            bottom: "P".into(),
        }),
        overlays: vec![overlay(0, size), overlay(1, size), overlay(2, size)],
        figures: Vec::new(),
        compared: None,
        marked_slices: (14..=26).chain([40, 41, 42]).collect(),
    }
}

fn column(n: u128, title: &str, date: &str, size: f64) -> ColumnView {
    let shown = slice(n, size);
    ColumnView {
        id: TimePointId(Uuid::from_u128(50 + n)),
        title: title.into(),
        date: date.into(),
        needs_date: false,
        is_nadir: n == 1,
        series: vec![
            SeriesTab {
                id: shown.series,
                label: "CT · Thorax 3.0 B30f".into(),
                shown: true,
                warnings: if n == 1 {
                    vec!["W-SPACING-VARIES: slices 31–32 are 6.0 mm apart, others 3.0 mm".into()]
                } else {
                    Vec::new()
                },
                is_split: false,
            },
            SeriesTab {
                id: SeriesId(Uuid::from_u128(30 + n)),
                label: "PT · WB corrected".into(),
                shown: false,
                warnings: Vec::new(),
                is_split: false,
            },
        ],
        shown: Some(shown),
        sections: Vec::new(),
        no_planes: None,
        three_d: None,
        link: Some(link(n)),
        status: String::new(),
        reading: record::draft(),
    }
}

/// The first column leads; the second was aligned to it.
fn link(n: u128) -> LinkView {
    let (trust, text) = if n == 0 {
        (LinkTrust::Frame, "Another time point is linked to this one")
    } else {
        (
            LinkTrust::Registered,
            "Linked by an accepted alignment: local anatomy lies 1.2 mm off (median)",
        )
    };
    LinkView {
        series: SeriesId(Uuid::from_u128(10 + n)),
        mode: LinkMode::Position,
        trust,
        text: text.into(),
        pending: false,
        proposed: None,
        is_reference: n == 0,
        is_registered: n != 0,
    }
}

/// The second time point has just been aligned.
pub(super) fn aligned(dark: bool) -> View {
    let mut view = loaded(dark);
    let patient = view.patient.as_mut().expect("a patient");
    if let Some(link) = &mut patient.columns[1].link {
        link.trust = LinkTrust::Proposed;
        link.proposed = Some(RegistrationView {
            text: "Aligned: half within 1.2 mm, 95 % within 3.4 mm; \
                   87 % overlap"
                .into(),
            warnings: vec!["The images overlap by 87 %: parts of one lie outside the other".into()],
        });
    }
    view
}

fn cell(n: u128, axes: &str, volume: &str, change: &str, confidence: f64) -> Option<LesionCell> {
    Some(LesionCell {
        annotation: AnnotationId(Uuid::from_u128(200 + n)),
        drawn: axes.split(" ×").next().map(|l| format!("{l} mm"))?,
        axes: axes.into(),
        volume: volume.into(),
        change: change.into(),
        confidence: Some(confidence),
        consistency: Some(0.93),
        depends: false,
        counts: confidence >= 0.5,
        recist: axes.split(" ×").next().map(|l| format!("{l} mm"))?,
        source: Some(ValueSource::Mask),
        chosen: None,
        sources: Vec::new(),
        partial_volume: String::new(),
        warnings: if confidence < 0.7 {
            vec!["W-LEAK: the mask touches the border of the search box".into()]
        } else {
            Vec::new()
        },
        pending: false,
        provenance: "growcut/1 · mask 7f3a… · 2024-05-03 10:12".into(),
        locked: false,
    })
}

fn row(n: usize, organ: &str, cells: Vec<Option<LesionCell>>) -> LesionRow {
    LesionRow {
        id: lesion_id(n),
        label: format!("L{}", n + 1),
        organ: organ.into(),
        role: if n == 2 {
            LesionRole::NonTarget
        } else {
            LesionRole::Target
        },
        nodal: n == 1,
        color: n,
        cells,
    }
}

fn band(from: f64, to: f64, start: f64, rate: f64) -> Vec<BandPoint> {
    (0..=40)
        .map(|i| {
            let t = f64::from(i) / 40.0;
            let day = from + (to - from) * t;
            let q50 = start * (rate * (day - from)).exp();
            let spread = 0.08 + 0.35 * t;
            let at = |z: f64| q50 * (spread * z).exp();
            BandPoint {
                day,
                q05: at(-1.645),
                q25: at(-0.674),
                q50,
                q75: at(0.674),
                q95: at(1.645),
            }
        })
        .collect()
}

fn model(name: &str, weight: f64) -> ModelView {
    let parameter = |name: &str, median: &str, interval: &str, identified| ParameterView {
        name: name.into(),
        median: median.into(),
        interval: interval.into(),
        contraction: if identified { 0.82 } else { 0.05 },
        identified,
    };
    ModelView {
        name: name.into(),
        weight,
        elpd: Some(3.1),
        aicc: None,
        parameters: vec![
            parameter(
                "size at the first measurement",
                "4.93 mL",
                "4.60 to 5.30",
                true,
            ),
            parameter(
                "growth rate without treatment",
                "15.1 % / 30 d",
                "-2.20 to 41.0",
                false,
            ),
            parameter(
                "effect of a dose (pembrolizumab)",
                "0.260",
                "0.120 to 0.440",
                true,
            ),
        ],
        residuals: vec![(0.0, Some(0.4)), (62.0, Some(-1.1)), (120.0, None)],
    }
}

/// A drug over weeks, another in doses, and radiotherapy.
fn treated() -> Vec<ActView> {
    let act = |name: &str, shape, from: f64, to: f64| ActView {
        name: name.into(),
        shape,
        from,
        to,
    };
    let dose = |n: u32| {
        act(
            "carboplatin",
            ActShape::Dose,
            7.0 + 21.0 * f64::from(n),
            7.0 + 21.0 * f64::from(n),
        )
    };
    let fraction = |n: u32| {
        let day = 130.0 + f64::from(n);
        act("radiotherapy, 5.00 Gy", ActShape::Fraction, day, day)
    };
    let mut acts = vec![act("pembrolizumab", ActShape::Span, 7.0, 110.0)];
    acts.extend((0..4).map(dose));
    acts.extend((0..5).map(fraction));
    acts
}

fn growth() -> GrowthView {
    let point = |day: f64, value: f64, column| GrowthPoint {
        day,
        value,
        low: value * 0.9,
        high: value * 1.1,
        column,
        below_limit: false,
    };
    GrowthView {
        title: "L1".into(),
        lesion: Some(lesion_id(0)),
        y_label: "Volume (mL)".into(),
        points: vec![point(0.0, 4.9, 0), point(62.0, 3.4, 1)],
        factual: band(0.0, 240.0, 4.9, -0.005),
        local: Vec::new(),
        scenario: band(62.0, 240.0, 3.4, 0.004),
        scenario_label: "treatment stops on day 62".into(),
        treated: treated(),
        scenario_treated: Vec::new(),
        limit: "below 5 mm".into(),
        locf: Some(3.4),
        horizon_day: 150.0,
        identified: false,
        notes: vec![
            "Two time points: the effect of treatment cannot be told from growth.".into(),
            "Fewer than five scans cannot tell the skill of a model from luck.".into(),
        ],
        pending: false,
        models: vec![model("gompertz", 0.61), model("exponential", 0.39)],
        prior: PriorSet::Generic,
    }
}

fn patient() -> PatientView {
    let mut pending = cell(5, "", "", "", 0.0);
    if let Some(cell) = &mut pending {
        cell.drawn = "9.1 mm".into();
        cell.confidence = None;
        cell.warnings.clear();
        cell.pending = true;
    }
    PatientView {
        id: PatientId(Uuid::from_u128(1)),
        name: "Müller, Jürgen".into(),
        detail: "4711 · born 1956-03-09 · M".into(),
        dispute: None,
        proposal: None,
        columns: vec![
            column(0, "Baseline", "2024-03-01", 1.0),
            column(1, "Follow-up 1", "2024-05-02 · day 62", 0.82),
        ],
        three_planes: false,
        three_d: false,
        lesions: vec![
            row(
                0,
                "Lung, right",
                vec![
                    cell(0, "20.9 × 14.6 mm", "4.91 mL", "", 0.93),
                    cell(1, "17.2 × 12.0 mm", "3.42 mL", "−18 %", 0.88),
                ],
            ),
            row(
                1,
                "Node, hilar",
                vec![
                    cell(2, "16.1 × 15.8 mm", "2.14 mL", "", 0.81),
                    cell(3, "12.7 × 11.9 mm", "0.98 mL", "−25 %", 0.58),
                ],
            ),
            row(
                2,
                "",
                vec![cell(4, "9.4 × 8.1 mm", "0.31 mL", "", 0.74), pending],
            ),
        ],
        selected: Some(lesion_id(0)),
        response: vec![
            ResponseCell {
                sum: "36.7 mm".into(),
                sum_value: None,
                ..ResponseCell::default()
            },
            ResponseCell {
                sum: "29.1 mm".into(),
                sum_value: None,
                change: "−20.7 % from baseline".into(),
                category: "SD".into(),
                probability: "SD 96 % · PR 4 %".into(),
                why: "Neither 30 % below baseline nor 20 % above the smallest sum.".into(),
            },
        ],
        growth: growth(),
        sum: SumView {
            forecast: "Sum of 2 targets at the next scan (day 124): 30 mm (80 %: 25 to 36); progression 34 %.".into(),
            by_models: false,
            notes: vec![
                "By the last values with the spread of other lesions: for no target have models shown skill.".into(),
                "Progression begins at 35.9 mm, 20 % and 5 mm above the smallest sum (29.9 mm). New lesions are not foreseen.".into(),
            ],
            pending: false,
        },
        treatments: vec![TreatmentRow {
            id: TreatmentId(Uuid::from_u128(300)),
            text: "2024-03-08 · drug · pembrolizumab 200 mg · 103 d".into(),
        }],
        scenario: None,
        narrative: vec![
            NarrativeRow {
                text: "Two target lesions add up to 29.1 mm on 2024-05-02, 20.7 % below baseline: \
                       stable disease."
                    .into(),
                facts: vec![
                    (3, "F3: sum of diameters at 2024-05-02 = 29.1 mm".into()),
                    (4, "F4: change from baseline = −20.7 %".into()),
                ],
            },
            NarrativeRow {
                text: "L1 shrank from 4.91 mL to 3.42 mL in 62 days.".into(),
                facts: vec![(5, "F5: volume of L1 at 2024-03-01 = 4.91 mL".into())],
            },
        ],
        draft: None,
        last_report: String::new(),
        history: record::history(),
        versions: None,
    }
}

/// Lines along a row and a column of a picture.
fn crosshair(map: &PixelMap, at: [f64; 2], stand_for: [Option<usize>; 2]) -> Crosshair {
    let line = |n: usize| PlaneLine {
        through: at,
        along: [[1.0, 0.0], [0.0, 1.0]][n],
        across: stand_for[n],
    };
    Crosshair {
        at,
        place: map.patient(at[0], at[1]),
        normal: map.dx.cross(&map.dy).normalize(),
        lines: vec![line(0), line(1)],
    }
}

/// A plane across the slices of a column, 80 pixels high.
fn section(n: u128, across: usize, size: f64) -> SectionView {
    let height = 80;
    let whole = picture(size, 100 + 2 * n as u64 + across as u64);
    let gray: Vec<u8> = whole.gray[24 * SIDE..(24 + height) * SIDE].to_vec();
    let (c, r) = BLOBS[0];
    let cut = outline([c[0], c[1] - 24.0], r.map(|r| r * size));
    let (title, left, right, dx) = [
        ("Coronal", "R", "L", Vec3::x()),
        ("Sagittal", "A", "P", Vec3::y()),
    ][across];
    let map = PixelMap {
        origin: Point::new(-50.8, -50.8, 152.0),
        dx: dx * PIXEL,
        dy: -Vec3::z() * PIXEL,
    };
    SectionView {
        references: Vec::new(),
        crosshair: crosshair(&map, [42.0, 34.0], [None, Some(1 - across)]),
        turned: false,
        slab: None,
        on_its_way: false,
        colours: ColourMap::Gray,
        fused: None,
        series: SeriesId(Uuid::from_u128(10 + n)),
        across,
        title: title.into(),
        picture: Arc::new(Picture {
            width: SIDE,
            height,
            gray,
            version: whole.version,
        }),
        map,
        plane: 58,
        n_planes: SIDE,
        step: [Vec3::y(), Vec3::x()][across] * PIXEL,
        position: Mm(-4.4),
        place: map.patient(42.0, 34.0),
        zoom: 1.0,
        pan: [0.0; 2],
        window: WindowLevel::new(40.0, 400.0),
        letters: Some(Letters {
            left: left.into(),
            right: right.into(),
            top: "H".into(),
            bottom: "F".into(),
        }),
        probe: None,
        figures: Vec::new(),
        outlines: vec![SectionOutline {
            lesion: lesion_id(0),
            color: 0,
            outlines: Arc::new(vec![cut]),
            preview: false,
        }],
    }
}

/// Three planes at the first time point; the second has none.
pub(super) fn planes(dark: bool) -> View {
    let mut view = loaded(dark);
    let patient = view.patient.as_mut().expect("a patient");
    patient.three_planes = true;
    let [first, second] = &mut patient.columns[..] else {
        return view;
    };
    first.sections = vec![section(0, 0, 1.0), section(0, 1, 1.0)];
    if let Some(slice) = &mut first.shown {
        slice.crosshair = Some(crosshair(&slice.map, [42.0, 58.0], [Some(0), Some(1)]));
    }
    second.no_planes = Some("A single slice has no planes across it");
    view
}

pub(super) fn loaded(dark: bool) -> View {
    let mut view = view(dark);
    view.patient = Some(patient());
    view.saved = Saved::All;
    view.jobs = vec![JobRow {
        id: job(),
        name: "Segmenting L3".into(),
        step: "growing".into(),
        fraction: 0.4,
    }];
    view.messages = vec![Message {
        severity: Severity::Warning,
        text: "One slice is missing between 31 and 32 of Follow-up 1.".into(),
        hint: "Volumes there use the true distance of 6.0 mm.".into(),
    }];
    view
}

/// Three planes with uptake laid over them.
pub(super) fn fused(dark: bool) -> View {
    let mut view = planes(dark);
    let patient = view.patient.as_mut().expect("a patient");
    let column = &mut patient.columns[0];
    let over = |width: usize, height: usize, version: u64| {
        let spot = |n: usize| {
            let (x, y) = ((n % width) as f64, (n / width) as f64);
            let d = (x - width as f64 * 0.34).hypot(y - height as f64 * 0.45);
            let level = (255.0 * (-d * d / 200.0).exp()) as u8;
            let [r, g, b] = ColourMap::HotIron.colour(level);
            [r, g, b, level.saturating_mul(8)]
        };
        Some(FusedView {
            picture: Arc::new(FusedPicture {
                width,
                height,
                rgba: (0..width * height).flat_map(spot).collect(),
                version,
            }),
            opacity: 0.6,
        })
    };
    for (n, section) in column.sections.iter_mut().enumerate() {
        section.fused = over(
            section.picture.width,
            section.picture.height,
            801 + n as u64,
        );
    }
    let slice = column.shown.as_mut().expect("a slice");
    slice.fused = over(SIDE, SIDE, 800);
    let series = SeriesId(Uuid::from_u128(99));
    slice.fusible = vec![FusionRow {
        series,
        label: "PT Whole body".into(),
    }];
    slice.fusion = Some(FusionView {
        over: series,
        label: "PT Whole body".into(),
        colours: ColourMap::HotIron,
        opacity: 0.6,
        trust: String::new(),
        window: Some(WindowLevel::new(3.5, 7.0)),
        unit: "SUVbw",
        probe: None,
        problem: String::new(),
    });
    view
}

fn job() -> JobId {
    JobId(7)
}

pub(super) fn loading(dark: bool) -> View {
    let mut view = loaded(dark);
    view.messages.clear();
    view.saved = Saved::Pending(2);
    view.readers.current = None;
    if let Some(patient) = &mut view.patient {
        patient.history = HistoryView::default();
        for column in &mut patient.columns {
            column.shown = None;
            column.reading = ReadingView::default();
            column.status = "Loading 214 of 500 slices…".into();
        }
        patient.columns[1].date = "date unknown".into();
        patient.columns[1].needs_date = true;
        patient.lesions.clear();
        patient.selected = None;
        patient.response.clear();
        patient.growth = GrowthView::default();
        patient.narrative.clear();
        patient.treatments.clear();
    }
    view
}

/// More time points than fit, on a small screen.
pub(super) fn many(dark: bool) -> View {
    let mut view = loaded(dark);
    view.messages.clear();
    if let Some(patient) = &mut view.patient {
        for n in 2..6 {
            let title = format!("Follow-up {n}");
            patient
                .columns
                .push(column(n, &title, "2024-07-01 · day 122", 0.7));
            patient.response.push(patient.response[1].clone());
        }
        for lesion in &mut patient.lesions {
            lesion.cells.resize(6, None);
        }
    }
    view
}

pub(super) fn error(dark: bool) -> View {
    let mut view = loaded(dark);
    view.jobs.clear();
    view.saved = Saved::Failed("the disk is full".into());
    view.messages.push(Message {
        severity: Severity::Error,
        text: "Follow-up 1 could not be read: 3 of 60 files are cut short.".into(),
        hint: "Copy the series again from its source.".into(),
    });
    if let Some(patient) = &mut view.patient {
        patient.scenario = Some(ScenarioChange::StopTreatment { day: 62.0 });
        patient.columns[1].shown = None;
        patient.columns[1].status =
            "Could not be read: IM0031.dcm ends inside the pixel data (7FE0,0010).".into();
        if let Some(slice) = &mut patient.columns[0].shown {
            slice.calibrated = false;
            slice.letters = None;
        }
    }
    view
}
