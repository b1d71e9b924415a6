# Microsoft's Python client and its identity library, unchanged, against the emulator over https:
#   python dataverse.py studio emulate --listen 127.0.0.1:0 --https
# The command given must print one line of JSON with httpsUrl and caFile among the rest. Exit 0: all as expected.
import datetime
import enum
import json
import os
import subprocess
import sys
import urllib.request


def main() -> int:
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    try:
        emulator = json.loads(child.stdout.readline())
        # What a user of the library would do: requests reads it.
        os.environ["REQUESTS_CA_BUNDLE"] = emulator["caFile"]
        os.environ["NO_PROXY"] = "127.0.0.1"
        print(f"  {exercise(emulator)} passed (PowerPlatform-Dataverse-Client)")
        return 0
    finally:
        child.terminate()
        child.wait(timeout=10)


def exercise(emulator) -> int:
    # After the environment is set, since some of them read it when they are imported.
    from azure.identity import ClientSecretCredential
    from PowerPlatform.Dataverse.client import DataverseClient

    credential = ClientSecretCredential(
        emulator["tenantId"], emulator["clientId"], emulator["clientSecret"], **authority(emulator))
    with DataverseClient(emulator["httpsUrl"], credential) as client:
        steps = [tables, rows, queries, fetches, upserts, batches, errors, definitions]
        for step in steps:
            step(client)
    certificate(emulator)
    published_keys(emulator, credential)
    return len(steps) + 2


def authority(emulator) -> dict:
    return {"authority": emulator["httpsUrl"], "disable_instance_discovery": True}


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def tables(client) -> None:
    columns = {
        "new_Code": "string", "new_Note": "memo", "new_Count": "int", "new_Done": "bool", "new_Level": Level,
        "new_Cost": {"type": "decimal", "precision": 5, "min_value": 0, "max_value": 1000},
        "new_Ratio": "float", "new_Day": "datetime", "new_At": {"type": "datetime", "format": "DateAndTime"},
    }
    made = client.tables.create("new_Item", columns, display_name="Item")
    assert made["entity_set_name"] == "new_items", made
    client.tables.create("new_Place", {"new_Town": "string"})
    assert client.tables.add_columns("new_Item", {"new_Extra": "int"}) == ["new_Extra"]
    assert client.tables.remove_columns("new_Item", "new_Extra") == ["new_Extra"]
    field = client.tables.create_lookup_field("new_item", "new_PlaceId", "new_place")
    assert field.lookup_schema_name == "new_PlaceId", field
    key = client.tables.create_alternate_key("new_Item", "new_CodeKey", ["new_code"])
    [found] = client.tables.get_alternate_keys("new_Item")
    assert (found.metadata_id, found.status) == (key.metadata_id, "Active"), found
    listed = client.tables.list(filter="SchemaName eq 'new_Item'", select=["LogicalName"])
    assert [table["LogicalName"] for table in listed] == ["new_item"], listed
    assert client.tables.get("new_Nothing") is None


def rows(client) -> None:
    place = client.records.create("new_place", {"new_name": "here", "new_town": "Århus"})
    moment = datetime.datetime(2026, 3, 1, 12, 34, 56, tzinfo=datetime.timezone.utc)
    row = {
        "new_name": "O'Neil & ünï", "new_code": "A1", "new_count": 7, "new_done": True, "new_level": "HIGH",
        "new_cost": 0.00001, "new_ratio": 1e-05, "new_day": "2026-02-28", "new_at": moment.isoformat(),
        "new_PlaceId@odata.bind": f"/new_places({place})",
    }
    one = client.records.create("new_item", row)
    read = client.records.retrieve("new_item", one, include_annotations="*")
    assert (read["new_name"], read["new_cost"], read["new_level"]) == ("O'Neil & ünï", 0.00001, 2), read
    assert read["new_level@OData.Community.Display.V1.FormattedValue"] == "HIGH", read
    assert read["new_at"] == "2026-03-01T12:34:56Z" and read["_new_placeid_value"] == place, read
    expanded = client.records.retrieve("new_item", one, select=["new_name"], expand=["new_PlaceId"])
    assert expanded["new_PlaceId"]["new_town"] == "Århus", expanded
    many = client.records.create("new_item", [{"new_name": f"n{n}", "new_count": n} for n in range(6)])
    assert len(many) == 6
    client.records.update("new_item", one, {"new_count": 8})
    client.records.update("new_item", many, {"new_done": True})
    assert client.records.retrieve("new_item", many[3])["new_done"] is True
    assert client.records.delete("new_item", client.records.create("new_item", [{}, {}])), "a job's id"
    client.records.delete("new_item", many[5])
    assert client.records.retrieve("new_item", many[5]) is None


def queries(client) -> None:
    from PowerPlatform.Dataverse.models.filters import col

    def builder():
        return client.query.builder("new_item").select("new_name", "new_count")

    found = builder().where((col("new_count") >= 3) & ~(col("new_name") == "n4")).order_by("new_count").execute()
    assert [row["new_name"] for row in found] == ["n3", "O'Neil & ünï"], list(found)
    listed = client.records.list("new_item", filter=col("new_count").in_([1, 2, 99]), orderby=["new_name desc"])
    assert [row["new_name"] for row in listed] == ["n2", "n1"], list(listed)
    between = client.records.list("new_item", filter=col("new_count").between(1, 3), top=2)
    assert len(between) == 2
    odd = client.records.list("new_item", filter=col("new_name").startswith("o'n") & col("new_code").is_not_null())
    assert [row["new_code"] for row in odd] == ["A1"], list(odd)
    pages = [len(page) for page in client.records.list_pages("new_item", select=["new_name"], page_size=4)]
    assert pages == [4, 2], pages
    frame = builder().where(col("new_count") < 3).execute().to_dataframe()
    assert sorted(frame["new_count"]) == [0, 1, 2], frame


def fetches(client) -> None:
    xml = """<fetch count='4'><entity name='new_item'><attribute name='new_name'/><order attribute='new_name'/>
      <link-entity name='new_place' from='new_placeid' to='new_placeid' link-type='outer' alias='place'>
        <attribute name='new_town'/></link-entity></entity></fetch>"""
    pages = list(client.query.fetchxml(xml).execute_pages())
    assert [len(page) for page in pages] == [4, 2], pages
    rows = [row for page in pages for row in page]
    assert [row["new_name"] for row in rows] == ["n0", "n1", "n2", "n3", "n4", "O'Neil & ünï"], rows
    assert rows[5]["place.new_town"] == "Århus", rows[5]
    xml = """<fetch aggregate='true'><entity name='new_item'>
      <attribute name='new_count' alias='total' aggregate='sum'/></entity></fetch>"""
    [one] = client.query.fetchxml(xml).execute()
    assert one["total"] == 18, one


def upserts(client) -> None:
    from PowerPlatform.Dataverse.models.upsert import UpsertItem

    client.records.upsert("new_item", [UpsertItem({"new_code": "A1"}, {"new_count": 9})])
    items = [UpsertItem({"new_code": f"U{n}"}, {"new_name": f"u{n}", "new_count": 50 + n}) for n in range(3)]
    client.records.upsert("new_item", [*items, UpsertItem({"new_code": "A1"}, {"new_count": 10})])
    found = client.records.list("new_item", filter="new_count ge 50", orderby=["new_code"])
    assert [row["new_code"] for row in found] == ["U0", "U1", "U2"], list(found)
    [one] = client.records.list("new_item", filter="new_code eq 'a1'")
    assert one["new_count"] == 10, one


def batches(client) -> None:
    batch = client.batch.new()
    with batch.changeset() as changes:
        made = changes.records.create("new_item", {"new_name": "b1", "new_count": 90})
        changes.records.update("new_item", made, {"new_count": 91})
    batch.records.list("new_item", filter="new_count eq 91 and new_name eq 'b1'", orderby=["new_name desc"])
    batch.tables.get("new_Item")
    result = batch.execute()
    assert not result.has_errors and len(result.entity_ids) >= 1, result
    listed = [item.data for item in result.responses if item.data and "value" in item.data]
    assert listed[0]["value"][0]["new_name"] == "b1", listed
    batch = client.batch.new()
    batch.records.create("new_item", {"new_name": "b2", "new_nothing": 1})
    batch.records.create("new_item", {"new_name": "b3"})
    result = batch.execute(continue_on_error=True)
    assert [item.is_success for item in result.responses] == [False, True], result.responses
    assert result.failed[0].status_code == 400, result.failed
    batch = client.batch.new()
    batch.tables.create("new_Batched", {"new_Size": "int"})
    assert not batch.execute().has_errors
    assert client.tables.get("new_Batched")["entity_set_name"] == "new_batcheds"


def errors(client) -> None:
    from PowerPlatform.Dataverse.core.errors import HttpError

    def refused(what, status, code):
        try:
            what()
        except HttpError as error:
            assert (error.status_code, error.details.get("service_error_code")) == (status, code), error.to_dict()
            assert error.details.get("service_request_id"), error.to_dict()
        else:
            raise AssertionError(f"{code} did not come")

    nobody = "00000000-0000-4000-8000-00000000dead"
    refused(lambda: client.records.update("new_item", nobody, {"new_count": 1}), 404, "0x80040217")
    refused(lambda: client.records.create("new_item", {"new_code": "A1"}), 412, "0x80060892")
    refused(lambda: client.records.create("new_item", {"new_count": "x"}), 400, "0x80048d19")
    refused(lambda: client.records.list("new_item", filter="new_nothing eq 1"), 400, "0x0")


def definitions(client) -> None:
    names = [column["LogicalName"] for column in client.tables.list_columns("new_Item", select=["LogicalName"])]
    assert {"new_itemid", "new_code", "new_placeid", "statecode"} <= set(names), names
    assert client.tables.get_column("new_Item", "new_nothing") is None
    cost = client.tables.get_column("new_Item", "new_cost", typed=True)
    assert cost["Precision"] == 5, cost
    client.tables.update_column("new_Item", "new_Code", {"max_length": 50})
    assert client.tables.get_column("new_Item", "new_code", typed=True)["MaxLength"] == 50
    related = client.tables.list_table_relationships("new_Item")
    schema_name = next(one["SchemaName"] for one in related if one.get("ReferencedEntity") == "new_place")
    relationship = client.tables.get_relationship(schema_name)
    assert relationship.referencing_entity == "new_item", relationship
    client.tables.delete_relationship(relationship.relationship_id)
    [key] = client.tables.get_alternate_keys("new_Item")
    client.tables.delete_alternate_key("new_Item", key.metadata_id)
    client.tables.delete("new_Place")
    assert client.tables.get("new_Place") is None


def certificate(emulator) -> None:
    """An application that proves itself by a certificate, through Microsoft's own identity library."""
    from azure.identity import CertificateCredential
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from PowerPlatform.Dataverse.client import DataverseClient

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    body = {"certificate": pem.decode(), "roles": ["System Administrator"]}
    address = f"{emulator['url']}/_emulator/v1/applications"
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    client_id = json.load(urllib.request.urlopen(request))["clientId"]
    credential = CertificateCredential(
        emulator["tenantId"], client_id, certificate_data=pem + key.private_bytes(*kinds), **authority(emulator))
    with DataverseClient(emulator["httpsUrl"], credential) as client:
        assert len(client.records.list("new_item", top=1)) == 1


def published_keys(emulator, credential) -> None:
    """A token is verified with the keys that the tenant publishes, as PyJWT reads them."""
    import jwt

    tenant = emulator["tenantId"]
    address = f"{emulator['url']}/{tenant}/v2.0/.well-known/openid-configuration"
    found = json.load(urllib.request.urlopen(address))
    audience = emulator["httpsUrl"]
    token = credential.get_token(f"{audience}/.default").token
    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(token)
    issuer = f"https://sts.windows.net/{tenant}/"
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], audience=audience, issuer=issuer)
    assert claims["appid"] == emulator["clientId"], claims
    assert key.algorithm_name in found["id_token_signing_alg_values_supported"], found


if __name__ == "__main__":
    sys.exit(main())
