//! The OpenAPI description and the reference page are served without a token, and name all methods and errors.

use serde_json::Value;
use sideroom_rpc::METHODS;

use crate::{errors::ERRORS, harness::Server};

/// The body of what is there, which has this type.
async fn get(server: &Server, path: &str, content_type: &str) -> String {
    let answer = server.http().get(server.url(path)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], content_type);
    String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn openapi_describes_every_method_and_error() {
    let server = Server::start().await;
    let text = get(&server, "openapi.json", "application/json").await;
    let description: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = description["paths"].as_object().unwrap();
    for method in METHODS.iter().copied().chain(["EventService/Watch"]) {
        let operation = &paths[&format!("/sideroom.v1.{method}")]["post"];
        assert!(operation.is_object(), "{method}");
    }
    assert_eq!(paths.len(), METHODS.len() + 1, "and no others");
    let reasons =
        description["components"]["schemas"]["Error"]["properties"]["reason"]["enum"].clone();
    let reasons: Vec<String> = serde_json::from_value(reasons).unwrap();
    for (name, ..) in ERRORS {
        assert!(reasons.iter().any(|reason| reason == name), "{name}");
    }
}

#[tokio::test]
async fn the_reference_page_names_every_method() {
    let server = Server::start().await;
    let page = get(&server, "reference", "text/html; charset=utf-8").await;
    for method in METHODS.iter().copied().chain(["EventService/Watch"]) {
        assert!(
            page.contains(&format!("POST /sideroom.v1.{method}<")),
            "{method}"
        );
    }
    assert!(!page.contains("<script"), "its policy lets none run");
}
