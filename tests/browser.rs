//! The browser's code in Chromium: what needs a page.

#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn pages_without_live_parts_are_left_alone() {
    studio::hydrate();
}
