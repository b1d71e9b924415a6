//! What the browser loads: hydration and nothing else.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's start script once the module is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::hydrate();
}
