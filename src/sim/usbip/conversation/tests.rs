//! Conversations, frame by frame.

use super::*;

fn exchange(answer: Answer) -> Exchange {
    Exchange {
        answer,
        taken: Duration::ZERO,
        left: false,
        leaves_after: None,
    }
}

/// A board without other endpoints.
impl<C: FnMut(&Setup, &[u8]) -> Exchange> Peer for C {
    fn control(&mut self, setup: &Setup, data: &[u8]) -> Exchange {
        self(setup, data)
    }

    fn transfer(&mut self, _: Endpoint, _: &[u8]) -> Option<Exchange> {
        Some(exchange(Answer::Stall))
    }
}

fn silent(_: &Setup, _: &[u8]) -> Exchange {
    exchange(Answer::Silent)
}

/// A board that says at endpoint 1 what it was told there, and nothing at endpoint 2.
#[derive(Default)]
struct Echo {
    heard: Vec<u8>,
}

impl Peer for Echo {
    fn control(&mut self, _: &Setup, _: &[u8]) -> Exchange {
        exchange(Answer::Stall)
    }

    fn transfer(&mut self, endpoint: Endpoint, data: &[u8]) -> Option<Exchange> {
        match endpoint {
            Endpoint::Out { number: 1 } => {
                self.heard.extend(data);
                Some(exchange(Answer::Acknowledged))
            }
            Endpoint::In { number: 1, most } if !self.heard.is_empty() => {
                let most = most.min(self.heard.len());
                let said = self.heard.drain(..most).collect();
                Some(exchange(Answer::Data(said)))
            }
            Endpoint::In { number: 1 | 2, .. } => None,
            _ => Some(exchange(Answer::Stall)),
        }
    }
}

const GET_STATUS: [u8; 8] = [0xA1, 3, 0, 0, 0, 0, 6, 0];

/// What 1-1 replies.
fn replies(requests: &[u8], peer: impl Peer) -> Vec<u8> {
    let mut replies = Vec::new();
    let conversation = Conversation::new(0x1_0002, peer);
    let ended = conversation.hold(&mut &requests[..], &mut replies);
    assert!(matches!(ended, Err(FrameError::Io(_)) | Ok(())));
    replies
}

fn frame(fields: [u32; 10], setup: [u8; 8]) -> Vec<u8> {
    let mut frame: Vec<u8> = fields
        .iter()
        .flat_map(|field| field.to_be_bytes())
        .collect();
    frame.extend(setup);
    frame
}

#[test]
fn a_request_without_an_answer_waits_until_it_is_unlinked() {
    let mut requests = frame([1, 7, 0x1_0002, 1, 0, 0, 6, 0, 0, 0], GET_STATUS);
    assert_eq!(replies(&requests, silent), Vec::<u8>::new());
    requests.extend(frame([2, 8, 0x1_0002, 0, 0, 7, 0, 0, 0, 0], [0; 8]));
    // −ECONNRESET once; after that there is nothing to unlink.
    requests.extend(frame([2, 9, 0x1_0002, 0, 0, 7, 0, 0, 0, 0], [0; 8]));
    let mut expected = frame([4, 8, 0, 0, 0, 0xFFFF_FF98, 0, 0, 0, 0], [0; 8]);
    expected.extend(frame([4, 9, 0, 0, 0, 0, 0, 0, 0, 0], [0; 8]));
    assert_eq!(replies(&requests, silent), expected);
}

#[test]
fn a_request_whose_turn_has_not_come_can_be_unlinked_and_is_never_carried_out() {
    let mut requests = frame([1, 7, 0x1_0002, 1, 0, 0, 6, 0, 0, 0], GET_STATUS);
    requests.extend(frame([1, 8, 0x1_0002, 1, 0, 0, 6, 0, 0, 0], GET_STATUS));
    requests.extend(frame([2, 9, 0x1_0002, 0, 0, 8, 0, 0, 0, 0], [0; 8]));
    let mut carried_out = 0;
    let replies = replies(&requests, |_: &Setup, _: &[u8]| {
        carried_out += 1;
        Exchange {
            answer: Answer::Data(vec![0; 6]),
            taken: Duration::from_secs(60),
            left: false,
            leaves_after: None,
        }
    });
    assert_eq!(
        replies,
        frame([4, 9, 0, 0, 0, 0xFFFF_FF98, 0, 0, 0, 0], [0; 8])
    );
    assert_eq!(carried_out, 1);
}

/// A transfer at an endpoint: to the device where there is data, from it otherwise.
fn submit(sequence: u32, endpoint: u32, length: u32, data: &[u8]) -> Vec<u8> {
    let to_host = u32::from(data.is_empty());
    let fields = [1, sequence, 0x1_0002, to_host, endpoint, 0, length, 0, 0, 0];
    [frame(fields, [0; 8]), data.to_vec()].concat()
}

fn unlink(sequence: u32, unlinked: u32) -> Vec<u8> {
    frame([2, sequence, 0x1_0002, 0, 0, unlinked, 0, 0, 0, 0], [0; 8])
}

/// RET_SUBMIT, with `status` and `actual_length`.
fn submitted(sequence: u32, status: u32, length: u32, data: &[u8]) -> Vec<u8> {
    let fields = [3, sequence, 0, 0, 0, status, length, 0, 0, 0];
    [frame(fields, [0; 8]), data.to_vec()].concat()
}

/// RET_UNLINK with −ECONNRESET.
fn unlinked(sequence: u32) -> Vec<u8> {
    frame([4, sequence, 0, 0, 0, 0xFFFF_FF98, 0, 0, 0, 0], [0; 8])
}

#[test]
fn transfers_at_endpoints_wait_in_their_order_until_there_is_something() {
    let requests = [
        submit(1, 2, 8, &[]),
        submit(2, 1, 2, &[]),
        submit(3, 1, 64, &[]),
        submit(4, 1, 64, &[]),
        submit(5, 1, 5, b"hello"),
        submit(6, 1, 1, b"!"),
    ];
    // The interrupt endpoint has nothing to say; the others are served as soon as they can be.
    let expected = [
        submitted(5, 0, 5, b""),
        submitted(2, 0, 2, b"he"),
        submitted(3, 0, 3, b"llo"),
        submitted(6, 0, 1, b""),
        submitted(4, 0, 1, b"!"),
    ];
    assert_eq!(
        replies(&requests.concat(), Echo::default()),
        expected.concat()
    );
}

#[test]
fn a_transfer_that_waits_at_an_endpoint_is_unlinked_and_the_next_one_gets_what_comes() {
    let requests = [
        submit(1, 2, 8, &[]),
        submit(2, 1, 64, &[]),
        submit(3, 1, 64, &[]),
        unlink(4, 2),
        unlink(5, 1),
        submit(6, 1, 2, b"ok"),
        unlink(7, 3),
    ];
    let too_late = frame([4, 7, 0, 0, 0, 0, 0, 0, 0, 0], [0; 8]);
    let expected = [
        unlinked(4),
        unlinked(5),
        submitted(6, 0, 2, b""),
        submitted(3, 0, 2, b"ok"),
        too_late,
    ];
    assert_eq!(
        replies(&requests.concat(), Echo::default()),
        expected.concat()
    );
}

#[test]
fn an_endpoint_that_no_board_has_stalls() {
    // −EPIPE
    let stalled = |sequence| submitted(sequence, 0xFFFF_FFE0, 0, b"");
    for endpoint in [3, 127, 128, 0x81, u32::MAX] {
        let requests = [submit(1, endpoint, 8, &[]), submit(2, endpoint, 1, b"x")].concat();
        let expected = [stalled(1), stalled(2)].concat();
        assert_eq!(
            replies(&requests, Echo::default()),
            expected,
            "{endpoint:#x}"
        );
    }
}

#[test]
fn what_waits_at_an_endpoint_keeps_no_control_transfer_waiting_and_the_other_way_round() {
    let status = frame([1, 2, 0x1_0002, 1, 0, 0, 6, 0, 0, 0], GET_STATUS);
    let requests = [submit(1, 1, 64, &[]), status, submit(3, 1, 2, b"ok")].concat();
    let expected = [
        submitted(2, 0xFFFF_FFE0, 0, b""),
        submitted(3, 0, 2, b""),
        submitted(1, 0, 2, b"ok"),
    ];
    assert_eq!(replies(&requests, Echo::default()), expected.concat());
}

#[test]
fn a_client_that_lets_too_much_wait_at_an_endpoint_is_hung_up_on() {
    let flood: Vec<u8> = (1..1000)
        .flat_map(|sequence| submit(sequence, 2, 8, &[]))
        .collect();
    let mut rest = &flood[..];
    let conversation = Conversation::new(0x1_0002, Echo::default());
    assert!(conversation.hold(&mut rest, &mut Vec::new()).is_ok());
    assert_eq!(rest.len(), (999 - 257) * 48);
}

#[test]
fn a_client_that_lets_too_much_wait_is_hung_up_on() {
    let flood: Vec<u8> = (0..1000)
        .flat_map(|sequence| frame([1, sequence, 0x1_0002, 1, 0, 0, 6, 0, 0, 0], GET_STATUS))
        .collect();
    for (taken, most) in [(Duration::ZERO, 257), (Duration::from_secs(60), 258)] {
        let mut rest = &flood[..];
        let conversation = Conversation::new(0x1_0002, |_: &Setup, _: &[u8]| Exchange {
            answer: Answer::Silent,
            taken,
            left: false,
            leaves_after: None,
        });
        assert!(conversation.hold(&mut rest, &mut Vec::new()).is_ok());
        assert_eq!(rest.len(), (1000 - most) * 48);
    }
}
