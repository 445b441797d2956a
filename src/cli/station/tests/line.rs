//! A line whose boards come one after the other, and go when they are done with, or before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sim::SimBus;
use crate::sim::spec::BoardSpec;
use crate::usb::{Bus, DeviceInfo, Occupant, Transport, UsbError};

/// A bus with some ports, and the boards that will come.
pub struct Line {
    state: Mutex<State>,
    /// How many boards are planned for until a bug of whoever does it is met.
    pub until_bug: AtomicUsize,
}

struct State {
    ports: Vec<LinePort>,
    /// Serial number and fault of those to come, the next one last.
    to_come: Vec<Plan>,
    now: Duration,
    noise: Noise,
    visits: Vec<Visit>,
    /// What every board should hold.
    firmware: Vec<u8>,
}

/// A board that will come.
#[derive(Clone)]
struct Plan {
    serial: String,
    /// As it is written for `--sim`.
    fault: String,
    /// When it is gone before anything was asked of it.
    vanishes: Option<Moment>,
}

/// When a board is pulled out again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// As soon as it was listed.
    Listed,
    /// When somebody opens it, who has found it in a list.
    Opened,
}

#[derive(Default)]
struct LinePort {
    board: Option<Plugged>,
    /// When the next board may come.
    free_at: Duration,
    address: u8,
}

struct Plugged {
    plan: Plan,
    bus: SimBus,
    was_opened: bool,
    /// When it is taken out.
    leaves_at: Option<Duration>,
    /// Since when it isn't seen any more.
    gone_since: Option<Duration>,
}

/// A board that was there.
#[derive(Debug)]
pub struct Visit {
    pub path: String,
    pub serial: String,
    pub was_opened: bool,
    /// What is wrong with it, as it is written for `--sim`.
    pub fault: String,
    /// Whether its cable was pulled before all of its strings were read.
    pub was_cut_while_opened: bool,
    pub is_flashed: bool,
}

/// Numbers without a pattern, the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: u64) -> u64 {
        // Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Requests that come before the first one that is about flash: strings.
const STRINGS: u64 = 10;
/// A few more than a flash takes.
const REQUESTS: u64 = 60;

impl Line {
    pub fn new(ports: usize, boards: usize, seed: u64, firmware: &[u8]) -> Self {
        let mut noise = Noise(seed);
        let mut to_come: Vec<Plan> = Vec::new();
        for number in 0..boards {
            let plan = match noise.below(10) {
                // It comes once more, whatever came of it.
                0 if number > 20 => Plan {
                    fault: String::new(),
                    ..to_come[number - 10].clone()
                },
                1..=3 => Plan {
                    serial: format!("B{number:04}"),
                    fault: format!(",fault=unplug@{}", 1 + noise.below(REQUESTS)),
                    vanishes: None,
                },
                4 => Plan {
                    serial: format!("B{number:04}"),
                    fault: String::new(),
                    vanishes: Some(match noise.below(2) {
                        0 => Moment::Listed,
                        _ => Moment::Opened,
                    }),
                },
                5 => Plan {
                    serial: format!("B{number:04}"),
                    fault: ",quirk=flipped-bit=0x08000900".to_owned(),
                    vanishes: None,
                },
                _ => Plan {
                    serial: format!("B{number:04}"),
                    fault: String::new(),
                    vanishes: None,
                },
            };
            to_come.push(plan);
        }
        to_come.reverse();
        Self {
            state: Mutex::new(State {
                ports: (0..ports).map(|_| LinePort::default()).collect(),
                to_come,
                now: Duration::ZERO,
                noise,
                visits: Vec::new(),
                firmware: firmware.to_vec(),
            }),
            until_bug: AtomicUsize::new(usize::MAX),
        }
    }

    /// Whether whoever plans for a board now meets a bug.
    pub fn meets_bug(&self) -> bool {
        self.until_bug.fetch_sub(1, Ordering::SeqCst) == 0
    }

    /// Whether all boards were there, and none is left.
    pub fn is_over(&self) -> bool {
        let state = self.lock();
        state.to_come.is_empty() && state.ports.iter().all(|port| port.board.is_none())
    }

    /// Has the board at a path taken out in a while.
    pub fn take_out(&self, path: &str) {
        let mut state = self.lock();
        let leaves_at = state.now + Duration::from_millis(500 + state.noise.below(5000));
        if let Some(board) = &mut state.ports[index(path)].board {
            board.leaves_at.get_or_insert(leaves_at);
        }
    }

    /// The boards that were there, in this order.
    pub fn visits(&self) -> Vec<Visit> {
        std::mem::take(&mut self.lock().visits)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(path: &str) -> usize {
    let number = path
        .strip_prefix("1-")
        .and_then(|port| port.parse::<usize>().ok());
    number.expect("a path of this line") - 1
}

impl State {
    /// Lets boards come and go at a port.
    fn pass(&mut self, index: usize) {
        /// What nobody has judged is taken out by and by.
        const FORGOTTEN: Duration = Duration::from_secs(8);
        let (now, pause) = (self.now, 300 + self.noise.below(6000));
        let port = &mut self.ports[index];
        if let Some(board) = &mut port.board {
            let is_seen = board.bus.devices().is_ok_and(|devices| !devices.is_empty());
            if !is_seen {
                board.gone_since.get_or_insert(now);
            }
            let is_out = board.leaves_at.is_some_and(|leaves_at| now >= leaves_at);
            let is_forgotten = board
                .gone_since
                .is_some_and(|since| now - since >= FORGOTTEN);
            if is_out || is_forgotten {
                port.free_at = now + Duration::from_millis(pause);
                let board = port.board.take().expect("it is there");
                self.visits.push(board.visit(index, &self.firmware));
            }
        } else if now >= port.free_at {
            if let Some(plan) = self.to_come.pop() {
                let spec = format!("f405,serial={}{}", plan.serial, plan.fault);
                let spec: BoardSpec = spec.parse().expect("a board");
                port.address = port.address % 126 + 2;
                port.board = Some(Plugged {
                    plan,
                    bus: SimBus::new(&[spec]).expect("no file"),
                    was_opened: false,
                    leaves_at: None,
                    gone_since: None,
                });
            }
        }
    }
}

impl Plugged {
    fn visit(self, index: usize, firmware: &[u8]) -> Visit {
        let unplugged_at = self.plan.fault.strip_prefix(",fault=unplug@");
        let unplugged_at = unplugged_at.and_then(|request| request.parse::<u64>().ok());
        Visit {
            path: format!("1-{}", index + 1),
            serial: self.plan.serial,
            fault: self.plan.fault,
            was_opened: self.was_opened,
            was_cut_while_opened: unplugged_at.is_some_and(|request| request <= STRINGS),
            is_flashed: self.bus.main_flash(0).starts_with(firmware),
        }
    }
}

impl Bus for Line {
    fn devices(&self) -> Result<Vec<DeviceInfo>, UsbError> {
        let mut state = self.lock();
        let mut devices = Vec::new();
        for index in 0..state.ports.len() {
            state.pass(index);
            let now = state.now;
            let port = &mut state.ports[index];
            let Some(board) = &mut port.board else {
                continue;
            };
            if board.plan.vanishes == Some(Moment::Listed) {
                board.leaves_at = Some(now);
            }
            let found = board.bus.devices()?.into_iter();
            devices.extend(found.map(|info| DeviceInfo {
                path: format!("1-{}", index + 1),
                address: port.address,
                ..info
            }));
        }
        Ok(devices)
    }

    fn occupants(&self) -> Result<BTreeMap<String, Occupant>, UsbError> {
        Ok(BTreeMap::new())
    }

    fn open(&self, device: &DeviceInfo) -> Result<Box<dyn Transport>, UsbError> {
        let mut state = self.lock();
        let now = state.now;
        let port = &mut state.ports[index(&device.path)];
        let address = port.address;
        let board = port.board.as_mut().filter(|_| address == device.address);
        let board = board.ok_or(UsbError::NoDevice)?;
        if board.plan.vanishes == Some(Moment::Opened) {
            board.leaves_at = Some(now);
            return Err(UsbError::NoDevice);
        }
        board.was_opened = true;
        let found = board.bus.devices()?.pop().ok_or(UsbError::NoDevice)?;
        board.bus.open(&found)
    }

    fn wait(&self, duration: Duration) {
        self.lock().now += duration;
        // For those who are at work meanwhile.
        std::thread::sleep(Duration::from_micros(100));
    }

    fn now(&self) -> Duration {
        self.lock().now
    }
}
