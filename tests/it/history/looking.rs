//! Windows by values and inversion, through the session.

use oncotwin::app::view::{LinkMode, SliceView, WindowLevel};
use oncotwin::units::Days;

use super::*;

impl Desk {
    fn slice_view(&mut self) -> SliceView {
        self.view().columns[0].shown.clone().expect("a slice")
    }
}

#[test]
fn the_window_is_set_by_the_values_of_a_slice_or_of_a_part_of_it() {
    let mut desk = Desk::open();
    let series = desk.series(0);
    desk.send(Command::AutoWindow {
        series,
        region: None,
    });
    let whole = desk.slice_view().window;
    // A chest: from air to bone.
    assert!(whole.width > 900.0, "{whole:?}");
    let [p0, p1] = desk.truth.time_points[0].lesions[0].long_axis;
    desk.draw(0, 0, None);
    desk.send(Command::AutoWindow {
        series,
        region: Some([p0, p1]),
    });
    let part = desk.slice_view().window;
    assert!(part.width < whole.width, "{part:?}");
    desk.send(Command::SetWindow {
        series,
        window: Some(WindowLevel::new(40.0, 400.0)),
    });
    let corner = desk.slice_view().map.patient(0.0, 0.0);
    desk.send(Command::AutoWindow {
        series,
        region: Some([corner, corner]),
    });
    assert_eq!(
        desk.slice_view().window.width,
        400.0,
        "one value is no window"
    );
}

#[test]
fn inversion_is_shown_badged_and_kept() {
    let mut desk = Desk::open();
    let series = desk.series(0);
    let before = desk.slice_view().picture;
    desk.send(Command::Invert { series });
    let after = desk.slice_view();
    let inverted = |(a, b): (&u8, &u8)| *a == 255 - *b;
    let n = before
        .gray
        .iter()
        .zip(&after.picture.gray)
        .filter(|p| inverted(*p));
    assert_eq!(n.count(), before.gray.len());
    assert!(after.badges.iter().any(|b| b == "inverted"));
    desk.restart();
    assert!(desk.slice_view().badges.iter().any(|b| b == "inverted"));
    desk.send(Command::Invert { series });
    assert_eq!(desk.slice_view().picture.gray, before.gray);
}

#[test]
fn values_that_mean_the_same_share_their_window_while_linked() {
    let mut desk = Desk::open();
    let (first, second) = (desk.series(0), desk.series(1));
    let lung = WindowLevel::new(-600.0, 1500.0);
    let window_of = |desk: &mut Desk, n: usize| {
        let column = desk.view().columns[n].clone();
        column.shown.expect("a slice").window
    };
    desk.send(Command::SetWindow {
        series: first,
        window: Some(lung),
    });
    assert_eq!(window_of(&mut desk, 1), lung);
    desk.send(Command::SetLink {
        series: second,
        mode: LinkMode::Off,
    });
    desk.send(Command::SetWindow {
        series: first,
        window: None,
    });
    assert_ne!(window_of(&mut desk, 0), lung);
    assert_eq!(window_of(&mut desk, 1), lung, "it is not linked any more");
}

/// Nothing of the view tells who the patient is, when and where.
#[test]
fn a_hidden_identity_is_nowhere_in_the_view() {
    let mut desk = Desk::open();
    desk.draw(0, 0, None);
    let view = |desk: &mut Desk| format!("{:?}", desk.session().view());
    let who = desk.records().identities.first().cloned();
    let who = who.expect("an identity");
    let told = view(&mut desk);
    assert!(told.contains(&who.code), "shown until it is hidden");
    desk.send(Command::HideIdentity { hidden: true });
    desk.restart();
    let hidden = view(&mut desk);
    let dates: Vec<String> = desk
        .records()
        .time_points
        .iter()
        .filter_map(|t| Some(t.date?.to_string()))
        .collect();
    assert!(!dates.is_empty());
    let mut secrets = dates;
    secrets.extend(
        who.name
            .split('^')
            .filter(|p| p.len() > 2)
            .map(str::to_owned),
    );
    secrets.push(who.code.clone());
    secrets.extend(who.birth_date.map(|d| d.to_string()));
    for secret in secrets {
        let at = hidden.find(&secret);
        let around = at.map(|at| &hidden[at.saturating_sub(80)..(at + 40).min(hidden.len())]);
        assert!(at.is_none(), "{secret} in {around:?}");
    }
    let days: Vec<String> = desk.view().columns.iter().map(|c| c.date.clone()).collect();
    assert_eq!(days[0], "day 0");
    assert!(days[1].starts_with("day ") && days[1] != "day 0");
    desk.send(Command::HideIdentity { hidden: false });
    assert!(view(&mut desk).contains(&who.code));
}

#[test]
fn the_window_last_chosen_is_that_of_the_next_image_of_its_kind() {
    let mut desk = Desk::open();
    let lung = WindowLevel::new(-600.0, 1500.0);
    let last_window = |desk: &mut Desk| {
        let column = desk.view().columns.pop().expect("a visit");
        column.shown.expect("a slice").window
    };
    // Another patient, seen on this day.
    let visit = |desk: &mut Desk, day: f64, seed: u64| {
        let params = PhantomParams {
            days: vec![Days(day)],
            seed,
            shape: [64, 64, 8],
            ..PhantomParams::small()
        };
        let study = desk.dir.path().join(format!("study {seed}"));
        phantom::generate(&params, &study, &JobContext::default()).expect("written");
        desk.send(Command::Open { paths: vec![study] });
    };
    let own = last_window(&mut desk);
    let series = desk.series(0);
    desk.send(Command::SetWindow {
        series,
        window: Some(lung),
    });
    visit(&mut desk, 400.0, 7);
    assert_eq!(last_window(&mut desk), lung);
    // That of the file is chosen like any other.
    let series = desk.series(0);
    desk.send(Command::SetWindow {
        series,
        window: None,
    });
    visit(&mut desk, 500.0, 8);
    assert_eq!(last_window(&mut desk), own);
}
