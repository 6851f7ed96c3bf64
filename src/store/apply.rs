//! Changes of the record as statements on the tables.
//!
//! [`super::memory`] does the same to [`crate::case::Records`]; a property test holds them equal.

use rusqlite::{Connection, OptionalExtension as _, Params, named_params, params};

use super::artifacts::Artifacts;
use super::erase;
use super::error::Error;
use super::words::{Fault, canonical, integer, json, path_value, real, split_warnings, word};
use crate::case::{
    Annotation, Change, Lesion, Measurement, Patient, PatientIdentity, PriorChoice, Reader,
    Scenario, Segmented, Series, SeriesId, SeriesSource, SeriesView, Signoff, TimePoint, Treatment,
};
use crate::geometry::Point;
use crate::units::{Bulk, Length};

/// What entering an artifact needs besides the tables.
pub(super) struct Surroundings<'a> {
    pub(super) artifacts: &'a Artifacts,
    /// Time of the transaction, RFC 3339.
    pub(super) now: &'a str,
}

/// Applies one change. `Put…` inserts or replaces by id; removing what is not there changes nothing.
pub(super) fn apply(tx: &Connection, change: &Change) -> Result<(), Fault> {
    match change {
        Change::PutPatient(patient, identity) => put_patient(tx, patient, identity),
        Change::PutTimePoint(time_point) => put_time_point(tx, time_point),
        Change::RemoveTimePoint(id) => run(
            tx,
            "DELETE FROM time_points WHERE id = ?1",
            [id.to_string()],
        ),
        Change::PutSeries(series) => put_series(tx, series),
        Change::PutSource(source) => put_source(tx, source),
        Change::RemoveSeries(id) => run(tx, "DELETE FROM series WHERE id = ?1", [id.to_string()]),
        Change::PutLesion(lesion) => put_lesion(tx, lesion),
        Change::RemoveLesion(id) => run(tx, "DELETE FROM lesions WHERE id = ?1", [id.to_string()]),
        Change::PutAnnotation(annotation) => put_annotation(tx, annotation),
        Change::RemoveAnnotation(id) => run(
            tx,
            "DELETE FROM annotations WHERE id = ?1",
            [id.to_string()],
        ),
        Change::PutSegmented(segmented) => put_segmented(tx, segmented),
        Change::RemoveSegmented(id) => run(
            tx,
            "DELETE FROM segmented WHERE annotation = ?1",
            [id.to_string()],
        ),
        Change::PutMeasurement(measurement) => put_measurement(tx, measurement),
        Change::RemoveMeasurement(id) => run(
            tx,
            "DELETE FROM measurements WHERE id = ?1",
            [id.to_string()],
        ),
        Change::PutTreatment(treatment) => put_treatment(tx, treatment),
        Change::RemoveTreatment(id) => {
            run(tx, "DELETE FROM treatments WHERE id = ?1", [id.to_string()])
        }
        Change::PutScenario(scenario) => put_scenario(tx, scenario),
        Change::RemoveScenario(id) => {
            run(tx, "DELETE FROM scenarios WHERE id = ?1", [id.to_string()])
        }
        Change::PutPrior(choice) => put_prior(tx, choice),
        Change::RemovePrior(id) => run(
            tx,
            "DELETE FROM priors WHERE patient = ?1",
            [id.to_string()],
        ),
        Change::PutReader(reader) => put_reader(tx, reader),
        Change::PutSignoff(signoff) => put_signoff(tx, signoff),
        Change::RemoveSignoff(id) => {
            run(tx, "DELETE FROM signoffs WHERE id = ?1", [id.to_string()])
        }
        Change::ErasePatient(id) => erase::patient(tx, *id),
        Change::PutSeriesView(series, view) => put_view(tx, *series, view),
        Change::RemoveSeriesView(series) => run(
            tx,
            "DELETE FROM series_view WHERE series = ?1",
            [series.to_string()],
        ),
        Change::PutSetting(key, value) => run(
            tx,
            "INSERT INTO settings (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            params![key, json(value)?],
        ),
    }
}

/// Enters an artifact file into the record and answers with its hash and size; refused when the file
/// is not there. Masks are entered before the change that refers to them.
pub(super) fn register_artifact(
    tx: &Connection,
    sha256: &str,
    kind: &str,
    around: &Surroundings<'_>,
) -> Result<(String, u64), Fault> {
    let known: Option<i64> = tx
        .prepare_cached("SELECT bytes FROM artifacts WHERE sha256 = ?1")?
        .query_row([sha256], |row| row.get(0))
        .optional()?;
    let size = match known {
        Some(size) => size.unsigned_abs(),
        None => {
            let size = around.artifacts.size(sha256)?;
            insert_artifact(tx, sha256, kind, size, around.now)?;
            size
        }
    };
    Ok((sha256.to_owned(), size))
}

/// Writes the row of an artifact.
pub(super) fn insert_artifact(
    tx: &Connection,
    sha256: &str,
    kind: &str,
    size: u64,
    created: &str,
) -> Result<(), Fault> {
    let bytes = i64::try_from(size)
        .map_err(|_| Error::Refused(format!("artifact {sha256} is too large to record")))?;
    run(
        tx,
        "INSERT INTO artifacts (sha256, kind, bytes, created) VALUES (?1, ?2, ?3, ?4)",
        params![sha256, kind, bytes, created],
    )
}

fn run(tx: &Connection, sql: &str, params: impl Params) -> Result<(), Fault> {
    tx.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

fn put_patient(
    tx: &Connection,
    patient: &Patient,
    identity: &PatientIdentity,
) -> Result<(), Fault> {
    if identity.patient != patient.id {
        return Err(Error::Refused("the identity belongs to another patient".into()).into());
    }
    run(
        tx,
        "INSERT INTO patients (id, created) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET created = excluded.created",
        params![patient.id.to_string(), patient.created.to_string()],
    )?;
    run(
        tx,
        "INSERT INTO patient_identity (patient, code, name, birth_date, sex)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (patient) DO UPDATE SET code = excluded.code, name = excluded.name,
            birth_date = excluded.birth_date, sex = excluded.sex",
        params![
            identity.patient.to_string(),
            identity.code,
            identity.name,
            identity.birth_date.map(|d| d.to_string()),
            identity.sex,
        ],
    )
}

fn put_time_point(tx: &Connection, time_point: &TimePoint) -> Result<(), Fault> {
    run(
        tx,
        "INSERT INTO time_points (id, patient, date, position, by_user)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, date = excluded.date,
            position = excluded.position, by_user = excluded.by_user",
        params![
            time_point.id.to_string(),
            time_point.patient.to_string(),
            time_point.date.map(|d| d.to_string()),
            time_point.order,
            time_point.by_user,
        ],
    )
}

fn put_series(tx: &Connection, series: &Series) -> Result<(), Fault> {
    let id = series.id.to_string();
    let (warnings, files) = split_warnings(&series.warnings);
    run(
        tx,
        "INSERT INTO series (id, patient, time_point, modality, intensity_unit, study_date,
            frame_of_reference, shape_i, shape_j, shape_k, spacing_i_mm, spacing_j_mm,
            spacing_k_mm, calibrated, fingerprint, warnings, pet, frame_4d)
         VALUES (:id, :patient, :time_point, :modality, :unit, :study_date, :frame, :ni, :nj, :nk,
            :si, :sj, :sk, :calibrated, :fingerprint, :warnings, :pet, :frame_4d)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient,
            time_point = excluded.time_point, modality = excluded.modality,
            intensity_unit = excluded.intensity_unit, study_date = excluded.study_date,
            frame_of_reference = excluded.frame_of_reference, shape_i = excluded.shape_i,
            shape_j = excluded.shape_j, shape_k = excluded.shape_k,
            spacing_i_mm = excluded.spacing_i_mm, spacing_j_mm = excluded.spacing_j_mm,
            spacing_k_mm = excluded.spacing_k_mm, calibrated = excluded.calibrated,
            fingerprint = excluded.fingerprint, warnings = excluded.warnings, pet = excluded.pet,
            frame_4d = excluded.frame_4d",
        named_params! {
            ":id": id,
            ":patient": series.patient.to_string(),
            ":time_point": series.time_point.to_string(),
            ":modality": series.modality.code(),
            ":unit": word(&series.unit)?,
            ":study_date": series.study_date.map(|d| d.to_string()),
            ":frame": series.frame_of_reference,
            ":ni": integer(series.shape[0])?,
            ":nj": integer(series.shape[1])?,
            ":nk": integer(series.shape[2])?,
            ":si": real(series.spacing_mm[0])?,
            ":sj": real(series.spacing_mm[1])?,
            ":sk": real(series.spacing_mm[2])?,
            ":calibrated": series.calibrated,
            ":fingerprint": series.fingerprint,
            ":warnings": json(&warnings)?,
            ":pet": series.pet.as_ref().map(json).transpose()?,
            ":frame_4d": series.frame.as_ref().map(json).transpose()?,
        },
    )?;
    run(
        tx,
        "DELETE FROM series_warning_files WHERE series = ?1",
        [&id],
    )?;
    if let Some(files) = files {
        run(
            tx,
            "INSERT INTO series_warning_files (series, files) VALUES (?1, ?2)",
            params![id, json(&files)?],
        )?;
    }
    Ok(())
}

fn put_source(tx: &Connection, source: &SeriesSource) -> Result<(), Fault> {
    let series = source.series.to_string();
    run(
        tx,
        "INSERT INTO series_source (series, root, item, series_uid, description)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (series) DO UPDATE SET root = excluded.root, item = excluded.item,
            series_uid = excluded.series_uid, description = excluded.description",
        params![
            series,
            path_value(&source.root),
            integer(source.item)?,
            source.series_uid,
            source.description,
        ],
    )?;
    run(tx, "DELETE FROM series_files WHERE series = ?1", [&series])?;
    for (position, path) in source.files.iter().enumerate() {
        run(
            tx,
            "INSERT INTO series_files (series, position, path) VALUES (?1, ?2, ?3)",
            params![series, integer(position)?, path_value(path)],
        )?;
    }
    Ok(())
}

fn put_lesion(tx: &Connection, lesion: &Lesion) -> Result<(), Fault> {
    run(
        tx,
        "INSERT INTO lesions (id, patient, label, organ, role, nodal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, label = excluded.label,
            organ = excluded.organ, role = excluded.role, nodal = excluded.nodal",
        params![
            lesion.id.to_string(),
            lesion.patient.to_string(),
            lesion.label,
            lesion.organ,
            word(&lesion.role)?,
            lesion.nodal,
        ],
    )
}

fn put_annotation(tx: &Connection, annotation: &Annotation) -> Result<(), Fault> {
    if !annotation.marking.is_finite() {
        return Err(Error::Refused("a gesture is not made of finite numbers".to_owned()).into());
    }
    let drag = annotation.marking.lone_drag();
    let ends = drag
        .map(|[p0, p1]| Ok::<_, Error>([coordinates(p0)?, coordinates(p1)?]))
        .transpose()?;
    let marking = match drag {
        Some(_) => None,
        // In the form of the journal, from which replaying makes it.
        None => Some(canonical(&annotation.marking)?),
    };
    let at = |end: usize, axis: usize| ends.map(|e| e[end][axis]);
    run(
        tx,
        // The patient is that of the lesion; the foreign key to the series then holds only when
        // the series is of the same patient.
        "INSERT INTO annotations (id, patient, lesion, series, prompt_kind,
            p0_x, p0_y, p0_z, p1_x, p1_y, p1_z, marking, created)
         VALUES (:id, (SELECT patient FROM lesions WHERE id = :lesion), :lesion, :series,
            :kind, :ax, :ay, :az, :bx, :by, :bz, :marking, :created)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, lesion = excluded.lesion,
            series = excluded.series, prompt_kind = excluded.prompt_kind, p0_x = excluded.p0_x,
            p0_y = excluded.p0_y, p0_z = excluded.p0_z, p1_x = excluded.p1_x,
            p1_y = excluded.p1_y, p1_z = excluded.p1_z, marking = excluded.marking,
            created = excluded.created",
        named_params! {
            ":id": annotation.id.to_string(),
            ":lesion": annotation.lesion.to_string(),
            ":series": annotation.series.to_string(),
            ":kind": if drag.is_some() { "diameter" } else { "marking" },
            ":ax": at(0, 0), ":ay": at(0, 1), ":az": at(0, 2),
            ":bx": at(1, 0), ":by": at(1, 1), ":bz": at(1, 2),
            ":marking": marking,
            ":created": annotation.created.to_string(),
        },
    )
}

fn put_segmented(tx: &Connection, segmented: &Segmented) -> Result<(), Fault> {
    let annotation = segmented.annotation.to_string();
    let measured = &segmented.measured;
    let (long, short) = (&measured.long_axis, &measured.short_axis);
    let (l0, l1) = (coordinates(long.ends[0])?, coordinates(long.ends[1])?);
    let (s0, s1) = (coordinates(short.ends[0])?, coordinates(short.ends[1])?);
    let values = measured.values.as_ref();
    let value = |x: Option<f64>| x.map(real).transpose();
    let count = |n: Option<usize>| n.map(integer).transpose();
    let (warnings, files) = split_warnings(&segmented.warnings);
    let propagated = match &segmented.propagated[..] {
        [] => None,
        slices => Some(json(&slices)?),
    };
    run(
        tx,
        "INSERT INTO segmented (annotation, engine, mask_sha256, artifact_sha256, voxels,
            volume, volume_unit, long_axis, long_axis_unit,
            long_p0_x, long_p0_y, long_p0_z, long_p1_x, long_p1_y, long_p1_z,
            short_axis, short_axis_unit,
            short_p0_x, short_p0_y, short_p0_z, short_p1_x, short_p1_y, short_p1_z,
            axis_slice, value_min, value_max, value_mean, value_sd, value_n, value_n_void,
            confidence, warnings, partial_volume, propagated, consistency)
         VALUES (:annotation, :engine, :mask, :artifact, :voxels,
            :volume, :volume_unit, :long, :long_unit,
            :l0x, :l0y, :l0z, :l1x, :l1y, :l1z,
            :short, :short_unit,
            :s0x, :s0y, :s0z, :s1x, :s1y, :s1z,
            :slice, :min, :max, :mean, :sd, :n, :n_void,
            :confidence, :warnings, :partial, :propagated, :consistency)
         ON CONFLICT (annotation) DO UPDATE SET engine = excluded.engine,
            mask_sha256 = excluded.mask_sha256, artifact_sha256 = excluded.artifact_sha256,
            voxels = excluded.voxels, volume = excluded.volume,
            volume_unit = excluded.volume_unit, long_axis = excluded.long_axis,
            long_axis_unit = excluded.long_axis_unit,
            long_p0_x = excluded.long_p0_x, long_p0_y = excluded.long_p0_y,
            long_p0_z = excluded.long_p0_z, long_p1_x = excluded.long_p1_x,
            long_p1_y = excluded.long_p1_y, long_p1_z = excluded.long_p1_z,
            short_axis = excluded.short_axis, short_axis_unit = excluded.short_axis_unit,
            short_p0_x = excluded.short_p0_x, short_p0_y = excluded.short_p0_y,
            short_p0_z = excluded.short_p0_z, short_p1_x = excluded.short_p1_x,
            short_p1_y = excluded.short_p1_y, short_p1_z = excluded.short_p1_z,
            axis_slice = excluded.axis_slice, value_min = excluded.value_min,
            value_max = excluded.value_max, value_mean = excluded.value_mean,
            value_sd = excluded.value_sd, value_n = excluded.value_n,
            value_n_void = excluded.value_n_void, confidence = excluded.confidence,
            warnings = excluded.warnings, partial_volume = excluded.partial_volume,
            propagated = excluded.propagated, consistency = excluded.consistency",
        named_params! {
            ":annotation": annotation,
            ":engine": segmented.engine,
            ":mask": segmented.mask_sha256,
            ":artifact": segmented.artifact_sha256,
            ":voxels": integer(measured.voxels)?,
            ":volume": real(measured.volume.value())?,
            ":volume_unit": bulk_unit(measured.volume),
            ":long": real(long.length.value())?,
            ":long_unit": length_unit(long.length),
            ":l0x": l0[0], ":l0y": l0[1], ":l0z": l0[2],
            ":l1x": l1[0], ":l1y": l1[1], ":l1z": l1[2],
            ":short": real(short.length.value())?,
            ":short_unit": length_unit(short.length),
            ":s0x": s0[0], ":s0y": s0[1], ":s0z": s0[2],
            ":s1x": s1[0], ":s1y": s1[1], ":s1z": s1[2],
            ":slice": integer(measured.axis_slice)?,
            ":min": value(values.map(|v| v.min))?,
            ":max": value(values.map(|v| v.max))?,
            ":mean": value(values.map(|v| v.mean))?,
            ":sd": value(values.map(|v| v.sd))?,
            ":n": count(values.map(|v| v.n))?,
            ":n_void": count(values.map(|v| v.n_void))?,
            ":confidence": real(segmented.confidence)?,
            ":warnings": json(&warnings)?,
            ":partial": value(segmented.partial_volume.map(|v| v.value()))?,
            ":propagated": propagated,
            ":consistency": value(segmented.consistency)?,
        },
    )?;
    run(
        tx,
        "DELETE FROM segmented_warning_files WHERE annotation = ?1",
        [&annotation],
    )?;
    if let Some(files) = files {
        run(
            tx,
            "INSERT INTO segmented_warning_files (annotation, files) VALUES (?1, ?2)",
            params![annotation, json(&files)?],
        )?;
    }
    Ok(())
}

fn put_measurement(tx: &Connection, measurement: &Measurement) -> Result<(), Fault> {
    if !measurement.figure.is_usable() {
        return Err(Error::Refused("a figure is not made of finite numbers".to_owned()).into());
    }
    run(
        tx,
        // The patient is that of the series, so that no series leaves its patient with measurements.
        "INSERT INTO measurements (id, patient, series, figure, label, created)
         VALUES (:id, (SELECT patient FROM series WHERE id = :series), :series, :figure, :label,
            :created)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, series = excluded.series,
            figure = excluded.figure, label = excluded.label, created = excluded.created",
        named_params! {
            ":id": measurement.id.to_string(),
            ":series": measurement.series.to_string(),
            // In the form of the journal, from which replaying makes it.
            ":figure": canonical(&measurement.figure)?,
            ":label": measurement.label,
            ":created": measurement.created.to_string(),
        },
    )
}

fn put_treatment(tx: &Connection, treatment: &Treatment) -> Result<(), Fault> {
    run(
        tx,
        "INSERT INTO treatments (id, patient, date, kind, dose, unit, duration_days, schedule,
            fractions)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, date = excluded.date,
            kind = excluded.kind, dose = excluded.dose, unit = excluded.unit,
            duration_days = excluded.duration_days, schedule = excluded.schedule,
            fractions = excluded.fractions",
        params![
            treatment.id.to_string(),
            treatment.patient.to_string(),
            treatment.date.to_string(),
            word(&treatment.kind)?,
            treatment.dose.map(real).transpose()?,
            treatment.unit,
            real(treatment.duration_days)?,
            // In the form of the journal, from which replaying makes it.
            treatment.schedule.as_ref().map(canonical).transpose()?,
            treatment.fractions,
        ],
    )?;
    run(
        tx,
        "INSERT INTO treatment_text (treatment, name) VALUES (?1, ?2)
         ON CONFLICT (treatment) DO UPDATE SET name = excluded.name",
        params![treatment.id.to_string(), treatment.name],
    )
}

fn put_reader(tx: &Connection, reader: &Reader) -> Result<(), Fault> {
    run(
        tx,
        "INSERT INTO readers (id, name, role, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role,
            created = excluded.created",
        params![
            reader.id.to_string(),
            reader.name,
            word(&reader.role)?,
            reader.created.to_string(),
        ],
    )
}

fn put_signoff(tx: &Connection, signoff: &Signoff) -> Result<(), Fault> {
    let id = signoff.id.to_string();
    run(
        tx,
        "INSERT INTO signoffs (id, patient, time_point, state, meaning, reader, reader_name,
            content_sha256, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient,
            time_point = excluded.time_point, state = excluded.state,
            meaning = excluded.meaning, reader = excluded.reader,
            reader_name = excluded.reader_name, content_sha256 = excluded.content_sha256,
            created = excluded.created",
        params![
            id,
            signoff.patient.to_string(),
            signoff.time_point.to_string(),
            word(&signoff.state)?,
            signoff.meaning.map(|m| word(&m)).transpose()?,
            signoff.reader.map(|r| r.to_string()),
            signoff.reader_name,
            signoff.content_sha256,
            signoff.created.to_string(),
        ],
    )?;
    run(
        tx,
        "INSERT INTO signoff_text (signoff, reason) VALUES (?1, ?2)
         ON CONFLICT (signoff) DO UPDATE SET reason = excluded.reason",
        params![id, signoff.reason],
    )
}

fn put_scenario(tx: &Connection, scenario: &Scenario) -> Result<(), Fault> {
    run(
        tx,
        "INSERT INTO scenarios (id, patient, change) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, change = excluded.change",
        params![
            scenario.id.to_string(),
            scenario.patient.to_string(),
            json(&scenario.change)?,
        ],
    )
}

fn put_prior(tx: &Connection, choice: &PriorChoice) -> Result<(), Fault> {
    run(
        tx,
        "INSERT INTO priors (patient, prior) VALUES (?1, ?2)
         ON CONFLICT (patient) DO UPDATE SET prior = excluded.prior",
        params![choice.patient.to_string(), word(&choice.prior)?],
    )
}

fn put_view(tx: &Connection, series: SeriesId, view: &SeriesView) -> Result<(), Fault> {
    let window = |x: Option<f64>| x.map(real).transpose();
    run(
        tx,
        "INSERT INTO series_view (series, slice, window_center, window_width, zoom, pan_x, pan_y)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (series) DO UPDATE SET slice = excluded.slice,
            window_center = excluded.window_center, window_width = excluded.window_width,
            zoom = excluded.zoom, pan_x = excluded.pan_x, pan_y = excluded.pan_y",
        params![
            series.to_string(),
            integer(view.slice)?,
            window(view.window.map(|w| w.center))?,
            window(view.window.map(|w| w.width))?,
            real(view.zoom)?,
            real(view.pan[0])?,
            real(view.pan[1])?,
        ],
    )
}

fn coordinates(point: Point) -> Result<[f64; 3], Error> {
    let [x, y, z] = <[f64; 3]>::from(point);
    Ok([real(x)?, real(y)?, real(z)?])
}

const fn length_unit(length: Length) -> &'static str {
    match length {
        Length::Mm(_) => "mm",
        Length::Px(_) => "px",
    }
}

const fn bulk_unit(bulk: Bulk) -> &'static str {
    match bulk {
        Bulk::Mm3(_) => "mm3",
        Bulk::Voxels(_) => "voxels",
    }
}
