//! Speaks with QEMU over its control socket.
//!
//! Protocol: QEMU Machine Protocol, `docs/interop/qmp-spec` of QEMU: a line of JSON each way.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::limit::{GLANCE, Limit};
use crate::promise::event::Event;

/// No answer that we ask for is as long as this.
const LONGEST_LINE: usize = 1 << 20;
/// How many events are kept until somebody looks at them.
const MOST_EVENTS: usize = 1_000;

/// A control socket after its greeting.
#[derive(Debug)]
pub(crate) struct Qmp {
    stream: UnixStream,
    received: Vec<u8>,
    events: Vec<String>,
    number: u64,
}

impl Qmp {
    /// Waits for the greeting and agrees on the protocol.
    pub(crate) fn greet(stream: UnixStream, limit: Limit) -> Result<Self> {
        stream.set_read_timeout(Some(GLANCE)).context("cannot wait at QEMU's control socket")?;
        let mut qmp = Self { stream, received: Vec::new(), events: Vec::new(), number: 0 };
        let greeting = qmp.line(limit).context("QEMU did not greet at its control socket")?;
        ensure!(greeting.get("QMP").is_some(), "QEMU's control socket speaks another protocol");
        qmp.execute("qmp_capabilities", &json!({}), limit)?;
        Ok(qmp)
    }

    /// Has a command executed and gives what it returns.
    pub(crate) fn execute(
        &mut self,
        command: &str,
        arguments: &Value,
        limit: Limit,
    ) -> Result<Value> {
        self.number += 1;
        let order = json!({ "execute": command, "arguments": arguments, "id": self.number });
        self.answer(&order, limit).with_context(|| format!("QEMU did not execute `{command}`"))
    }

    fn answer(&mut self, order: &Value, limit: Limit) -> Result<Value> {
        self.stream.write_all(format!("{order}\n").as_bytes())?;
        loop {
            let mut line = self.line(limit)?;
            if let Some(event) = line.get("event").and_then(Value::as_str) {
                self.keep(event.to_owned());
            } else if line["id"] != order["id"] {
                // An answer to something that nobody waits for any longer.
            } else if let Some(answer) = line.get_mut("return") {
                return Ok(answer.take());
            } else {
                let why = line["error"]["desc"].as_str().unwrap_or("it did not say why");
                bail!("{why}");
            }
        }
    }

    fn keep(&mut self, event: String) {
        if self.events.len() < MOST_EVENTS {
            self.events.push(event);
        }
    }

    /// A word of the board's memory, at a physical address.
    pub(crate) fn word_at(&mut self, address: u64, limit: Limit) -> Result<u32> {
        let command = json!({ "command-line": format!("xp /1wx {address:#x}") });
        let answer = self.execute("human-monitor-command", &command, limit)?;
        // As in `000000001000005c: 0x00001234`.
        let word = answer.as_str().and_then(|text| text.split_once(": 0x"));
        let word = word.and_then(|(_, word)| u32::from_str_radix(word.trim(), 16).ok());
        word.with_context(|| format!("QEMU does not show what is at {address:#x}"))
    }

    /// Writes what the screen shows into a file.
    pub(crate) fn screendump(&mut self, file: &Path, limit: Limit) -> Result<()> {
        let file = file.to_str().context("the scratch folder has a name that is not UTF-8")?;
        self.execute("screendump", &json!({ "filename": file }), limit).map(drop)
    }

    /// Does what a person would at the keyboard or with the mouse.
    pub(crate) fn send(&mut self, event: &Event, limit: Limit) -> Result<()> {
        for events in steps(event) {
            self.execute("input-send-event", &json!({ "events": events }), limit)
                .with_context(|| format!("cannot send `{event}`"))?;
        }
        Ok(())
    }

    /// Lets a machine go that was held, and waits until it has stopped itself.
    pub(crate) fn run_to_stop(&mut self, limit: Limit) -> Result<()> {
        self.events.clear();
        self.execute("cont", &json!({}), limit)?;
        while !self.events.iter().any(|event| event == "STOP") {
            let line = self.line(limit).context("the machine did not stop")?;
            self.keep(line["event"].as_str().unwrap_or_default().to_owned());
        }
        Ok(())
    }

    fn line(&mut self, limit: Limit) -> Result<Value> {
        loop {
            if let Some(line) = self.line_or_none(limit)? {
                return Ok(line);
            }
        }
    }

    /// The next line, if one comes before long.
    fn line_or_none(&mut self, limit: Limit) -> Result<Option<Value>> {
        if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
            let rest = self.received.split_off(end + 1);
            let line = std::mem::replace(&mut self.received, rest);
            let value = serde_json::from_slice(&line).context("QEMU's answer is no JSON")?;
            return Ok(Some(value));
        }
        ensure!(!limit.has_passed(), "QEMU did not answer in time");
        ensure!(self.received.len() < LONGEST_LINE, "QEMU's answer does not end");
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => bail!("QEMU has ended"),
            Ok(count) => self.received.extend(&buffer[..count]),
            Err(error) if is_nothing_yet(&error) => {}
            Err(error) => return Err(error).context("cannot read from QEMU's control socket"),
        }
        Ok(None)
    }
}

/// Whether a read merely found nothing before the time was over.
pub(crate) fn is_nothing_yet(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// What QEMU is told for an event, one after the other.
fn steps(event: &Event) -> Vec<Value> {
    match event {
        Event::Key(name) => [true, false]
            .map(|down| {
                json!([{ "type": "key", "data": {
                    "down": down, "key": { "type": "qcode", "data": name } } }])
            })
            .to_vec(),
        Event::Move { right, down } => {
            let axis = |axis: &str, value: i16| {
                json!({ "type": "rel", "data": { "axis": axis, "value": value } })
            };
            vec![json!([axis("x", *right), axis("y", *down)])]
        }
        Event::Button(button) => [true, false]
            .map(|down| {
                json!([{ "type": "btn", "data": { "down": down, "button": button.name() } }])
            })
            .to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const GREETING: &str = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n";

    /// A peer that says these things, each after a line that it reads, and what it read.
    fn with_peer<T>(says: &'static [&'static str], work: impl FnOnce(&mut Qmp) -> T) -> Result<T> {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        let peer = thread::spawn(move || {
            let mut lines = BufReader::new(theirs.try_clone().expect("a socket")).lines();
            let mut theirs = theirs;
            let _ = theirs.write_all(GREETING.as_bytes());
            for what in says {
                lines.next();
                let _ = theirs.write_all(what.as_bytes());
            }
            // The socket stays open until the other side has seen enough.
            lines.for_each(drop);
        });
        let result = Qmp::greet(ours, soon()).map(|mut qmp| work(&mut qmp));
        peer.join().expect("the peer ends");
        result
    }

    fn soon() -> Limit {
        Limit::after(Duration::from_millis(500))
    }

    const AGREED: &str = "{\"return\": {}, \"id\": 1}\n";

    #[test]
    fn events_and_other_answers_stand_between_a_command_and_its_answer() {
        let status = with_peer(
            &[
                AGREED,
                "{\"event\": \"RESUME\"}\n{\"return\": 7, \"id\": 99}\n{\"return\": \
                 {\"status\": \"running\"}, \"id\": 2}\n",
            ],
            |qmp| qmp.execute("query-status", &json!({}), soon()).expect("a status"),
        );
        assert_eq!(status.expect("a greeting")["status"], "running");
    }

    #[test]
    fn a_machine_is_let_go_and_its_stop_is_waited_for() {
        let stopped = "{\"return\": {}, \"id\": 2}\n{\"event\": \"RESUME\"}\n{\"event\": \
                       \"SHUTDOWN\"}\n{\"event\": \"STOP\"}\n";
        let says: &'static [&'static str] = vec![AGREED, stopped].leak();
        let stopped = with_peer(says, |qmp| qmp.run_to_stop(soon()));
        stopped.expect("a greeting").expect("it has stopped");
        let error = with_peer(&[AGREED, "{\"return\": {}, \"id\": 2}\n"], |qmp| {
            qmp.run_to_stop(soon()).expect_err("it runs for ever")
        });
        assert_eq!(error.expect("a greeting").to_string(), "the machine did not stop");
    }

    #[test]
    fn a_refused_command_is_shown_with_its_reason() {
        let error = with_peer(
            &[AGREED, "{\"error\": {\"desc\": \"Invalid parameter 'qcode'\"}, \"id\": 2}\n"],
            |qmp| qmp.send(&Event::Key("nokey".to_owned()), soon()).expect_err("no such key"),
        );
        assert_eq!(
            format!("{:#}", error.expect("a greeting")),
            "cannot send `key nokey`: QEMU did not execute `input-send-event`: Invalid parameter \
             'qcode'"
        );
    }

    #[test]
    fn a_peer_that_does_not_answer_is_not_waited_for() {
        let error = with_peer(&[AGREED], |qmp| {
            qmp.execute("query-status", &json!({}), soon()).expect_err("no answer")
        });
        let error = format!("{:#}", error.expect("a greeting"));
        assert!(error.ends_with("QEMU did not answer in time"), "{error}");
    }

    #[test]
    fn hostile_answers_are_refused() {
        for (says, expected) in [
            ("not json\n", "QEMU's answer is no JSON"),
            ("{\"id\": 1}\n", "it did not say why"),
            ("[1]\n", "QEMU did not answer in time"),
            ("\n", "QEMU's answer is no JSON"),
        ] {
            let says: &'static [&'static str] = vec![says].leak();
            let error = format!("{:#}", with_peer(says, |_| ()).expect_err("it is refused"));
            assert!(error.contains(expected), "{says:?}: {error}");
        }
    }

    #[test]
    fn an_answer_without_an_end_is_refused() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        let peer = thread::spawn(move || while theirs.write_all(&[b'x'; 4096]).is_ok() {});
        let error = Qmp::greet(ours, Limit::after(Duration::from_mins(1)));
        let error = format!("{:#}", error.expect_err("it does not end"));
        assert!(error.ends_with("QEMU's answer does not end"), "{error}");
        peer.join().expect("the peer ends");
    }
}
