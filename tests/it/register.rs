//! Registration of a real image, and the contract of `oncotwin register`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use nalgebra::UnitQuaternion;
use ndarray::Array3;
use oncotwin::export;
use oncotwin::geometry::{Grid, Point, Vec3, Voxel};
use oncotwin::jobs::JobContext;
use oncotwin::open::{self, Item};
use oncotwin::register::{Params, Rigid, register};
use oncotwin::volume::{IntensityUnit, Modality, Rescale, Samples, Volume};
use serde_json::Value;

use crate::common::shared;

/// The image on a grid that a transform carried along: the patient moved, nothing is interpolated.
fn carried(volume: &Volume, by: &Rigid) -> Volume {
    let grid = volume.grid();
    let origins = grid.slice_origins().iter().map(|o| by.apply(*o)).collect();
    let (i, j) = (by.rotation() * grid.i_step(), by.rotation() * grid.j_step());
    let grid = Grid::new(grid.shape(), i, j, origins, None).unwrap();
    Volume::new(
        Arc::new(grid),
        volume.samples().clone(),
        volume.rescale().to_vec(),
        volume.unit,
        volume.modality.clone(),
    )
    .unwrap()
}

fn middle(volume: &Volume) -> Point {
    let [i, j, k] = volume.grid().shape().map(|n| (n - 1) as f64 / 2.0);
    volume.grid().patient_from_voxel(Voxel::new(i, j, k))
}

#[test]
fn two_parts_of_a_real_chest_are_put_together() {
    let Some(folder) = shared("data/B2_ibsi_lung_ct/dicom/image") else {
        return;
    };
    let job = JobContext::default();
    let items = open::scan(&[folder], &job).unwrap();
    let item = items.iter().find(|i| Item::is_image(i)).unwrap();
    let whole = open::load(item, 0, &job).unwrap();
    let turn = UnitQuaternion::from_euler_angles(0.15, -0.2, 0.1);
    let truth = Rigid::about(middle(&whole), turn, Vec3::new(25.0, -60.0, 140.0));
    let fixed = whole.slices(0..44).unwrap();
    let moving = carried(&whole.slices(16..60).unwrap(), &truth);
    let found = register(&fixed, &moving, &Params::default(), &job).unwrap();
    let grid = fixed.grid();
    let places = [
        [40.0, 60.0, 20.0],
        [160.0, 60.0, 20.0],
        [100.0, 150.0, 40.0],
    ];
    for [i, j, k] in places {
        let p = grid.patient_from_voxel(Voxel::new(i, j, k));
        let off = found.transform.apply(p).distance(truth.apply(p)).0;
        assert!(off < 0.5, "{off} mm at {i}, {j}, {k}");
    }
    let residual = found.residual.unwrap();
    assert!(residual.median.0 < 1.0, "{residual:?}");
}

/// A few balls in a box, as NIfTI.
fn balls(path: &Path, moved: &Rigid) {
    let n = [60, 50, 40];
    let step = Some(Vec3::z() * 4.0);
    let origins = (0..n[2])
        .map(|k| Point::new(-90.0, -75.0, -80.0 + 4.0 * k as f64))
        .collect();
    let grid = Grid::new(n, Vec3::x() * 3.0, Vec3::y() * 3.0, origins, step).unwrap();
    let ball = |p: Point, at: [f64; 3], radius: f64| {
        let depth = radius - p.distance(at.into()).0;
        1.0 / (1.0 + (-depth / 1.5).exp())
    };
    let back = moved.inverse();
    let values = Array3::from_shape_fn((n[2], n[1], n[0]), |(k, j, i)| {
        let p = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
        let p = back.apply(p);
        let value = ball(p, [0.0, 0.0, 0.0], 60.0) * 100.0
            + ball(p, [25.0, 10.0, 5.0], 18.0) * 80.0
            + ball(p, [-20.0, -25.0, 20.0], 14.0) * 150.0
            + ball(p, [-5.0, 20.0, -30.0], 12.0) * 200.0
            - ball(p, [-30.0, 15.0, -5.0], 10.0) * 70.0;
        value as f32
    });
    let volume = Volume::new(
        Arc::new(grid),
        Samples::F32(values),
        vec![Rescale::IDENTITY; n[2]],
        IntensityUnit::Arbitrary,
        Modality::Other(String::new()),
    )
    .unwrap();
    export::write_nifti_volume(&volume, path).unwrap();
}

fn run(args: &[&str]) -> (i32, Value) {
    let done = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
        .arg("register")
        .args(args)
        .arg("--json")
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&done.stdout).unwrap_or(Value::Null);
    (done.status.code().unwrap(), answer)
}

#[test]
fn the_verb_answers_and_writes_what_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (a, b) = (path("a.nii.gz"), path("b.nii.gz"));
    let turn = UnitQuaternion::from_euler_angles(0.1, 0.05, -0.12);
    let truth = Rigid::new(turn, Vec3::new(6.0, -4.0, 9.0));
    balls(Path::new(&a), &Rigid::identity());
    balls(Path::new(&b), &truth);

    let file = path("a-to-b.tfm");
    let (code, answer) = run(&[&a, &b, "--metric", "ncc", "--out", &file]);
    assert_eq!(code, 0, "{answer}");
    let schema = include_str!("../../docs/schemas/register.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    for key in schema["required"].as_array().unwrap() {
        assert!(answer.get(key.as_str().unwrap()).is_some(), "{key}");
    }
    for key in answer.as_object().unwrap().keys() {
        assert!(
            schema["properties"][key].is_object(),
            "{key} is not described"
        );
    }
    let found: Rigid = serde_json::from_value(answer["transform"].clone()).unwrap();
    let places = [
        Point::new(20.0, 10.0, -20.0),
        Point::new(-20.0, -25.0, 20.0),
    ];
    assert!(found.distance(&truth, &places).0 < 0.5, "{answer}");
    let row: Vec<f64> = serde_json::from_value(answer["matrix_lps"][0].clone()).unwrap();
    assert!((row[3] - found.translation().x).abs() < 1e-9);
    assert_eq!(answer["metric"], "ncc");

    // The file holds the same angles and shifts in the order of ITK's Euler3D transform.
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("#Insight Transform File V1.0\n"), "{text}");
    assert!(text.contains("\nTransform: Euler3DTransform_double_3_3\n"));
    let line = text.lines().find_map(|l| l.strip_prefix("Parameters: "));
    let numbers = line.unwrap().split(' ').map(|n| n.parse().unwrap());
    let numbers: Vec<f64> = numbers.collect();
    let [x, y, z] = found.euler_zxy();
    let t = found.translation();
    assert_eq!(numbers, [x, y, z, t.x, t.y, t.z]);

    let json = path("a-to-b.json");
    assert_eq!(run(&[&a, &b, "--out", &json]).0, 0);
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert!(serde_json::from_value::<Rigid>(kept["transform"].clone()).is_ok());

    // Wrong names and wrong images are told before and after the work.
    let other = path("a-to-b.xfm");
    let (code, answer) = run(&[&a, &b, "--out", &other]);
    assert_eq!((code, &answer["error"]["code"]), (1, &"E-WRITE".into()));
    let (code, answer) = run(&[&a, &b, "--item-moving", "7"]);
    assert_eq!((code, &answer["error"]["code"]), (1, &"E-ITEM".into()));
}
