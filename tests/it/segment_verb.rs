//! `oncotwin segment`: every gesture and edit from the command line, on a phantom.

use std::path::{Path, PathBuf};
use std::process::Command;

use oncotwin::geometry::{Point, Vec3};
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams};
use serde_json::Value;

struct Bench {
    dir: tempfile::TempDir,
    image: PathBuf,
    ends: [Point; 2],
}

fn text(p: Point) -> String {
    let [x, y, z]: [f64; 3] = p.into();
    format!("{x},{y},{z}")
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let study = dir.path().join("study");
        let params = PhantomParams::small();
        let truth = phantom::generate(&params, &study, &JobContext::default()).expect("written");
        let mut folders: Vec<PathBuf> = std::fs::read_dir(&study)
            .expect("a study")
            .map(|e| e.expect("an entry").path())
            .filter(|p| p.is_dir())
            .collect();
        folders.sort();
        Self {
            image: folders[0].clone(),
            ends: truth.time_points[0].lesions[0].long_axis,
            dir,
        }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Exit code and answer; usage errors answer with nothing.
    fn run(&self, out: &Path, args: &[&str]) -> (i32, Value) {
        let out = out.to_str().expect("a name");
        self.run_without_mask(&[args, &["--out", out]].concat())
    }

    fn run_without_mask(&self, args: &[&str]) -> (i32, Value) {
        let done = Command::new(env!("CARGO_BIN_EXE_oncotwin"))
            .arg("segment")
            .arg(&self.image)
            .args(args)
            .arg("--json")
            .env("ONCOTWIN_CRASH_DIR", self.dir.path())
            .output()
            .expect("it runs");
        let answer = serde_json::from_slice(&done.stdout).unwrap_or(Value::Null);
        (done.status.code().expect("an exit code"), answer)
    }
}

fn voxels(answer: &Value) -> u64 {
    answer["voxels"].as_u64().expect("voxels")
}

#[test]
fn gestures_and_edits_are_done_in_their_order() {
    let bench = Bench::new();
    let [p0, p1] = bench.ends;
    let middle = p0.midpoint(p1);
    let drag = format!("drag:{};{}", text(p0), text(p1));
    let mask = bench.out("mask.nii.gz");
    let (code, drawn) = bench.run(&mask, &["--step", &drag]);
    assert_eq!(code, 0, "{drawn}");
    assert!(mask.is_file());
    assert!(drawn["partial_volume_mm3"].as_f64().expect("a volume") > 0.0);
    let (_, same) = bench.run(
        &bench.out("b.nii.gz"),
        &["--p0", &text(p0), "--p1", &text(p1)],
    );
    assert_eq!(same["mask_sha256"], drawn["mask_sha256"]);

    // A stroke of what is not lesion, then painted back, then grown.
    let away = format!("scribble-:{};{}@1.5", text(middle), text(p1));
    let (_, less) = bench.run(&bench.out("c.nii.gz"), &["--step", &drag, "--step", &away]);
    assert!(voxels(&less) < voxels(&drawn));
    let paint = format!("brush:{};{}@3", text(middle), text(p1));
    let steps = [drag.as_str(), &away, &paint, "grow@2", "fill-holes"];
    let args: Vec<&str> = steps[..4].iter().flat_map(|s| ["--step", s]).collect();
    let (code, more) = bench.run(&bench.out("d.nii.gz"), &args);
    assert_eq!(code, 0, "{more}");
    assert!(voxels(&more) > voxels(&less));

    // What changes nothing is said and does no harm.
    let args = ["--step", &drag, "--step", "fill-between"];
    let (code, idle) = bench.run(&bench.out("h.nii.gz"), &args);
    assert_eq!(code, 0, "{idle}");
    assert_eq!(idle["mask_sha256"], drawn["mask_sha256"]);
    assert_eq!(idle["idle_steps"], serde_json::json!([1]));

    // Steps from a file are those of the answer.
    let file = bench.out("steps.json");
    std::fs::write(&file, more["steps"].to_string()).expect("written");
    let (_, again) = bench.run(
        &bench.out("e.nii.gz"),
        &["--steps-file", file.to_str().expect("a path")],
    );
    assert_eq!(again["mask_sha256"], more["mask_sha256"]);

    // On top of a mask from a file.
    let (code, onto) = bench.run(
        &bench.out("f.nii.gz"),
        &["--mask", mask.to_str().expect("a path"), "--step", &away],
    );
    assert_eq!(code, 0, "{onto}");
    assert!(voxels(&onto) < voxels(&drawn));

    // Joined and compared with masks from files.
    let part = bench.out("f.nii.gz");
    let part = part.to_str().expect("a path");
    for (how, expected) in [
        ("--merge", voxels(&drawn)),
        ("--intersect", voxels(&onto)),
        ("--subtract", voxels(&drawn) - voxels(&onto)),
    ] {
        let (code, answer) = bench.run(&bench.out("g.nii.gz"), &["--step", &drag, how, part]);
        assert_eq!(code, 0, "{how}: {answer}");
        assert_eq!(voxels(&answer), expected, "{how}");
    }
}

#[test]
fn boxes_and_outlines_make_masks_and_clicks_make_one_or_refuse() {
    let bench = Bench::new();
    let [p0, p1] = bench.ends;
    let middle = p0.midpoint(p1);
    let along = p1.0 - p0.0;
    let across = along.cross(&Vec3::z());
    let corner = |a: f64, b: f64| Point(middle.0 + along * a + across * b);
    let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)];
    let outline: Vec<String> = corners.iter().map(|(a, b)| text(corner(*a, *b))).collect();
    let outline = format!("lasso+:{}", outline.join(";"));
    let r = along.norm() * 0.55;
    let low = Point(middle.0 - Vec3::new(r, r, 0.0));
    let high = Point(middle.0 + Vec3::new(r, r, 0.0));
    let boxed = format!("box:{};{}", text(low), text(high));
    for step in [outline, boxed] {
        let (code, answer) = bench.run(&bench.out("m.nii.gz"), &["--step", &step]);
        assert_eq!(code, 0, "{step}: {answer}");
        assert!(voxels(&answer) > 50, "{step}: {answer}");
    }
    let out = bench.out("click.nii.gz");
    let (code, answer) = bench.run(&out, &["--tool", "point", "--p0", &text(middle)]);
    if answer["refused"] == true {
        assert_eq!(code, 1);
        assert!(!out.exists());
        assert!(
            answer["reason"]
                .as_str()
                .is_some_and(|r| r.contains("drag")),
            "{answer}"
        );
    } else {
        assert_eq!(code, 0);
        assert!(voxels(&answer) > 50);
    }
}

#[test]
fn incomplete_and_impossible_gestures_are_refused_in_words() {
    let bench = Bench::new();
    let [p0, p1] = bench.ends;
    let p0_only = text(p0);
    for (args, code) in [
        (vec![], "E-STEP"),
        (vec!["--p0", p0_only.as_str()], "E-STEP"),
        (vec!["--steps-file", "no such file"], "E-READ"),
    ] {
        let (exit, answer) = bench.run(&bench.out("x.nii.gz"), &args);
        assert_eq!(exit, 1, "{args:?}");
        assert_eq!(answer["error"]["code"], code, "{args:?}: {answer}");
    }
    // Taking away from nothing, editing nothing, outside, nothing to do.
    let drag = format!("drag:{};{}", text(p0), text(p1));
    let outside = "drag:9000,0,0;9010,0,0".to_owned();
    let away = format!("scribble-:{};{}@1", text(p0), text(p1));
    for steps in [
        vec![away.as_str()],
        vec!["fill-holes"],
        vec![outside.as_str()],
        vec![drag.as_str(), "shrink@90"],
    ] {
        let args: Vec<&str> = steps.iter().flat_map(|s| ["--step", s]).collect();
        let (exit, answer) = bench.run(&bench.out("x.nii.gz"), &args);
        assert_eq!(exit, 1, "{steps:?}: {answer}");
        assert_eq!(answer["refused"], true, "{steps:?}: {answer}");
        assert!(answer["reason"].as_str().is_some_and(|r| r.len() > 15));
    }
    assert!(!bench.out("x.nii.gz").exists());
    // What is no step at all is wrong usage.
    let (exit, _) = bench.run(&bench.out("x.nii.gz"), &["--step", "circle:1,2,3"]);
    assert_eq!(exit, 2);
}

/// Axes as the caliper tells them, or the reason of its refusal.
fn measured_by_hand(bench: &Bench, lines: &[(&str, Point)]) -> Result<(f64, Option<f64>), String> {
    let places: Vec<String> = lines.iter().map(|(_, p)| text(*p)).collect();
    let mut args = vec!["--tool", "caliper"];
    for ((name, _), place) in lines.iter().zip(&places) {
        args.extend([*name, place]);
    }
    let (code, answer) = bench.run_without_mask(&args);
    if answer["refused"] == true {
        assert_eq!(code, 1, "{answer}");
        return Err(answer["reason"].as_str().expect("why").to_owned());
    }
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["source"], "caliper");
    assert_eq!(answer["voxels"], 0);
    assert!(answer["axis_slice"].is_u64());
    let long = answer["long_axis_mm"].as_f64().expect("calibrated");
    assert_eq!(
        answer["short_axis"].is_null(),
        answer["short_axis_mm"].is_null()
    );
    Ok((long, answer["short_axis_mm"].as_f64()))
}

#[test]
fn a_caliper_measures_without_a_mask() {
    let bench = Bench::new();
    let [p0, p1] = bench.ends;
    let middle = p0.midpoint(p1);
    let along = p1.0 - p0.0;
    let across = Vec3::new(-along.y, along.x, 0.0) * 0.35;
    let (q0, q1) = (Point(middle.0 - across), Point(middle.0 + across));
    let (long, short) = (p0.distance(p1).0, q0.distance(q1).0);
    let of = |lines: &[(&str, Point)]| measured_by_hand(&bench, lines);
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;

    let (l, s) = of(&[("--p0", p0), ("--p1", p1)]).expect("measured");
    assert!(near(l, long) && s.is_none());
    // Whichever is drawn first, the longer one is the longest diameter.
    for (a, b) in [([p0, p1], [q0, q1]), ([q0, q1], [p0, p1])] {
        let lines = [
            ("--p0", a[0]),
            ("--p1", a[1]),
            ("--q0", b[0]),
            ("--q1", b[1]),
        ];
        let (l, s) = of(&lines).expect("measured");
        assert!(near(l, long) && near(s.expect("drawn"), short));
    }

    let beside = |p: Point, by: Vec3| Point(p.0 + by);
    let far = Vec3::new(1e5, 0.0, 0.0);
    let deep = Vec3::new(0.0, 0.0, 30.0);
    for (lines, said) in [
        (
            vec![("--p0", p0), ("--p1", beside(p1, far))],
            "outside the image",
        ),
        (
            vec![("--p0", p0), ("--p1", beside(p0, along * 1e-3))],
            "shorter than",
        ),
        (
            vec![("--p0", p0), ("--p1", beside(p1, deep))],
            "from one slice to another",
        ),
        (
            // Along the first line, not across it.
            vec![
                ("--p0", p0),
                ("--p1", p1),
                ("--q0", beside(p0, along * 0.2)),
                ("--q1", p1),
            ],
            "no long and short axis",
        ),
    ] {
        let why = of(&lines).expect_err("refused");
        assert!(why.contains(said), "{why}");
    }

    // What makes a mask does not go with it, and what makes a mask needs a place for it.
    let (p0, p1) = (text(p0), text(p1));
    let ends = ["--p0", &p0, "--p1", &p1];
    let error = |args: &[&str]| bench.run_without_mask(args).1["error"]["code"].clone();
    assert_eq!(error(&ends), "E-STEP");
    let caliper = [&["--tool", "caliper"], &ends[..]].concat();
    assert_eq!(
        error(&[&caliper[..], &["--step", "largest-part"]].concat()),
        "E-STEP"
    );
    assert_eq!(error(&[&caliper[..], &["--q0", &p0]].concat()), "E-STEP");
}
