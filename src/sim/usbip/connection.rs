//! What keeps one client from being a nuisance to the others: a limit of connections, and of time.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

/// How many clients may be connected that have not imported a board: far more than look at a list at the same time.
pub const MOST_STRANGERS: usize = 32;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// After how long a silent client is asked whether it is still there, how often, and how many times: one that was switched
/// off, or whose network went away, would keep its board for ever.
const KEEPALIVE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long a client may leave unacknowledged, or unread, what it was sent.
const UNREAD: Duration = Duration::from_secs(30);

/// Counts the clients that have not imported a board.
#[derive(Debug, Default)]
pub struct Lobby {
    strangers: Arc<AtomicUsize>,
}

/// One of them, for as long as it lives.
#[derive(Debug)]
pub struct Stranger {
    strangers: Arc<AtomicUsize>,
}

impl Lobby {
    /// Lets one more in; `None` where there are too many.
    pub fn admit(&self) -> Option<Stranger> {
        let stranger = Stranger {
            strangers: Arc::clone(&self.strangers),
        };
        let before = self.strangers.fetch_add(1, Ordering::SeqCst);
        (before < MOST_STRANGERS).then_some(stranger)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.strangers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Makes a connection one that ends when its client does.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(UNREAD))?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_RETRIES);
    socket.set_tcp_keepalive(&keepalive)?;
    // Keepalive asks nobody while something is unacknowledged, and Linux sends that again for a quarter of an hour.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNREAD))?;
    Ok(())
}

/// Reads from a client that has [`PATIENCE`] to say all of what it wants.
pub struct Hurried<'s> {
    stream: &'s TcpStream,
    end: Instant,
}

impl<'s> Hurried<'s> {
    /// From now on.
    pub fn new(stream: &'s TcpStream) -> Self {
        Self {
            stream,
            end: Instant::now() + PATIENCE,
        }
    }
}

impl Read for Hurried<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn so_many_strangers_are_let_in_and_others_when_they_have_gone() {
        let lobby = Lobby::default();
        let mut inside: Vec<Stranger> = (0..MOST_STRANGERS)
            .map(|_| lobby.admit().expect("room"))
            .collect();
        assert!(lobby.admit().is_none());
        // Those who were turned away do not count.
        assert!(lobby.admit().is_none());
        inside.pop();
        let last = lobby.admit();
        assert!(last.is_some());
        assert!(lobby.admit().is_none());
    }

    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let client = TcpStream::connect(address).expect("listening");
        let (server, _) = listener.accept().expect("connected");
        (client, server)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_silent_client_is_asked_whether_it_is_still_there() {
        let (_client, server) = connection();
        prepare(&server).expect("connected");
        let socket = SockRef::from(&server);
        assert!(socket.keepalive().expect("an answer"));
        assert_eq!(socket.tcp_keepalive_time().ok(), Some(KEEPALIVE));
        assert_eq!(
            socket.tcp_keepalive_interval().ok(),
            Some(KEEPALIVE_INTERVAL)
        );
        assert_eq!(socket.tcp_keepalive_retries().ok(), Some(KEEPALIVE_RETRIES));
        assert_eq!(socket.tcp_user_timeout().ok(), Some(Some(UNREAD)));
        assert_eq!(server.write_timeout().ok(), Some(Some(UNREAD)));
    }

    #[test]
    fn who_has_had_its_time_is_not_waited_for_any_more() {
        let (_client, server) = connection();
        let mut hurried = Hurried {
            stream: &server,
            end: Instant::now() + Duration::from_millis(50),
        };
        let begin = Instant::now();
        assert!(hurried.read(&mut [0; 8]).is_err());
        assert!(hurried.read(&mut [0; 8]).is_err());
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}
