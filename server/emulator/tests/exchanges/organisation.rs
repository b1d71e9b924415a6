//! The organisation that the exchanges speak about: a harbour with berths and the ships that lie there.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;

use emulator::{Disturbance, Emulator, Limits, Options, Registration};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::read::{ExchangeFile, Message, Values};

pub struct PlayedOrganisation {
    emulator: Emulator,
    token: String,
    /// Tokens of other applications, by what they are called.
    others: BTreeMap<String, String>,
}

impl PlayedOrganisation {
    /// A running organisation, with what the subject's exchanges need beforehand.
    pub async fn open(subject: &ExchangeFile) -> Self {
        let given: Vec<&str> = subject.exchanges.iter().flat_map(|e| &e.given).map(String::as_str).collect();
        let number = |word: &str| given.iter().find_map(|given| given.strip_prefix(word)?.parse().ok());
        let mut options = Options::default();
        if let Some(requests) = number("requests ") {
            options.limits = Limits { requests, ..Limits::default() };
        }
        options.key_delay = Duration::from_secs(number("key delay ").unwrap_or(0).into());
        let emulator = Emulator::start(options).await.unwrap();
        let mut organisation = Self { emulator, token: String::new(), others: BTreeMap::new() };
        organisation.renew().await;
        if !given.contains(&"no tables") {
            organisation.furnish().await;
        }
        organisation
    }

    /// What stands for the organisation in the exchanges.
    pub fn values(&self) -> Values {
        let mut values = Values::default();
        values.set("org", self.emulator.url());
        values.set("base", format!("{}/api/data/v9.2/", self.emulator.url()));
        values.set("token-url", self.emulator.token_url());
        values.set("client", self.emulator.client_id());
        values.set("secret", self.emulator.client_secret());
        let pair = format!("{}:{}", self.emulator.client_id(), self.emulator.client_secret());
        values.set("basic", base64::engine::general_purpose::STANDARD.encode(pair));
        values
    }

    /// Sees to what an exchange needs beforehand.
    pub async fn prepare(&mut self, given: &[String], values: &mut Values) {
        for given in given {
            let (word, rest) = given.split_once(' ').unwrap_or((given, ""));
            let (what, more) = rest.split_once(' ').unwrap_or((rest, ""));
            match word {
                "row" => self.post(what, &values.fill(more).unwrap()).await,
                "rows" => self.many(what, more.parse().unwrap()).await,
                "later" => {
                    self.emulator.advance_clock(Duration::from_secs(what.parse().unwrap()));
                    self.renew().await;
                }
                "as" => self.admit(what).await,
                "revoked" => self.emulator.revoke_tokens(),
                "fault" => self.emulator.disturb(Disturbance {
                    status: what.parse().ok(),
                    retry_after: more.parse().ok(),
                    times: Some(1),
                    ..Disturbance::default()
                }),
                _ => {}
            }
        }
    }

    /// Sends a request with what every request has besides, and reads the answer.
    pub async fn ask(&self, mut request: Message, given: &[String], values: &Values) -> Message {
        let (method, target) = request.start.split_once(' ').unwrap_or((&request.start, ""));
        let base = values.get("base");
        let target = if target.starts_with("http") { target.to_owned() } else { format!("{base}{target}") };
        let target = target.strip_prefix(self.emulator.url()).unwrap_or(&target);
        let line = format!("{method} {} HTTP/1.1", encoded(target));
        let other = given.iter().find_map(|given| self.others.get(given.strip_prefix("as ")?));
        self.add_usual_headers(&mut request, other.unwrap_or(&self.token));
        if request.body.starts_with("--") {
            let is_given = |what: &str| given.iter().any(|given| given == what);
            let begin = if is_given("begins empty") { "\r\n" } else { "" };
            let end = if is_given("ends unfinished") { "" } else { "\r\n" };
            request.body = format!("{begin}{}{end}", request.body.replace('\n', "\r\n"));
        } else if request.header("content-type").is_some_and(|kind| kind.contains("form")) {
            request.body = request.body.lines().map(form_field).collect::<Vec<_>>().join("&");
        }
        self.exchange(&line, &request).await
    }

    fn add_usual_headers(&self, request: &mut Message, token: &str) {
        let mut usual = vec![
            ("Host", self.emulator.url().trim_start_matches("http://").to_owned()),
            ("Accept", "application/json".to_owned()),
            ("OData-Version", "4.0".to_owned()),
            ("OData-MaxVersion", "4.0".to_owned()),
            ("Authorization", format!("Bearer {token}")),
        ];
        if !request.body.is_empty() {
            usual.push(("Content-Type", "application/json".to_owned()));
        }
        usual.retain(|(name, _)| request.header(name).is_none());
        request.headers.retain(|(_, value)| value != "{absent}");
        request.headers.extend(usual.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }

    async fn exchange(&self, line: &str, request: &Message) -> Message {
        let mut stream = TcpStream::connect(self.emulator.url().trim_start_matches("http://")).await.unwrap();
        stream.write_all(&request.to_wire(line)).await.unwrap();
        Message::receive(&mut stream).await.unwrap()
    }

    async fn renew(&mut self) {
        self.token = self.token_for(self.emulator.client_id(), self.emulator.client_secret()).await;
    }

    /// Registers another application, a user without roles or none, unless it is there already.
    async fn admit(&mut self, name: &str) {
        if !self.others.contains_key(name) {
            let roles = (name == "newcomer").then(Vec::new);
            let registration = Registration { roles, ..Registration::default() };
            let registered = self.emulator.register(registration).await.unwrap();
            let secret = registered.client_secret.unwrap();
            let token = self.token_for(&registered.client_id, &secret).await;
            self.others.insert(name.to_owned(), token);
        }
    }

    async fn token_for(&self, client: &str, secret: &str) -> String {
        let body = format!(
            "grant_type=client_credentials\nclient_id={client}\nclient_secret={secret}\nscope={}/.default",
            self.emulator.url()
        );
        let headers = vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let start = format!("POST {}", self.emulator.token_url());
        let request = Message { start, headers, body, ..Message::default() };
        let answer = self.ask(request, &[], &self.values()).await;
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn post(&self, path: &str, body: &str) {
        let request = Message { start: format!("POST {path}"), body: body.to_owned(), ..Message::default() };
        let answer = self.ask(request, &[], &self.values()).await;
        assert!(answer.start.starts_with("HTTP/1.1 20"), "{path}: {} {}", answer.start, answer.body);
    }

    async fn many(&self, set: &str, rows: usize) {
        let kind = format!("Microsoft.Dynamics.CRM.{}", set.trim_end_matches('s'));
        let targets: Vec<Value> = (0..rows)
            .map(|number| json!({ "@odata.type": kind, "port_name": format!("Ship {number}") }))
            .collect();
        let body = json!({ "Targets": targets }).to_string();
        self.post(&format!("{set}/Microsoft.Dynamics.CRM.CreateMultiple"), &body).await;
    }

    /// Two tables: `port_berth`, and `port_ship` with a column of each kind, two alternate keys and a lookup.
    async fn furnish(&self) {
        self.post("EntityDefinitions", &table("port_Berth", "Berth", Vec::new()).to_string()).await;
        self.post("EntityDefinitions", &table("port_Ship", "Ship", columns_of_ships()).to_string()).await;
        let lookup = json!({
            "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
            "SchemaName": "port_berth_ships", "ReferencedEntity": "port_berth", "ReferencingEntity": "port_ship",
            "Lookup": { "SchemaName": "port_BerthId" },
        });
        self.post("RelationshipDefinitions", &lookup.to_string()).await;
        for (name, columns) in
            [("port_CallKey", vec!["port_call"]), ("port_TripKey", vec!["port_line", "port_trip"])]
        {
            let key = json!({ "SchemaName": name, "DisplayName": label(name), "KeyAttributes": columns });
            self.post("EntityDefinitions(LogicalName='port_ship')/Keys", &key.to_string()).await;
        }
    }
}

fn table(schema_name: &str, display_name: &str, columns: Vec<Value>) -> Value {
    let mut attributes =
        vec![column("String", "port_Name", &json!({ "MaxLength": 40, "IsPrimaryName": true }))];
    attributes.extend(columns);
    json!({
        "SchemaName": schema_name, "DisplayName": label(display_name), "OwnershipType": "UserOwned",
        "ChangeTrackingEnabled": true, "Attributes": attributes,
    })
}

fn columns_of_ships() -> Vec<Value> {
    let options = |labels: &[&str]| {
        let options = labels.iter().zip(727_000_000..);
        let options: Vec<Value> =
            options.map(|(text, value)| json!({ "Value": value, "Label": label(text) })).collect();
        json!({ "OptionSet": { "Options": options } })
    };
    vec![
        column("String", "port_Call", &json!({ "MaxLength": 20 })),
        column("Integer", "port_Line", &json!({})),
        column("Integer", "port_Trip", &json!({})),
        column("Integer", "port_Crew", &json!({ "MinValue": 0, "MaxValue": 5000 })),
        column("BigInt", "port_Seen", &json!({})),
        column("Decimal", "port_Draught", &json!({ "Precision": 2, "MinValue": 0, "MaxValue": 100 })),
        column("Double", "port_Speed", &json!({ "Precision": 2 })),
        column("Money", "port_Dues", &json!({ "Precision": 2 })),
        column("Boolean", "port_Insured", &json!({})),
        column("Memo", "port_Note", &json!({ "MaxLength": 2000 })),
        column(
            "DateTime",
            "port_Arrival",
            &json!({ "Format": "DateAndTime", "DateTimeBehavior": { "Value": "UserLocal" } }),
        ),
        column(
            "DateTime",
            "port_Built",
            &json!({ "Format": "DateOnly", "DateTimeBehavior": { "Value": "DateOnly" } }),
        ),
        column("Picklist", "port_Kind", &options(&["Freight", "Passengers", "Fishing"])),
        column("MultiSelectPicklist", "port_Cargo", &options(&["Grain", "Oil", "Timber"])),
    ]
}

fn column(kind: &str, schema_name: &str, more: &Value) -> Value {
    let mut column = json!({
        "@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"), "SchemaName": schema_name,
        "DisplayName": label(schema_name.trim_start_matches("port_")),
    });
    column.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    column
}

fn label(text: &str) -> Value {
    json!({ "LocalizedLabels": [{ "Label": text, "LanguageCode": 1033 }] })
}

/// What no HTTP line can hold is encoded, and nothing else: the files say how the rest is sent.
fn encoded(target: &str) -> String {
    let unsafe_byte =
        |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}');
    percent(target, unsafe_byte)
}

fn form_field(line: &str) -> String {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    format!("{name}={}", percent(value, |byte| !byte.is_ascii_alphanumeric()))
}

fn percent(text: &str, is_encoded: impl Fn(u8) -> bool) -> String {
    let encode =
        |byte: u8| if is_encoded(byte) { format!("%{byte:02X}") } else { char::from(byte).to_string() };
    text.bytes().map(encode).collect()
}
