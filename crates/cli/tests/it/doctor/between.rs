//! What stands between the doctor and a server, and changes what the server says.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Passes requests on to a server, and counts the answers that are none of success.
pub(crate) struct Between {
    pub(crate) url: String,
    pub(crate) refusals: Arc<AtomicUsize>,
}

impl Between {
    /// Each answer goes on as `change` makes it, which also gets the number of the refusal; 0 for a success.
    pub(crate) fn start(server: &str, change: impl Fn(usize, String) -> String + Send + 'static) -> Self {
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let refusals = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&refusals);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut client = stream.unwrap();
                let answer = answer(&client, &server);
                let is_success = answer.starts_with("HTTP/1.1 200");
                let number =
                    if is_success { 0 } else { counted.fetch_add(1, Ordering::SeqCst).saturating_add(1) };
                drop(client.write_all(change(number, answer).as_bytes()));
                drop(client.shutdown(Shutdown::Both));
            }
        });
        Self { url, refusals }
    }

    /// The refusal of this number gets another status; all others stay as they are.
    pub(crate) fn with_status(server: &str, flipped: usize, status: &'static str) -> Self {
        Self::start(server, move |number, answer| {
            let (_, rest) = answer.split_once("\r\n").unwrap();
            if number == flipped { format!("HTTP/1.1 {status}\r\n{rest}") } else { answer }
        })
    }
}

fn answer(client: &TcpStream, server: &str) -> String {
    let mut upstream = TcpStream::connect(server).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
    // A server that refuses a body stops reading it.
    std::thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
    let mut answer = Vec::new();
    drop(upstream.read_to_end(&mut answer));
    String::from_utf8(answer).unwrap()
}
