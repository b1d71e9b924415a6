//! How people are known: by a provider of OpenID Connect, or by what a proxy says of them.

use http::HeaderName;
use ipnet::IpNet;
use ledger::PersonRole;
use secrecy::SecretString;

use super::{Situation, mistakes::SettingReader, values};

const ISSUER: &str = "STUDIO_OIDC_ISSUER";
const CLIENT_ID: &str = "STUDIO_OIDC_CLIENT_ID";
const SECRET: &str = "STUDIO_OIDC_CLIENT_SECRET";
const SECRET_FILE: &str = "STUDIO_OIDC_CLIENT_SECRET_FILE";
const ROLES_CLAIM: &str = "STUDIO_OIDC_ROLES_CLAIM";
const ROLE_MAP: &str = "STUDIO_OIDC_ROLE_MAP";
const ADMINS: &str = "STUDIO_OIDC_ADMINS";
const PROXIES: &str = "STUDIO_TRUSTED_PROXIES";
const USER_HEADER: &str = "STUDIO_PROXY_USER_HEADER";
const FRAME_ORIGINS: &str = "STUDIO_FRAME_ORIGINS";

/// How people are known, beside those whom the ledger holds.
#[derive(Clone, Debug, Default)]
pub struct SignInSettings {
    pub provider: Option<ProviderSettings>,
    /// What stands in front of the server. Only these are believed what they say of others.
    pub proxies: Vec<IpNet>,
    /// In which header they say who asks.
    pub user_header: Option<HeaderName>,
    /// Whose pages may frame ours, each as a browser writes an origin.
    pub frame_origins: Vec<String>,
}

/// Who says who people are, and how they become readers and administrators.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Without a slash at its end.
    pub issuer: String,
    pub client_id: String,
    /// None: the server is a public client.
    pub client_secret: Option<SecretString>,
    /// The member of a token that says roles; with dots, one within others.
    pub roles_claim: String,
    /// Values of that member, beside the names of roles.
    pub role_map: Vec<(String, PersonRole)>,
    /// People who are administrators whatever their token says.
    pub admins: Vec<String>,
}

impl SignInSettings {
    /// Whether people can be known without standing in the ledger.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.provider.is_some() || self.user_header.is_some()
    }
}

pub(super) fn sign_in(reader: &mut SettingReader<'_>) -> SignInSettings {
    let proxies = reader.read(PROXIES, proxies).unwrap_or_default();
    let user_header = reader.read(USER_HEADER, |text| {
        text.parse().map_err(|_| "must be a header's name, as in x-forwarded-user".to_owned())
    });
    if user_header.is_some() && proxies.is_empty() {
        let sentence = format!(
            "is believed whoever sends it while no proxy is named; set {PROXIES} to where they are, as in 10.0.0.0/8"
        );
        reader.mistake(USER_HEADER, sentence);
    }
    let frame_origins = reader.read(FRAME_ORIGINS, origins).unwrap_or_default();
    SignInSettings { provider: provider(reader), proxies, user_header, frame_origins }
}

fn provider(reader: &mut SettingReader<'_>) -> Option<ProviderSettings> {
    let role_map = reader.read(ROLE_MAP, role_map).unwrap_or_default();
    let admins = reader.read(ADMINS, |text| Ok(list(text))).unwrap_or_default();
    let situation = Situation { is_embedded: false, has_demo: false };
    let roles_claim = reader.read_or_default(ROLES_CLAIM, situation, |text| Ok(text.to_owned()));
    let client_secret = secret(reader);
    let issuer = reader.read(ISSUER, issuer);
    let client_id = reader.read(CLIENT_ID, |text| Ok(text.to_owned()));
    let is_set = |name: &&str| reader.text(name).is_some();
    let others = [SECRET, SECRET_FILE, ROLES_CLAIM, ROLE_MAP, ADMINS];
    let of_provider: Vec<&str> = [ISSUER, CLIENT_ID].into_iter().chain(others).filter(is_set).collect();
    let missing: Vec<&str> =
        [ISSUER, CLIENT_ID].into_iter().filter(|name| reader.text(name).is_none()).collect();
    if let Some(set) = of_provider.first() {
        for name in missing {
            reader.mistake(name, format!("is missing, and {set} is set; set both, or neither"));
        }
    }
    Some(ProviderSettings {
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        roles_claim: roles_claim?,
        role_map,
        admins,
    })
}

fn secret(reader: &mut SettingReader<'_>) -> Option<SecretString> {
    if reader.text(SECRET).is_some() && reader.text(SECRET_FILE).is_some() {
        reader.mistake(SECRET, format!("and {SECRET_FILE} are both set; keep one of them"));
        return None;
    }
    let text = reader.text(SECRET).map(str::to_owned);
    text.or_else(|| reader.text_file(SECRET_FILE, "the client's secret")).map(SecretString::from)
}

/// Secrets and people's names cross no wire in the clear, but on this machine.
fn issuer(text: &str) -> Result<String, String> {
    let wrong = || "must be the provider's address, as in https://login.example.com".to_owned();
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?;
    let is_here = host == "localhost" || values::is_loopback(host);
    match uri.scheme_str() {
        _ if uri.query().is_some() => Err(wrong()),
        Some("https") => Ok(text.trim_end_matches('/').to_owned()),
        Some("http") if is_here => Ok(text.trim_end_matches('/').to_owned()),
        Some("http") => Err("begins with http://, which others can listen to; take https://".to_owned()),
        _ => Err(wrong()),
    }
}

fn role_map(text: &str) -> Result<Vec<(String, PersonRole)>, String> {
    let pairs = list(text).into_iter().map(|pair| {
        let (value, word) = pair.rsplit_once('=')?;
        Some((value.trim().to_owned(), PersonRole::of_word(word.trim())?))
    });
    pairs.collect::<Option<_>>().ok_or_else(|| {
        "must be values with what they stand for, reader or admin, as in Studio-Leads=admin,Studio=reader"
            .to_owned()
    })
}

fn proxies(text: &str) -> Result<Vec<IpNet>, String> {
    let all = list(text);
    let nets = all.iter().map(|text| {
        let one = text.parse::<std::net::IpAddr>().map(IpNet::from);
        let net = one.or_else(|_| text.parse::<IpNet>().map(|net| net.trunc()));
        net.map_err(|_| format!("has {text}; write addresses or networks, as in 127.0.0.1,10.0.0.0/8"))
    });
    nets.collect()
}

fn origins(text: &str) -> Result<Vec<String>, String> {
    let origin = |text: String| match text.as_str() {
        "*" => Err("has *, and any page could frame what people see; name the pages' origins".to_owned()),
        _ => values::web_address(&text)
            .map(|(scheme, authority)| format!("{scheme}://{authority}"))
            .map_err(|_| format!("has {text}; write origins, as in https://studio.example.com")),
    };
    list(text).into_iter().map(origin).collect()
}

/// What stands between commas.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::settings::{Settings, Sources};

    fn read(environment: &[(&str, &str)]) -> Result<SignInSettings, String> {
        let settings = Settings::read(&Sources::of(environment, ""));
        settings.map(|settings| settings.sign_in).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_provider_is_whole_or_none() {
        assert!(!read(&[]).unwrap().is_set());
        let whole = [
            (ISSUER, "https://login.example.com/x/"),
            (CLIENT_ID, "studio"),
            (SECRET, "s3cret"),
            (ROLE_MAP, "a=b=admin, Studio = reader"),
            (ADMINS, "jana, 0a0b"),
        ];
        let set = read(&whole).unwrap();
        let provider = set.provider.unwrap();
        assert_eq!(provider.issuer, "https://login.example.com/x");
        assert_eq!(provider.client_secret.unwrap().expose_secret(), "s3cret");
        assert_eq!(provider.roles_claim, "roles");
        assert_eq!(
            provider.role_map,
            [("a=b".into(), PersonRole::Admin), ("Studio".into(), PersonRole::Reader)]
        );
        assert_eq!(provider.admins, ["jana", "0a0b"]);
        assert!(read(&whole[1..]).unwrap_err().contains("STUDIO_OIDC_ISSUER is missing, and"));
        assert!(read(&[(ADMINS, "jana")]).unwrap_err().contains("STUDIO_OIDC_CLIENT_ID is missing"));
    }

    #[test]
    fn what_gives_away_is_a_mistake() {
        for (name, value, said) in [
            (ISSUER, "http://login.example.com", "take https://"),
            (ISSUER, "login", "must be the provider's address"),
            (ROLE_MAP, "a=owner", "reader or admin"),
            (PROXIES, "10.0.0.0/33", "write addresses or networks"),
            (PROXIES, "*", "write addresses or networks"),
            (USER_HEADER, "x-user", "while no proxy is named"),
            (FRAME_ORIGINS, "*", "name the pages' origins"),
            (FRAME_ORIGINS, "https://a.example/x", "write origins"),
        ] {
            let mistake = read(&[(name, value)]).unwrap_err();
            assert!(mistake.contains(said) && mistake.contains(name), "{mistake}");
        }
        let here = [(ISSUER, "http://127.0.0.1:9/"), (CLIENT_ID, "studio")];
        assert!(read(&here).unwrap().provider.is_some());
        let set = read(&[(PROXIES, "10.1.2.3/8,::1"), (USER_HEADER, "X-Forwarded-User")]).unwrap();
        assert_eq!(
            set.proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "::1/128"]
        );
        assert_eq!(set.user_header.unwrap(), "x-forwarded-user");
    }
}
