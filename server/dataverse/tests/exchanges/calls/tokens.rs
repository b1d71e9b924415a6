//! Tokens and who they are for.

use dataverse::Settings;

use super::CallFn;
use crate::told;

pub const CALLS: &[(&str, CallFn)] = &[
    ("The token goes with every request", |client, _| {
        Box::pin(async move {
            told::or_error(client.who_am_i().await, |me| {
                format!(
                    "user {} of unit {} in organisation {}",
                    me.user_id, me.business_unit_id, me.organization_id
                )
            })
        })
    }),
    ("A wrong secret is the client's fault", |client, _| {
        Box::pin(async move {
            client.rotate_credential("wrong");
            told::done(client.who_am_i().await.map(drop))
        })
    }),
    ("An application that the directory does not know", |_, values| {
        Box::pin(async move {
            let stranger = "00000000-0000-0000-0000-00000000000a";
            let settings =
                Settings::new(values.get("org"), values.get("token-url"), stranger, values.get("secret"));
            told::done(dataverse::Client::new(settings).unwrap().who_am_i().await.map(drop))
        })
    }),
    ("A fresh token is taken", |client, _| {
        Box::pin(async move {
            told::or_error(client.who_am_i().await, |me| {
                format!("user {} after {} tokens", me.user_id, client.token_stats().fetches)
            })
        })
    }),
    ("An application that is no user of the environment", |client, _| {
        Box::pin(async move { told::done(client.who_am_i().await.map(drop)) })
    }),
];
