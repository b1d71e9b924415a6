//! The flow's definition, understood as far as it goes: what it asks for, what it writes, and in which order.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Map, Value as Json};

/// How an expression gets at the row that is carried.
const OF_ROW: &str = "items('For_each_run')?['";

/// What the flow's clock says.
const UTC_NOW: &str = "2026-11-21T12:30:00.1234567Z";

pub struct Template {
    package: PathBuf,
    flow: String,
    definition: Json,
}

impl Template {
    pub fn read() -> Self {
        let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/power-automate/package");
        let assets = json(&package.join("Microsoft.Flow/flows/manifest.json"));
        let flow = assets["flowAssets"]["assetPaths"][0].as_str().unwrap().to_owned();
        let file = package.join("Microsoft.Flow/flows").join(&flow).join("definition.json");
        let definition = json(&file)["properties"]["definition"].clone();
        Self { package, flow, definition }
    }

    /// Each part of the package refers to parts that are there; nothing runs beside itself; nothing is marked unless it
    /// was carried.
    pub fn check(&self) {
        let resources = &json(&self.package.join("manifest.json"))["resources"];
        let there = |id: &Json| assert!(resources.get(id.as_str().unwrap()).is_some(), "{id} is no resource");
        assert_eq!(resources[&self.flow]["type"], "Microsoft.Flow/flows");
        for resource in resources.as_object().unwrap().values() {
            resource["dependsOn"].as_array().unwrap().iter().for_each(there);
        }
        let folder = self.package.join("Microsoft.Flow/flows").join(&self.flow);
        let references = json(&folder.join("definition.json"))["properties"]["connectionReferences"].clone();
        for map in ["apisMap.json", "connectionsMap.json"] {
            let map = json(&folder.join(map));
            map.as_object().unwrap().values().for_each(there);
            assert!(map.as_object().unwrap().keys().eq(references.as_object().unwrap().keys()));
        }
        let trigger = &self.definition["triggers"]["Every_five_minutes"];
        assert_eq!(
            (&trigger["recurrence"]["frequency"], &trigger["recurrence"]["interval"]),
            (&"Minute".into(), &5.into())
        );
        assert_eq!(trigger["runtimeConfiguration"]["concurrency"]["runs"], 1);
        let each = &self.definition["actions"]["For_each_run"];
        assert_eq!(each["foreach"], "@outputs('Get_pending_runs')?['body/value']");
        assert_eq!(each["runtimeConfiguration"]["concurrency"]["repetitions"], 1);
        assert_eq!(
            each["actions"]["Mark_the_run"]["runAfter"],
            serde_json::json!({"Upsert_the_run": ["Succeeded"]})
        );
        for action in [self.asked(), self.step("Upsert_the_run"), self.step("Mark_the_run")] {
            let inputs = &action["inputs"];
            assert!(references.get(inputs["host"]["connectionName"].as_str().unwrap()).is_some(), "{inputs}");
            assert_eq!(inputs["retryPolicy"]["count"], 4);
        }
    }

    /// The table, its order and how many rows.
    pub fn question(&self) -> (String, String, i64) {
        let inputs = &self.asked()["inputs"];
        assert_eq!(inputs["host"]["operationId"], "GetItems");
        let asked = &inputs["parameters"];
        (
            name_of(&asked["table"]),
            asked["$orderby"].as_str().unwrap().to_owned(),
            asked["$top"].as_i64().unwrap(),
        )
    }

    /// The set, the id and the content of the row in Dataverse.
    pub fn upsert(&self, row: &Json) -> (String, String, Map<String, Json>) {
        let inputs = &self.step("Upsert_the_run")["inputs"];
        // The connector's name for an upsert by id.
        assert_eq!(inputs["host"]["operationId"], "UpdateRecord");
        let said = &inputs["parameters"];
        let id = value(&said["recordId"], row).as_str().unwrap().to_owned();
        (said["entityName"].as_str().unwrap().to_owned(), id, items(said, row))
    }

    /// The table and the line that says what was carried.
    pub fn mark(&self, row: &Json) -> (String, Map<String, Json>) {
        let inputs = &self.step("Mark_the_run")["inputs"];
        assert_eq!(inputs["host"]["operationId"], "PostItem");
        (name_of(&inputs["parameters"]["table"]), items(&inputs["parameters"], row))
    }

    /// Every column of the row that an expression names.
    pub fn columns_read(&self) -> BTreeSet<String> {
        let text = self.definition.to_string();
        let named = text.split(OF_ROW).skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned());
        named.collect()
    }

    /// Every column that is written in Dataverse; of a lookup, what it is called.
    pub fn columns_written(&self) -> Vec<String> {
        let said = self.step("Upsert_the_run")["inputs"]["parameters"].as_object().unwrap();
        let columns = said.keys().filter_map(|key| key.strip_prefix("item/"));
        columns.map(|column| column.trim_end_matches("@odata.bind").to_owned()).collect()
    }

    fn asked(&self) -> &Json {
        &self.definition["actions"]["Get_pending_runs"]
    }

    fn step(&self, name: &str) -> &Json {
        &self.definition["actions"]["For_each_run"]["actions"][name]
    }
}

fn json(file: &PathBuf) -> Json {
    serde_json::from_str(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|error| panic!("{file:?}: {error}"))
}

/// `[schema].[table]` as SQL has it.
fn name_of(table: &Json) -> String {
    table.as_str().unwrap().replace(['[', ']'], "")
}

fn items(said: &Json, row: &Json) -> Map<String, Json> {
    let members = said.as_object().unwrap().iter();
    members
        .filter_map(|(key, said)| Some((key.strip_prefix("item/")?.to_owned(), value(said, row))))
        .collect()
}

/// What an expression comes to.
fn value(said: &Json, row: &Json) -> Json {
    let text = said.as_str().unwrap();
    if text == "@utcNow()" {
        return UTC_NOW.into();
    }
    if let Some(expression) = text.strip_prefix('@').filter(|rest| !rest.starts_with('{')) {
        return column(expression, row).clone();
    }
    let mut whole = String::new();
    for (at, part) in text.split("@{").enumerate() {
        let (expression, rest) = if at == 0 { ("", part) } else { part.split_once('}').unwrap() };
        if at > 0 {
            whole.push_str(column(expression, row).as_str().unwrap());
        }
        whole.push_str(rest);
    }
    whole.into()
}

fn column<'a>(expression: &str, row: &'a Json) -> &'a Json {
    let name = expression.strip_prefix(OF_ROW).and_then(|rest| rest.strip_suffix("']"));
    let name = name.unwrap_or_else(|| panic!("{expression} is no expression that this test knows"));
    row.get(name).unwrap_or_else(|| panic!("{name} is not in {row}"))
}
