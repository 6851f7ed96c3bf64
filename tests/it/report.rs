//! The documents: complete, self-contained, inert, and equal to the facts.
//!
//! With `ONCOTWIN_REPORT_OUT` set to a folder, the documents are left there to be looked at.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are not seen as tests by the lint"
)]

use oncotwin::geometry::Letters;
use oncotwin::narrate::{CaseSummary, FactKind, Subject, facts, template};
use oncotwin::report::{
    CropWindow, CurveBand, CurvePoint, Error, Format, GrayPicture, GrowthCurve, Header, KeyImage,
    LesionOverlay, Method, RESEARCH_USE, Reading, Report, Treated, csv, html, key_image, markdown,
    write,
};
use oncotwin::units::Mm;

use crate::case_fixture::{self, DAYS};

/// A picture of a bright ellipse on a noisy ground, with its outline along pixel edges.
fn picture(long_mm: f64, short_mm: f64, step: [f64; 2], seed: u32) -> (GrayPicture, LesionOverlay) {
    let n = 160usize;
    let c = 80.0;
    let (a, b) = (long_mm / 2.0 / step[0], short_mm / 2.0 / step[1]);
    let inside = |x: f64, y: f64| {
        let wobble = 1.0 + 0.05 * (3.0 * (y - c).atan2(x - c)).sin();
        ((x - c) / a).powi(2) + ((y - c) / b).powi(2) < wobble
    };
    let mut state = seed | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state % 1000) / 1000.0 - 0.5
    };
    let mut gray = Vec::with_capacity(n * n);
    let mut outlines = Vec::new();
    for y in 0..n {
        for x in 0..n {
            let (xf, yf) = (x as f64, y as f64);
            let ground = 52.0
                + 22.0 * (xf / 31.0).sin() * (yf / 23.0).cos()
                + 18.0 * ((xf - 20.0) / 60.0).powi(2);
            let level = if inside(xf, yf) { 168.0 } else { ground };
            gray.push((level + 26.0 * noise()).clamp(0.0, 255.0) as u8);
        }
    }
    // The outline walks along pixel edges: one closed loop per row run keeps the test simple.
    let mut left = Vec::new();
    let mut right = Vec::new();
    for y in 0..n {
        let run: Vec<usize> = (0..n).filter(|&x| inside(x as f64, y as f64)).collect();
        if let (Some(&x0), Some(&x1)) = (run.first(), run.last()) {
            for edge in [y as f32 - 0.5, y as f32 + 0.5] {
                left.push([x0 as f32 - 0.5, edge]);
                right.push([x1 as f32 + 0.5, edge]);
            }
        }
    }
    right.reverse();
    left.extend(right);
    outlines.push(left);
    let (cf, af, bf) = (c as f32, a as f32, b as f32);
    let overlay = LesionOverlay {
        color: 0,
        outlines,
        long_axis: Some([[cf - af, cf], [cf + af, cf]]),
        short_axis: Some([[cf, cf - bf], [cf, cf + bf]]),
        drawn: Some([[cf - af - 1.0, cf + 3.0], [cf + af, cf - 3.0]]),
    };
    (
        GrayPicture {
            width: n,
            height: n,
            gray,
        },
        overlay,
    )
}

fn key_images(case: &CaseSummary, calibrated: bool) -> Vec<KeyImage> {
    let mut out = Vec::new();
    for (i, lesion) in case.lesions.iter().enumerate() {
        for t in 0..case.time_points.len() {
            let m = lesion.measure(t).unwrap();
            let (long, short) = (m.long_axis.unwrap(), m.short_axis.unwrap());
            let step = [0.78, 0.78];
            let seed = (1 + i * 17 + t * 5) as u32 * 7919;
            let (picture, mut overlay) = picture(long.value(), short.value(), step, seed);
            overlay.color = i;
            let letters = Letters {
                left: "R".into(),
                right: "L".into(),
                top: "A".into(),
                bottom: "P".into(),
            };
            let caption = format!(
                "{} \u{b7} slice {} \u{b7} W 350 L 40",
                if t == 0 {
                    "Baseline".into()
                } else {
                    format!("Follow-up {t}")
                },
                61 + 3 * i + t
            );
            let window = CropWindow {
                center: [80.0, 80.0],
                side: if calibrated { 90.0 } else { 115.0 },
            };
            out.push(
                key_image(
                    (&lesion.label, t, &caption),
                    &picture,
                    calibrated.then_some(step.map(Mm)),
                    &[overlay],
                    Some(letters),
                    window,
                )
                .unwrap(),
            );
        }
    }
    out
}

fn curves(case: &CaseSummary) -> Vec<GrowthCurve> {
    case.lesions
        .iter()
        .enumerate()
        .map(|(i, lesion)| {
            let points: Vec<CurvePoint> = (0..4)
                .map(|t| {
                    let v = lesion.measure(t).unwrap().volume.unwrap().value() / 1000.0;
                    CurvePoint {
                        day: DAYS[t],
                        value: v,
                        low: v * 0.82,
                        high: v * 1.22,
                        below_limit: false,
                    }
                })
                .collect();
            let fit = lesion.fit.as_ref().unwrap();
            let p = &fit.projections[0];
            let s = p.scenario.as_ref().unwrap();
            let ml = |e: oncotwin::units::Extent| e.value() / 1000.0;
            let band = |day: f64, m: f64, w: f64| CurveBand {
                day,
                q05: m * (-1.64 * w).exp(),
                q25: m * (-0.67 * w).exp(),
                q50: m,
                q75: m * (0.67 * w).exp(),
                q95: m * (1.64 * w).exp(),
            };
            let along = |day: f64, end: f64| {
                let k = DAYS.iter().rposition(|d| *d <= day).unwrap();
                let (a, b, t) = if k == 3 {
                    (points[3].value, end, (day - 183.0) / 57.0)
                } else {
                    (
                        points[k].value,
                        points[k + 1].value,
                        (day - DAYS[k]) / (DAYS[k + 1] - DAYS[k]),
                    )
                };
                (a.ln() + (b.ln() - a.ln()) * t).exp()
            };
            let factual = (0..=60)
                .map(|d| {
                    let day = f64::from(d) * 4.6;
                    let w = 0.07 + 0.004 * (day - 183.0).max(0.0);
                    band(day, along(day, ml(p.factual.q50)), w)
                })
                .collect();
            let scenario = (0..=19)
                .map(|d| {
                    let day = 190.0 + f64::from(d) * 4.5;
                    band(
                        day,
                        along(day, ml(s.size.q50)),
                        0.07 + 0.006 * (day - 183.0),
                    )
                })
                .collect();
            GrowthCurve {
                lesion: lesion.label.clone(),
                color: i,
                y_label: "Volume (mL)".into(),
                baseline: case.time_points[0].date,
                points,
                factual,
                local: Vec::new(),
                scenario,
                scenario_label: "systemic treatment resumed on day 190".into(),
                identified: s.identified,
                limit: "below 5 mm".into(),
                treated: case
                    .treatments
                    .iter()
                    .map(|t| Treated {
                        from: t.day.unwrap().0,
                        to: t.day.unwrap().0 + t.duration.0,
                        name: t.name.clone(),
                    })
                    .collect(),
                locf: fit.locf.map(ml),
                horizon_day: fit.horizon.map(|d| d.0),
            }
        })
        .collect()
}

fn report_of(case: CaseSummary, calibrated: bool) -> Report {
    let facts = facts(&case);
    let narrative = template(&facts);
    let key_images = key_images(&case, calibrated);
    let curves = if calibrated {
        curves(&case)
    } else {
        Vec::new()
    };
    Report {
        header: Header {
            software: "OncoTwin 0.1.0".into(),
            created: "2024-09-05T08:30:00Z".parse().unwrap(),
            audit_head: "5f1c0a6e4d2b98c7a1e3f5079b8d6c4e2a10f3958d7c6b4a5e9f80123d4c5b6a".into(),
            reader: "Reader A".into(),
        },
        case,
        facts,
        narrative,
        curves,
        key_images,
        readings: ["Baseline", "Follow-up 1"]
            .map(|time_point| Reading {
                time_point: time_point.into(),
                is_signed: time_point == "Baseline",
                is_broken: false,
                lines: if time_point == "Baseline" {
                    vec![
                        "Signed by Reader A (radiologist), authorship, 2024-09-04 08:30 UTC".into(),
                        "Amended by Reader A (radiologist), 2024-09-05 08:00 UTC: <wrong> side"
                            .into(),
                        "Signed by Reader A (radiologist), approval, 2024-09-05 08:10 UTC".into(),
                    ]
                } else {
                    Vec::new()
                },
            })
            .into(),
        figures: Vec::new(),
        methods: vec![Method {
            name: "Criteria".into(),
            value: "RECIST 1.1 target response".into(),
        }],
    }
}

fn report() -> Report {
    report_of(case_fixture::case(), true)
}

/// Text between tags, with the few escapes undone.
fn strip_tags(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn table<'a>(html: &'a str, caption: &str) -> &'a str {
    let at = html.find(&format!("<caption>{caption}")).unwrap();
    let end = html[at..].find("</table>").unwrap();
    &html[at..at + end]
}

#[test]
fn html_has_every_part_in_order() {
    let page = html(&report()).unwrap();
    if let Ok(dir) = std::env::var("ONCOTWIN_REPORT_OUT") {
        let formats = [Format::Html, Format::Md, Format::Csv];
        write(std::path::Path::new(&dir), &report(), &formats).unwrap();
        let px = report_of(case_fixture::uncalibrated(), false);
        write(&std::path::Path::new(&dir).join("px"), &px, &formats).unwrap();
    }
    let mut at = 0;
    for part in [
        RESEARCH_USE,
        "<h1>Longitudinal tumour review</h1>",
        "OT-0417",
        "2024-09-05 08:30 UTC",
        ">Summary<",
        ">Time points and technique<",
        "W-GAP",
        "carboplatin + pemetrexed",
        "<caption>Diameters",
        "<caption>Target response",
        "<svg",
        "<caption>Volumes",
        ">Key images<",
        ">Growth and what-if<",
        "NOT IDENTIFIED",
        "<caption>Projections",
        ">Limitations<",
        "voxel corners",
        "GrowCut",
        "last observation forward is a hard rival",
        ">Methods and provenance<",
        "growcut&#x2f;1",
        "<caption>Masks",
        ">Appendix: facts<",
        "id=\"F1\"",
        "5f1c0a6e",
        RESEARCH_USE,
    ] {
        let found = page[at..]
            .find(part)
            .unwrap_or_else(|| panic!("missing after {at}: {part}"));
        at += found;
    }
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("<html lang=\"en-GB\">"));
    assert_eq!(page.matches("<svg").count(), 12 + 3 + 1);
    assert_eq!(page.matches("role=\"img\"").count(), 16);
    assert_eq!(
        page.matches("<table").count(),
        page.matches("<caption>").count()
    );
    assert!(page.contains("@page{size:A4"));
}

#[test]
fn html_refers_to_nothing_outside_itself() {
    let page = html(&report()).unwrap();
    for outside in [
        "http:", "https:", " src=", "url(\"", "@import", "<link", "<script", "<iframe",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let mut rest = page.as_str();
    while let Some(at) = rest.find("href=\"") {
        rest = &rest[at + 6..];
        let target = &rest[..rest.find('"').unwrap()];
        if let Some(id) = target.strip_prefix('#') {
            assert!(
                page.contains(&format!("<tr id=\"{id}\">")),
                "no row for {target}"
            );
        } else {
            assert!(target.starts_with("data:image/png;base64,"), "{target}");
        }
    }
}

#[test]
fn text_of_files_and_people_is_inert() {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>|`*";
    let mut case = case_fixture::case();
    case.patient = evil.into();
    case.lesions[0].label = evil.into();
    case.lesions[0].organ = evil.into();
    case.treatments[0].name = evil.into();
    case.time_points[1].modality = evil.into();
    case.time_points[2].warnings[0].message = evil.into();
    let mut report = report_of(case, true);
    report.header.reader = evil.into();
    report.key_images[0].caption = evil.into();
    report.curves[0].y_label = evil.into();
    let page = html(&report).unwrap();
    for tag in ["<script", "<img", "\"'>"] {
        assert!(!page.contains(tag), "{tag}");
    }
    assert!(page.contains("&lt;script&gt;"));
    for (name, bytes) in markdown(&report).unwrap() {
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            !text.contains("<script") && !text.contains("<img"),
            "{name}"
        );
        if name == "report.md" {
            let header: Vec<_> = text.lines().filter(|l| l.starts_with("| ")).collect();
            assert!(header.iter().any(|l| l.contains("\\|\\`\\*")));
        }
    }
}

#[test]
fn tables_hold_the_facts() {
    let report = report();
    let page = html(&report).unwrap();
    let diameters = strip_tags(table(&page, "Diameters"));
    let volumes = strip_tags(table(&page, "Volumes"));
    let response = strip_tags(table(&page, "Target response"));
    let appendix = strip_tags(table(&page, "Every number"));
    for f in &report.facts.facts {
        assert!(appendix.contains(&f.text), "{} {}", f.id, f.text);
        let table = match (f.kind, &f.subject) {
            (FactKind::LongestDiameter | FactKind::ShortAxis | FactKind::DrawnDiameter, _)
            | (FactKind::ChangeFromBaseline, Subject::Lesion(_)) => &diameters,
            (FactKind::Volume | FactKind::VolumeChange, _) => &volumes,
            (FactKind::SumOfDiameters | FactKind::Response | FactKind::ResponseRule, _) => {
                &response
            }
            _ => continue,
        };
        assert!(table.contains(&f.text), "{} {}", f.id, f.text);
    }
    assert!(diameters.contains("46.3 mm \u{d7} 33.8 mm"));
}

#[test]
fn without_spacing_no_cell_has_millimetres() {
    let report = report_of(case_fixture::uncalibrated(), false);
    let page = html(&report).unwrap();
    for caption in ["Diameters", "Volumes", "Target response", "Projections"] {
        let cells = strip_tags(table(&page, caption));
        assert!(
            !cells.contains(" mm") && !cells.contains(" mL"),
            "{caption}: {cells}"
        );
    }
    assert!(strip_tags(table(&page, "Diameters")).contains("46.3 px"));
    assert!(page.contains("Scale bars in pixels"));
    let text = csv(&report);
    let rows = parse_csv(&text);
    let column = |name: &str| rows[0].iter().position(|c| c == name).unwrap();
    for row in &rows[1..] {
        for name in [
            "drawn_diameter_mm",
            "long_axis_mm",
            "short_axis_mm",
            "volume_mm3",
        ] {
            assert_eq!(row[column(name)], "");
        }
        assert!(row[column("long_axis_px")].parse::<f64>().unwrap() > 0.0);
    }
}

/// A reader of RFC 4180, independent of the writer.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut field)),
            (false, '\r') => {}
            (false, '\n') => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => field.push(c),
        }
    }
    assert!(!quoted && row.is_empty() && field.is_empty());
    rows
}

#[test]
fn csv_reads_back() {
    let mut case = case_fixture::case();
    case.lesions[0].organ = "=cmd|' /C calc'!A0, \"upper\"\nlobe".into();
    let report = report_of(case, true);
    let rows = parse_csv(&csv(&report));
    assert_eq!(rows.len(), 1 + 3 * 4);
    assert!(rows.iter().all(|r| r.len() == rows[0].len()));
    let column = |name: &str| rows[0].iter().position(|c| c == name).unwrap();
    let first = &rows[1];
    assert_eq!(first[column("long_axis_mm")], "46.3");
    assert_eq!(first[column("volume_mm3")], "30460");
    assert_eq!(first[column("mask_sha256")].len(), 64);
    assert_eq!(
        first[column("organ")],
        "'=cmd|' /C calc'!A0, \"upper\"\nlobe"
    );
    assert_eq!(rows[7][column("warnings")], "W-GAP;W-DOUBTFUL");
}

#[test]
fn markdown_tables_have_one_width_and_figures_exist() {
    let mut case = case_fixture::case();
    case.lesions[1].organ = "liver | segment\n7".into();
    let files = markdown(&report_of(case, true)).unwrap();
    assert_eq!(files[0].0, "report.md");
    let text = String::from_utf8(files[0].1.clone()).unwrap();
    let mut rest = text.as_str();
    let mut figures = 0;
    while let Some(at) = rest.find("](figures/") {
        rest = &rest[at + 2..];
        let name = &rest[..rest.find(')').unwrap()];
        assert!(files.iter().any(|(n, _)| n == name), "{name}");
        figures += 1;
    }
    assert_eq!(figures, files.len() - 1);
    let mut width = None;
    for line in text.lines() {
        if line.starts_with('|') {
            let n = line.replace("\\|", "").matches('|').count();
            assert_eq!(*width.get_or_insert(n), n, "{line}");
        } else {
            width = None;
        }
    }
    for (name, bytes) in &files[1..] {
        let svg = std::str::from_utf8(bytes).unwrap();
        assert!(
            svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>"),
            "{name}"
        );
    }
}

#[test]
fn files_are_written_whole_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let report = report();
    let formats = [Format::Html, Format::Md, Format::Csv];
    let written = write(&dir.path().join("out"), &report, &formats).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("out/manifest.json")).unwrap())
            .unwrap();
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len() + 1, written.len());
    for entry in listed {
        let path = dir.path().join("out").join(entry["path"].as_str().unwrap());
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(entry["bytes"], bytes.len());
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
        let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(entry["sha256"], hex.as_str());
        assert!(written.iter().any(|w| w.path == path && w.sha256 == hex));
    }
    let names: Vec<_> = std::fs::read_dir(dir.path().join("out"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|n| !n.starts_with('.')), "{names:?}");
    let again = write(&dir.path().join("out"), &report, &formats).unwrap();
    assert_eq!(written, again, "the same report gives the same bytes");
}

#[test]
fn a_narrative_that_strays_from_its_facts_is_not_exported() {
    let mut report = report();
    let s = report
        .narrative
        .sentences
        .iter_mut()
        .find(|s| s.text.contains("46.3"))
        .unwrap();
    s.text = s.text.replace("46.3", "45.3");
    let dir = tempfile::tempdir().unwrap();
    let error = write(dir.path(), &report, &[Format::Csv]).unwrap_err();
    assert!(matches!(error, Error::Narrative(_)), "{error}");
    assert!(error.to_string().contains("45.3"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn signatures_and_amendments_are_printed_and_drafts_say_so() {
    let page = strip_tags(&html(&report()).unwrap());
    let files = markdown(&report()).unwrap();
    let text = String::from_utf8(files[0].1.clone()).unwrap();
    for words in [
        "Draft \u{2013} not signed",
        "Signed by Reader A (radiologist), approval, 2024-09-05 08:10 UTC",
    ] {
        assert!(page.contains(words), "{words}");
        assert!(text.contains(words), "{words}");
    }
    assert!(page.contains("<wrong> side") && text.contains("&lt;wrong&gt; side"));
    let mut broken = report();
    broken.readings[0].is_broken = true;
    assert!(strip_tags(&html(&broken).unwrap()).contains("is not what stands"));
}

#[test]
fn an_empty_case_makes_a_report() {
    let case = CaseSummary::default();
    let facts = facts(&case);
    let narrative = template(&facts);
    let empty = Report {
        facts,
        narrative,
        case,
        curves: Vec::new(),
        key_images: Vec::new(),
        ..report()
    };
    assert!(strip_tags(&html(&empty).unwrap()).contains("0 lesions were followed"));
    assert_eq!(parse_csv(&csv(&empty)).len(), 1);
    assert_eq!(markdown(&empty).unwrap().len(), 1);
}
