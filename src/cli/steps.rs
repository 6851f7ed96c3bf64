//! Steps that make a mask, as they are written on the command line.

use crate::case::MaskStep;
use crate::edit::{BrushShape, Edit, Keep};
use crate::geometry::Point;
use crate::segment::Prompt;
use crate::units::Mm;

/// How a step is written; shown with every text that is none.
const FORM: &str = "a step is KIND:x,y,z;x,y,z… with KIND drag, box, point+, point-, lasso+, \
     lasso-, and with @RADIUS in mm behind the points scribble+, scribble-, brush, eraser; or anew \
     (the whole lesion again with all strokes in mind), slice-by-slice (behind a drag), fill-between, fill-holes, largest-part, \
     smooth@MM, grow@MM, shrink@MM; or a JSON object as in the steps of the answer";

/// Reads a step: `scribble-:1,2,3;4,5,6@2.5`, or the JSON of a [`MaskStep`].
pub(super) fn parse(text: &str) -> Result<MaskStep, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|e| format!("{e}; {FORM}"));
    }
    let wrong = || FORM.to_owned();
    let without_place = match text {
        "anew" => Some(Prompt::Anew),
        "slice-by-slice" => Some(Prompt::Slices),
        _ => None,
    };
    if let Some(prompt) = without_place {
        return Ok(MaskStep::Prompt { prompt });
    }
    let Some((kind, places)) = text.split_once(':') else {
        return whole(text).map(MaskStep::edit);
    };
    let (places, radius) = match places.split_once('@') {
        Some((places, radius)) => (places, Some(radius)),
        None => (places, None),
    };
    let points = places
        .split(';')
        .map(super::args::parse_point)
        .collect::<Result<Vec<Point>, String>>()?;
    let radius = radius.map(length).transpose()?;
    if let ("brush" | "eraser", Some(radius)) = (kind, radius) {
        let edit = Edit::Brush {
            points,
            radius,
            shape: BrushShape::Sphere,
            adds: kind == "brush",
            within: None,
        };
        return Ok(MaskStep::edit(edit));
    }
    let prompt = match (kind, &points[..], radius) {
        ("drag", &[a, b], None) => Prompt::Drag { ends: [a, b] },
        ("box", &[a, b], None) => Prompt::Box { corners: [a, b] },
        ("point+" | "point", &[at], None) => Prompt::Point { at, adds: true },
        ("point-", &[at], None) => Prompt::Point { at, adds: false },
        ("scribble+" | "scribble" | "scribble-", _, Some(radius)) => Prompt::Scribble {
            adds: !kind.ends_with('-'),
            radius,
            points,
        },
        ("lasso+" | "lasso" | "lasso-", &[_, _, _, ..], None) => Prompt::Lasso {
            adds: !kind.ends_with('-'),
            points,
        },
        _ => return Err(wrong()),
    };
    Ok(MaskStep::Prompt { prompt })
}

/// An edit of the whole mask: `fill-holes`, `smooth@1.5`.
fn whole(text: &str) -> Result<Edit, String> {
    let (kind, mm) = match text.split_once('@') {
        Some((kind, mm)) => (kind, Some(length(mm)?)),
        None => (text, None),
    };
    Ok(match (kind, mm) {
        ("fill-between", None) => Edit::FillBetween,
        ("fill-holes", None) => Edit::FillHoles { in_slices: false },
        ("largest-part", None) => Edit::Islands {
            keep: Keep::Largest,
        },
        ("smooth", Some(mm)) => Edit::Smooth { mm },
        ("grow", Some(mm)) => Edit::Margin { mm, within: None },
        ("shrink", Some(Mm(mm))) => Edit::Margin {
            mm: Mm(-mm),
            within: None,
        },
        _ => return Err(FORM.to_owned()),
    })
}

fn length(text: &str) -> Result<Mm, String> {
    let mm = text.trim().parse::<f64>().ok();
    mm.filter(|r| r.is_finite() && *r > 0.0)
        .map(Mm)
        .ok_or_else(|| format!("{text:?} is no length in mm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(text: &str) -> Prompt {
        parse(text)
            .expect(text)
            .prompt()
            .expect("a gesture")
            .clone()
    }

    #[test]
    fn steps_are_read() {
        let p = |x: f64| Point::new(x, 2.0, 3.0);
        assert_eq!(
            prompt("drag:1,2,3;4,2,3"),
            Prompt::Drag {
                ends: [p(1.0), p(4.0)]
            }
        );
        assert_eq!(
            prompt("point-:1,2,3"),
            Prompt::Point {
                at: p(1.0),
                adds: false
            }
        );
        assert_eq!(
            prompt("scribble+:1,2,3;-4,2,3@2.5"),
            Prompt::Scribble {
                points: vec![p(1.0), p(-4.0)],
                radius: Mm(2.5),
                adds: true
            }
        );
        assert_eq!(prompt("anew"), Prompt::Anew);
        assert_eq!(prompt("slice-by-slice"), Prompt::Slices);
        let json = serde_json::to_string(&parse("box:1,2,3;4,2,3").expect("a box")).expect("JSON");
        assert_eq!(parse(&json), parse("box:1,2,3;4,2,3"));
    }

    #[test]
    fn what_is_no_step_is_said() {
        for text in [
            "",
            "drag",
            "drag:1,2,3",
            "drag:1,2,3;4,5",
            "drag:1,2,nan;4,5,6",
            "scribble:1,2,3",
            "scribble:1,2,3@-1",
            "lasso:1,2,3;4,5,6",
            "circle:1,2,3",
            "smooth",
            "smooth@-1",
            "fill-holes@2",
            "brush:1,2,3",
            "point*:1,2,3",
            "{\"step\":\"dance\"}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
