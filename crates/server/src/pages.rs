//! The demo meeting and the operator console: in the binary, or from a directory of the operator's.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::config::Config;

/// Files built from `web/` before this binary: path and content.
const BUILT: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));
/// The page to serve when nothing was built.
const NOTHING: &str = "<!doctype html><meta charset=utf-8><title>Sideroom</title>\
    <p>The server runs. The pages were not built: run <code>make web</code> and build again.";
/// A page may load from here and connect to here, and nothing else.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; \
    media-src 'self' blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

type Pages = Arc<HashMap<String, Bytes>>;

/// The pages. A configured directory is read once, at the start.
pub fn router(config: &Config) -> io::Result<Router> {
    let mut pages = HashMap::new();
    if config.http.pages.is_empty() {
        for (path, content) in BUILT {
            pages.insert((*path).to_owned(), Bytes::from_static(content));
        }
    } else {
        read(Path::new(&config.http.pages), "", &mut pages)?;
    }
    let pages: Pages = Arc::new(pages);
    Ok(Router::new().fallback(move |uri: Uri| {
        let pages = Arc::clone(&pages);
        async move { page(&pages, uri.path()) }
    }))
}

fn read(dir: &Path, prefix: &str, pages: &mut HashMap<String, Bytes>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{name}/"), pages)?;
        } else {
            pages.insert(name, std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}

fn page(pages: &HashMap<String, Bytes>, path: &str) -> Response {
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let html = format!("{name}.html");
    let found = [name, html.as_str()]
        .into_iter()
        .find_map(|name| Some((name, pages.get(name)?)));
    match found {
        Some((name, content)) => (
            [
                (header::CONTENT_TYPE, content_type(name)),
                (header::CACHE_CONTROL, "no-cache"),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
            ],
            // Shared, so that slow readers hold no copies.
            content.clone(),
        )
            .into_response(),
        None if name == "index.html" => axum::response::Html(NOTHING).into_response(),
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_load_nothing_from_elsewhere() {
        let pages = HashMap::from([("index.html".to_owned(), Bytes::from_static(b"<p>hello"))]);
        for path in ["/", "/index.html", "/index"] {
            let headers = page(&pages, path).headers().clone();
            let said = |name: header::HeaderName| {
                headers
                    .get(name)
                    .expect("it is said")
                    .to_str()
                    .expect("words")
            };
            let policy = said(header::CONTENT_SECURITY_POLICY);
            assert!(policy.starts_with("default-src 'self';"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            let scripts = policy.split(';').map(str::trim);
            let loosened = scripts
                .filter(|part| part.starts_with("script-src") || part.starts_with("default-src"))
                .any(|part| part.contains("unsafe") || part.contains('*'));
            assert!(!loosened, "{policy}");
            assert_eq!(said(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        }
    }
}
