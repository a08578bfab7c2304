//! Files on FTP servers.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use support::server::{Response, Server};
use support::{Desk, odf};

/// A server with `/file`, `/folder` and nothing else, which lets in `ann` and everybody without a
/// name; gives its address and what it is told.
fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let log = Arc::clone(&log);
            thread::spawn(move || converse(&stream, &log));
        }
    });
    (address, told)
}

fn converse(mut stream: &TcpStream, log: &Mutex<Vec<String>>) {
    let lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
    let mut user = String::new();
    if stream.write_all(b"220 ready\r\n").is_err() {
        return;
    }
    for line in lines.map_while(Result::ok) {
        log.lock().expect("no test thread panicked").push(line.clone());
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match (command, argument) {
            ("USER", name) => {
                name.clone_into(&mut user);
                "331 and the password?"
            }
            ("PASS", _) if user == "nobody" => "530 no",
            ("PASS", _) => "230 welcome",
            ("TYPE", _) => "200 so be it",
            ("SIZE", "file") => "213 7",
            ("CWD", "folder") => "250 there",
            ("QUIT", _) => "221 bye",
            _ => "550 no",
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn files_and_directories_are_looked_for() {
    let (address, told) = server();
    let links: String = ["file", "folder", "gone", "", "file;type=i"]
        .iter()
        .map(|path| odf::paragraph(&format!("ftp://{address}/{path}"), ""))
        .collect();
    let other = odf::paragraph(&format!("ftp://nobody:x@{address}/file"), "");
    let desk = Desk::with("a.fodt", odf::text(&(links + &other)));

    let findings: Vec<String> =
        desk.findings(&["a.fodt"]).iter().map(|it| it.replace(&address, "host")).collect();

    assert_eq!(
        findings,
        [
            "ok text ftp://host/file",
            "ok text ftp://host/folder",
            "broken text ftp://host/gone: the server answers 550: no such file or directory",
            "ok text ftp://host/",
            "ok text ftp://host/file;type=i",
            "doubtful text ftp://nobody:x@host/file: the server answers 530: it asks for a password",
        ]
    );
    let told = told.lock().expect("no test thread panicked");
    assert!(!told.iter().any(|line| line.starts_with("RETR")), "nothing is fetched: {told:?}");
}

#[test]
fn a_path_is_one_command_whatever_it_says() {
    let (address, told) = server();
    let link = odf::paragraph(&format!("ftp://{address}/x%0D%0ADELE%20file"), "");

    Desk::with("a.fodt", odf::text(&link)).coool(&["a.fodt"]);

    let told = told.lock().expect("no test thread panicked");
    assert!(!told.iter().any(|line| line.starts_with("DELE")), "{told:?}");
}

#[test]
fn a_proxy_is_asked_where_the_environment_names_one() {
    let proxy = Server::new(|request| match request.path.as_str() {
        "ftp://a.example/file" => Response::of(200),
        _ => Response::of(404),
    });
    let links = ["ftp://a.example/file", "ftp://a.example/gone"].map(|it| odf::paragraph(it, ""));
    let desk = Desk::with("a.fodt", odf::text(&links.concat()));

    let output = desk
        .command(&["a.fodt", "--format", "csv"])
        .env("ftp_proxy", format!("http://{}", proxy.address()))
        .output()
        .expect("coool starts");

    let table = String::from_utf8(output.stdout).expect("text");
    assert!(table.contains(",ftp://a.example/file,,,,,,,,,ok,"), "{table}");
    assert!(table.contains("broken,\"the proxy answers 404, not found\""), "{table}");
}
