//! Paging through every slice, as fast as frames can be drawn and at 60 notches a second.

use std::time::{Duration, Instant};

use egui::{Event, Modifiers, MouseWheelUnit, TouchPhase, vec2};
use oncotwin::app::Command;
use oncotwin::app::view::SeriesId;
use serde_json::{Value, json};

use crate::SETTINGS;
use crate::screen::{Parts, Screen};
use crate::study::{SLICES, TIME_POINTS};

/// Frames per second to be reached without a graphics card.
const RATE: f64 = 30.0;
/// Notches of a fast wheel, per second.
const NOTCHES: f64 = 60.0;
/// The slice to which that wheel is turned: five seconds of it.
const LAST: usize = 300;

fn notch() -> Event {
    Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, -1.0),
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    }
}

fn to_the_first(screen: &mut Screen, series: &[SeriesId]) {
    screen.session.send(Command::SetSlice {
        series: series[0],
        slice: 0,
    });
    screen.rest();
    assert_eq!(screen.slices, [0; TIME_POINTS]);
}

/// All rows.
pub(crate) fn rows(screen: &mut Screen, series: &[SeriesId]) -> Vec<Value> {
    let mut rows = at_once(screen, series);
    rows.extend(at_sixty(screen, series));
    rows
}

/// How many slices were drawn, in order, in the column where it were fewest.
fn presented(frames: &[Vec<usize>]) -> usize {
    let of_column = |column: usize| {
        let mut next = 0;
        for frame in frames {
            next += usize::from(frame[column] == next);
        }
        next
    };
    (0..TIME_POINTS).map(of_column).min().unwrap_or(0)
}

/// More is asked for than can be drawn: frame after frame without a pause.
fn at_once(screen: &mut Screen, series: &[SeriesId]) -> Vec<Value> {
    to_the_first(screen, series);
    let mut frames = vec![screen.slices.clone()];
    let mut parts: Vec<Parts> = Vec::new();
    let start = Instant::now();
    while screen.slices[0] + 1 < SLICES {
        parts.push(screen.frame(vec![notch(), notch()]));
        frames.push(screen.slices.clone());
        assert!(
            parts.len() < 2 * SLICES,
            "the wheel turns and no slice follows"
        );
    }
    let rate = parts.len() as f64 / start.elapsed().as_secs_f64();
    let n = presented(&frames);
    let percentile = |share: usize, of: fn(&Parts) -> f64| {
        let mut all: Vec<f64> = parts.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[(all.len() * share / 100).min(all.len() - 1)]
    };
    let p99 = percentile(99, Parts::sum);
    let most = 1e3 / RATE;
    vec![
        json!({
            "set": SETTINGS, "quantity": "slices shown of those paged through", "unit": "",
            "ours": n, "limit": SLICES, "least": true, "ok": n == SLICES,
        }),
        json!({
            "set": SETTINGS, "quantity": "frames per second while paging", "unit": "/s",
            "ours": rate, "limit": RATE, "least": true, "ok": rate >= RATE,
        }),
        json!({
            "set": SETTINGS, "quantity": "frame while paging, 99 %", "unit": "ms",
            "ours": p99, "limit": most, "ok": p99 <= most,
            "median": percentile(50, Parts::sum),
            "parts": {
                "slices, view and layout": percentile(50, |p| p.view),
                "upload": percentile(50, |p| p.upload),
                "triangles": percentile(50, |p| p.triangles),
                "pixels": percentile(50, |p| p.pixels),
            },
        }),
    ]
}

/// A wheel that turns as fast as screens draw; how far behind it the picture is in the end.
fn at_sixty(screen: &mut Screen, series: &[SeriesId]) -> Vec<Value> {
    to_the_first(screen, series);
    let mut frames = vec![screen.slices.clone()];
    let start = Instant::now();
    let mut turned = 0;
    while screen.slices[0] < LAST {
        let due = ((start.elapsed().as_secs_f64() * NOTCHES) as usize).min(LAST);
        if due == turned && screen.slices[0] == turned {
            // Nobody has turned it further: the window rests.
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        screen.frame((turned..due).map(|_| notch()).collect());
        turned = due;
        frames.push(screen.slices.clone());
        assert!(
            frames.len() < 2 * SLICES,
            "the wheel turns and no slice follows"
        );
    }
    let behind = start.elapsed().as_secs_f64() - LAST as f64 / NOTCHES;
    let n = presented(&frames);
    vec![
        json!({
            "set": SETTINGS, "quantity": "slices shown at 60 notches a second", "unit": "",
            "ours": n, "limit": LAST + 1, "least": true, "ok": n == LAST + 1,
        }),
        json!({
            "set": SETTINGS, "unit": "s", "ours": behind.max(0.0),
            "quantity": "last picture behind the last of 300 notches at 60 a second",
        }),
    ]
}
