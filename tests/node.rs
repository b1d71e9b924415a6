//! The browser's code in Node: what needs no page. Whatever the browser works out must be what the server worked out.

#![cfg(target_arch = "wasm32")]

use app::address::ViewQuery;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn addresses_are_read_as_on_the_server() {
    let ask = ViewQuery::of_query("?range=90d&campaign=Spring%20%26%20more");
    assert_eq!(ask.range.key(), "90d");
    assert_eq!(ask.campaign.as_deref(), Some("Spring & more"));
}
