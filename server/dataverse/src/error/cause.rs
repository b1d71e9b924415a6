//! Why an administrator is needed: the faults of credentials and permissions told apart, each with what to do about it.

use super::refusal::Refusal;

/// Why the identity provider did not take the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// The secret is not the application's.
    WrongSecret,
    /// The secret was right once.
    ExpiredSecret,
    /// The certificate is not registered with the application, or has expired.
    WrongCertificate,
    /// The directory does not know the application.
    UnknownApplication,
    /// There is no such directory.
    UnknownTenant,
    /// The directory does not know the organisation.
    UnknownOrganisation,
    /// Anything else; the provider's own words say what.
    Other,
}

impl CredentialFault {
    /// Entra asks programs not to branch on AADSTS numbers, and nothing here does more with them than choose words.
    pub(crate) fn of(aadsts: Option<u32>) -> Self {
        match aadsts {
            Some(7_000_215) => Self::WrongSecret,
            Some(7_000_222) => Self::ExpiredSecret,
            Some(700_027 | 700_030 | 1_000_502) => Self::WrongCertificate,
            Some(700_016) => Self::UnknownApplication,
            Some(90_002 | 900_023) => Self::UnknownTenant,
            Some(500_011) => Self::UnknownOrganisation,
            _ => Self::Other,
        }
    }

    /// What an administrator does about it; `code` is OAuth's.
    pub(crate) fn advice(self, code: &str) -> Option<&'static str> {
        Some(match self {
            Self::WrongSecret => {
                "the client secret is wrong; copy the secret's value, not its id, from the app registration"
            }
            Self::ExpiredSecret => "the client secret has expired; make a new one in the app registration",
            Self::WrongCertificate => {
                "the certificate is not one of the application's, or has expired; upload its public half to the app \
                 registration under Certificates & secrets"
            }
            Self::UnknownApplication => {
                "the application is not known in this tenant; check client id and tenant id"
            }
            Self::UnknownTenant => "the tenant is not known; check the tenant id",
            Self::UnknownOrganisation => {
                "the organisation is not known to the tenant; check the organisation's address"
            }
            Self::Other => match code {
                "invalid_client" => "check the client id and the client secret",
                "unauthorized_client" => {
                    "the application may not ask for tokens this way; check client id and tenant"
                }
                _ => return None,
            },
        })
    }
}

/// Why Dataverse forbids something to an application that it knows to be who it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForbiddenFault {
    /// The application is no user of the environment.
    NoApplicationUser,
    /// Its security roles lack a privilege: this one, where Dataverse names it (`prvReadaccount`).
    MissingPrivilege(Option<String>),
    /// A policy of the environment keeps the application out.
    Blocked,
    /// Anything else, an environment in administration mode among it.
    Other,
}

impl ForbiddenFault {
    pub(crate) fn of(refusal: &Refusal) -> Self {
        match refusal.code.as_str() {
            "0x80072560" => Self::NoApplicationUser,
            "0x80095ffc" => Self::Blocked,
            "0x80040220" | "0x80048306" | "0x80040299" => Self::MissingPrivilege(privilege(&refusal.message)),
            _ => Self::Other,
        }
    }

    pub(crate) fn advice(&self) -> String {
        match self {
            Self::NoApplicationUser => {
                "add it as an application user of the environment, with a security role".to_owned()
            }
            Self::MissingPrivilege(Some(name)) => format!("give its security role the privilege {name}"),
            Self::MissingPrivilege(None) => "give its security role the privilege named here".to_owned(),
            Self::Blocked => {
                "a policy of the environment blocks this application: have an administrator allow it"
                    .to_owned()
            }
            Self::Other => "check its application user, its security role and whether the environment is in \
                            administration mode"
                .to_owned(),
        }
    }
}

/// "… is missing prvReadaccount privilege …"
fn privilege(message: &str) -> Option<String> {
    let word = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    word.into_iter().find(|word| word.len() > 3 && word.starts_with("prv")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_privilege_is_named() {
        let message = "Principal user (Id=1, type=8) is missing prvReadapex_Campaign privilege (Id=2) on OTC=10001 \
                       for entity 'apex_campaign'.";
        let refusal =
            Refusal { status: 403, code: "0x80040220".into(), message: message.into(), request_id: None };
        let fault = ForbiddenFault::of(&refusal);
        assert_eq!(fault, ForbiddenFault::MissingPrivilege(Some("prvReadapex_Campaign".into())));
        assert!(fault.advice().contains("prvReadapex_Campaign"));
    }
}
