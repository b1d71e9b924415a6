//! Where settings come from: the environment and a file beside it. Tests bring maps of their own.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use super::{Mistake, TABLE, names::SECTION, organisation::FILES, table::OF_THE_BUILD};

/// The file that is read in the folder where the server was started.
pub const FILE: &str = "studio.toml";

/// Names that begin so are ours.
const OWN_PREFIX: &str = "STUDIO_";
/// Names that begin so are other programs' too.
const SHARED_PREFIXES: [&str; 3] = ["DATAVERSE_", "AZURE_", "DATABASE_"];
/// Edits between a stray name and the setting that is proposed for it; fewer where the name may be another program's.
const DISTANCE_MAX: usize = 4;
const SLIP_MAX: usize = 2;

/// What was set, by name, before it is understood.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file, where another one than `studio.toml` was named.
    config: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    /// Tables of an organisation, by their kinds.
    tables: toml::Table,
    mistakes: Vec<Mistake>,
}

/// Where a setting was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
    Environment,
    File,
}

impl Sources {
    /// The machine's environment, and the file `config`; without one `studio.toml` in the working folder, if it is there.
    #[must_use]
    pub fn of_machine(config: Option<PathBuf>) -> Self {
        let mut sources = Self { config, ..Self::default() };
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
        let is_named = sources.config.is_some();
        match fs::read_to_string(sources.file_name()) {
            Ok(text) => sources.read_file(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => {}
            Err(error) => sources.mistake(format!("cannot be read: {error}")),
        }
        sources
    }

    /// The same sources, read once more.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::of_machine(self.config.clone())
    }

    /// The file that settings are read from, whether it is there or not.
    #[must_use]
    pub fn file_name(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(FILE))
    }

    /// The files that the settings were read from, and those that settings name.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let named = FILES.iter().filter_map(|name| self.get(name));
        std::iter::once(self.file_name()).chain(named.map(Path::new)).map(Path::to_owned).collect()
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
        self.find(name).map(|(_, value)| value)
    }

    /// Where a name is set, if it is.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<SettingOrigin> {
        self.find(name).map(|(origin, _)| origin)
    }

    fn find(&self, name: &str) -> Option<(SettingOrigin, &str)> {
        let maps = [(SettingOrigin::Environment, &self.environment), (SettingOrigin::File, &self.file)];
        maps.into_iter().find_map(|(origin, map)| {
            let value = map.get(name)?.trim();
            (!value.is_empty()).then_some((origin, value))
        })
    }

    /// The tables of an organisation that have names of their own.
    pub(super) const fn tables(&self) -> &toml::Table {
        &self.tables
    }

    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let strays = self.environment.keys().filter_map(|name| self.stray_in_environment(name));
        let in_file = self.file.keys().filter(|name| !is_known(name));
        let in_file = in_file.map(|name| Mistake::new(name, stray(name)));
        self.mistakes.iter().cloned().chain(strays).chain(in_file).collect()
    }

    /// Names under our own prefix are ours, but for those that orchestrators make of a service's name. Names that other
    /// programs share count where they miss one of ours, which is not set, by a slip.
    fn stray_in_environment(&self, name: &str) -> Option<Mistake> {
        if is_known(name) || is_of_others(name) {
            return None;
        }
        if name.starts_with(OWN_PREFIX) {
            return Some(Mistake::new(name, stray(name)));
        }
        let meant = nearest(name, SLIP_MAX).filter(|meant| self.get(meant).is_none())?;
        Some(Mistake::new(name, format!("is not a setting; did you mean {meant}?")))
    }

    fn mistake(&mut self, sentence: String) {
        self.mistakes.push(Mistake::new(self.file_name().display().to_string(), sentence));
    }

    fn read_file(&mut self, text: &str) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // The error's own text repeats the line, and there may be a secret on it.
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                self.mistake(format!("is not TOML in line {line}: {}", error.message()));
                return;
            }
        };
        for (name, value) in table {
            match value {
                toml::Value::String(text) => _ = self.file.insert(name, text),
                toml::Value::Integer(number) => _ = self.file.insert(name, number.to_string()),
                toml::Value::Float(number) => _ = self.file.insert(name, number.to_string()),
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
    SHARED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.starts_with(OWN_PREFIX)
        || is_known(name)
}

/// What senders read, and what Kubernetes and Docker set by themselves where a service is called `studio`.
fn is_of_others(name: &str) -> bool {
    let is_port =
        name.strip_prefix("STUDIO_PORT").is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    is_port
        || ["STUDIO_URL", "STUDIO_SPOOL", "STUDIO_NAME"].contains(&name)
        || ["STUDIO_SERVICE_", "STUDIO_ENV_"].iter().any(|prefix| name.starts_with(prefix))
}

fn stray(name: &str) -> String {
    match nearest(name, DISTANCE_MAX) {
        Some(near) => format!("is not a setting; did you mean {near}?"),
        None => "is not a setting; `studio --help` lists them".to_owned(),
    }
}

/// The setting whose name is no further than `most` edits from this one.
fn nearest(name: &str, most: usize) -> Option<&'static str> {
    let name = name.to_uppercase();
    let distances =
        TABLE.iter().map(|setting| (strsim::damerau_levenshtein(&name, setting.name), setting.name));
    distances
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= most)
        .map(|(_, near)| near)
}
