//! Which kind of record a command is about: by name, by what people call it, or by its address over HTTP.

use app::presenter::count;
use model::record::{KINDS, Kind};

use super::Failure;

/// The kind that `word` means; the first of all kinds without one.
///
/// # Errors
/// When it is none.
pub fn chosen(word: Option<&str>) -> Result<&'static Kind, Failure> {
    let found = match word {
        None => KINDS.iter().next(),
        Some(word) => KINDS.iter().find(|kind| words(kind).any(|name| plain(&name) == plain(word))),
    };
    found.ok_or_else(|| {
        let each = KINDS.iter().map(|kind| match &kind.api {
            Some(api) => format!("{} ({})", kind.name, api.path),
            None => kind.name.to_owned(),
        });
        let (word, each) = (word.unwrap_or_default(), each.collect::<Vec<_>>().join(", "));
        Failure::Usage(format!("--kind {word:?} is no kind of record; there are {each}"))
    })
}

/// `2,063 campaign runs`, `1 campaign run`.
pub fn counted(number: i64, kind: &Kind) -> String {
    format!("{} {}", count(number), if number == 1 { kind.noun.to_owned() } else { plural(kind) })
}

/// What people call several of them.
pub fn plural(kind: &Kind) -> String {
    format!("{}s", kind.noun)
}

fn words(kind: &Kind) -> impl Iterator<Item = String> {
    let names = [kind.name.to_owned(), plural(kind), kind.table.to_owned()];
    let api = kind.api.iter().flat_map(|api| [api.path.to_owned(), api.plural.to_owned()]);
    names.into_iter().chain(api)
}

fn plain(word: &str) -> String {
    let letters = word.trim_start_matches('/').chars().filter(|c| !matches!(c, '-' | '_' | ' '));
    letters.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_answer_to_their_names() {
        for word in ["campaign-run", "campaign runs", "runs", "/api/metrics/campaign", "campaign_metrics"] {
            assert_eq!(chosen(Some(word)).unwrap().name, "campaign-run", "{word}");
        }
        assert_eq!(chosen(Some("Tasks")).unwrap().name, "agent-task");
        assert_eq!(chosen(None).unwrap(), KINDS.iter().next().unwrap());
        let said = chosen(Some("run")).unwrap_err().to_string();
        assert!(said.contains("campaign-run (/api/metrics/campaign), agent-task"), "{said}");
    }

    #[test]
    fn several_are_called_in_the_plural() {
        let kind = chosen(None).unwrap();
        assert_eq!([counted(1, kind), counted(2_063, kind)], ["1 campaign run", "2,063 campaign runs"]);
    }
}
