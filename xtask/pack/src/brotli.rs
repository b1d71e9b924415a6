//! Brotli at its best and slowest: done once at build time, sent many times.

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

pub fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters =
        BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters).context("brotli failed")?;
    Ok(compressed)
}

/// What is worth a twin: text and WebAssembly. Pictures and fonts are compressed already.
pub fn worthwhile(name: &str) -> bool {
    let kind = name.rsplit('.').next().unwrap_or_default();
    ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest", "xml"].contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back() {
        let text = "the same words, the same words, the same words".repeat(50);
        let compressed = compress(text.as_bytes()).unwrap();
        assert!(compressed.len() < 100, "{} bytes for a text that repeats itself", compressed.len());
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &*compressed, &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
    }

    #[test]
    fn pictures_get_no_twin() {
        assert!(worthwhile("studio_bg.wasm") && worthwhile("icon.svg"));
        assert!(!worthwhile("icon.png") && !worthwhile("text.woff2"));
    }
}
