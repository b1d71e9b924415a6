//! Registering applications: what an administrator does in Entra and in the Power Platform's admin centre.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::organisation::Organisation;
use crate::store::Transaction;
use crate::value::Cell;

use super::application::{Application, ClientProof, RegisteredCredential, forget, new_secret};
use super::certificate::PublicCertificate;

/// An application to be. Without a secret and a certificate it gets a secret that is made up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Registration {
    /// What people call it.
    pub name: String,
    /// The secret it proves itself by.
    pub secret: Option<String>,
    /// An X.509 certificate with an RSA key, in PEM.
    pub certificate: Option<String>,
    /// When secret and certificate end, as `2026-12-31T00:00:00Z`; a certificate also ends when it says so itself.
    pub expires_at: Option<String>,
    /// Roles, by name or id, of the user that the application becomes in the organisation. `None`: no user, so that it
    /// gets tokens and is a stranger all the same; `Some` of nothing: a user who may do nothing.
    pub roles: Option<Vec<String>>,
}

/// What became of it. The secret is shown here and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// By which it asks for tokens.
    pub client_id: String,
    /// Its id in the directory.
    pub object_id: String,
    /// The secret, if one was made or given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Its user in the organisation, if it became one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Ids of the credentials, by which each can be taken away.
    pub credential_ids: Vec<String>,
}

/// Why an application cannot be registered, or changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The certificate cannot be used.
    #[error("{0}")]
    Certificate(String),
    /// A moment that cannot be read.
    #[error("'{0}' is no moment; write it as 2026-12-31T00:00:00Z")]
    Moment(String),
    /// A role that is not there.
    #[error("there is no role '{0}'; make it first, or name one of `GET roles?$select=name`")]
    Role(String),
    /// An application that is not there.
    #[error("there is no application '{0}'")]
    Application(String),
    /// The organisation's own application was meant.
    #[error("the organisation's own application stays as it is; register another")]
    Own,
    /// The file cannot be written.
    #[error("the organisation's file cannot be written: {0}")]
    Store(#[from] sqlx::Error),
}

/// A credential to add to an application.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct NewCredential {
    secret: Option<String>,
    certificate: Option<String>,
    expires_at: Option<String>,
}

type RegistrationResult<T> = std::result::Result<T, RegistrationError>;

pub(crate) async fn register(
    organisation: &Organisation,
    registration: Registration,
) -> RegistrationResult<Registered> {
    let Registration { name, secret, certificate, expires_at, roles } = registration;
    let given = NewCredential { secret, certificate, expires_at };
    let (secret, credentials) = credentials(organisation, &given)?;
    let surroundings = &organisation.surroundings;
    let (client, object) = (surroundings.id(), surroundings.id());
    let name = if name.is_empty() { client.to_string() } else { name };
    let application = Application { client, object, name, credentials };
    let credential_ids = application.credentials.iter().map(|found| found.id.to_string()).collect();
    let mut writer = organisation.store.write().await;
    let mut transaction = Transaction::begin(&mut writer, surroundings.now_s()).await?;
    let user = match enter(organisation, &mut transaction, &application, roles).await {
        Ok(user) => user,
        Err(error) => {
            transaction.roll_back().await?;
            return Err(error);
        }
    };
    transaction.commit().await?;
    organisation.identity.replace(client, Some(application));
    Ok(Registered {
        client_id: client.to_string(),
        object_id: object.to_string(),
        client_secret: secret,
        user_id: user.map(|user| user.to_string()),
        credential_ids,
    })
}

/// The credentials asked for, and the secret among them.
fn credentials(
    organisation: &Organisation,
    given: &NewCredential,
) -> RegistrationResult<(Option<String>, Vec<RegisteredCredential>)> {
    let expires = given.expires_at.as_deref().map(moment).transpose()?;
    let surroundings = &organisation.surroundings;
    let made_up = || given.certificate.is_none().then(|| new_secret(surroundings));
    let secret = given.secret.clone().or_else(made_up);
    let mut credentials = Vec::new();
    if let Some(secret) = &secret {
        credentials.push(RegisteredCredential::secret(surroundings.id(), secret, expires));
    }
    if let Some(pem) = &given.certificate {
        let certificate = PublicCertificate::from_pem(pem).map_err(RegistrationError::Certificate)?;
        let expires = [expires, certificate.ends()].into_iter().flatten().min();
        let proof = ClientProof::Certificate(certificate);
        credentials.push(RegisteredCredential { id: surroundings.id(), proof, expires });
    }
    Ok((secret, credentials))
}

fn moment(text: &str) -> RegistrationResult<i64> {
    let moment: Timestamp = text.parse().map_err(|_| RegistrationError::Moment(text.to_owned()))?;
    Ok(moment.as_second())
}

/// Keeps the application, and makes it a user with roles.
async fn enter(
    organisation: &Organisation,
    transaction: &mut Transaction<'_>,
    application: &Application,
    roles: Option<Vec<String>>,
) -> RegistrationResult<Option<Uuid>> {
    application.keep(transaction.connection()).await?;
    let Some(roles) = roles else { return Ok(None) };
    let schema = organisation.schema();
    let (Some(users), Some(role_table)) = (schema.table("systemuser"), schema.table("role")) else {
        return Ok(None);
    };
    let user = organisation.surroundings.id();
    let text = format!(
        "INSERT INTO {} (systemuserid, fullname, applicationid, azureactivedirectoryobjectid, businessunitid, isdisabled, \
         versionnumber, createdon, modifiedon, statecode, statuscode) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, 0, 1)",
        users.rows()
    );
    let (version, now) = (Cell::Integer(transaction.next_version()), Cell::Integer(transaction.now));
    let cells = vec![
        Cell::Id(user),
        Cell::Text(format!("# {}", application.name)),
        Cell::Id(application.client),
        Cell::Id(application.object),
        Cell::Id(organisation.identity.business_unit),
        version,
        now.clone(),
        now,
    ];
    transaction.execute(text, cells).await?;
    for role in roles {
        let text = format!(
            "INSERT OR IGNORE INTO user_roles SELECT ?, roleid FROM {} WHERE name = ? OR roleid = ?",
            role_table.rows()
        );
        let id = role.parse().map_or(Cell::Null, Cell::Id);
        if transaction.execute(text, vec![Cell::Id(user), Cell::Text(role.clone()), id]).await? == 0 {
            return Err(RegistrationError::Role(role));
        }
    }
    Ok(Some(user))
}

/// One more credential, beside those that the application has.
pub(crate) async fn add_credential(
    organisation: &Organisation,
    client: &str,
    given: NewCredential,
) -> RegistrationResult<Registered> {
    let mut application = other(organisation, client)?;
    let (secret, credentials) = credentials(organisation, &given)?;
    let credential_ids = credentials.iter().map(|found| found.id.to_string()).collect();
    application.credentials.extend(credentials);
    let (client_id, object_id) = (application.client.to_string(), application.object.to_string());
    keep(organisation, application).await?;
    Ok(Registered { client_id, object_id, client_secret: secret, user_id: None, credential_ids })
}

pub(crate) async fn remove_credential(
    organisation: &Organisation,
    client: &str,
    id: &str,
) -> RegistrationResult<()> {
    let mut application = other(organisation, client)?;
    application.credentials.retain(|credential| credential.id.to_string() != id);
    keep(organisation, application).await
}

/// Takes the application out of the directory. Its user stays in the organisation, as in the cloud.
pub(crate) async fn unregister(organisation: &Organisation, client: &str) -> RegistrationResult<()> {
    let application = other(organisation, client)?;
    let mut writer = organisation.store.write().await;
    forget(&mut writer, application.client).await?;
    organisation.identity.replace(application.client, None);
    Ok(())
}

async fn keep(organisation: &Organisation, application: Application) -> RegistrationResult<()> {
    let mut writer = organisation.store.write().await;
    application.keep(&mut writer).await?;
    organisation.identity.replace(application.client, Some(application));
    Ok(())
}

fn other(organisation: &Organisation, client: &str) -> RegistrationResult<Application> {
    let found = client.parse().ok().and_then(|client| organisation.identity.application(client));
    match found {
        Some(found) if found.client == organisation.identity.client => Err(RegistrationError::Own),
        Some(found) => Ok(found),
        None => Err(RegistrationError::Application(client.to_owned())),
    }
}
