//! Boards as a client on the network meets them.

use super::*;
use std::io::Read;
use std::net::SocketAddr;

/// A server on a free port, for as long as the test runs.
fn serve(specs: &[&str]) -> SocketAddr {
    let specs: Vec<BoardSpec> = specs
        .iter()
        .map(|spec| spec.parse().expect("good"))
        .collect();
    let server = Server::new(&specs).expect("no trouble with files");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || server.serve(&listener));
    address
}

/// A kernel's side of one connection, in raw bytes.
struct Kernel {
    stream: TcpStream,
    sequence: u32,
    device_id: u32,
}

impl Kernel {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("served");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a timeout");
        Self {
            stream,
            sequence: 0,
            device_id: 0,
        }
    }

    /// OP_REQ_IMPORT; the status of the answer.
    fn asks_for(&mut self, bus_id: &str) -> u32 {
        let mut request = vec![0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0];
        request.extend(bus_id.bytes());
        request.resize(40, 0);
        self.stream.write_all(&request).expect("connected");
        let reply = self.read(8);
        assert_eq!(reply[..4], [0x01, 0x11, 0x00, 0x03]);
        let status = u32::from_be_bytes(reply[4..].try_into().expect("four bytes"));
        if status == 0 {
            let device = self.read(312);
            let number = |offset: usize| {
                u32::from_be_bytes(device[offset..offset + 4].try_into().expect("four bytes"))
            };
            // path 256, busid 32; then busnum, devnum.
            self.device_id = number(288) << 16 | number(292);
        }
        status
    }

    /// OP_REQ_DEVLIST; how many devices there are, `None` where it is hung up on.
    fn lists(&mut self) -> Option<usize> {
        let request = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];
        self.stream.write_all(&request).ok()?;
        let mut head = [0; 12];
        self.stream.read_exact(&mut head).ok()?;
        let count = u32::from_be_bytes(head[8..].try_into().expect("four bytes"));
        usize::try_from(count).ok()
    }

    fn imports(address: SocketAddr, bus_id: &str) -> Self {
        let mut kernel = Self::connect(address);
        assert_eq!(kernel.asks_for(bus_id), 0);
        // SET_CONFIGURATION 1.
        let configured = kernel.submits([0x00, 9, 1, 0, 0, 0, 0, 0], &[]);
        assert_eq!(configured, (0, 0, vec![]));
        kernel
    }

    fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).expect("an answer");
        bytes
    }

    fn is_hung_up_on(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(length) => length == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    fn sends(&mut self, fields: [u32; 10], setup: [u8; 8], data: &[u8]) {
        let mut frame: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_be_bytes())
            .collect();
        frame.extend(setup);
        frame.extend(data);
        self.stream.write_all(&frame).expect("connected");
    }

    fn sends_submit(&mut self, endpoint: u32, setup: [u8; 8], data: &[u8]) {
        self.sequence += 1;
        let to_host = u32::from(setup[0] >> 7);
        let length = u32::from(u16::from_le_bytes([setup[6], setup[7]]));
        let (sequence, device_id) = (self.sequence, self.device_id);
        self.sends(
            [
                1, sequence, device_id, to_host, endpoint, 0, length, 0, 0, 0,
            ],
            setup,
            data,
        );
    }

    /// Status, actual length and data.
    fn submits(&mut self, setup: [u8; 8], data: &[u8]) -> (i32, u32, Vec<u8>) {
        self.sends_submit(0, setup, data);
        self.is_answered(setup[0] >> 7 == 1)
    }

    fn is_answered(&mut self, to_host: bool) -> (i32, u32, Vec<u8>) {
        let header = self.read(48);
        let number = |offset: usize| {
            u32::from_be_bytes(header[offset..offset + 4].try_into().expect("four bytes"))
        };
        assert_eq!((number(0), number(4)), (3, self.sequence));
        let length = number(0x18);
        let status = i32::from_be_bytes(header[0x14..0x18].try_into().expect("four bytes"));
        let data = if to_host { length as usize } else { 0 };
        (status, length, self.read(data))
    }

    /// The status of RET_UNLINK.
    fn unlinks(&mut self, unlinked: u32) -> i32 {
        self.sequence += 1;
        let (sequence, device_id) = (self.sequence, self.device_id);
        self.sends(
            [2, sequence, device_id, 0, 0, unlinked, 0, 0, 0, 0],
            [0; 8],
            &[],
        );
        let header = self.read(48);
        assert_eq!(header[..4], [0, 0, 0, 4]);
        assert_eq!(header[4..8], sequence.to_be_bytes());
        i32::from_be_bytes(header[0x14..0x18].try_into().expect("four bytes"))
    }
}

const GET_STATUS: [u8; 8] = [0xA1, 3, 0, 0, 0, 0, 6, 0];
const CLEAR_STATUS: [u8; 8] = [0x21, 4, 0, 0, 0, 0, 0, 0];
const LEAVE: [u8; 8] = [0x21, 1, 0, 0, 0, 0, 0, 0];

#[test]
fn every_board_is_in_the_list() {
    let address = serve(&["f405", "gd32vf103"]);
    let mut kernel = Kernel::connect(address);
    let request = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];
    kernel.stream.write_all(&request).expect("connected");
    let mut list = Vec::new();
    kernel
        .stream
        .read_to_end(&mut list)
        .expect("and then closed");
    assert_eq!(list.len(), 12 + 2 * 316);
    assert_eq!(list[..12], [0x01, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2]);
    let (first, second) = list[12..].split_at(316);
    // busid, busnum, devnum, speed, ids.
    assert_eq!(first[256..260], *b"1-1\0");
    assert_eq!(first[288..300], [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2]);
    assert_eq!(first[300..306], [0x04, 0x83, 0xDF, 0x11, 0x22, 0x00]);
    assert_eq!(second[256..260], *b"1-2\0");
    assert_eq!(second[288..300], [0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2]);
    assert_eq!(second[300..306], [0x28, 0xE9, 0x01, 0x89, 0x10, 0x00]);
}

/// As far as the machine has the time: so the best of many counts.
#[test]
fn real_timing_adds_no_more_than_the_bus_takes() {
    let mut kernel = Kernel::imports(serve(&["f405,timing=real"]), "1-1");
    let best = (0..100)
        .map(|_| {
            let asked = Instant::now();
            kernel.submits(GET_STATUS, &[]);
            asked.elapsed()
        })
        .min()
        .expect("a hundred");
    assert!(best > Duration::from_micros(500), "{best:?}");
    assert!(best < Duration::from_millis(2), "{best:?}");
}

#[test]
fn a_board_is_imported_asked_and_driven() {
    let mut kernel = Kernel::imports(serve(&["f405"]), "1-1");
    let device_descriptor = vec![
        0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xDF, 0x00, 0x22, 0x01,
        0x02, 0x03, 0x01,
    ];
    assert_eq!(
        kernel.submits([0x80, 6, 0, 1, 0, 0, 64, 0], &[]),
        (0, 18, device_descriptor)
    );
    // No device qualifier: −EPIPE.
    assert_eq!(
        kernel.submits([0x80, 6, 0, 6, 0, 0, 10, 0], &[]),
        (-32, 0, vec![])
    );
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![10, 0, 0, 0, 10, 0])
    );
    assert_eq!(kernel.submits(CLEAR_STATUS, &[]), (0, 0, vec![]));
    let set_address = [0x21, 0x00, 0x40, 0x00, 0x08];
    assert_eq!(
        kernel.submits([0x21, 1, 0, 0, 0, 0, 5, 0], &set_address),
        (0, 5, vec![])
    );
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![0, 0, 0, 0, 4, 0])
    );
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![0, 0, 0, 0, 5, 0])
    );
}

#[test]
fn a_transfer_that_was_answered_cannot_be_unlinked_any_more() {
    let mut kernel = Kernel::imports(serve(&["f405"]), "1-1");
    kernel.submits(GET_STATUS, &[]);
    assert_eq!(kernel.unlinks(kernel.sequence), 0);
    assert_eq!(kernel.unlinks(4711), 0);
    // And the conversation goes on.
    assert_eq!(kernel.submits(GET_STATUS, &[]).0, 0);
}

#[test]
fn an_endpoint_that_does_not_exist_stalls() {
    let mut kernel = Kernel::imports(serve(&["f405"]), "1-1");
    // Even with a setup packet that endpoint 0 would answer.
    kernel.sends_submit(1, GET_STATUS, &[]);
    assert_eq!(kernel.is_answered(true), (-32, 0, vec![]));
}

#[test]
fn a_board_that_left_hangs_up_and_can_be_plugged_in_again() {
    let address = serve(&["f405"]);
    let mut kernel = Kernel::imports(address, "1-1");
    kernel.submits(CLEAR_STATUS, &[]);
    assert_eq!(kernel.submits(LEAVE, &[]), (0, 0, vec![]));
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![0, 0, 0, 0, 7, 0])
    );
    assert!(kernel.is_hung_up_on());
    let mut again = Kernel::imports(address, "1-1");
    assert_eq!(
        again.submits(GET_STATUS, &[]),
        (0, 6, vec![10, 0, 0, 0, 10, 0])
    );
}

#[test]
fn a_gd32_that_leaves_hangs_up_without_an_answer() {
    let mut kernel = Kernel::imports(serve(&["gd32vf103"]), "1-1");
    kernel.sends_submit(0, LEAVE, &[]);
    assert!(kernel.is_hung_up_on());
}

#[test]
fn a_board_is_imported_by_one_client_at_a_time_and_free_afterwards() {
    let address = serve(&["f405", "f405"]);
    let first = Kernel::imports(address, "1-1");
    assert_eq!(Kernel::connect(address).asks_for("1-1"), 1);
    Kernel::imports(address, "1-2");
    drop(first);
    // The server needs a moment to notice.
    let free = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(20));
        Kernel::connect(address).asks_for("1-1") == 0
    });
    assert!(free);
}

#[test]
fn a_board_that_comes_back_by_itself_cannot_be_imported_before() {
    let address = serve(&["f405,quirk=comes-back=1"]);
    let mut kernel = Kernel::imports(address, "1-1");
    kernel.submits(CLEAR_STATUS, &[]);
    kernel.submits(LEAVE, &[]);
    kernel.submits(GET_STATUS, &[]);
    let left = Instant::now();
    assert!(kernel.is_hung_up_on());
    assert_eq!(Kernel::connect(address).asks_for("1-1"), 1);
    while Kernel::connect(address).asks_for("1-1") == 1 {
        assert!(left.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    assert!(left.elapsed() >= Duration::from_millis(900));
}

#[test]
fn an_unplugged_board_hangs_up_and_can_be_plugged_in_again() {
    let address = serve(&["f405,fault=unplug@2"]);
    let mut kernel = Kernel::imports(address, "1-1");
    assert_eq!(kernel.submits(GET_STATUS, &[]).0, 0);
    kernel.sends_submit(0, GET_STATUS, &[]);
    assert!(kernel.is_hung_up_on());
    let mut again = Kernel::imports(address, "1-1");
    assert_eq!(again.submits(GET_STATUS, &[]).0, 0);
    assert_eq!(again.submits(GET_STATUS, &[]).0, 0);
}

#[test]
fn a_lost_answer_never_comes_and_can_be_unlinked() {
    let mut kernel = Kernel::imports(serve(&["f405,fault=lost-answer@1"]), "1-1");
    kernel.sends_submit(0, CLEAR_STATUS, &[]);
    // −ECONNRESET.
    assert_eq!(kernel.unlinks(kernel.sequence), -104);
    // It was carried out.
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![0, 0, 0, 0, 2, 0])
    );
}

#[test]
fn a_get_status_that_blocks_can_be_unlinked_meanwhile_and_the_next_one_waits() {
    let mut kernel = Kernel::imports(serve(&["h743,timing=real"]), "1-1");
    let erase = [0x41, 0x00, 0x00, 0x00, 0x08];
    kernel.submits([0x21, 1, 0, 0, 0, 0, 5, 0], &erase);
    let begin = Instant::now();
    kernel.sends_submit(0, GET_STATUS, &[]);
    assert_eq!(kernel.unlinks(kernel.sequence), -104);
    assert!(begin.elapsed() < Duration::from_millis(500));
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![0, 0, 0, 0, 5, 0])
    );
    assert!(begin.elapsed() >= Duration::from_millis(1000));
}

#[test]
fn an_application_is_exported_with_protocol_1() {
    let mut kernel = Kernel::connect(serve(&["f405,quirk=application"]));
    let request = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];
    kernel.stream.write_all(&request).expect("connected");
    let mut list = Vec::new();
    kernel.stream.read_to_end(&mut list).expect("then closed");
    assert_eq!(list[list.len() - 4..], [0xFE, 1, 1, 0]);
}

/// Transfers at endpoints beside endpoint 0.
impl Kernel {
    fn sends_to_endpoint(&mut self, endpoint: u32, data: &[u8]) {
        self.sequence += 1;
        let length = u32::try_from(data.len()).expect("short");
        let (sequence, device_id) = (self.sequence, self.device_id);
        self.sends(
            [1, sequence, device_id, 0, endpoint, 0, length, 0, 0, 0],
            [0; 8],
            data,
        );
    }

    /// Asks for up to 128 bytes; the sequence number.
    fn asks_endpoint(&mut self, endpoint: u32) -> u32 {
        self.sequence += 1;
        let (sequence, device_id) = (self.sequence, self.device_id);
        self.sends(
            [1, sequence, device_id, 1, endpoint, 0, 128, 0, 0, 0],
            [0; 8],
            &[],
        );
        sequence
    }

    /// The next RET_SUBMIT, of a transfer from the device or to it: its sequence number, and what came with it.
    fn hears(&mut self, to_host: bool) -> (u32, Vec<u8>) {
        let header = self.read(48);
        assert_eq!(header[..4], [0, 0, 0, 3]);
        assert_eq!(header[0x14..0x18], [0; 4]);
        let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().expect("four"));
        let length = if to_host { number(0x18) as usize } else { 0 };
        let sequence = number(4);
        (sequence, self.read(length))
    }
}

#[test]
fn an_application_with_a_serial_port_is_exported_with_all_its_interfaces() {
    let mut kernel = Kernel::connect(serve(&["f405,app=tinyusb"]));
    let request = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];
    kernel.stream.write_all(&request).expect("connected");
    let mut list = Vec::new();
    kernel.stream.read_to_end(&mut list).expect("then closed");
    assert_eq!(list.len(), 12 + 312 + 3 * 4);
    // Class EF/02/01, configuration 1 of 1, three interfaces: CDC, its data, DFU.
    let expected = [
        &[0xEF, 2, 1, 1, 1, 3][..],
        &[0x02, 2, 0, 0],
        &[0x0A, 0, 0, 0],
        &[0xFE, 1, 1, 0],
    ];
    assert_eq!(list[list.len() - 18..], expected.concat());
}

#[test]
fn a_conversation_with_a_prompt_over_endpoints_ends_when_the_board_leaves() {
    let mut kernel = Kernel::imports(serve(&["f405,app=micropython"]), "1-1");
    // Notifications never come, and can be unlinked.
    let notification = kernel.asks_endpoint(2);
    let greeting = kernel.asks_endpoint(3);
    let (sequence, said) = kernel.hears(true);
    assert_eq!(sequence, greeting);
    assert!(said.ends_with(b">>> "));
    assert_eq!(kernel.unlinks(notification), -104);
    let echo = kernel.asks_endpoint(3);
    kernel.sends_to_endpoint(3, b"import machine\r");
    assert_eq!(kernel.hears(false).0, kernel.sequence);
    assert_eq!(
        kernel.hears(true),
        (echo, b"import machine\r\n>>> ".to_vec())
    );
    // SET_CONTROL_LINE_STATE goes its own way meanwhile.
    kernel.asks_endpoint(3);
    let last = kernel.sequence;
    assert_eq!(kernel.submits([0x21, 0x22, 3, 0, 0, 0, 0, 0], &[]).0, 0);
    kernel.sends_to_endpoint(3, b"machine.bootloader()\r");
    kernel.hears(false);
    assert_eq!(
        kernel.hears(true),
        (last, b"machine.bootloader()\r\n".to_vec())
    );
    assert!(kernel.is_hung_up_on());
}

#[test]
fn a_touch_hangs_up_and_the_rom_is_imported_a_second_later() {
    let address = serve(&["f405,app=klipper"]);
    let mut kernel = Kernel::imports(address, "1-1");
    assert_eq!(ids(&mut kernel), (0x1D50, 0x614E));
    kernel.asks_endpoint(1);
    assert_eq!(kernel.submits([0x21, 0x22, 3, 0, 0, 0, 0, 0], &[]).0, 0);
    let slow = [0xB0, 0x04, 0, 0, 0, 0, 8];
    assert_eq!(
        kernel.submits([0x21, 0x20, 0, 0, 0, 0, 7, 0], &slow),
        (0, 7, vec![])
    );
    assert_eq!(kernel.submits([0x21, 0x22, 0, 0, 0, 0, 0, 0], &[]).0, 0);
    assert!(kernel.is_hung_up_on());
    assert_ne!(Kernel::connect(address).asks_for("1-1"), 0);
    thread::sleep(Duration::from_millis(1100));
    let mut kernel = Kernel::imports(address, "1-1");
    assert_eq!(ids(&mut kernel), (0x0483, 0xDF11));
}

#[test]
fn a_bus_id_that_does_not_exist_is_refused() {
    let address = serve(&["f405"]);
    for bus_id in ["1-2", "", "1", "2-1", "1-11"] {
        assert_eq!(Kernel::connect(address).asks_for(bus_id), 1, "{bus_id:?}");
    }
}

#[test]
fn nonsense_ends_the_connection_and_nothing_else() {
    let address = serve(&["f405"]);
    let mut stranger = Kernel::connect(address);
    stranger
        .stream
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .expect("connected");
    assert!(stranger.is_hung_up_on());
    let nonsense = [
        // A command that does not exist, a length beyond all measure, a device that is another's.
        [9, 1, 0x1_0002, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 0x1_0002, 0, 0, 0, 0xFFFF_FFFF, 0, 0, 0],
        [1, 1, 0x1_0003, 0, 0, 0, 0, 0, 0, 0],
    ];
    for fields in nonsense {
        let mut kernel = loop {
            let mut kernel = Kernel::connect(address);
            if kernel.asks_for("1-1") == 0 {
                break kernel;
            }
        };
        kernel.sends(fields, [0; 8], &[]);
        assert!(kernel.is_hung_up_on(), "{fields:x?}");
    }
}

/// They say nothing; those for whom there is no room are hung up on at once.
fn strangers(address: SocketAddr, count: usize) -> Vec<Kernel> {
    (0..count).map(|_| Kernel::connect(address)).collect()
}

#[test]
fn strangers_who_say_nothing_keep_nobody_from_the_board_that_is_imported() {
    let address = serve(&["f405"]);
    let mut kernel = Kernel::imports(address, "1-1");
    let mut silent = strangers(address, connection::MOST_STRANGERS + 1);
    // The last one is hung up on, the others are waited for.
    let last = silent.last_mut().expect("many");
    assert!(last.is_hung_up_on());
    let millisecond = Some(Duration::from_millis(1));
    for waited_for in &mut silent[..connection::MOST_STRANGERS] {
        waited_for
            .stream
            .set_read_timeout(millisecond)
            .expect("a timeout");
        assert!(!waited_for.is_hung_up_on());
    }
    assert_eq!(
        kernel.submits(GET_STATUS, &[]),
        (0, 6, vec![10, 0, 0, 0, 10, 0])
    );
    // Room again.
    drop(silent);
    let begin = Instant::now();
    while Kernel::connect(address).lists() != Some(1) {
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn clients_with_a_board_take_no_room_from_others() {
    let boards = vec!["f405"; connection::MOST_STRANGERS + 4];
    let address = serve(&boards);
    let clients: Vec<Kernel> = (1..=boards.len())
        .map(|number| Kernel::imports(address, &format!("1-{number}")))
        .collect();
    assert_eq!(Kernel::connect(address).lists(), Some(boards.len()));
    drop(clients);
}

#[test]
fn real_timing_is_slept() {
    let mut kernel = Kernel::imports(serve(&["f405,timing=real"]), "1-1");
    let begin = Instant::now();
    for _ in 0..20 {
        kernel.submits(GET_STATUS, &[]);
    }
    assert!(begin.elapsed() >= Duration::from_millis(10));
}

/// The ids of a device descriptor.
fn ids(kernel: &mut Kernel) -> (u16, u16) {
    let (status, _, device) = kernel.submits([0x80, 6, 0, 1, 0, 0, 18, 0], &[]);
    assert_eq!(status, 0);
    let number = |at: usize| u16::from_le_bytes([device[at], device[at + 1]]);
    (number(8), number(10))
}

/// DNLOAD of a block and of nothing, each with what GETSTATUS says in the end.
fn downloads(kernel: &mut Kernel) -> u8 {
    let image = [0x00, 0x50, 0x00, 0x20];
    let state = |kernel: &mut Kernel| kernel.submits([0xA1, 3, 0, 0, 0, 0, 6, 0], &[]).2[4];
    assert_eq!(kernel.submits([0x21, 1, 0, 0, 0, 0, 4, 0], &image).0, 0);
    while state(kernel) != 5 {}
    assert_eq!(kernel.submits([0x21, 1, 1, 0, 0, 0, 0, 0], &[]).0, 0);
    state(kernel)
}

#[test]
fn a_zephyr_that_restarts_by_itself_hangs_up_and_is_its_application_when_it_is_back() {
    let address = serve(&["mcuboot,quirk=runtime-interface=1"]);
    let mut kernel = Kernel::imports(address, "1-1");
    assert_eq!(ids(&mut kernel), (0x2FE3, 0x0100));
    assert_eq!(downloads(&mut kernel), 8);
    assert!(kernel.is_hung_up_on());
    assert_ne!(Kernel::connect(address).asks_for("1-1"), 0);
    thread::sleep(Duration::from_millis(1100));
    let mut kernel = Kernel::imports(address, "1-1");
    let (_, _, configuration) = kernel.submits([0x80, 6, 0, 2, 0, 0, 255, 0], &[]);
    // Two interfaces, of which the second is DFU's, with protocol 1.
    assert_eq!(configuration[4], 2);
    assert_eq!(configuration[18..25], [9, 4, 1, 0, 0, 0xFE, 1]);
    assert_eq!(configuration[25], 1);
}

#[test]
fn a_ubertooth_detaches_and_is_imported_again_with_other_ids() {
    let address = serve(&["ubertooth,quirk=application"]);
    let mut kernel = Kernel::imports(address, "1-1");
    assert_eq!(ids(&mut kernel), (0x1D50, 0x6002));
    assert_eq!(kernel.submits([0x21, 0, 0xE8, 3, 1, 0, 0, 0], &[]).0, 0);
    assert!(kernel.is_hung_up_on());
    thread::sleep(Duration::from_millis(1100));
    assert_eq!(Kernel::connect(address).lists(), Some(1));
    let mut kernel = Kernel::imports(address, "1-1");
    assert_eq!(ids(&mut kernel), (0x1D50, 0x6003));
}

/// What Linux sends after a reset of the port.
#[test]
fn a_reset_is_known_by_what_comes_after_it() {
    let address = serve(&["simtrace"]);
    let mut kernel = Kernel::imports(address, "1-1");
    // To be configured without being asked for its descriptor is none.
    assert_eq!(kernel.submits([0x00, 9, 1, 0, 0, 0, 0, 0], &[]).0, 0);
    assert_eq!(downloads(&mut kernel), 6);
    assert_eq!(ids(&mut kernel), (0x16C0, 0x0762));
    assert_eq!(kernel.submits([0x00, 9, 1, 0, 0, 0, 0, 0], &[]).0, -32);
    assert!(kernel.is_hung_up_on());
}

/// A kernel takes its time from the reset to the configuration.
#[test]
fn what_counts_is_when_the_port_was_reset() {
    let board = "zephyr,quirk=application,quirk=detach-timeout=500";
    let address = serve(&[board, board]);
    for (bus_id, before, after, detaches) in [("1-1", 0, 700, true), ("1-2", 700, 0, false)] {
        let mut kernel = Kernel::imports(address, bus_id);
        // What was asked for before DETACH says nothing of a reset.
        assert_eq!(ids(&mut kernel), (0x2FE3, 0x0100));
        assert_eq!(kernel.submits([0x21, 0, 0xE8, 3, 0, 0, 0, 0], &[]).0, 0);
        thread::sleep(Duration::from_millis(before));
        ids(&mut kernel);
        thread::sleep(Duration::from_millis(after));
        let (status, ..) = kernel.submits([0x00, 9, 1, 0, 0, 0, 0, 0], &[]);
        assert_eq!(status, if detaches { -32 } else { 0 }, "{bus_id}");
    }
}
