//! How long tokens are used.

use super::*;

#[test]
fn tokens_are_renewed_ahead() {
    let now = Instant::now();
    let check = |lifetime: u64, renew: u64, expire: u64| {
        let issued =
            endpoint::Issued { header: "Bearer x".parse().unwrap(), lifetime: Duration::from_secs(lifetime) };
        let token = Token::new(issued, 1, now);
        assert_eq!(token.renew_at - now, Duration::from_secs(renew), "{lifetime}");
        assert_eq!(token.expires_at - now, Duration::from_secs(expire), "{lifetime}");
    };
    check(3599, 3000, 3300);
    check(86_399, 3000, 3300);
    check(1500, 1152, 1440);
    check(100, 72, 90);
}
