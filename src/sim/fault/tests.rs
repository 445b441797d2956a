//! A diary for each kind of fault.

use super::super::Answer;
use super::super::diary::*;
use super::*;

#[test]
fn a_fault_that_does_not_exist_is_told_with_those_that_do() {
    for text in ["unplug", "unplug@", "unplug@0", "unplug@-1", "unplugged@1"] {
        let error = text.parse::<Fault>().expect_err("must be refused");
        assert_eq!(
            error.to_string(),
            format!(
                "there is no fault {text:?}; a fault is KIND@N, N from 1, and KIND one of stall, lost-request, \
                 lost-answer, corrupt, short, error, unplug, power-cut, flip, errTARGET, errWRITE and so on"
            )
        );
    }
}

#[test]
fn every_fault_has_a_name_of_its_own_and_a_line_of_description() {
    for (index, fault) in FAULTS.iter().enumerate() {
        assert!(FAULTS[..index].iter().all(|other| other.name != fault.name));
        assert!(!fault.description.is_empty(), "{}", fault.name);
    }
}

#[test]
fn a_board_is_unplugged_at_the_request_that_was_named_and_stays_away() {
    // Two requests of the host's own begin the diary: GETSTATUS and CLRSTATUS.
    let mut host = Host::meets("f405,fault=unplug@5");
    assert_eq!(host.get_status(), (0, 0, IDLE));
    // SET_INTERFACE is not counted, GET_DESCRIPTOR is.
    assert_eq!(host.sends(0x01, 11, 0, &[]), Answer::Acknowledged);
    assert!(matches!(host.asks(0x80, 6, 0x0100, 18), Answer::Data(_)));
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert_eq!(host.asks(0xA1, 3, 0, 6), Answer::Gone);
    assert!(!host.device.is_present());
    // Plugging it in is not pulling it out again.
    host.plugs_in_again();
    assert_eq!(host.get_status(), (0, 0, IDLE));
}
