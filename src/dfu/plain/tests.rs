//! Sessions with devices that play a script: what is sent, what is told, and what comes of it.

mod download;
mod leave;
mod manifest;
mod recovery;
mod sim;
mod upload;
mod watched;

use std::ops::ControlFlow;

use super::*;
use crate::dfu::link::script::{Answer, IDLE, Script};

/// A device that can do all that DFU 1.1 knows, with small blocks.
const TOLERANT: Options = Options {
    interface: 1,
    ids: Script::IN_DFU_MODE.ids,
    transfer_size: 4,
    several_memories: false,
    can_upload: true,
    is_tolerant: true,
    will_detach: false,
    ignores_poll_timeout: false,
};

/// One that ends with the download.
const NOT_TOLERANT: Options = Options {
    is_tolerant: false,
    ..TOLERANT
};

/// Two blocks, of which the last is not full.
const FILE: &[u8] = &[1, 2, 3, 4, 5, 6];

const DOWNLOAD: Download<'static> = Download {
    memory: 0,
    bytes: FILE,
    if_different: false,
    read_back: ReadBack::NotWanted,
    leave: Leave::No,
};

/// What came of a session.
#[derive(Debug)]
struct Played {
    /// What was sent, and how long was waited, from the opening on.
    diary: String,
    result: Result<Option<Vec<u8>>, String>,
    tally: Tally,
    told: Vec<String>,
    /// How long it took.
    taken: std::time::Duration,
}

impl Played {
    /// What was sent, without the waiting.
    fn requests(&self) -> String {
        let lines = self.diary.lines();
        let requests = lines.filter(|line| !line.starts_with("wait"));
        requests.map(|line| format!("{line}\n")).collect()
    }

    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.result, Ok(None), "{}", self.diary);
        self
    }

    #[track_caller]
    fn badly(self, expected: &str) -> Self {
        assert_eq!(self.result, Err(expected.to_owned()), "{}", self.diary);
        self
    }
}

/// A device that is in dfuIDLE at first, and answers so.
fn script(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script::of([IDLE].into_iter().chain(answers).collect())
}

fn play(script: Script, options: Options, plan: Plan<'_>) -> Played {
    play_until(script, options, plan, usize::MAX)
}

/// Asks to stop at this event, counted from 0.
fn play_until(mut script: Script, options: Options, plan: Plan<'_>, stop_at: usize) -> Played {
    let mut told = Vec::new();
    let mut on_event = |event: Event<'_>| {
        told.push(match event {
            Event::Begin(phase, total) => format!("{phase:?} {total:?}"),
            Event::Advance(bytes) => format!("+{bytes}"),
            Event::Retry(error) | Event::Redo(error) => format!("{error}; again"),
        });
        match told.len() > stop_at {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let mut session = Session::open(&mut script, options, &mut on_event).expect("idle at once");
    let result = session.run(&plan).map_err(|error| error.to_string());
    let tally = session.tally();
    let opening = "a1 03 0000 0001 < 6\n";
    let left = script.answers.len();
    assert!(
        left == 0,
        "{left} answers left over: {result:?}\n{}",
        script.diary
    );
    Played {
        diary: script.diary.replacen(opening, "", 1),
        taken: crate::usb::Transport::now(&script),
        result,
        tally,
        told,
    }
}

#[test]
fn a_block_number_has_sixteen_bits_and_begins_anew() {
    assert_eq!(wire_number(0), 0);
    assert_eq!(wire_number(65535), 65535);
    assert_eq!(wire_number(65536), 0);
    assert_eq!(wire_number(65537), 1);
}
