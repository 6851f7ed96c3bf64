//! The tables as [`Records`], each in the order of its identifiers.

use rusqlite::Connection;

use super::words::{Fault, Fields};
use crate::case::{
    Annotation, AnnotationId, Lesion, LesionId, Marking, Measurement, MeasurementId, Patient,
    PatientId, PatientIdentity, PriorChoice, Reader, ReaderId, Records, Scenario, ScenarioId,
    Segmented, Series, SeriesId, SeriesSource, SeriesView, Signoff, SignoffId, TimePoint,
    TimePointId, Treatment, TreatmentId,
};
use crate::geometry::Point;
use crate::measure::{AxisLine, Measured};
use crate::units::{Bulk, Length, Mm, Mm3, Px};
use crate::volume::{Modality, Statistics, WindowFunction, WindowLevel};

/// Everything that stands.
pub(super) fn load(conn: &Connection) -> Result<Records, Fault> {
    let mut records = Records {
        patients: rows(
            conn,
            "patients",
            "SELECT * FROM patients ORDER BY id",
            patient,
        )?,
        identities: rows(
            conn,
            "patient_identity",
            "SELECT * FROM patient_identity ORDER BY patient",
            identity,
        )?,
        time_points: rows(
            conn,
            "time_points",
            "SELECT * FROM time_points ORDER BY id",
            time_point,
        )?,
        series: rows(
            conn,
            "series",
            "SELECT series.*, files FROM series
             LEFT JOIN series_warning_files ON series = id ORDER BY id",
            series,
        )?,
        sources: rows(
            conn,
            "series_source",
            "SELECT * FROM series_source ORDER BY series",
            source,
        )?,
        lesions: rows(conn, "lesions", "SELECT * FROM lesions ORDER BY id", lesion)?,
        annotations: rows(
            conn,
            "annotations",
            "SELECT * FROM annotations ORDER BY id",
            annotation,
        )?,
        segmented: rows(
            conn,
            "segmented",
            "SELECT segmented.*, files FROM segmented
             LEFT JOIN segmented_warning_files USING (annotation) ORDER BY annotation",
            segmented,
        )?,
        measurements: rows(
            conn,
            "measurements",
            "SELECT * FROM measurements ORDER BY id",
            measurement,
        )?,
        treatments: rows(
            conn,
            "treatments",
            "SELECT treatments.*, coalesce(name, '') AS name FROM treatments
             LEFT JOIN treatment_text ON treatment = id ORDER BY id",
            treatment,
        )?,
        scenarios: rows(
            conn,
            "scenarios",
            "SELECT * FROM scenarios ORDER BY id",
            scenario,
        )?,
        priors: rows(
            conn,
            "priors",
            "SELECT * FROM priors ORDER BY patient",
            prior,
        )?,
        readers: rows(conn, "readers", "SELECT * FROM readers ORDER BY id", reader)?,
        signoffs: rows(
            conn,
            "signoffs",
            "SELECT signoffs.*, coalesce(reason, '') AS reason FROM signoffs
             LEFT JOIN signoff_text ON signoff = id ORDER BY id",
            signoff,
        )?,
        series_views: readable_rows(
            conn,
            "series_view",
            "SELECT series_view.* FROM series_view JOIN series ON series = id ORDER BY series",
            view,
        )?,
        settings: readable_rows(
            conn,
            "settings",
            "SELECT * FROM settings ORDER BY key",
            |f| Ok((f.text("key")?, f.json("value")?)),
        )?,
    };
    let mut files =
        conn.prepare("SELECT path FROM series_files WHERE series = ?1 ORDER BY position")?;
    for source in &mut records.sources {
        let mut found = files.query([source.series.to_string()])?;
        while let Some(row) = found.next()? {
            let table = "series_files";
            source.files.push(Fields { row, table }.path("path")?);
        }
    }
    Ok(records)
}

fn rows<T>(
    conn: &Connection,
    table: &'static str,
    sql: &str,
    read: impl Fn(&Fields<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = conn.prepare(sql)?;
    let mut found = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = found.next()? {
        out.push(read(&Fields { row, table })?);
    }
    Ok(out)
}

/// As [`rows`], without those that cannot be read: how things were looked at is not worth a record
/// that does not open.
fn readable_rows<T>(
    conn: &Connection,
    table: &'static str,
    sql: &str,
    read: impl Fn(&Fields<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let read = |f: &Fields<'_>| Ok(read(f).ok());
    let all = rows(conn, table, sql, read)?;
    if all.iter().any(Option::is_none) {
        tracing::warn!(table, "unreadable rows were left out");
    }
    Ok(all.into_iter().flatten().collect())
}

fn patient(f: &Fields<'_>) -> Result<Patient, Fault> {
    Ok(Patient {
        id: PatientId(f.parse("id")?),
        created: f.parse("created")?,
    })
}

fn identity(f: &Fields<'_>) -> Result<PatientIdentity, Fault> {
    Ok(PatientIdentity {
        patient: PatientId(f.parse("patient")?),
        code: f.text("code")?,
        name: f.text("name")?,
        birth_date: f.parse_opt("birth_date")?,
        sex: f.text("sex")?,
    })
}

fn time_point(f: &Fields<'_>) -> Result<TimePoint, Fault> {
    Ok(TimePoint {
        id: TimePointId(f.parse("id")?),
        patient: PatientId(f.parse("patient")?),
        date: f.parse_opt("date")?,
        order: f.get("position")?,
        by_user: f.get("by_user")?,
    })
}

fn series(f: &Fields<'_>) -> Result<Series, Fault> {
    Ok(Series {
        id: SeriesId(f.parse("id")?),
        patient: PatientId(f.parse("patient")?),
        time_point: TimePointId(f.parse("time_point")?),
        modality: Modality::from_code(&f.text("modality")?),
        unit: f.word("intensity_unit")?,
        study_date: f.parse_opt("study_date")?,
        frame_of_reference: f.text("frame_of_reference")?,
        shape: [f.size("shape_i")?, f.size("shape_j")?, f.size("shape_k")?],
        spacing_mm: f.reals(["spacing_i_mm", "spacing_j_mm", "spacing_k_mm"])?,
        calibrated: f.get("calibrated")?,
        fingerprint: f.text("fingerprint")?,
        warnings: f.warnings()?,
        pet: f.json_opt("pet")?,
        frame: f.json_opt("frame_4d")?,
    })
}

fn source(f: &Fields<'_>) -> Result<SeriesSource, Fault> {
    Ok(SeriesSource {
        series: SeriesId(f.parse("series")?),
        root: f.path("root")?,
        item: f.size("item")?,
        series_uid: f.text("series_uid")?,
        description: f.text("description")?,
        files: Vec::new(),
    })
}

fn lesion(f: &Fields<'_>) -> Result<Lesion, Fault> {
    Ok(Lesion {
        id: LesionId(f.parse("id")?),
        patient: PatientId(f.parse("patient")?),
        label: f.text("label")?,
        organ: f.text("organ")?,
        role: f.word("role")?,
        nodal: f.get("nodal")?,
    })
}

fn annotation(f: &Fields<'_>) -> Result<Annotation, Fault> {
    let marking = match f.text("prompt_kind")?.as_str() {
        "diameter" => Marking::of_drag([
            f.reals(["p0_x", "p0_y", "p0_z"])?.into(),
            f.reals(["p1_x", "p1_y", "p1_z"])?.into(),
        ]),
        "marking" => f.json("marking")?,
        other => return Err(f.unreadable("prompt_kind", other)),
    };
    Ok(Annotation {
        id: AnnotationId(f.parse("id")?),
        lesion: LesionId(f.parse("lesion")?),
        series: SeriesId(f.parse("series")?),
        marking,
        created: f.parse("created")?,
    })
}

fn segmented(f: &Fields<'_>) -> Result<Segmented, Fault> {
    let bulk: fn(f64) -> Bulk = match f.text("volume_unit")?.as_str() {
        "mm3" => |v| Bulk::Mm3(Mm3(v)),
        "voxels" => Bulk::Voxels,
        other => return Err(f.unreadable("volume_unit", other)),
    };
    let long_ends = [
        f.reals(["long_p0_x", "long_p0_y", "long_p0_z"])?.into(),
        f.reals(["long_p1_x", "long_p1_y", "long_p1_z"])?.into(),
    ];
    let short_ends = [
        f.reals(["short_p0_x", "short_p0_y", "short_p0_z"])?.into(),
        f.reals(["short_p1_x", "short_p1_y", "short_p1_z"])?.into(),
    ];
    let values = if f.get::<Option<i64>>("value_n")?.is_some() {
        let [min, max, mean, sd] = f.reals(["value_min", "value_max", "value_mean", "value_sd"])?;
        Some(Statistics {
            min,
            max,
            mean,
            sd,
            n: f.size("value_n")?,
            n_void: f.size("value_n_void")?,
        })
    } else {
        None
    };
    Ok(Segmented {
        annotation: AnnotationId(f.parse("annotation")?),
        engine: f.text("engine")?,
        mask_sha256: f.text("mask_sha256")?,
        artifact_sha256: f.text("artifact_sha256")?,
        measured: Measured {
            voxels: f.size("voxels")?,
            volume: bulk(f.get("volume")?),
            long_axis: axis(f, "long_axis", "long_axis_unit", long_ends)?,
            short_axis: axis(f, "short_axis", "short_axis_unit", short_ends)?,
            axis_slice: f.size("axis_slice")?,
            values,
        },
        confidence: f.get("confidence")?,
        warnings: f.warnings()?,
        partial_volume: f.get::<Option<f64>>("partial_volume")?.map(bulk),
        propagated: f.json_opt("propagated")?.unwrap_or_default(),
        consistency: f.get("consistency")?,
    })
}

fn axis(
    f: &Fields<'_>,
    value: &'static str,
    unit: &'static str,
    ends: [Point; 2],
) -> Result<AxisLine, Fault> {
    let value = f.get(value)?;
    let length = match f.text(unit)?.as_str() {
        "mm" => Length::Mm(Mm(value)),
        "px" => Length::Px(Px(value)),
        other => return Err(f.unreadable(unit, other)),
    };
    Ok(AxisLine { length, ends })
}

fn measurement(f: &Fields<'_>) -> Result<Measurement, Fault> {
    Ok(Measurement {
        id: MeasurementId(f.parse("id")?),
        series: SeriesId(f.parse("series")?),
        figure: f.json("figure")?,
        label: f.text("label")?,
        created: f.parse("created")?,
    })
}

fn treatment(f: &Fields<'_>) -> Result<Treatment, Fault> {
    Ok(Treatment {
        id: TreatmentId(f.parse("id")?),
        patient: PatientId(f.parse("patient")?),
        date: f.parse("date")?,
        kind: f.word("kind")?,
        name: f.text("name")?,
        dose: f.get("dose")?,
        unit: f.text("unit")?,
        duration_days: f.get("duration_days")?,
        schedule: f.json_opt("schedule")?,
        fractions: f.get("fractions")?,
    })
}

fn scenario(f: &Fields<'_>) -> Result<Scenario, Fault> {
    Ok(Scenario {
        id: ScenarioId(f.parse("id")?),
        patient: PatientId(f.parse("patient")?),
        change: f.json("change")?,
    })
}

fn prior(f: &Fields<'_>) -> Result<PriorChoice, Fault> {
    Ok(PriorChoice {
        patient: PatientId(f.parse("patient")?),
        prior: f.word("prior")?,
    })
}

fn reader(f: &Fields<'_>) -> Result<Reader, Fault> {
    Ok(Reader {
        id: ReaderId(f.parse("id")?),
        name: f.text("name")?,
        role: f.word("role")?,
        created: f.parse("created")?,
    })
}

fn signoff(f: &Fields<'_>) -> Result<Signoff, Fault> {
    let meaning = f.get::<Option<String>>("meaning")?;
    Ok(Signoff {
        id: SignoffId(f.parse("id")?),
        patient: PatientId(f.parse("patient")?),
        time_point: TimePointId(f.parse("time_point")?),
        state: f.word("state")?,
        meaning: meaning.map(|_| f.word("meaning")).transpose()?,
        reader: f.parse_opt("reader")?.map(ReaderId),
        reader_name: f.text("reader_name")?,
        content_sha256: f.text("content_sha256")?,
        reason: f.text("reason")?,
        created: f.parse("created")?,
    })
}

fn view(f: &Fields<'_>) -> Result<(SeriesId, SeriesView), Fault> {
    let center: Option<f64> = f.get("window_center")?;
    let width: Option<f64> = f.get("window_width")?;
    let view = SeriesView {
        slice: f.size("slice")?,
        window: center.zip(width).map(|(center, width)| WindowLevel {
            center,
            width,
            function: WindowFunction::default(),
        }),
        zoom: f.get("zoom")?,
        pan: f.reals(["pan_x", "pan_y"])?,
    };
    Ok((SeriesId(f.parse("series")?), view))
}
