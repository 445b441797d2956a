use super::*;
use crate::cli::station::port::FREE_AFTER;
use crate::cli::station::remedy;
use crate::cli::station::verdict::{Judged, Verdict};
use crate::printable::Said;

/// A core, and a clock that runs by seconds.
struct Bench {
    core: Core,
    now: Duration,
}

impl Bench {
    fn new() -> Self {
        Self {
            core: Core::default(),
            now: Duration::ZERO,
        }
    }

    /// What is to be done a second later, with these devices there: path and number each.
    fn look(&mut self, there: &[(&str, u8)]) -> Vec<(String, Order)> {
        let usable = |number| Visitor {
            number: Some((1, number)),
            fitness: Fitness::Ready,
        };
        let there = there.iter().map(|(path, number)| (*path, usable(*number)));
        self.look_at(there)
    }

    fn look_at<'p>(
        &mut self,
        there: impl IntoIterator<Item = (&'p str, Visitor)>,
    ) -> Vec<(String, Order)> {
        self.now += Duration::from_secs(1);
        let there = there.into_iter();
        let visitors = there.map(|(path, visitor)| (path.to_owned(), visitor));
        self.core.look(&visitors.collect(), self.now)
    }

    fn passes(&mut self, path: &str, serial: &str) {
        self.core.ended(path, &judged(serial));
    }
}

fn judged(serial: &str) -> Ended {
    Ended::Judged(Box::new(Judged {
        serial: Some(Said::from(serial.to_owned())),
        chip: None,
        seconds: 1.0,
        verdict: Verdict::Pass {
            done: "flashed".to_owned(),
            odd: Vec::new(),
            verified: true,
        },
    }))
}

fn flash(path: &str) -> Vec<(String, Order)> {
    vec![(path.to_owned(), Order::Flash)]
}

#[test]
fn a_board_is_flashed_once_and_left_alone_while_it_stays() {
    let mut bench = Bench::new();
    assert_eq!(bench.look(&[]), []);
    assert_eq!(bench.look(&[("1-1", 2)]), flash("1-1"));
    assert_eq!(bench.look(&[("1-1", 2)]), []);
    bench.passes("1-1", "A");
    for _ in 0..10 {
        assert_eq!(bench.look(&[("1-1", 2)]), []);
    }
    assert_eq!(bench.core.counts().good, 1);
}

#[test]
fn a_port_is_free_when_nothing_was_there_for_a_few_seconds() {
    let mut bench = Bench::new();
    bench.look(&[("1-1", 2)]);
    bench.passes("1-1", "A");
    for _ in 0..=FREE_AFTER.as_secs() {
        assert_eq!(bench.look(&[]), []);
    }
    assert_eq!(bench.look(&[("1-1", 3)]), flash("1-1"));
}

#[test]
fn a_board_that_comes_back_sooner_is_another_only_if_its_serial_number_says_so() {
    let mut bench = Bench::new();
    bench.look(&[("1-1", 2)]);
    bench.passes("1-1", "A");
    bench.look(&[]);
    let unless = vec![("1-1".to_owned(), Order::FlashUnless(Some("A".to_owned())))];
    assert_eq!(bench.look(&[("1-1", 3)]), unless);
    bench.core.ended("1-1", &Ended::Same);
    // It was asked once, and is not asked again, nor is it free sooner.
    assert_eq!(bench.look(&[("1-1", 3)]), []);
    bench.look(&[]);
    assert_eq!(bench.look(&[("1-1", 4)]), unless);
    bench.core.ended("1-1", &Ended::Same);
    assert_eq!(bench.core.counts().good, 1);
}

#[test]
fn what_is_gone_before_it_was_opened_is_no_board() {
    let mut bench = Bench::new();
    bench.look(&[("1-1", 2)]);
    bench.core.ended("1-1", &Ended::Gone);
    assert_eq!(bench.core.counts(), Counts::default());
    assert_eq!(bench.look(&[("1-1", 3)]), flash("1-1"));
}

#[test]
fn several_ports_are_at_work_at_the_same_time_and_stand_in_the_order_in_which_people_count() {
    let mut bench = Bench::new();
    let orders = bench.look(&[("1-10", 2), ("1-2", 3), ("1-2.1", 4)]);
    let paths: Vec<&str> = orders.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["1-2", "1-2.1", "1-10"]);
    bench.passes("1-2", "A");
    assert!(bench.core.is_working());
    assert_eq!(bench.look(&[("1-10", 2), ("1-2", 3), ("1-2.1", 4)]), []);
}

/// Something that runs its application.
fn application(number: u8) -> Visitor {
    Visitor {
        number: Some((1, number)),
        fitness: Fitness::Unusable(remedy::runs_its_application(None)),
    }
}

#[test]
fn what_can_not_be_used_is_shown_until_it_is_gone_or_becomes_something_else() {
    let mut bench = Bench::new();
    assert_eq!(bench.look_at([("1-1", application(2))]), []);
    let is_shown = |bench: &Bench| {
        let (_, port) = bench.core.ports().next().expect("a port");
        matches!(port.state, State::Unusable { .. })
    };
    assert!(is_shown(&bench));
    for _ in 0..FREE_AFTER.as_secs() {
        bench.look(&[]);
        assert!(is_shown(&bench), "a reset takes a moment");
    }
    bench.look(&[]);
    assert!(!is_shown(&bench));
    bench.look_at([("1-1", application(2))]);
    assert_eq!(bench.look(&[("1-1", 3)]), flash("1-1"));
    bench.passes("1-1", "A");
    // Now the application is what was flashed.
    assert_eq!(bench.look_at([("1-1", application(4))]), []);
    assert!(!is_shown(&bench));
}

#[test]
fn what_can_not_be_used_is_told_once_for_each_board_and_not_in_a_stream() {
    let mut bench = Bench::new();
    let trouble = vec![("1-1".to_owned(), remedy::runs_its_application(None))];
    bench.look_at([("1-1", application(2))]);
    assert_eq!(bench.core.take_troubles(), trouble);
    // It stays; it starts again and again; it can't be opened in between.
    for number in 2..20 {
        bench.look_at([("1-1", application(number))]);
        bench.look(&[]);
        assert_eq!(bench.core.take_troubles(), []);
    }
    for number in 20..30 {
        assert_eq!(bench.look(&[("1-1", number)]), flash("1-1"));
        let closed = remedy::left_out("--serial");
        let told = bench.core.take_troubles();
        assert_eq!(told, []);
        bench.core.ended("1-1", &Ended::Unusable(closed.clone()));
        let told = bench.core.take_troubles();
        assert_eq!(told.len(), usize::from(number == 20), "{told:?}");
        bench.look(&[]);
        assert_eq!(bench.look(&[("1-1", number + 100)]), flash("1-1"));
        bench.core.ended("1-1", &Ended::Gone);
        assert_eq!(bench.core.take_troubles(), []);
    }
    // The next one is.
    for _ in 0..=FREE_AFTER.as_secs() {
        bench.look(&[]);
    }
    bench.look_at([("1-1", application(40))]);
    assert_eq!(bench.core.take_troubles(), trouble);
    assert_eq!(bench.core.counts(), Counts::default());
}

#[test]
fn an_application_that_was_flashed_keeps_its_port_and_is_not_asked_to_leave() {
    let mut bench = Bench::new();
    let there = |fitness| {
        let number = None;
        [("1-1", Visitor { number, fitness })]
    };
    bench.look(&[("1-1", 2)]);
    bench.passes("1-1", "A");
    for fitness in [Fitness::Other, Fitness::Running] {
        for _ in 0..10 {
            assert_eq!(bench.look_at(there(fitness.clone())), []);
        }
    }
    for _ in 0..=FREE_AFTER.as_secs() {
        assert_eq!(bench.look(&[]), []);
    }
    let call = vec![("1-1".to_owned(), Order::Call)];
    assert_eq!(bench.look_at(there(Fitness::Running)), call);
}

#[test]
fn what_has_nothing_to_do_with_a_station_gets_no_place() {
    let mut bench = Bench::new();
    let hub = Visitor {
        number: None,
        fitness: Fitness::Other,
    };
    assert_eq!(bench.look_at([("1-1", hub)]), []);
    assert_eq!(bench.core.ports().count(), 0);
}

#[test]
fn a_closing_station_begins_nothing() {
    let mut bench = Bench::new();
    bench.look(&[("1-1", 2)]);
    bench.core.close();
    assert_eq!(bench.look(&[("1-1", 2), ("1-2", 3)]), []);
    assert!(bench.core.is_working());
    bench.passes("1-1", "A");
    assert!(!bench.core.is_working());
}
