//! A reader of `EventService.Watch` in its JSON form.

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::harness::Server;

/// The signaling server's own view of a room: `EventService/Watch` as JSON lines.
pub(crate) struct Watcher {
    lines: mpsc::UnboundedReceiver<Value>,
    task: JoinHandle<()>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watcher {
    pub(crate) async fn start(server: &Server, token: &str, request: Value) -> Self {
        let url = server.url("sideroom.v1.EventService/Watch");
        let request = server
            .http()
            .post(url)
            .bearer_auth(token)
            .body(request.to_string());
        let mut body = request.send().await.unwrap().bytes_stream();
        let (sender, lines) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut rest = Vec::new();
            while let Some(Ok(bytes)) = body.next().await {
                rest.extend_from_slice(&bytes);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    if line != b"\n" {
                        let _ = sender.send(serde_json::from_slice(&line).unwrap());
                    }
                }
            }
        });
        Self { lines, task }
    }

    pub(crate) async fn next(&mut self) -> Option<Value> {
        let patience = std::time::Duration::from_secs(10);
        tokio::time::timeout(patience, self.lines.recv())
            .await
            .expect("nothing came")
    }
}
