//! Images in colour over others: only where it is known how they lie, kept, and in the right place.

use oncotwin::app::Fusion;
use oncotwin::app::view::{ColourMap, FusionView, SliceView};

use super::*;

impl Desk {
    fn pictured(&mut self, n: usize) -> SliceView {
        self.view().columns[n].shown.clone().expect("a slice")
    }

    fn fusion(&mut self, n: usize) -> Option<FusionView> {
        self.pictured(n).fusion
    }
}

#[test]
fn an_image_lies_over_another_once_it_is_known_where() {
    let mut desk = Desk::open();
    let (first, second) = (desk.series(0), desk.series(1));
    let fusion = Fusion::of(second);
    assert!(desk.pictured(0).fusible.is_empty());
    desk.send(Command::SetFusion {
        series: first,
        fusion: Some(fusion),
    });
    assert!(desk.fusion(0).is_none());
    let refused = desk.session().state().messages().last().cloned();
    assert!(refused.is_some_and(|m| m.text.contains("unknown")));

    desk.send(Command::Register { series: second });
    desk.send(Command::AcceptRegistration { series: second });
    assert_eq!(desk.pictured(0).fusible.len(), 1);
    desk.send(Command::SetFusion {
        series: first,
        fusion: Some(fusion),
    });
    let view = desk.fusion(0).expect("laid over");
    assert!(view.trust.starts_with("aligned"), "{}", view.trust);
    let shown = desk.pictured(0);
    let fused = shown.fused.expect("a picture").picture;
    assert_eq!(
        [fused.width, fused.height],
        [shown.picture.width, shown.picture.height]
    );
    // One patient twice: bright where the picture below is.
    let probe = view.probe.expect("loaded");
    let below = shown.probe.expect("a slice");
    let [w, h] = [shown.picture.width, shown.picture.height];
    let (mut near, mut all) = (0, 0);
    for y in (4..h - 4).step_by(7) {
        for x in (4..w - 4).step_by(7) {
            let place = shown.map.patient(x as f64, y as f64);
            if let (Some(a), Some(b)) = (below.at(place), probe.at(place)) {
                all += 1;
                near += usize::from((a - b).abs() < 150.0);
            }
        }
    }
    assert!(near * 10 > all * 9, "{near} of {all}");

    desk.send(Command::SetFusion {
        series: first,
        fusion: Some(Fusion {
            opacity: 7.0,
            colours: ColourMap::Viridis,
            ..fusion
        }),
    });
    desk.restart();
    let kept = desk.fusion(0).expect("kept over a restart");
    assert_eq!((kept.opacity, kept.colours), (1.0, ColourMap::Viridis));
    assert!(desk.pictured(0).fused.is_some());

    // Without the alignment nobody knows where it lies.
    desk.send(Command::RemoveRegistration { series: second });
    assert!(desk.fusion(0).is_none() && desk.pictured(0).fused.is_none());
}

#[test]
fn colours_are_kept_and_change_no_value() {
    let mut desk = Desk::open();
    let series = desk.series(0);
    let gray = desk.pictured(0).picture.gray.clone();
    desk.send(Command::SetColours {
        series,
        colours: ColourMap::HotIron,
    });
    desk.restart();
    let shown = desk.pictured(0);
    assert_eq!(shown.colours, ColourMap::HotIron);
    assert_eq!(shown.picture.gray, gray);
}
