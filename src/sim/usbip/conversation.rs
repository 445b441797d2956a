//! One client's transfers, carried to a board in their order; while one of them takes its time, others can be given up.

use std::collections::{HashSet, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::super::transfer::{Answer, Exchange, Setup};
use super::frame::{self, Command, FrameError, Outcome, Submit};

/// How many transfers may wait for an answer that never comes, and how many for their turn: more than any kernel lets
/// wait.
const MOST_WAITING: usize = 256;
/// Systems count a socket's timeout in ticks of up to 10 ms, and add one: far more than most transfers take.
const COARSE: Duration = Duration::from_millis(20);

/// A reader that can be asked to look for a while.
pub trait Look: BufRead {
    /// Whether something is there to be read, or the end, within that time. What comes shortly before it is over may be
    /// left for later.
    fn look(&mut self, within: Duration) -> io::Result<bool>;
}

/// A connection as a [`Look`].
pub struct Patient<'s>(pub BufReader<&'s TcpStream>);

/// A conversation about one imported board.
pub struct Conversation<C> {
    device_id: u32,
    control: C,
    /// Transfers whose turn has not come.
    queue: VecDeque<Submit>,
    /// The transfer that the board is busy with.
    current: Option<Current>,
    /// Transfers that will never be answered.
    unanswered: HashSet<u32>,
    /// When the board will be gone by itself unless something more is asked.
    leaves_at: Option<Instant>,
}

/// A transfer whose answer is known and not yet due.
struct Current {
    sequence: u32,
    due: Instant,
    /// What to tell; `None` where it was given up meanwhile.
    reply: Option<Vec<u8>>,
    /// Whether the board is gone then.
    left: bool,
}

impl<C: FnMut(&Setup, &[u8]) -> Exchange> Conversation<C> {
    /// Has not begun. `control` carries out a transfer and tells what came of it.
    pub fn new(device_id: u32, control: C) -> Self {
        Self {
            device_id,
            control,
            queue: VecDeque::new(),
            current: None,
            unanswered: HashSet::new(),
            leaves_at: None,
        }
    }

    /// Goes on until client or board are gone.
    ///
    /// # Errors
    /// [`FrameError`] where the client is gone, or has said what can't be understood.
    pub fn hold(
        mut self,
        reader: &mut impl Look,
        writer: &mut impl Write,
    ) -> Result<(), FrameError> {
        loop {
            if self.current.is_none() {
                if let Some(submit) = self.queue.pop_front() {
                    self.begin(&submit);
                }
            }
            if let Some(current) = &self.current {
                let left = current.due.saturating_duration_since(Instant::now());
                if left.is_zero() || !reader.look(left)? {
                    if self.finish(writer)? {
                        return Ok(());
                    }
                    continue;
                }
            } else if let Some(leaves_at) = self.leaves_at {
                let left = leaves_at.saturating_duration_since(Instant::now());
                if left.is_zero() || !reader.look(left)? {
                    return Ok(());
                }
            }
            if !self.hear(Command::read(reader)?, writer)? {
                return Ok(());
            }
        }
    }

    /// Takes a command. Whether the conversation can go on.
    fn hear(&mut self, command: Command, writer: &mut impl Write) -> Result<bool, FrameError> {
        match command {
            Command::Unlink(unlink) if unlink.device_id == self.device_id => {
                let was_waiting = self.give_up(unlink.unlinked);
                writer.write_all(&frame::unlink_reply(unlink.sequence, was_waiting))?;
                Ok(true)
            }
            Command::Submit(submit) if submit.device_id == self.device_id => {
                self.queue.push_back(submit);
                Ok(self.queue.len() <= MOST_WAITING)
            }
            // Meant for another device: the client has lost its way.
            Command::Unlink(_) | Command::Submit(_) => Ok(false),
        }
    }

    fn begin(&mut self, submit: &Submit) {
        let received = Instant::now();
        let exchange = if submit.endpoint == 0 {
            (self.control)(&submit.setup, &submit.data)
        } else {
            // There is no other endpoint.
            Exchange {
                answer: Answer::Stall,
                taken: Duration::ZERO,
                left: false,
                leaves_after: None,
            }
        };
        self.leaves_at = exchange.leaves_after.map(|after| received + after);
        let outcome = outcome(exchange.answer, submit);
        if outcome.is_none() {
            self.unanswered.insert(submit.sequence);
        }
        self.current = Some(Current {
            sequence: submit.sequence,
            due: received + exchange.taken,
            reply: outcome.map(|outcome| frame::submit_reply(submit.sequence, &outcome)),
            left: exchange.left,
        });
    }

    /// Answers the transfer that is due. Whether that was the end.
    fn finish(&mut self, writer: &mut impl Write) -> Result<bool, FrameError> {
        let Some(current) = self.current.take() else {
            return Ok(false);
        };
        if let Some(reply) = current.reply {
            writer.write_all(&reply)?;
        }
        Ok(current.left || self.unanswered.len() > MOST_WAITING)
    }

    /// Gives a transfer up. Whether it was still without an answer.
    fn give_up(&mut self, sequence: u32) -> bool {
        let queued = self
            .queue
            .iter()
            .position(|submit| submit.sequence == sequence);
        if let Some(index) = queued {
            self.queue.remove(index);
            return true;
        }
        // The board goes on with what it has heard; only nobody is told any more.
        let unfinished = self
            .current
            .as_mut()
            .filter(|current| current.sequence == sequence)
            .and_then(|current| current.reply.take());
        self.unanswered.remove(&sequence) || unfinished.is_some()
    }
}

impl io::Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Patient<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl Look for Patient<'_> {
    fn look(&mut self, within: Duration) -> io::Result<bool> {
        let end = Instant::now() + within;
        let found = match within.checked_sub(COARSE) {
            Some(most) if !most.is_zero() => self.look_coarsely(most)?,
            _ => false,
        };
        if !found {
            thread::sleep(end.saturating_duration_since(Instant::now()));
        }
        Ok(found)
    }
}

impl Patient<'_> {
    /// Looks for at least that long, and for up to [`COARSE`] longer.
    fn look_coarsely(&mut self, within: Duration) -> io::Result<bool> {
        self.0.get_ref().set_read_timeout(Some(within))?;
        let found = match self.0.fill_buf() {
            Ok(_) => Ok(true),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ok(false),
                _ => Err(error),
            },
        };
        self.0.get_ref().set_read_timeout(None)?;
        found
    }
}

/// What a client is told; `None` for nothing.
fn outcome(answer: Answer, submit: &Submit) -> Option<Outcome> {
    match answer {
        Answer::Data(mut bytes) => {
            bytes.truncate(submit.length);
            Some(Outcome::Received(bytes))
        }
        Answer::Acknowledged => Some(Outcome::Sent(submit.data.len())),
        Answer::Stall => Some(Outcome::Stalled),
        Answer::Silent | Answer::Gone => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Look for &[u8] {
        fn look(&mut self, _: Duration) -> io::Result<bool> {
            Ok(true)
        }
    }

    fn silent(_: &Setup, _: &[u8]) -> Exchange {
        Exchange {
            answer: Answer::Silent,
            taken: Duration::ZERO,
            left: false,
            leaves_after: None,
        }
    }

    const GET_STATUS: [u8; 8] = [0xA1, 3, 0, 0, 0, 0, 6, 0];

    /// What 1-1 replies.
    fn replies(requests: &[u8], control: impl FnMut(&Setup, &[u8]) -> Exchange) -> Vec<u8> {
        let mut replies = Vec::new();
        let conversation = Conversation::new(0x1_0002, control);
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
        let replies = replies(&requests, |_, _| {
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
}
