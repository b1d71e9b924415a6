//! Where a call is made: with the recorded answers waiting for it, and its requests held against the recorded ones.

use std::sync::Arc;
use std::time::SystemTime;

use dataverse::{Client, Runtime, Settings};
use serde_json::Value;
use tokio::time::Instant;

use crate::calls::CallFn;
use crate::read::{Exchange, Message, Values, compare};
use crate::stand_in::{StandIn, TOKEN};

pub struct ExchangeStage {
    server: StandIn,
    values: Values,
}

/// Time stands still, and every try is the last one.
struct Still(Instant);

impl Runtime for Still {
    fn instant(&self) -> Instant {
        self.0
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

impl ExchangeStage {
    pub async fn open() -> Self {
        let server = StandIn::start().await;
        let mut values = Values::default();
        values.set("org", server.url.as_str());
        values.set("base", format!("{}/api/data/v9.2/", server.url));
        values.set("token-url", format!("{}/token", server.url));
        for (name, value) in [("client", "app"), ("secret", "hunter2"), ("basic", "-"), ("token", TOKEN)] {
            values.set(name, value);
        }
        Self { server, values }
    }

    /// Exchanges that no call covers: their variables get values all the same.
    pub fn pass_over(&mut self, group: &[Exchange]) -> Vec<String> {
        group.iter().filter_map(|exchange| self.fill(exchange).err()).collect()
    }

    /// Makes the call, with the recorded answers waiting; what differs from what is recorded.
    pub async fn play(&mut self, group: &[Exchange], call: CallFn) -> Vec<String> {
        let filled: Result<Vec<_>, _> = group.iter().map(|exchange| self.fill(exchange)).collect();
        let (lines, answers): (Vec<_>, Vec<_>) = match filled {
            Ok(filled) => filled.into_iter().unzip(),
            Err(fault) => return vec![fault],
        };
        self.server.expect(answers, lines[0].ends_with("/token"));
        let said = call(&self.client(), &self.values).await;
        let expected = &group[group.len() - 1].client.expected;
        let mut faults = Vec::new();
        if !self.values.clone().matches(expected, &said) {
            let expected = self.values.clone().fill(expected).unwrap_or_default();
            faults.push(format!("comes to: should be `{expected}`, and is `{said}`"));
        }
        let received = self.server.received();
        if received.len() != group.len() {
            let starts: Vec<&str> = received.iter().map(|message| message.start.as_str()).collect();
            faults.push(format!("{} requests instead of {}: {starts:?}", received.len(), group.len()));
        }
        for ((exchange, line), sent) in group.iter().zip(&lines).zip(&received) {
            faults.extend(self.held(exchange, line, sent));
        }
        faults
    }

    fn client(&self) -> Client {
        let url = &self.server.url;
        let mut settings = Settings::new(
            url,
            self.values.get("token-url"),
            self.values.get("client"),
            self.values.get("secret"),
        );
        settings.tries = 1;
        Client::with_runtime(settings, Arc::new(Still(Instant::now()))).unwrap()
    }

    /// The first line of the request, and the answer, with values for all that varies.
    fn fill(&mut self, exchange: &Exchange) -> Result<(String, Message), String> {
        let line = self.values.fill(&exchange.request.start)?;
        for (_, value) in &exchange.request.headers {
            self.values.fill(value)?;
        }
        self.values.fill(&exchange.request.body)?;
        let recorded = &exchange.answer;
        let mut answer = Message { start: self.values.fill(&recorded.start)?, ..Message::default() };
        for (name, value) in recorded.headers.iter().filter(|(_, value)| value != "{absent}") {
            answer.headers.push((name.clone(), self.values.fill(value)?));
        }
        answer.body = match recorded.body.chars().next() {
            Some('{' | '[') => self.filled_json(&recorded.body)?,
            Some('-') => self.values.fill(&recorded.body)?.replace('\n', "\r\n") + "\r\n",
            _ => self.values.fill(&recorded.body)?,
        };
        Ok((line, answer))
    }

    fn filled_json(&mut self, text: &str) -> Result<String, String> {
        let mut body =
            serde_json::from_str(text).map_err(|error| format!("the recorded body is no JSON: {error}"))?;
        self.fill_in(&mut body)?;
        Ok(body.to_string())
    }

    fn fill_in(&mut self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::String(text) if text == "{number}" => *value = 7.into(),
            Value::String(text) => *text = self.values.fill(text)?,
            Value::Array(list) => {
                list.retain(|element| element != "…");
                list.iter_mut().try_for_each(|element| self.fill_in(element))?;
            }
            Value::Object(members) => {
                members.retain(|_, member| member != "{absent}");
                members.values_mut().try_for_each(|member| self.fill_in(member))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Where a request that was sent is not the recorded one.
    fn held(&self, exchange: &Exchange, line: &str, sent: &Message) -> Vec<String> {
        let mut faults = Vec::new();
        let sent_line = sent.start.trim_end_matches(" HTTP/1.1");
        let (method, target) = line.split_once(' ').unwrap_or((line, ""));
        // A whole address is one that the server gave: it is followed to the letter.
        let same = match target.strip_prefix(self.server.url.as_str()) {
            Some(path) => sent_line == format!("{method} {path}"),
            None => compare::request_line(line) == compare::request_line(sent_line),
        };
        if !same {
            faults.push(format!("asks: should be `{line}`, and is `{sent_line}`"));
        }
        let mut recorded = exchange.request.clone();
        recorded.exactly = !exchange.client.sends_more;
        recorded.headers.extend(usual_headers(&recorded));
        faults.extend(compare::message(&recorded, sent, &mut self.values.clone()));
        faults
    }
}

/// What every request to the Web API has \[D:webapi/compose-http-requests-handle-errors.md\].
fn usual_headers(request: &Message) -> Vec<(String, String)> {
    let mut usual = vec![("Accept", "application/json".to_owned())];
    if request.header("authorization").is_none() {
        usual.push(("Authorization", format!("Bearer {TOKEN}")));
        usual.push(("OData-Version", "4.0".to_owned()));
        usual.push(("OData-MaxVersion", "4.0".to_owned()));
    }
    usual.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
