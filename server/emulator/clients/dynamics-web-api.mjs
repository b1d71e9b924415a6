// The community's JavaScript client, unchanged, against the emulator: node dynamics-web-api.mjs studio emulate --listen 127.0.0.1:0
// The command given must print one line of JSON with url, tokenUrl, clientId and clientSecret. Exit 0: all as expected.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import readline from "node:readline";
import { createRequire } from "node:module";

// Out of the folder that it is started in: xtask installs it outside the tree.
const { DynamicsWebApi } = createRequire(`${process.cwd()}/`)("dynamics-web-api");

const [command, ...rest] = process.argv.slice(2);
const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
const first = await new Promise((resolve, reject) => {
  child.once("error", reject);
  child.once("exit", code => reject(new Error(`the emulator ended with ${code}`)));
  readline.createInterface({ input: child.stdout }).once("line", resolve);
});
const emulator = JSON.parse(first);

async function onTokenRefresh() {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: emulator.clientId,
    client_secret: emulator.clientSecret,
    scope: `${emulator.url}/.default`,
  });
  const answer = await fetch(emulator.tokenUrl, { method: "POST", body });
  return (await answer.json()).access_token;
}

const api = new DynamicsWebApi({ serverUrl: emulator.url, dataApi: { version: "9.2" }, onTokenRefresh });
const things = { collection: "x_things" };
const fixed = "00000000-0000-4000-8000-000000000001";
const label = text => ({ LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] });
const type = name => ({ "@odata.type": `Microsoft.Dynamics.CRM.${name}` });

async function metadata() {
  assert.match((await api.callFunction({ name: "WhoAmI" })).UserId, /^[0-9a-f-]{36}$/);
  const name = { ...type("StringAttributeMetadata"), SchemaName: "x_Name", IsPrimaryName: true, MaxLength: 100 };
  const table = await api.createEntity({
    data: {
      ...type("EntityMetadata"), SchemaName: "x_Thing", DisplayName: label("Thing"), DisplayCollectionName: label("Things"),
      OwnershipType: "UserOwned", ChangeTrackingEnabled: true, HasActivities: false, HasNotes: false, Attributes: [name],
    },
  });
  const column = (kind, more) => api.createAttribute({ entityKey: table, data: { ...type(`${kind}AttributeMetadata`), ...more } });
  const cost = await column("Decimal", { SchemaName: "x_Cost", Precision: 5, MinValue: 0, MaxValue: 1000 });
  await column("DateTime", { SchemaName: "x_At", Format: "DateAndTime", DateTimeBehavior: { Value: "UserLocal" } });
  const options = [{ Value: 1, Label: label("low") }, { Value: 2, Label: label("hïgh") }];
  await column("Picklist", { SchemaName: "x_Level", OptionSet: { IsGlobal: false, Options: options } });
  const read = await api.retrieveEntity({ key: table, select: ["EntitySetName"], expand: [{ property: "Attributes", select: ["LogicalName"] }] });
  assert.equal(read.EntitySetName, "x_things");
  const castType = "Microsoft.Dynamics.CRM.DecimalAttributeMetadata";
  const whole = await api.retrieveAttribute({ entityKey: table, attributeKey: cost, castType });
  assert.equal(whole.Precision, 5);
  await api.updateAttribute({ entityKey: table, data: { ...whole, DisplayName: label("Price") }, castType });
  const picklists = await api.retrieveAttributes({
    entityKey: "LogicalName='x_thing'", castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", expand: [{ property: "OptionSet" }],
  });
  assert.equal(picklists.value.length, 1);
  await api.createGlobalOptionSet({ data: { ...type("OptionSetMetadata"), Name: "x_set", OptionSetType: "Picklist", IsGlobal: true, Options: options } });
  const set = await api.retrieveGlobalOptionSet({ key: "Name='x_set'", castType: "Microsoft.Dynamics.CRM.OptionSetMetadata" });
  assert.equal(set.Options.length, 2);
  assert.ok((await api.retrieveCsdlMetadata({})).includes("x_thing"));
}

async function rows() {
  const data = { x_name: "O'Neil & ünï", x_cost: 0.1, x_at: new Date("2026-03-01T12:34:56.789Z"), x_level: 2 };
  const key = await api.create({ ...things, data });
  assert.equal((await api.create({ ...things, data: { x_name: "two" }, returnRepresentation: true })).x_name, "two");
  const row = await api.retrieve({ ...things, key, includeAnnotations: "*" });
  assert.equal(row.x_level_Formatted, "hïgh");
  assert.equal(row.x_at.toISOString(), "2026-03-01T12:34:56.000Z");
  assert.equal(await api.update({ ...things, key, data: { x_name: "one" } }), true);
  assert.equal(await api.update({ ...things, key, data: { x_name: "no" }, ifmatch: 'W/"1"' }), false);
  await api.upsert({ ...things, key: fixed, data: { x_name: "three" } });
  assert.equal(await api.upsert({ ...things, key: fixed, data: { x_name: "x" }, ifnonematch: "*" }), null);
  await api.updateSingleProperty({ ...things, key, fieldValuePair: { x_cost: 3.5 } });
  const missing = api.retrieve({ ...things, key: "00000000-0000-4000-8000-00000000dead" });
  await assert.rejects(missing, error => error.code === "0x80040217");
  return key;
}

async function queries(key) {
  const filter = "startswith(x_name,'t') or x_cost gt 3";
  const found = await api.retrieveMultiple({ ...things, filter, orderBy: ["x_name desc"], count: true, select: ["x_name"] });
  assert.deepEqual([found.oDataCount, ...found.value.map(row => row.x_name)], [3, "two", "three", "one"]);
  const paged = { ...things, maxPageSize: 1, select: ["x_name"] };
  let [page, pages] = [await api.retrieveMultiple(paged), 1];
  for (; page.oDataNextLink; pages += 1) page = await api.retrieveMultiple(paged, page.oDataNextLink);
  assert.equal(pages, 3);
  assert.equal((await api.retrieveAll({ ...things, select: ["x_name"] })).value.length, 3);
  assert.equal(await api.count(things), 3);
  assert.equal(await api.count({ ...things, filter: "x_name eq 'two'" }), 1);
  // More than 2,000 characters: it makes a batch of it without a word.
  const long = Array(100).fill("x_name eq 'zzzzzzzzzzzzzzz'").join(" or ");
  assert.equal((await api.retrieveMultiple({ ...things, filter: long })).value.length, 0);
  const fetchXml = `<fetch count="2"><entity name="x_thing"><attribute name="x_name"/><order attribute="x_name"/></entity></fetch>`;
  const fetched = await api.fetchAll({ ...things, fetchXml, includeAnnotations: "*" });
  assert.deepEqual(fetched.value.map(row => row.x_name), ["one", "three", "two"]);
  const tracked = { ...things, select: ["x_name"], trackChanges: true };
  const start = await api.retrieveMultiple(tracked);
  await api.deleteRecord({ ...things, key });
  const delta = await api.retrieveMultiple(tracked, start.oDataDeltaLink);
  assert.deepEqual([delta.value[0].reason, delta.value[0].id], ["deleted", key]);
}

async function keys() {
  const entityKey = "LogicalName='x_thing'";
  const code = { ...type("StringAttributeMetadata"), SchemaName: "x_Code", MaxLength: 20 };
  await api.createAttribute({ entityKey, data: code });
  // The library has no request for keys.
  const url = `${emulator.url}/api/data/v9.2/EntityDefinitions(${entityKey})/Keys`;
  const headers = { Authorization: `Bearer ${await onTokenRefresh()}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ SchemaName: "x_CodeKey", KeyAttributes: ["x_code"], DisplayName: label("Code") });
  assert.equal((await fetch(url, { method: "POST", headers, body })).status, 204);
  const key = "x_code='A 1'";
  for (const x_cost of [1, 2]) await api.upsert({ ...things, key, data: { x_name: "keyed", x_cost } });
  const row = await api.retrieve({ ...things, key, select: ["x_cost", "x_code"] });
  assert.deepEqual([row.x_cost, row.x_code], [2, "A 1"]);
  await assert.rejects(api.create({ ...things, data: { x_code: "a 1" } }), error => error.code === "0x80060892");
}

async function batches() {
  api.startBatch();
  api.create({ ...things, data: { x_name: "b1" }, contentId: "1" });
  api.update({ ...things, key: fixed, data: { x_cost: 9 } });
  const [made, updated] = await api.executeBatch();
  assert.match(made, /^[0-9a-f-]{36}$/);
  assert.equal(updated, true);
  api.startBatch();
  api.retrieveMultiple({ ...things, select: ["x_name"], orderBy: ["x_name desc"], filter: "x_cost eq 9" });
  assert.equal((await api.executeBatch())[0].value.length, 1);
  api.startBatch();
  api.create({ ...things, data: { x_name: "b2" } });
  api.create({ ...things, data: { x_nme: "b3" } });
  await assert.rejects(api.executeBatch(), Array.isArray);
  assert.equal(await api.count({ ...things, filter: "x_name eq 'b2'" }), 0, "a change set is whole or not at all");
  const Targets = [{ ...type("x_thing"), x_name: "m" }];
  const many = await api.callAction({ ...things, actionName: "Microsoft.Dynamics.CRM.CreateMultiple", action: { Targets } });
  assert.equal(many.Ids.length, 1);
}

try {
  await metadata();
  await queries(await rows());
  await keys();
  await batches();
  console.log("  5 passed (dynamics-web-api)");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  child.removeAllListeners("exit");
  child.kill();
}
