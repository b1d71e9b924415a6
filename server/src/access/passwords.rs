//! Passwords: of each its Argon2id code is kept, and each try costs the same, whether there is such a person or not.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task};

/// As short as a password may be, and as long as one is looked at.
pub const SHORTEST: usize = 8;
pub const LONGEST: usize = 1_024;
/// Tries at one time: each takes 19 MiB, and a core for as long.
const AT_ONCE: usize = 2;

/// Holds passwords against what is kept of them.
pub struct PasswordChecks(Semaphore);

impl Default for PasswordChecks {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl PasswordChecks {
    /// Whether it is the password of which this is kept. Where nothing is kept it takes as long, and is not.
    pub async fn holds(&self, password: String, kept: Option<String>) -> bool {
        let Ok(_place) = self.0.acquire().await else { return false };
        let checked = task::spawn_blocking(move || {
            let code = kept.as_deref().unwrap_or(OF_NO_ONE);
            let held = PasswordHash::new(code)
                .is_ok_and(|code| Argon2::default().verify_password(password.as_bytes(), &code).is_ok());
            held && kept.is_some()
        });
        checked.await.unwrap_or(false)
    }
}

/// Of a password that none has.
const OF_NO_ONE: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$\
     tdPPdp31TcJFRvIDs/lX0ugYO/SnHAHxpgIcnnQdbRI";

/// What is kept of a password.
///
/// # Errors
/// A sentence that goes on after its name, where it cannot be one.
pub fn code(password: &str, salt: [u8; 32]) -> Result<String, String> {
    let letters = password.chars().count();
    if letters < SHORTEST || password.len() > LONGEST {
        return Err(format!("has to have {SHORTEST} letters at least, and {LONGEST} bytes at most"));
    }
    let code = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt[..16]);
    let code: PasswordHash = code.map_err(|error| format!("cannot be kept: {error}"))?;
    Ok(code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_known_by_their_codes() {
        let kept = code("a long pässword", [7; 32]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        let checks = PasswordChecks::default();
        assert!(checks.holds("a long pässword".into(), Some(kept.clone())).await);
        for (password, kept) in [("a long password", Some(kept)), ("x", None), ("x", Some("broken".into()))] {
            assert!(!checks.holds(password.into(), kept).await, "{password}");
        }
        assert!(PasswordHash::new(OF_NO_ONE).is_ok(), "a try of none takes as long");
        assert!(code("1234567", [0; 32]).is_err() && code(&"x".repeat(1_025), [0; 32]).is_err());
    }
}
