//! A conversation with MicroPython's prompt.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::*;
use crate::usb::serial::SerialPortInfo;

/// What a board says, read by read, after each write; `None` where its port has gone.
type Script = VecDeque<Vec<Option<&'static [u8]>>>;

/// A board that plays a script, and what it was sent.
#[derive(Clone)]
struct Board {
    script: Arc<Mutex<Script>>,
    saying: VecDeque<Option<&'static [u8]>>,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl SerialPorts for Board {
    fn list(&self) -> Result<Vec<SerialPortInfo>, SerialError> {
        panic!("its name is known");
    }

    fn touch(&self, _: &str) -> Result<(), SerialError> {
        panic!("MicroPython is deaf to a touch");
    }

    fn open(&self, name: &str) -> Result<Box<dyn SerialPort>, SerialError> {
        assert_eq!(name, "/dev/ttyACM0");
        Ok(Box::new(self.clone()))
    }
}

impl SerialPort for Board {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SerialError> {
        self.sent.lock().expect("one thread").extend(bytes);
        let next = self.script.lock().expect("one thread").pop_front();
        self.saying.extend(next.unwrap_or_default());
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, SerialError> {
        match self.saying.pop_front() {
            None => Ok(0),
            Some(None) => Err(SerialError::Other("Broken pipe".to_owned())),
            Some(Some(bytes)) => {
                buffer[..bytes.len()].copy_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }
}

/// What comes of asking a board that says this after each write, and what it was sent.
fn asked(script: &[&[Option<&'static [u8]>]]) -> (Result<(), String>, String) {
    let script = script.iter().map(|reads| reads.to_vec()).collect();
    let sent = Arc::default();
    let board = Board {
        script: Arc::new(Mutex::new(script)),
        saying: VecDeque::new(),
        sent: Arc::clone(&sent),
    };
    let ended = ask(&board, "/dev/ttyACM0").map_err(|error| error.to_string());
    let sent = sent.lock().expect("one thread").clone();
    (ended, sent.escape_ascii().to_string())
}

const ASKED: &str = r"\r\x03\x03\r\x01";
const TOLD: &str = r"import machine\nmachine.bootloader()\n\x04";

#[test]
fn the_raw_prompt_is_told_to_start_the_bootloader() {
    let (ended, sent) = asked(&[
        &[Some(b"\r\n>>> \r\n>>> \r\n>>> ")],
        &[Some(b"\r\nraw REPL; CTR"), Some(b"L-B to exit\r\n>")],
        &[Some(b"OK"), None],
    ]);
    assert_eq!((ended, sent), (Ok(()), format!("{ASKED}{TOLD}")));
}

#[test]
fn a_board_that_has_gone_before_it_says_a_word_has_heard() {
    let prompt: &[Option<&[u8]>] = &[Some(b"raw REPL; CTRL-B to exit\r\n>")];
    assert_eq!(asked(&[&[], prompt, &[None]]).0, Ok(()));
    // On a system that doesn't tell, too.
    assert_eq!(asked(&[&[], prompt, &[]]).0, Ok(()));
}

#[test]
fn a_program_that_catches_the_first_interrupts_is_interrupted_again() {
    let (ended, sent) = asked(&[
        &[],
        &[Some(b"stopping...\r\n")],
        &[Some(b"\r\n>>> ")],
        &[Some(b"raw REPL; CTRL-B to exit\r\n>")],
        &[Some(b"OK"), None],
    ]);
    assert_eq!((ended, sent), (Ok(()), format!("{ASKED}{ASKED}{TOLD}")));
}

#[test]
fn whoever_is_no_micropython_is_told_nothing() {
    let (ended, sent) = asked(&[&[], &[Some(b"?\r\n")]]);
    let expected = "no MicroPython prompt answers at /dev/ttyACM0".to_owned();
    assert_eq!(ended, Err(expected));
    assert_eq!(sent, ASKED.repeat(3));
}

#[test]
fn a_port_without_a_bootloader_is_told_in_its_words_and_gets_its_prompt_back() {
    let (ended, sent) = asked(&[
        &[],
        &[Some(b"raw REPL; CTRL-B to exit\r\n>")],
        &[
            Some(b"OK\x04Traceback (most recent call last):\r\n"),
            Some(b"  File \"<stdin>\", line 2, in <module>\r\nAttributeError: 'module' object has no attribute 'bootloader'\r\n\x04>"),
        ],
    ]);
    let expected =
        "MicroPython refuses: AttributeError: 'module' object has no attribute 'bootloader'";
    assert_eq!(ended, Err(expected.to_owned()));
    assert_eq!(sent, format!(r"{ASKED}{TOLD}\r\x02"));
}

#[test]
fn what_never_ends_is_not_listened_to_for_ever() {
    let noise: Vec<Option<&[u8]>> = vec![Some(&[b'x'; 256]); 1000];
    let (ended, _) = asked(&[&[], &noise]);
    assert!(ended.is_err());
}

#[test]
fn a_port_that_is_lost_on_the_way_is_told() {
    struct Lost;
    impl SerialPort for Lost {
        fn write(&mut self, _: &[u8]) -> Result<(), SerialError> {
            Err(SerialError::Other("Input/output error".to_owned()))
        }

        fn read(&mut self, _: &mut [u8], _: Duration) -> Result<usize, SerialError> {
            Ok(0)
        }
    }
    let lost = Prompt(Box::new(Lost)).becomes_raw();
    assert_eq!(
        lost,
        Err(SerialError::Other("Input/output error".to_owned()))
    );
}
