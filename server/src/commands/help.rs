//! What `studio --help` says beyond the commands: examples, exit codes, and every setting.

use std::fmt::Write as _;

use crate::settings::{Setting, TABLE};

/// No line is longer.
const COLUMNS: usize = 100;
/// Where the settings' meanings begin.
const INDENT: usize = 36;

const EXAMPLES: &str = "\
Examples:
  studio                                the panel with demo data and a Dataverse of its own
  STUDIO_DEMO=off studio                the same, empty
  studio check                          what is in force, and whether the way to Dataverse holds
  studio provision --dry-run            what it would make in the organisation
  studio backup --to backups --keep 14  the ledger, while the server runs, and the last 14 kept
  studio import runs.csv --dry-run      what a file of runs would bring; without --dry-run it does
  studio export runs.csv                all of them as a file, which can be imported again
  studio recount --range 90d            the figures counted again, while the server runs or not
  studio rollups rebuild                what they are made of, made anew meanwhile
  studio key add --name campaigns       a key for a service that sends; from then on it needs one
  studio emulate --listen 127.0.0.1:8085   a Dataverse for clients of any kind

Exit codes: 0 done; 1 it could not be done, and a sentence on standard error says why; 2 wrong usage
or settings, each of them named; 130 stopped by Ctrl-C.

Settings come from the environment, then from studio.toml in the working folder (or --config FILE).
";

/// Which settings a command goes by.
pub const OF_ORGANISATION: &str = "\
Settings: DATAVERSE_URL, DATAVERSE_TENANT_ID, DATAVERSE_CLIENT_ID, and a secret or a certificate.
`studio --help` describes them, and the exit codes.";
pub const OF_FOLDER: &str = "\
Settings: STUDIO_DATA, the ledger's folder. `studio --help` describes them, and the exit codes.";
pub const OF_LEDGER: &str = "\
Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL and STUDIO_SCHEMA).
`studio --help` describes them, and the exit codes.";
pub const OF_RECOUNT: &str = "\
Dataverse is asked for whole days (UTC), and not for percentiles.

Exit codes: 0 equal; 1 not equal, or it could not be done; 2 wrong usage or settings; 130 stopped by
Ctrl-C.

Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL and STUDIO_SCHEMA), STUDIO_TZ, and
DATAVERSE_URL, DATAVERSE_TENANT_ID, DATAVERSE_CLIENT_ID with a secret or a certificate.";
pub const OF_MOVE: &str = "\
Settings: STUDIO_DATA, the folder; DATABASE_URL where --to is left out; STUDIO_SCHEMA.
`studio --help` describes them, and the exit codes.";
pub const OF_BOTH: &str = "\
Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL), and DATAVERSE_URL,
DATAVERSE_TENANT_ID, DATAVERSE_CLIENT_ID with a secret or a certificate.
`studio --help` describes them, and the exit codes.";

/// Each group's first setting, and what the group is about.
const GROUPS: [(&str, &str); 4] = [
    ("STUDIO_ADDR", "The server"),
    ("STUDIO_TRUSTED_PROXIES", "Who people are"),
    ("USE_DATAVERSE", "Dataverse"),
    ("DATABASE_URL", "The ledger in PostgreSQL"),
];

pub fn after() -> String {
    let mut help = EXAMPLES.to_owned();
    for setting in TABLE {
        if let Some((_, title)) = GROUPS.iter().find(|(first, _)| *first == setting.name) {
            // Writing to a String cannot fail.
            _ = writeln!(help, "\n{title}:");
        }
        help.push_str(&lines(setting));
    }
    help
}

/// The name, and beside it the meaning, folded.
fn lines(setting: &Setting) -> String {
    let defaults = setting.defaults_in_words();
    let defaults = if defaults.is_empty() { defaults } else { format!(" [{defaults}]") };
    let mut lines = format!("  {:<width$}", setting.name, width = INDENT - 3);
    let mut column = INDENT;
    for word in format!("{}{defaults}", setting.meaning).split(' ') {
        let length = word.chars().count();
        if column > INDENT && column + length >= COLUMNS {
            _ = write!(lines, "\n{:width$}", "", width = INDENT - 1);
            column = INDENT;
        }
        _ = write!(lines, " {word}");
        column += length + 1;
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::commands::CommandLine;

    #[test]
    fn commands_name_their_settings() {
        let studio = CommandLine::command();
        let commands = studio.get_subcommands().map(|command| (command.get_name(), command.get_after_help()));
        let silent = ["serve", "check", "emulate"];
        for (name, help) in commands.filter(|(name, _)| !silent.contains(name)) {
            let help = help.map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Settings: ") && help.contains("xit codes"), "{name}");
            assert!(help.lines().all(|line| line.len() <= COLUMNS), "{help}");
            let words =
                help.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.contains('_'));
            for word in words {
                assert!(TABLE.iter().any(|setting| setting.name == word), "{name}: {word}");
            }
        }
    }

    #[test]
    fn help_fits_into_100_columns() {
        let help = after();
        for line in help.lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
        for Setting { name, .. } in TABLE {
            assert!(help.contains(&format!("\n  {name} ")), "{name}");
        }
        assert!(GROUPS.iter().all(|(first, title)| { help.contains(&format!("\n{title}:\n  {first} ")) }));
    }
}
