//! One HTML file with everything inside: styles, figures, pictures.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::figure::{self, Theme};
use super::measured::figures;
use super::{
    Error, RESEARCH_USE, Report, growth_figure, key_image_svg, limitations, sum_figure, tables,
};

/// Renders the report. The file refers to nothing outside itself.
///
/// # Errors
/// [`Error::Narrative`] when a sentence is not borne out by its facts; [`Error::Template`] when the
/// template does not render.
pub fn html(report: &Report) -> Result<String, Error> {
    report.verify()?;
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    env.add_template("report", include_str!("../../assets/report/report.html.j2"))?;
    let svg = |text: String| Value::from_safe_string(text);
    let curves: Vec<Value> = report
        .curves
        .iter()
        .enumerate()
        .map(|(i, c)| svg(growth_figure(c).svg(&format!("g{i}"), Theme::Inline)))
        .collect();
    let keys: Vec<Value> = report
        .key_images
        .iter()
        .enumerate()
        .map(|(i, k)| {
            context! {
                svg => svg(key_image_svg(k, &format!("k{i}"), Theme::Inline)),
                lesion => k.lesion.as_str(),
                caption => k.caption.as_str(),
            }
        })
        .collect();
    let uncalibrated = report.key_images.iter().any(|k| k.unit == "px");
    let page = env.get_template("report")?.render(context! {
        banner => RESEARCH_USE,
        patient => report.case.patient.as_str(),
        header => value(&report.header)?,
        created => report.header.created.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        style => Value::from_safe_string(include_str!("../../assets/report/report.css").to_owned()),
        figure_style => Value::from_safe_string(figure::CSS.to_owned()),
        narrative => value(&tables::narrative(&report.narrative, &report.facts))?,
        technique => value(&tables::technique(report))?,
        diameters => value(&tables::diameters(report))?,
        response => value(&tables::response(report))?,
        volumes => value(&tables::volumes(report))?,
        measured_figures => value(&figures(report))?,
        projections => value(&tables::projections(report))?,
        readings => report
            .readings
            .iter()
            .map(|r| context! {
                time_point => r.time_point.as_str(),
                status => r.status(),
                lines => value(&r.lines).unwrap_or_default(),
            })
            .collect::<Vec<Value>>(),
        treatments => value(&tables::treatments(&report.facts))?,
        scenario => value(&report.case.scenario)?,
        sum_figure => sum_figure(&report.case).map(|f| svg(f.svg("sum", Theme::Inline))),
        curves,
        keys,
        uncalibrated,
        limitations => limitations::limitations(&report.case),
        methods => value(&limitations::methods(report))?,
        masks => value(&limitations::masks(&report.case))?,
        facts => value(&tables::appendix(&report.facts))?,
    })?;
    Ok(page)
}

/// Plain data as a template value. Text stays text, so that it is escaped where it is printed.
fn value<T: Serialize>(data: &T) -> Result<Value, Error> {
    Ok(from_json(serde_json::to_value(data)?))
}

fn from_json(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => Value::from(i),
            None => Value::from(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::from(s),
        Json::Array(items) => items.into_iter().map(from_json).collect(),
        Json::Object(map) => Value::from(
            map.into_iter()
                .map(|(k, v)| (k, from_json(v)))
                .collect::<BTreeMap<String, Value>>(),
        ),
    }
}
