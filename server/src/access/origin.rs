//! A foreign page in a person's browser may have a link to here. It may neither write here, nor ask the server functions,
//! nor make the browser fetch anything by itself: what it cannot read would still cost us the work.

use http::{HeaderMap, Method, header};

use super::{OwnNames, RequestHead};
use crate::problem::{Problem, ProblemType};

/// Server functions read, but are the page's own business all the same.
const SERVER_FUNCTIONS: &[&str] = &["/api/panel"];
const EMBED_SCRIPT: &str = "/embed.js";

/// `is_framed`: whether pages elsewhere may frame ours. Which may, the pages tell the browser themselves.
pub(super) fn check(names: &OwnNames, request: &RequestHead, is_framed: bool) -> Result<(), Problem> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let own_page_only = !reads
        || SERVER_FUNCTIONS.contains(&request.uri().path())
        || !is_a_visit(request.headers(), is_framed);
    // What another page needs in order to frame ours says nothing of anybody.
    let is_for_others = reads && request.uri().path() == EMBED_SCRIPT;
    if is_for_others || !own_page_only || is_own(names, request.headers()) {
        return Ok(());
    }
    let detail = "A page of another origin sent this request; only this server's own pages, and programs that are no \
                  browser, may do that.";
    Err(Problem::new(ProblemType::ForeignOrigin, detail))
}

/// A person followed a link, or typed the address.
fn is_a_visit(headers: &HeaderMap, is_framed: bool) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        && headers
            .get("sec-fetch-dest")
            .is_none_or(|place| place == "document" || (is_framed && place == "iframe"))
}

/// Browsers say where a request comes from; programs say nothing, and pass.
fn is_own(names: &OwnNames, headers: &HeaderMap) -> bool {
    let site =
        headers.get("sec-fetch-site").is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.all(|origin| names.has_origin(origin.to_str().unwrap_or_default()));
    site && origin
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::settings::PublicUrl;

    #[track_caller]
    fn check(method: &str, path: &str, headers: &[(&str, &str)], expect: bool) {
        let public = PublicUrl { scheme: "https".to_owned(), authority: "metrics.example.com".to_owned() };
        let names = OwnNames::of("127.0.0.1:3000".parse().unwrap(), Some(&public));
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        assert_eq!(super::check(&names, &request, false).is_ok(), expect, "{method} {path} {headers:?}");
    }

    #[test]
    fn foreign_pages_cannot_write() {
        check("POST", "/x", &[], true);
        check("POST", "/x", &[("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "same-origin")], true);
        check("POST", "/x", &[("origin", "http://localhost:3000")], true);
        check("POST", "/x", &[("origin", "http://evil.example")], false);
        check("POST", "/x", &[("origin", "http://localhost:3001")], false);
        check("POST", "/x", &[("origin", "null")], false);
        check("POST", "/x", &[("origin", "https://metrics.example.com")], true);
        check("POST", "/x", &[("origin", "http://metrics.example.com")], false);
        check("POST", "/x", &[("sec-fetch-site", "cross-site")], false);
        check("POST", "/x", &[("sec-fetch-site", "same-site")], false);
        check("DELETE", "/x", &[("sec-fetch-site", "cross-site")], false);
        check("GET", "/x", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true);
    }

    #[test]
    fn foreign_pages_cannot_start_work() {
        let cross = ("sec-fetch-site", "cross-site");
        for path in ["/", "/pipeline", "/api/metrics/history", "/api/metrics/campaign", "/api/pipeline"] {
            let image = [cross, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
            check("GET", path, &image, false);
            check("HEAD", path, &image, false);
            let frame = [cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
            check("GET", path, &frame, false);
            let link = [cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            check("GET", path, &link, true);
            check("GET", path, &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], true);
            check("GET", path, &[], true);
        }
        check("GET", "/api/metrics/history", &[("origin", "https://evil.example")], false);
    }

    #[test]
    fn foreign_pages_cannot_ask_server_functions() {
        check("GET", "/api/panel", &[("sec-fetch-site", "cross-site")], false);
        check("GET", "/api/panel", &[("sec-fetch-site", "none")], true);
        check("GET", "/api/panel", &[], true);
    }
}
