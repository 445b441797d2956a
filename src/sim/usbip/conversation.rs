//! One client's transfers, carried to a board in the order of each endpoint; while one of them takes its time, or has to
//! wait, others can be given up.

use std::collections::{HashSet, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::super::transfer::{Answer, Endpoint, Exchange, Setup};
use super::frame::{self, Command, FrameError, Outcome, Submit};

/// How many transfers may wait for an answer that never comes, how many for their turn, and how many at endpoints: more
/// than any kernel lets wait.
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

/// The board that a conversation is about.
pub trait Peer {
    /// Carries out a control transfer, and tells what came of it.
    fn control(&mut self, setup: &Setup, data: &[u8]) -> Exchange;

    /// The same with a transfer at another endpoint; `None` where the board has nothing to give or to take so far.
    fn transfer(&mut self, endpoint: Endpoint, data: &[u8]) -> Option<Exchange>;
}

/// A conversation about one imported board.
pub struct Conversation<P> {
    device_id: u32,
    peer: P,
    /// Control transfers whose turn has not come.
    queue: VecDeque<Submit>,
    /// Transfers at other endpoints.
    waiting: VecDeque<Submit>,
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

impl<P: Peer> Conversation<P> {
    /// Has not begun.
    pub fn new(device_id: u32, peer: P) -> Self {
        Self {
            device_id,
            peer,
            queue: VecDeque::new(),
            waiting: VecDeque::new(),
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
            // A board that has just left has still to acknowledge what made it leave.
            let is_leaving = self.current.as_ref().is_some_and(|current| current.left);
            if !is_leaving && self.serve_endpoints(writer)? {
                return Ok(());
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
                let line = match submit.endpoint {
                    0 => &mut self.queue,
                    _ => &mut self.waiting,
                };
                line.push_back(submit);
                Ok(line.len() <= MOST_WAITING)
            }
            // Meant for another device: the client has lost its way.
            Command::Unlink(_) | Command::Submit(_) => Ok(false),
        }
    }

    fn begin(&mut self, submit: &Submit) {
        let received = Instant::now();
        let exchange = self.peer.control(&submit.setup, &submit.data);
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

    /// Carries out what can be carried out at other endpoints: at each, what came first. Whether that was the end.
    fn serve_endpoints(&mut self, writer: &mut impl Write) -> Result<bool, FrameError> {
        let mut has_to_wait = HashSet::new();
        let mut index = 0;
        while let Some(submit) = self.waiting.get(index) {
            let endpoint = endpoint(submit);
            let is_first = !has_to_wait.contains(&endpoint.address());
            let asked = Instant::now();
            let exchange = is_first.then(|| self.peer.transfer(endpoint, &submit.data));
            let Some(exchange) = exchange.flatten() else {
                has_to_wait.insert(endpoint.address());
                index += 1;
                continue;
            };
            if let Some(outcome) = outcome(exchange.answer, submit) {
                writer.write_all(&frame::submit_reply(submit.sequence, &outcome))?;
            } else {
                self.unanswered.insert(submit.sequence);
            }
            self.waiting.remove(index);
            if exchange.left {
                return Ok(true);
            }
            self.leaves_at = exchange.leaves_after.map(|after| asked + after);
            // What was said may be what another one waits for.
            index = 0;
            has_to_wait.clear();
        }
        Ok(false)
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
        for line in [&mut self.queue, &mut self.waiting] {
            let found = line.iter().position(|submit| submit.sequence == sequence);
            if let Some(index) = found {
                line.remove(index);
                return true;
            }
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

/// What a client has said, all of it.
impl Look for &[u8] {
    fn look(&mut self, _: Duration) -> io::Result<bool> {
        Ok(true)
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

/// Which endpoint a transfer is for, that is not endpoint 0. There are 15; what is more than that is none of any board.
fn endpoint(submit: &Submit) -> Endpoint {
    let number = u8::try_from(submit.endpoint).map_or(0x7F, |number| number.min(0x7F));
    match submit.to_host {
        true => Endpoint::In {
            number,
            most: submit.length,
        },
        false => Endpoint::Out { number },
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
mod tests;
