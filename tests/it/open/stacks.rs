//! Stacks: traps that no public set holds (made by `tests/oracle/traps.py`), mutated series, PET.

mod mutations;

use std::io::Read as _;

use oncotwin::volume::{PetStatement, UptakeKind};

use super::*;

/// The packed cases, unpacked, and what a correct reader says of each.
pub(crate) fn traps() -> (TempDir, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traps");
    let dir = TempDir::new().expect("folder");
    let packed = std::fs::File::open(folder.join("traps.zip")).expect("traps.zip");
    let mut archive = zip::ZipArchive::new(packed).expect("zip");
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("member");
        let path = dir.path().join(file.enclosed_name().expect("inside"));
        std::fs::create_dir_all(path.parent().expect("folder")).expect("made");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("read");
        std::fs::write(path, bytes).expect("written");
    }
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    (dir, serde_json::from_str(&text).expect("JSON"))
}

fn differs(ours: &Value, theirs: &Value, tolerance: f64) -> bool {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() != b.len() || a.iter().zip(b).any(|(a, b)| differs(a, b, tolerance))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("number"), b.as_f64().expect("number"));
            (a - b).abs() > tolerance * b.abs().max(1.0)
        }
        _ => ours != theirs,
    }
}

/// What is wrong with one item, compared key by key with what is expected.
fn complaints(ours: &Value, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, theirs) in expected.as_object().expect("object") {
        let (found, tolerance) = match &**key {
            "codes" => {
                let mut codes: Vec<&str> = ours["warnings"]
                    .as_array()
                    .expect("warnings")
                    .iter()
                    .filter_map(|w| w["code"].as_str())
                    .collect();
                codes.sort_unstable();
                codes.dedup();
                (serde_json::json!(codes), 0.0)
            }
            "error" => (ours["error"]["code"].clone(), 0.0),
            "values" => {
                let kept =
                    ["min", "max", "mean"].map(|k| (k.to_owned(), ours["values"][k].clone()));
                let bad = kept.iter().any(|(k, v)| differs(v, &theirs[k], 1e-6));
                if bad {
                    wrong.push(format!("values {kept:?} beside {theirs}"));
                }
                continue;
            }
            "windows" => {
                let rows = ours["windows"]
                    .as_array()
                    .expect("windows")
                    .iter()
                    .map(|w| {
                        if w["function"] == "table" {
                            serde_json::json!([w["name"], "table"])
                        } else {
                            serde_json::json!([w["name"], w["center"], w["width"], w["function"]])
                        }
                    });
                (rows.collect(), 1e-9)
            }
            "scalings" => {
                for scaling in ours["scalings"].as_array().expect("scalings") {
                    let name = scaling["name"].as_str().expect("name");
                    if differs(&scaling["slope_intercept"][0], &theirs[name], 1e-9) {
                        wrong.push(format!("scaling {scaling} beside {}", theirs[name]));
                    }
                }
                (
                    serde_json::json!(ours["scalings"].as_array().map(Vec::len)),
                    0.0,
                )
            }
            "decay_reference" => (ours["uptake"][key].clone(), 0.0),
            _ => (ours[key].clone(), 1e-6),
        };
        let theirs = match &**key {
            "scalings" => &serde_json::json!(theirs.as_object().map(serde_json::Map::len)),
            _ => theirs,
        };
        if differs(&found, theirs, tolerance) {
            wrong.push(format!("{key}: {found} beside {theirs}"));
        }
    }
    wrong
}

#[test]
fn every_trap_is_loaded_exactly_named_or_refused() {
    let (dir, expected) = traps();
    let mut wrong = Vec::new();
    for (case, items) in expected.as_object().expect("cases") {
        let job = JobContext::default();
        let found = open::inspect_json(&scan(dir.path().join(case)), true, &job).expect("JSON");
        let found = found["items"].as_array().expect("items");
        let items = items.as_array().expect("items");
        if found.len() != items.len() {
            wrong.push(format!(
                "{case}: {} items beside {}",
                found.len(),
                items.len()
            ));
            continue;
        }
        for (ours, expected) in found.iter().zip(items) {
            for complaint in complaints(ours, expected) {
                wrong.push(format!("{case}: {complaint} {}", ours["warnings"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(expected.as_object().expect("cases").len() >= 60);
}

#[test]
fn uptake_of_a_whole_pet_is_what_others_publish() {
    let Some((dir, set)) = unpacked("B9_pet_sts001_raw") else {
        return;
    };
    let _ = set;
    let item = scan(dir.path())
        .into_iter()
        .find(|i| i.modality.code() == "PT" && i.is_image())
        .expect("PET");
    assert_eq!(item.unit, IntensityUnit::SuvBodyWeight);
    let uptake = item.uptake.as_ref().expect("factors");
    let most = |item: &Item| load(item).statistics().expect("values").max;
    let body_weight = most(&item);
    for kind in UptakeKind::ALL {
        let other = item.with_pet(&counted(kind)).expect("factor");
        let factor = uptake.factor(kind).expect("factor");
        let expected = body_weight * factor / uptake.body_weight.expect("factor");
        close(most(&other) / expected, 1.0, 1e-6, "uptake");
        assert_eq!(other.unit, kind.unit());
    }
}

fn counted(kind: UptakeKind) -> PetStatement {
    PetStatement {
        kind: Some(kind),
        ..PetStatement::default()
    }
}

#[test]
fn what_a_reader_states_of_a_pet_counts_in_place_of_its_header() {
    let (dir, _) = traps();
    let pet = |case: &str| only(dir.path().join(case));
    let most = |item: &Item| load(item).statistics().expect("values").max;
    let (whole, bare) = (pet("pet_start"), pet("pet_no_weight"));
    assert_eq!(bare.unit, IntensityUnit::BecquerelPerMl);
    let weight = |kg| PetStatement {
        weight_kg: Some(kg),
        ..PetStatement::default()
    };
    let stated = bare.with_pet(&weight(70.0)).expect("counted");
    assert_eq!(stated.unit, IntensityUnit::SuvBodyWeight);
    assert_eq!(codes(&stated), [WarningCode::Stated]);
    close(
        most(&stated) / most(&whole),
        1.0,
        1e-6,
        "the missing weight",
    );
    let doubled = whole.with_pet(&weight(140.0)).expect("counted");
    close(most(&doubled) / most(&whole), 2.0, 1e-6, "twice the weight");
    let dose = PetStatement {
        dose_bq: whole
            .pet_stated()
            .expect("PET")
            .dose_bq
            .map(|dose| dose / 2.0),
        ..counted(UptakeKind::Activity)
    };
    let activity = whole.with_pet(&dose).expect("counted");
    close(
        most(&activity) / most(&bare),
        1.0,
        1e-6,
        "activity needs no dose",
    );

    let refused = |case: &str, stated: &PetStatement| {
        pet(case).with_pet(stated).expect_err("refused").message
    };
    assert!(refused("pet_gml", &weight(70.0)).contains("scanner"));
    assert!(refused("pet_counts", &weight(70.0)).contains("CNTS"));
    assert!(refused("pet_not_corrected", &weight(70.0)).contains("ATTN"));
    assert!(refused("pet_start", &weight(7000.0)).contains("no weight"));
    assert!(refused("pet_no_weight", &counted(UptakeKind::BodySurface)).contains("PatientWeight"));
    assert!(refused("missing", &weight(70.0)).contains("no PET"));
}

#[test]
fn phases_without_temporal_tags_are_told_apart() {
    let Some((dir, _)) = unpacked("B12_breast_dce_4d") else {
        return;
    };
    let item = scan(dir.path())
        .into_iter()
        .find(|i| i.is_image())
        .expect("images");
    let shape = item.grid.as_ref().expect("grid").shape();
    assert_eq!((item.n_frames_4d, shape[2]), (3, 60));
    assert!(codes(&item).contains(&WarningCode::FourD));
}

#[test]
fn stacks_are_joined_where_one_grid_holds_them() {
    let (dir, expected) = traps();
    let job = JobContext::default();
    let joined = |case: &str| open::join(&[dir.path().join(case)], &job).expect("described");
    let has = |item: &Item, code| item.warnings.iter().any(|w| w.code == code);

    let [whole] = &joined("enhanced_two_stacks")[..] else {
        panic!("stacks at places of their own are one volume")
    };
    assert!(has(whole, WarningCode::Joined) && !has(whole, WarningCode::Split));
    let ours = open::inspect_json(std::slice::from_ref(whole), true, &job).expect("described");
    let twin = &expected["enhanced_twin_ct"][0];
    let mut twin = twin.clone();
    twin["codes"] = serde_json::json!(["W-JOINED"]);
    assert_eq!(complaints(&ours["items"][0], &twin), [""; 0]);

    let [echoes] = &joined("echoes")[..] else {
        panic!("stacks at the same places are volumes of one item")
    };
    assert!(has(echoes, WarningCode::Joined) && has(echoes, WarningCode::FourD));
    assert_eq!((echoes.kind, echoes.n_frames_4d), (ItemKind::Volume, 2));
    let apart = scan(dir.path().join("echoes"));
    for (frame, part) in apart.iter().enumerate() {
        let ours = open::load(echoes, frame, &job).expect("loaded");
        let alone = open::load(part, 0, &job).expect("loaded");
        for k in 0..ours.grid().shape()[2] {
            assert!(
                ours.slice_values(k).eq(alone.slice_values(k)),
                "{frame} {k}"
            );
        }
    }

    // Where they are no volume together, they stay what they are.
    for case in [
        "scout_inside",
        "spacing_conflict",
        "two_patients_one_series",
    ] {
        let items = joined(case);
        assert_eq!(items.len(), 2, "{case}");
        assert!(!items.iter().any(|i| has(i, WarningCode::Joined)), "{case}");
    }
}

#[test]
fn stacks_of_one_file_are_told_apart() {
    let (dir, _) = traps();
    let path = dir.path().join("enhanced_two_stacks");
    let job = JobContext::default();
    let print = |item: &Item| item.fingerprint(&job).expect("readable");
    let apart: Vec<String> = scan(&path).iter().map(print).collect();
    let joined = open::join(std::slice::from_ref(&path), &job).expect("described");
    let mut all = [apart.clone(), joined.iter().map(print).collect()].concat();
    assert_eq!(all.len(), 3);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 3, "each has a fingerprint of its own");
    assert_eq!(scan(&path).iter().map(print).collect::<Vec<_>>(), apart);
}
