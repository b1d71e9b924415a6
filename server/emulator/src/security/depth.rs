//! How far a privilege reaches. Kept as the bit that Dataverse keeps in `privilegedepthmask`.

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    Basic,
    Local,
    Deep,
    Global,
}

const ALL: [Depth; 4] = [Depth::Basic, Depth::Local, Depth::Deep, Depth::Global];

impl Depth {
    /// By its name or its number, as `PrivilegeDepth` has them.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let by_number = value.as_u64().and_then(|number| ALL.get(usize::try_from(number).ok()?).copied());
        by_number.or_else(|| {
            let text = value.as_str()?;
            ALL.into_iter()
                .find(|depth| depth.name() == text || text.parse() == Ok(depth.mask().trailing_zeros()))
        })
    }

    pub(super) fn of_mask(mask: i64) -> Self {
        ALL.into_iter().find(|depth| depth.mask() == mask).unwrap_or(Self::Basic)
    }

    pub(super) fn mask(self) -> i64 {
        match self {
            Self::Basic => 1,
            Self::Local => 2,
            Self::Deep => 4,
            Self::Global => 8,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Local => "Local",
            Self::Deep => "Deep",
            Self::Global => "Global",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn depths_go_by_name_and_number() {
        for (number, depth) in ALL.into_iter().enumerate() {
            assert_eq!(Depth::parse(&json!(depth.name())), Some(depth));
            assert_eq!(Depth::parse(&json!(number)), Some(depth));
            assert_eq!(Depth::parse(&json!(number.to_string())), Some(depth));
            assert_eq!(Depth::of_mask(depth.mask()), depth);
        }
        assert_eq!(Depth::parse(&json!("global")), None);
        assert_eq!(Depth::parse(&json!(4)), None);
        assert_eq!(Depth::parse(&json!(null)), None);
    }
}
