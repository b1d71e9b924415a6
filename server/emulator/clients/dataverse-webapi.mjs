// Another library for JavaScript, unchanged, against the emulator over https:
//   node dataverse-webapi.mjs studio emulate --listen 127.0.0.1:0 --https
// The command given must print one line of JSON with httpsUrl and caFile among the rest. Exit 0: all as expected.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import https from "node:https";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

// Out of the folder that it is started in: xtask installs it outside the tree. The part for Node is exported to `import` alone.
const { default: api } = await import(pathToFileURL("node_modules/dataverse-webapi/lib/node.js"));

const [command, ...rest] = process.argv.slice(2);
const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
const first = await new Promise((resolve, reject) => {
  child.once("error", reject);
  child.once("exit", code => reject(new Error(`the emulator ended with ${code}`)));
  readline.createInterface({ input: child.stdout }).once("line", resolve);
});
const emulator = JSON.parse(first);

// The library knows no port but https's own, and no authority but Node's: both are told to Node.
https.globalAgent.defaultPort = Number(new URL(emulator.httpsUrl).port);
https.globalAgent.options.ca = readFileSync(emulator.caFile);

async function token() {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: emulator.clientId,
    client_secret: emulator.clientSecret,
    scope: `${emulator.httpsUrl}/.default`,
  });
  const answer = await fetch(emulator.tokenUrl, { method: "POST", body });
  return (await answer.json()).access_token;
}

const config = { version: "9.2", accessToken: await token(), url: `${emulator.httpsUrl}/api/data/v9.2` };
const type = name => ({ "@odata.type": `Microsoft.Dynamics.CRM.${name}` });
const refused = code => error => error.code === code;
const missing = "00000000-0000-4000-8000-00000000dead";

/** Definitions are rows like others to this library: it makes and reads them by the name of their set. */
async function definitions() {
  const table = (SchemaName, OwnershipType) => ({
    ...type("EntityMetadata"), SchemaName, OwnershipType,
    Attributes: [{ ...type("StringAttributeMetadata"), SchemaName: "js_Name", IsPrimaryName: true, MaxLength: 100 }],
  });
  await api.create(config, "EntityDefinitions", table("js_Place", "OrganizationOwned"));
  const id = await api.create(config, "EntityDefinitions", table("js_Thing", "UserOwned"));
  assert.match(id, /^[0-9a-f-]{36}$/i);
  const column = { ...type("IntegerAttributeMetadata"), SchemaName: "js_Count", MinValue: 0, MaxValue: 1000 };
  await api.create(config, `EntityDefinitions(${id})/Attributes`, column);
  await api.create(config, `EntityDefinitions(${id})/Attributes`, { ...type("StringAttributeMetadata"), SchemaName: "js_Code", MaxLength: 20 });
  await api.create(config, `EntityDefinitions(${id})/Keys`, { SchemaName: "js_CodeKey", KeyAttributes: ["js_code"] });
  await api.create(config, "RelationshipDefinitions", {
    ...type("OneToManyRelationshipMetadata"), SchemaName: "js_place_things", ReferencedEntity: "js_place",
    ReferencingEntity: "js_thing", Lookup: { ...type("LookupAttributeMetadata"), SchemaName: "js_PlaceId" },
  });
  const select = "$select=EntitySetName,PrimaryImageAttribute,CanChangeTrackingBeEnabled&$expand=ManyToOneRelationships($select=SchemaName)";
  const read = await api.retrieve(config, "EntityDefinitions", id, select);
  assert.deepEqual([read.EntitySetName, read.PrimaryImageAttribute], ["js_things", null]);
  const names = read.ManyToOneRelationships.map(one => one.SchemaName);
  assert.ok(["js_place_things", "lk_js_thing_createdby", "user_js_thing"].every(name => names.includes(name)), names.join());
  const keyed = await api.retrieveAlternateKey(config, "EntityDefinitions", "LogicalName='js_thing'", "$select=LogicalName");
  assert.equal(keyed.MetadataId, id.toLowerCase());
}

async function rows() {
  const place = await api.createWithReturnData(config, "js_places", { js_name: "here" }, "$select=js_name");
  assert.equal(place.js_name, "here");
  const thing = { js_name: "O'Neil", js_count: 1, js_code: "A 1", "js_PlaceId@odata.bind": `/js_places(${place.js_placeid})` };
  const id = await api.create(config, "js_things", thing);
  const expand = "$select=js_name,_ownerid_value&$expand=js_PlaceId($select=js_name),createdby($select=fullname)";
  const read = await api.retrieve(config, "js_things", id, expand);
  assert.deepEqual([read.js_name, read.js_PlaceId.js_name, typeof read.createdby.fullname], ["O'Neil", "here", "string"]);
  assert.equal(read["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "systemuser");
  await api.update(config, "js_things", id, { js_count: 2 });
  const updated = await api.updateWithReturnData(config, "js_things", id, { js_count: 3 }, "$select=js_count");
  assert.equal(updated.js_count, 3);
  await api.updateProperty(config, "js_things", id, "js_name", "renamed");
  const keyed = await api.retrieveAlternateKey(config, "js_things", "js_code='A 1'", "$select=js_name,js_count");
  assert.deepEqual([keyed.js_name, keyed.js_count, keyed["js_count@OData.Community.Display.V1.FormattedValue"]], ["renamed", 3, "3"]);
  await api.deleteProperty(config, "js_things", id, "js_name");
  await api.disassociate(config, "js_things", id, "js_PlaceId");
  assert.equal((await api.retrieve(config, "js_things", id))._js_placeid_value, null);
  await api.associate(config, "js_places", place.js_placeid, "js_place_things", "js_things", id);
  const [inside] = (await api.retrieve(config, "js_places", place.js_placeid, "$expand=js_place_things($select=js_code)")).js_place_things;
  assert.equal(inside.js_code, "A 1");
  await api.deleteRecord(config, "js_things", id);
  await assert.rejects(api.retrieve(config, "js_things", id), refused("0x80040217"));
}

async function queries() {
  for (let count = 0; count < 5; count += 1) await api.create(config, "js_things", { js_name: `thing ${count}`, js_count: count });
  const query = "$select=js_name&$filter=js_count%20ge%202&$orderby=js_count%20desc&$count=true";
  const page = await api.retrieveMultiple(config, "js_things", query, { maxPageSize: 2 });
  assert.deepEqual([page["@odata.count"], ...page.value.map(row => row.js_name)], [3, "thing 4", "thing 3"]);
  assert.ok(page["@odata.nextLink"]);
  const fetchXml = encodeURIComponent(`<fetch aggregate="true"><entity name="js_thing"><attribute name="js_count" alias="sum" aggregate="sum"/></entity></fetch>`);
  assert.equal((await api.retrieveMultiple(config, "js_things", `fetchXml=${fetchXml}`)).value[0].sum, 10);
  const filters = await api.retrieveMultiple(config, "sdkmessagefilters", "$filter=primaryobjecttypecode%20eq%20'js_thing'&$expand=sdkmessageid($select=name)");
  assert.ok(filters.value.some(filter => filter.sdkmessageid.name === "CreateMultiple"));
}

async function functions() {
  const { UserId } = await api.unboundFunction(config, "WhoAmI");
  assert.deepEqual((await api.unboundFunction(config, "RetrieveAvailableLanguages")).LocaleIds, [1033]);
  const names = { name: "EntityNames", alias: "names", value: "['js_thing']" };
  const counts = await api.unboundFunction(config, "RetrieveTotalRecordCount", [names]);
  assert.deepEqual(counts.EntityRecordCountCollection.Values, [5]);
  const access = { name: "AccessType", value: "Microsoft.Dynamics.CRM.EndpointAccessType'Default'" };
  const { Detail } = await api.unboundFunction(config, "RetrieveCurrentOrganization", [access]);
  assert.match(Detail.Endpoints.Values[0], /^https:/);
  const { RolePrivileges } = await api.boundFunction(config, "systemusers", UserId, "RetrieveUserPrivileges");
  assert.ok(RolePrivileges.length > 0);
  const Targets = [{ ...type("js_thing"), js_name: "many" }];
  const { Ids } = await api.unboundAction(config, "js_things/Microsoft.Dynamics.CRM.CreateMultiple", { Targets });
  assert.equal(Ids.length, 1);
  assert.equal(await api.unboundAction(config, "PublishAllXml"), null);
}

async function errors() {
  await assert.rejects(api.update(config, "js_things", missing, { js_count: 1 }, { customHeaders: { "If-Match": "*" } }), refused("0x80040217"));
  await assert.rejects(api.create(config, "js_things", { js_count: "x" }), refused("0x80048d19"));
  await assert.rejects(api.retrieveMultiple(config, "js_things", "$filter=js_nothing%20eq%201"), refused("0x0"));
  const late = { ...config, accessToken: "x.y.z" };
  await assert.rejects(api.unboundFunction(late, "WhoAmI"), { message: "Unexpected Error" });
}

try {
  await definitions();
  await rows();
  await queries();
  await functions();
  await errors();
  console.log("  5 passed (dataverse-webapi)");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  child.removeAllListeners("exit");
  child.kill();
}
