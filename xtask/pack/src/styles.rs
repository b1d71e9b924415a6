//! One style sheet out of many: `style/main.css` names the layers and imports the rooms, this puts them in one file.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Reads `main.css`, puts every `@import "room.css" layer(name);` in its place, and drops comments and idle white space.
pub fn bundle(main: &Path) -> Result<String> {
    if !main.exists() {
        return Ok(String::new());
    }
    let mut css = String::new();
    for line in read(main)?.lines() {
        match import(line) {
            Some((file, layer)) => {
                let text = read(&main.with_file_name(file))?;
                match layer {
                    Some(layer) => css.push_str(&format!("@layer {layer} {{\n{text}}}\n")),
                    None => css.push_str(&text),
                }
            }
            None => {
                css.push_str(line);
                css.push('\n');
            }
        }
    }
    Ok(tighten(&css))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read the styles in {}", path.display()))
}

/// `@import "file" layer(name);` or `@import "file";`
fn import(line: &str) -> Option<(&str, Option<&str>)> {
    let rest = line.trim().strip_prefix("@import")?.trim().strip_suffix(';')?;
    let (_, rest) = rest.split_once('"')?;
    let (file, rest) = rest.split_once('"')?;
    let layer = rest.trim().strip_prefix("layer(").and_then(|rest| rest.strip_suffix(')'));
    Some((file, layer))
}

/// Drops comments, and runs of white space down to one space; what stands in quotes stays as it is.
fn tighten(css: &str) -> String {
    let mut tight = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if next == '"' || next == '\'' {
            let length = quoted_length(rest, next);
            tight.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if next.is_whitespace() {
            rest = rest.trim_start();
            if !tight.is_empty()
                && !tight.ends_with(['{', '}', ';', ',', ' '])
                && !rest.starts_with(['{', '}'])
            {
                tight.push(' ');
            }
        } else {
            tight.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    tight.trim_end().to_owned()
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if next == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_stand_in_their_layers() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("main.css"),
            "/* all */\n@layer base, parts;\n@import \"base.css\" layer(base);\n",
        )
        .unwrap();
        fs::write(folder.path().join("base.css"), "a {\n  color: red;\n}\n").unwrap();
        assert_eq!(
            bundle(&folder.path().join("main.css")).unwrap(),
            "@layer base,parts;@layer base{a{color: red;}}"
        );
    }

    #[test]
    fn a_missing_room_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.css"), "@import \"gone.css\";\n").unwrap();
        let error = bundle(&folder.path().join("main.css")).unwrap_err().to_string();
        assert!(error.contains("gone.css"), "{error}");
    }

    #[track_caller]
    fn check(css: &str, expect: &str) {
        assert_eq!(tighten(css), expect);
    }

    #[test]
    fn only_idle_space_goes() {
        check("a  b > c { margin : 1px  2px ; }", "a b > c{margin : 1px 2px ;}");
        check("a { width: calc(1px + 2px) }", "a{width: calc(1px + 2px)}");
        check("a /* why */ b{}", "a b{}");
        check("@media (width < 40rem) and (hover) { a{} }", "@media (width < 40rem) and (hover){a{}}");
    }

    #[test]
    fn quoted_text_stays() {
        check("a::before { content: \"  /* no */ \\\" \"; }", "a::before{content: \"  /* no */ \\\" \";}");
    }
}
