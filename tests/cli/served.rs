//! `stdfu sim` and clients that behave badly, as they would against the shipped binary.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::stdfu;

const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; ends with the test.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Serves these boards in a process that may have so many descriptors.
    fn start(boards: &str, descriptors: u32) -> Self {
        let program = stdfu("").into_command();
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!(
                "ulimit -n {descriptors}; exec \"$0\" sim {boards} --json --listen 127.0.0.1:0"
            ))
            .arg(program.get_program())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = shell.spawn().expect("a Unix machine has a shell");
        let mut reader = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        reader.read_line(&mut line).expect("UTF-8");
        let document: Value = serde_json::from_str(&line).expect("one JSON document");
        let address = document["listen"].as_str().expect("an address");
        Self {
            child,
            address: address.parse().expect("an address"),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("listening");
        stream
            .set_read_timeout(Some(Duration::from_secs(2)))
            .expect("a timeout");
        stream
    }

    /// OP_REQ_DEVLIST: whether it is answered.
    fn lists(&self) -> bool {
        let mut stream = self.connect();
        let request = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];
        let mut answer = [0; 12];
        stream.write_all(&request).is_ok() && stream.read_exact(&mut answer).is_ok()
    }

    /// OP_REQ_IMPORT of the first board.
    fn import(&self) -> TcpStream {
        let mut stream = self.connect();
        let mut request = vec![0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0];
        request.extend(b"1-1");
        request.resize(40, 0);
        stream.write_all(&request).expect("connected");
        let mut answer = [0; 320];
        stream.read_exact(&mut answer).expect("it is free");
        assert_eq!(answer[4..8], [0; 4], "the status");
        stream
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// GET_DESCRIPTOR of the device: 18 bytes.
fn asks_for_the_descriptor(stream: &mut TcpStream) {
    let fields: [u32; 10] = [1, 1, 0x1_0002, 1, 0, 0, 18, 0, 0, 0];
    let mut frame: Vec<u8> = fields
        .iter()
        .flat_map(|field| field.to_be_bytes())
        .collect();
    frame.extend([0x80, 6, 0, 1, 0, 0, 18, 0]);
    stream.write_all(&frame).expect("connected");
    let mut answer = [0; 48 + 18];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer[..4], [0, 0, 0, 3]);
    assert_eq!(answer[48..50], [18, 1]);
}

#[test]
fn a_server_without_a_descriptor_left_goes_on_and_serves_again() {
    let mut server = Server::start("f405", 16);
    let mut imported = server.import();
    // More than it has descriptors for, and fewer than it would hang up on.
    let silent: Vec<TcpStream> = (0..24).map(|_| server.connect()).collect();
    assert!(!server.lists(), "there was room for one more");
    asks_for_the_descriptor(&mut imported);
    drop(silent);
    let begin = Instant::now();
    while !server.lists() {
        assert!(begin.elapsed() < PATIENCE, "it serves nobody any more");
        thread::sleep(Duration::from_millis(50));
    }
    asks_for_the_descriptor(&mut imported);
    assert!(server.is_running());
}

#[test]
fn clients_who_say_nothing_nonsense_or_half_of_something_end_nobody_else() {
    let mut server = Server::start("f405 l476", 256);
    let mut imported = server.import();
    let silent: Vec<TcpStream> = (0..40).map(|_| server.connect()).collect();
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xFF; 4096],
        &[1, 0x11, 0x80],
    ] {
        // The server may have hung up on it before it said anything.
        let _ = server.connect().write_all(nonsense);
    }
    asks_for_the_descriptor(&mut imported);
    drop(silent);
    let begin = Instant::now();
    while !server.lists() {
        assert!(begin.elapsed() < PATIENCE, "it serves nobody any more");
    }
    assert!(server.is_running());
}

/// The kernel's own timer for the connection: 02 is keepalive's (Linux' `get_tcp4_sock`). A client that was switched off
/// says nothing, so that only asking tells.
#[test]
#[cfg(target_os = "linux")]
fn a_client_that_falls_silent_is_asked_after_ten_seconds_whether_it_is_there() {
    let server = Server::start("f405", 256);
    let mut imported = server.import();
    asks_for_the_descriptor(&mut imported);
    let client = imported.local_addr().expect("connected");
    let ends = format!(
        "0100007F:{:04X} 0100007F:{:04X} 01",
        server.address.port(),
        client.port()
    );
    let begin = Instant::now();
    let ticks = loop {
        // Right after an answer, another timer may be running.
        let sockets = std::fs::read_to_string("/proc/net/tcp").expect("a Linux machine");
        let socket = sockets.lines().find(|line| line.contains(&ends));
        let fields: Vec<&str> = socket.expect("connected").split_whitespace().collect();
        match fields[5].split_once(':') {
            Some(("02", ticks)) => break u32::from_str_radix(ticks, 16).expect("a number"),
            _ => assert!(begin.elapsed() < PATIENCE, "nobody asks: {fields:?}"),
        }
        thread::sleep(Duration::from_millis(50));
    };
    assert!(
        (1..=1000).contains(&ticks),
        "{ticks} hundredths of a second"
    );
}
