//! Names that the server makes up by itself.

/// The plural by which a table's set is called unless another was chosen: names in `s` get `es`.
pub(crate) fn plural(logical: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| logical.ends_with(ending));
    if ends(&["s", "x", "z", "ch", "sh"]) {
        return format!("{logical}es");
    }
    match logical.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{logical}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_called_by_the_plural() {
        let check = |name: &str, expect: &str| assert_eq!(plural(name), expect);
        check("apex_campaign", "apex_campaigns");
        check("apex_campaignmetrics", "apex_campaignmetricses");
        check("apex_category", "apex_categories");
        check("apex_day", "apex_days");
        check("apex_box", "apex_boxes");
    }
}
