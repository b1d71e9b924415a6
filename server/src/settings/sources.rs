//! Where settings come from: the environment and a file beside it. Tests bring maps of their own.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use super::{Mistake, TABLE, names::SECTION, organisation::FILES, table::OF_THE_BUILD};

/// The file that is read in the folder where the server was started.
pub const FILE: &str = "studio.toml";

/// What was set, by name, before anybody looked at it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    /// Tables of an organisation, by their kinds.
    tables: toml::Table,
    mistakes: Vec<Mistake>,
}

impl Sources {
    /// The machine's environment, and `studio.toml` in the working folder if there is one.
    #[must_use]
    pub fn of_machine() -> Self {
        let mut sources = Self::default();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if !is_ours(&name) {
                continue;
            }
            match value.into_string() {
                Ok(value) => _ = sources.environment.insert(name, value),
                Err(_) => sources.mistakes.push(Mistake::new(name, "is not valid Unicode")),
            }
        }
        match fs::read_to_string(Path::new(FILE)) {
            Ok(text) => sources.read_file(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => sources.mistakes.push(Mistake::new(FILE, format!("cannot be read: {error}"))),
        }
        sources
    }

    /// The files that the settings were read from, and those that settings name.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let named = FILES.iter().filter_map(|name| self.get(name));
        std::iter::once(FILE).chain(named).map(PathBuf::from).collect()
    }

    #[cfg(test)]
    pub fn of(environment: &[(&str, &str)], file: &str) -> Self {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut sources = Self { environment: environment.collect(), ..Self::default() };
        sources.read_file(file);
        sources
    }

    /// What a name is set to; nothing and empty are the same.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        [&self.environment, &self.file]
            .into_iter()
            .find_map(|map| map.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()))
    }

    /// The tables of an organisation that have names of their own.
    pub(super) const fn tables(&self) -> &toml::Table {
        &self.tables
    }

    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let strays = self.environment.keys().filter(|name| name.starts_with("STUDIO_"));
        let strays = strays.chain(self.file.keys());
        let strays = strays.filter(|name| !is_known(name)).map(|name| Mistake::new(name, stray(name)));
        self.mistakes.iter().cloned().chain(strays).collect()
    }

    fn read_file(&mut self, text: &str) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // The error's own text repeats the line, and there may be a secret on it.
                let sentence = format!("is not TOML: {}", error.message());
                self.mistakes.push(Mistake::new(FILE, sentence));
                return;
            }
        };
        for (name, value) in table {
            match value {
                toml::Value::String(text) => _ = self.file.insert(name, text),
                toml::Value::Integer(number) => _ = self.file.insert(name, number.to_string()),
                toml::Value::Boolean(switch) => _ = self.file.insert(name, switch.to_string()),
                toml::Value::Table(tables) if name == SECTION => self.tables = tables,
                toml::Value::Datetime(at) => _ = self.file.insert(name, at.to_string()),
                _ => self
                    .mistakes
                    .push(Mistake::new(name, format!("must be a text, a number or a switch in {FILE}"))),
            }
        }
    }
}

fn is_known(name: &str) -> bool {
    TABLE.iter().any(|setting| setting.name == name) || OF_THE_BUILD.contains(&name)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("STUDIO_") || is_known(name)
}

fn stray(name: &str) -> String {
    let near = TABLE
        .iter()
        .map(|setting| (strsim::damerau_levenshtein(&name.to_uppercase(), setting.name), setting.name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 4);
    match near {
        Some((_, near)) => format!("is not a setting; did you mean {near}?"),
        None => "is not a setting; `studio --help` lists them".to_owned(),
    }
}
