//! A name server on a loopback address, for as long as a test runs.

use std::net::UdpSocket;
use std::thread;

/// What it knows of a name.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    /// There is no such name.
    Nothing,
    /// The name exists, and has no record of the type asked for.
    Empty,
    /// A mail exchanger.
    Mail(&'static str),
    /// Its address.
    Address([u8; 4]),
    /// The server is out of order.
    Trouble,
}

/// Types of records (RFC 1035, section 3.2.2).
pub(crate) const A: u16 = 1;
pub(crate) const MX: u16 = 15;

/// Answers by a function of the name, without its last dot, and the type; gives its address.
pub(crate) fn server(know: impl Fn(&str, u16) -> Known + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("its address").to_string();
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let (name, kind, end) = asked(&question[..length]);
            let reply = reply(&question[..end], know(&name, kind));
            let _ = socket.send_to(&reply, from);
        }
    });
    address
}

/// The name and the type that a message asks for, and where its question ends (RFC 1035, section
/// 4.1).
fn asked(message: &[u8]) -> (String, u16, usize) {
    let mut at = 12;
    let mut labels = Vec::new();
    while message[at] != 0 {
        let end = at + 1 + usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..end]).to_lowercase());
        at = end;
    }
    (labels.join("."), u16::from_be_bytes([message[at + 1], message[at + 2]]), at + 5)
}

fn reply(question: &[u8], known: Known) -> Vec<u8> {
    let (status, kind, data) = match known {
        Known::Nothing => (3, 0, None),
        Known::Trouble => (2, 0, None),
        Known::Empty => (0, 0, None),
        Known::Mail(name) => (0, MX, Some([&[0, 10][..], &written(name)].concat())),
        Known::Address(address) => (0, A, Some(address.to_vec())),
    };
    let mut reply = question.to_vec();
    reply[2..4].copy_from_slice(&[0x81, 0x80 | status]);
    reply[4..12].copy_from_slice(&[0, 1, 0, u8::from(data.is_some()), 0, 0, 0, 0]);
    if let Some(data) = data {
        // The name is that of the question; class IN; a minute.
        reply.extend([0xC0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60]);
        reply.extend(u16::try_from(data.len()).expect("a short answer").to_be_bytes());
        reply.extend(data);
    }
    reply
}

fn written(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels
        .flat_map(|label| {
            let length = u8::try_from(label.len()).expect("a short label");
            std::iter::once(length).chain(label.bytes()).collect::<Vec<_>>()
        })
        .collect();
    bytes.push(0);
    bytes
}
