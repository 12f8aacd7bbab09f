//! A watch: `EventService.Watch` as JSON lines, over a connection of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::{PATIENCE, Server};

/// A client that watches a room.
pub(crate) struct Stream {
    lines: BufReader<TcpStream>,
}

impl Stream {
    /// Begins, or says with which status and words it was refused.
    pub(crate) fn open(server: &Server, token: &str, body: &Value) -> Result<Self, (u16, Value)> {
        let stream = TcpStream::connect(&server.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream, token, body)
    }

    /// Begins over a connection. Status 0: it broke.
    pub(crate) fn over(
        mut stream: TcpStream,
        token: &str,
        body: &Value,
    ) -> Result<Self, (u16, Value)> {
        let gone = || (0, Value::Null);
        let body = body.to_string();
        // HTTP/1.0: the stream itself follows the head, without chunks.
        let request = format!(
            "POST /sideroom.v1.EventService/Watch HTTP/1.0\r\nhost: localhost\r\n\
             authorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(|_| gone())?;
        let mut this = Self {
            lines: BufReader::new(stream),
        };
        let status = this.line().ok_or_else(gone)?;
        let status: u16 = status.split(' ').nth(1).unwrap().parse().unwrap();
        while this.line().ok_or_else(gone)? != "\r\n" {}
        if status == 200 {
            return Ok(this);
        }
        let said = this.line().unwrap_or_default();
        Err((status, serde_json::from_str(&said).unwrap_or_default()))
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).ok()?;
        (read > 0).then_some(line)
    }

    /// The next item; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            let line = self.line()?;
            if line != "\n" {
                // A line that a killed server has not finished is the end.
                return serde_json::from_str(&line).ok();
            }
        }
    }

    /// The next event.
    pub(crate) fn event(&mut self) -> Value {
        loop {
            let mut item = self.next().expect("the stream ended before the event");
            if item.get("event").is_some() {
                return item["event"].take();
            }
        }
    }

    /// All events up to the first that `last` picks, which is among them.
    pub(crate) fn events_until(&mut self, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let event = self.event();
            let done = last(&event);
            all.push(event);
            if done {
                return all;
            }
        }
    }
}

/// The number of an event, or of whatever else has one.
pub(crate) fn seq_of(one: &Value) -> u64 {
    let seq = one["seq"].as_str().map(str::parse);
    seq.unwrap_or(Ok(0)).unwrap()
}
