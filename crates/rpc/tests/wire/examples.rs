//! The examples of the documentation work as it says.

use tokio::process::Command;

use crate::harness::{Server, keys};

async fn walk(program: &str, script: &str) {
    let server = Server::start().await;
    let key = keys().swap_remove(0);
    let path = format!(
        "{}/../../docs/examples/{script}",
        env!("CARGO_MANIFEST_DIR")
    );
    let run = Command::new(program)
        .arg(path)
        .env("SIDEROOM_URL", format!("http://{}", server.http))
        .env("SIDEROOM_GRPC", server.grpc.to_string())
        .env("SIDEROOM_KEY", key.id)
        .env("SIDEROOM_SECRET", key.secret)
        // The rooms behind this server have a clock of their own.
        .env("SIDEROOM_SKIP_TIMER", "1")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, wrong) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{script}\n{said}\n{wrong}");
    assert!(said.ends_with("ok\n"), "{said}");
}

#[tokio::test]
async fn the_story_in_curl() {
    walk("bash", "curl.sh").await;
}

#[tokio::test]
async fn the_story_in_node() {
    walk("node", "walk.mjs").await;
}
