//! Where a test sits: an organisation in memory with two tables, and a plain HTTP client that holds a token.

use std::sync::Arc;

use emulator::{Emulator, Options, Registered, Registration};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub struct HttpClient {
    pub emulator: Emulator,
    http: reqwest::Client,
    token: String,
}

/// An answer, its body read as JSON where it is that.
#[derive(Debug)]
pub struct JsonAnswer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

pub fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

impl JsonAnswer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { status, headers, json: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and Dataverse's code.
    pub fn refusal(&self) -> (u16, &str) {
        (self.status.as_u16(), self.json["error"]["code"].as_str().unwrap_or("none"))
    }

    /// One column of each row.
    pub fn column(&self, name: &str) -> Vec<Value> {
        self.json["value"].as_array().unwrap().iter().map(|row| row[name].clone()).collect()
    }

    pub fn id(&self) -> String {
        let address = self.header("odata-entityid");
        address.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    }
}

impl HttpClient {
    /// An organisation with `x_thing` (set `x_things`), which points at `x_place`.
    pub async fn new() -> Self {
        let client = Self::with(Options::default()).await;
        client.furnish().await;
        client
    }

    /// An organisation without tables.
    pub async fn with(options: Options) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let http = http();
        let token = token(&http, &emulator).await;
        Self { emulator, http, token }
    }

    /// The same organisation, asked by another application, made for it with these roles.
    pub async fn as_application(&self, roles: Option<Vec<String>>) -> OtherApplication<'_> {
        let registered =
            self.emulator.register(Registration { roles, ..Registration::default() }).await.unwrap();
        let mut form = scope_form(&self.emulator);
        form[1].1 = registered.client_id.clone();
        form[2].1 = registered.client_secret.clone().unwrap();
        let answer = JsonAnswer::of(self.http.post(self.emulator.token_url()).form(&form)).await;
        let token = answer.json["access_token"].as_str().unwrap().to_owned();
        OtherApplication { client: self, token, registered }
    }

    pub async fn renew(&mut self) {
        self.token = token(&self.http, &self.emulator).await;
    }

    pub async fn furnish(&self) {
        let place = json!({
            "SchemaName": "x_Place", "OwnershipType": "OrganizationOwned", "Attributes": [name_column()],
        });
        assert_eq!(self.post("EntityDefinitions", &place).await.status, 204);
        let mut columns = vec![name_column()];
        for (kind, name, more) in columns_of_thing() {
            let mut column = json!({
                "@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"), "SchemaName": name,
            });
            column.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            columns.push(column);
        }
        let thing = json!({
            "SchemaName": "x_Thing", "OwnershipType": "UserOwned", "ChangeTrackingEnabled": true,
            "DisplayName": label("Thing"), "Attributes": columns,
        });
        let made = self.post("EntityDefinitions", &thing).await;
        assert_eq!(made.status, 204, "{}", made.text);
        let relationship = json!({
            "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
            "SchemaName": "x_place_things", "ReferencedEntity": "x_place", "ReferencingEntity": "x_thing",
            "Lookup": { "SchemaName": "x_PlaceId" },
        });
        assert_eq!(self.post("RelationshipDefinitions", &relationship).await.status, 204);
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}/api/data/v9.2/{path}", self.emulator.url()),
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> JsonAnswer {
        JsonAnswer::of(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> JsonAnswer {
        JsonAnswer::of(self.request("POST", path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> JsonAnswer {
        JsonAnswer::of(self.request("PATCH", path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> JsonAnswer {
        JsonAnswer::of(self.request("DELETE", path)).await
    }

    /// Makes a thing and gives its id.
    pub async fn thing(&self, body: Value) -> String {
        let made = self.post("x_things", &body).await;
        assert_eq!(made.status, 204, "{}", made.text);
        made.id()
    }
}

/// What the emulator's own application asks for a token with.
pub fn scope_form(emulator: &Emulator) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", emulator.client_id().to_owned()),
        ("client_secret", emulator.client_secret().to_owned()),
        ("scope", format!("{}/.default", emulator.url())),
    ]
}

/// Another application than the organisation's own.
pub struct OtherApplication<'a> {
    client: &'a HttpClient,
    token: String,
    pub registered: Registered,
}

impl OtherApplication<'_> {
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}/api/data/v9.2/{path}", self.client.emulator.url());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.http.request(method, url).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> JsonAnswer {
        JsonAnswer::of(self.request("GET", path)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> JsonAnswer {
        JsonAnswer::of(self.request(method, path).json(body)).await
    }
}

async fn token(http: &reqwest::Client, emulator: &Emulator) -> String {
    let answer = JsonAnswer::of(http.post(emulator.token_url()).form(&scope_form(emulator))).await;
    answer.json["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

pub fn label(text: &str) -> Value {
    json!({ "LocalizedLabels": [{ "Label": text, "LanguageCode": 1033 }] })
}

pub fn name_column() -> Value {
    json!({
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": "x_Name",
        "IsPrimaryName": true, "MaxLength": 100,
    })
}

fn columns_of_thing() -> Vec<(&'static str, &'static str, Value)> {
    let options = json!({ "Options": [
        { "Value": 100_000_000, "Label": label("Low") }, { "Value": 100_000_001, "Label": label("High") },
    ] });
    vec![
        ("String", "x_Code", json!({ "MaxLength": 20 })),
        ("Memo", "x_Note", json!({ "MaxLength": 5000 })),
        ("Integer", "x_Count", json!({ "MinValue": 0, "MaxValue": 1000 })),
        ("BigInt", "x_Big", json!({})),
        ("Decimal", "x_Cost", json!({ "Precision": 5, "MinValue": 0, "MaxValue": 99999.99999 })),
        ("Money", "x_Price", json!({ "Precision": 2 })),
        ("Double", "x_Ratio", json!({ "Precision": 5 })),
        ("Boolean", "x_Done", json!({})),
        (
            "DateTime",
            "x_At",
            json!({ "Format": "DateAndTime", "DateTimeBehavior": { "Value": "UserLocal" } }),
        ),
        ("DateTime", "x_Day", json!({ "Format": "DateOnly", "DateTimeBehavior": { "Value": "DateOnly" } })),
        ("Picklist", "x_Level", json!({ "OptionSet": options })),
        ("MultiSelectPicklist", "x_Tags", json!({ "OptionSet": options })),
    ]
}
