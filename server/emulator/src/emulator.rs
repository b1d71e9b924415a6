//! Starting, serving, stopping.

mod body;
mod certificate;
mod connection;
pub(crate) mod folder;
mod places;
mod serve;

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::controls::Controls;
use crate::fault_injection::Disturbance;
use crate::identity::{self, Registered, Registration, RegistrationError};
use crate::options::Options;
use crate::organisation::Organisation;
use certificate::{Authority, CaFile};

pub use certificate::CertificateError;

/// Why an emulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing can listen there.
    #[error("cannot listen on {listen}: {cause}; choose another address or port")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why not. It is in the message, so that it is no source that would be told once more.
        cause: std::io::Error,
    },
    /// The folder cannot be made or used.
    #[error("cannot use the folder {}: {cause}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// Another emulator has the folder.
    #[error("the folder {} is another emulator's now; end that one, or name another folder", folder.display())]
    Held {
        /// Which.
        folder: PathBuf,
    },
    /// The organisation's file cannot be opened.
    #[error("cannot open the organisation's file: {0}; it may be damaged, or held by another process")]
    Store(#[from] sqlx::Error),
    /// There is no certificate to serve https with.
    #[error("https cannot be served: {0}")]
    Certificate(#[from] CertificateError),
}

/// A running organisation. Dropping it ends it without waiting for open requests.
pub struct Emulator {
    organisation: Arc<Organisation>,
    url: String,
    token_url: String,
    tenant_id: String,
    client_id: String,
    secure: Option<Secure>,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
    /// The folder is this emulator's until it is dropped.
    _lock: Option<File>,
}

/// The https side.
struct Secure {
    url: String,
    ca: CaFile,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Emulator {
    /// Opens the organisation of the folder, or founds one there, and answers requests. The same folder is the same
    /// organisation, with the same credentials.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (listener, address) = listen(options.listen).await?;
        let lock = options.data.as_deref().map(taken).transpose()?;
        let secure = match options.https {
            Some(https) => {
                let authority = Authority::open(options.data.as_deref(), https.ip())?;
                Some((authority, listen(https).await?))
            }
            None => None,
        };
        let organisation = Arc::new(Organisation::open(options).await?);
        let (stop, stopped) = watch::channel(false);
        let serve = |listener, tls, stopped| {
            tokio::spawn(serve::serve(listener, tls, Arc::clone(&organisation), stopped))
        };
        let mut serving = vec![serve(listener, None, stopped.clone())];
        let secure = secure.map(|(authority, (listener, address))| {
            serving.push(serve(listener, Some(authority.acceptor), stopped));
            Secure { url: format!("https://{address}"), ca: authority.file }
        });
        let url = format!("http://{address}");
        let tenant_id = organisation.identity.tenant.to_string();
        Ok(Self {
            token_url: format!("{url}/{tenant_id}/oauth2/v2.0/token"),
            client_id: organisation.identity.client.to_string(),
            url,
            tenant_id,
            organisation,
            secure,
            stop,
            serving,
            _lock: lock,
        })
    }

    /// The organisation's address, without `/` at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same organisation over https, if it was asked for.
    pub fn https_url(&self) -> Option<&str> {
        self.secure.as_ref().map(|secure| secure.url.as_str())
    }

    /// The certificate (PEM) of the authority that https is known by, for clients to trust. Without a data folder it is
    /// gone with the emulator.
    pub fn ca_file(&self) -> Option<&Path> {
        self.secure.as_ref().map(|secure| secure.ca.path())
    }

    /// The token endpoint's whole address.
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// The directory that hands out tokens.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The organisation's id, as `WhoAmI` gives it.
    pub fn organization_id(&self) -> Uuid {
        self.organisation.identity.organization
    }

    /// The application's id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The application's secret.
    pub fn client_secret(&self) -> &str {
        &self.organisation.identity.secret
    }

    /// Registers one more application, as `POST /_emulator/v1/applications` does.
    pub async fn register(&self, registration: Registration) -> Result<Registered, RegistrationError> {
        identity::register(&self.organisation, registration).await
    }

    /// Lets a fault befall requests, as `POST /_emulator/v1/faults` does.
    pub fn disturb(&self, disturbance: Disturbance) {
        let now = self.organisation.surroundings.now_ms();
        self.organisation.disturbances.add(disturbance, now);
    }

    /// A handle to the faults, for code that outlives this one.
    pub fn controls(&self) -> Controls {
        Controls::of(&self.organisation)
    }

    /// Ends all faults.
    pub fn calm(&self) {
        self.organisation.disturbances.clear();
    }

    /// Every token given out so far is refused from now on.
    pub fn revoke_tokens(&self) {
        self.organisation.identity.generation.fetch_add(1, Relaxed);
    }

    /// Moves the organisation's clock on.
    pub fn advance_clock(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.organisation.surroundings.move_clock(by);
    }

    /// Requests to the Web API and rows metered since the start.
    pub fn totals(&self) -> (u64, u64) {
        self.organisation.limiter.totals()
    }

    /// Takes no new request, finishes the open ones, closes the store.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let Self { organisation, serving, .. } = self;
        for serving in serving {
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the emulator did not end in order");
            }
        }
        if let Some(organisation) = Arc::into_inner(organisation) {
            organisation.store.close().await;
        }
    }
}

/// Makes the folder ready, and takes it.
fn taken(folder: &Path) -> Result<File, Error> {
    let unusable = |cause| Error::Folder { folder: folder.to_owned(), cause };
    folder::prepare(folder).map_err(unusable)?;
    folder::lock(folder).map_err(unusable)?.ok_or_else(|| Error::Held { folder: folder.to_owned() })
}

async fn listen(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let unusable = |cause| Error::Listen { listen, cause };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    Ok((listener, address))
}
