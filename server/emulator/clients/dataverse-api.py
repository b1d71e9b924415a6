# The community's Python client, unchanged, against the emulator over http:
#   python dataverse-api.py studio emulate --listen 127.0.0.1:0
# The command given must print one line of JSON with url, tokenUrl, clientId and clientSecret. Exit 0: all as expected.
import json
import os
import subprocess
import sys

LONG = "api_" + "relationship_of_a_long_name_" * 5


def main() -> int:
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    try:
        emulator = json.loads(child.stdout.readline())
        os.environ["NO_PROXY"] = "127.0.0.1"
        print(f"  {exercise(emulator)} passed (dataverse-api)")
        return 0
    finally:
        child.terminate()
        child.wait(timeout=10)


def exercise(emulator) -> int:
    from dataverse_api import DataverseClient

    client = DataverseClient(session(emulator), emulator["url"])
    steps = [tables, properties, rows, upserts, deletes, batches, definitions, errors]
    for step in steps:
        step(client)
    return len(steps)


def session(emulator):
    """As the library's documentation has it: a session that holds a token. How it comes by one is the caller's matter."""
    import requests

    form = {
        "grant_type": "client_credentials", "client_id": emulator["clientId"],
        "client_secret": emulator["clientSecret"], "scope": f"{emulator['url']}/.default",
    }
    token = requests.post(emulator["tokenUrl"], data=form, timeout=30).json()["access_token"]
    made = requests.Session()
    made.headers["Authorization"] = f"Bearer {token}"
    return made


def tables(client) -> None:
    from dataverse_api.metadata.attributes import (
        BooleanAttributeMetadata, DateTimeAttributeMetadata, DecimalAttributeMetadata, IntegerAttributeMetadata,
        LookupAttributeMetadata, MemoAttributeMetadata, StringAttributeMetadata)
    from dataverse_api.metadata.entity import define_entity
    from dataverse_api.metadata.enums import OwnershipType
    from dataverse_api.metadata.helpers import Publisher
    from dataverse_api.metadata.relationships import define_relationship
    from dataverse_api.utils.batching import RequestMethod

    assert client.get_language_codes() == [1033]
    assert client.create_publisher(Publisher("Api", "api", "A publisher", "api", 20000)).status_code == 204
    name = StringAttributeMetadata(schema_name="api_Name", is_primary_name=True)
    columns = [
        name,
        StringAttributeMetadata(schema_name="api_Code", max_length=20),
        IntegerAttributeMetadata(schema_name="api_Count", min_value=0, max_value=1000),
        DecimalAttributeMetadata(schema_name="api_Cost", min_value=0, max_value=1000, precision=5),
        DateTimeAttributeMetadata(schema_name="api_At"),
        MemoAttributeMetadata(schema_name="api_Note"),
    ]
    item = define_entity("api_Item", columns, display_name="Item", ownership_type=OwnershipType.USER_OWNED)
    client.create_entity(item)
    client.create_entity(define_entity("api_Place", [name], ownership_type=OwnershipType.ORGANIZATION_OWNED))
    lookup = LookupAttributeMetadata(schema_name="api_PlaceId")
    client.create_relationship(define_relationship(LONG, "api_item", "api_place", lookup))
    table = client.entity("api_item")
    table.add_attribute(BooleanAttributeMetadata(schema_name="api_Done"))
    # The library's own request for keys fails before it is sent: it takes a list of names for a list of objects.
    key = {"SchemaName": "api_CodeKey", "KeyAttributes": ["api_code"]}
    path = "EntityDefinitions(LogicalName='api_item')/Keys"
    client._api_call(method=RequestMethod.POST, url=path, json=key)


def properties(client) -> None:
    table = client.entity("api_item")
    assert (table.entity_set_name, table.primary_id_attr) == ("api_items", "api_itemid")
    assert table.primary_img_attr is None and table.alternate_keys == {"api_CodeKey": ["api_code"]}
    assert table.supports_create_multiple and table.supports_update_multiple
    known = set(table.relationships.single_valued)
    expected = {"api_PlaceId", "ownerid", "owninguser", "owningbusinessunit", "owningteam", "createdby", "modifiedby"}
    assert expected <= known, known
    assert client.entity("api_place").relationships.collection_valued == [LONG]


def rows(client) -> None:
    table, places = client.entity("api_item"), client.entity("api_place")
    [made] = places.create([{"api_name": "here"}], return_created=True)
    place = made.json()["api_placeid"]
    bound = {"api_PlaceId@odata.bind": f"/api_places({place})"}
    table.create([{"api_name": "O'Neil & ünï", "api_count": 1, "api_at": "2026-03-01T12:34:56Z", **bound}])
    table.create([{"api_name": f"many {n}", "api_count": 10 + n} for n in range(5)], mode="multiple", batch_size=2)
    answers = table.create([{"api_name": f"batch {n}", "api_count": 20 + n} for n in range(5)], mode="batch")
    # A batch of bare line feeds.
    assert [answer.text.count("204 No Content") for answer in answers] == [5], answers[0].text
    listed = table.read(select=["api_name"], filter="api_count ge 10", order_by="api_count desc", page_size=4)
    assert [row["api_name"] for row in listed][:2] == ["batch 4", "batch 3"] and len(listed) == 10, listed
    expand = "createdby($select=fullname),api_PlaceId($select=api_name)"
    [one] = table.read(filter="api_name eq 'O''Neil & ünï'", expand=expand, return_formatted_values=True)
    assert one["api_PlaceId"]["api_name"] == "here" and one["createdby"]["fullname"], one
    assert one["api_at@OData.Community.Display.V1.FormattedValue"] == "3/1/2026 12:34 PM", one
    [found] = places.read(expand=f"{LONG}($select=api_name)")
    assert found[LONG][0]["api_name"] == "O'Neil & ünï", found


def upserts(client) -> None:
    table = client.entity("api_item")
    data = [{"api_code": f"C {n}", "api_cost": n + 0.5} for n in range(4)]
    for mode in ["individual", "batch", "batch"]:
        answers = table.upsert(data, mode=mode, altkey_name="api_CodeKey")
        assert all(answer.status_code in (200, 204) for answer in answers), answers
    listed = table.read(select=["api_code", "api_cost"], filter="api_code ne null", order_by="api_code")
    assert [(row["api_code"], row["api_cost"]) for row in listed] == [(f"C {n}", n + 0.5) for n in range(4)], listed
    key = "00000000-0000-4000-8000-000000000001"
    table.upsert([{"api_itemid": key, "api_name": "fixed"}])
    assert [row["api_itemid"] for row in table.read(filter="api_name eq 'fixed'")] == [key]


def deletes(client) -> None:
    table = client.entity("api_item")
    table.delete_columns(["api_cost"], mode="batch", filter="api_code eq 'C 0'")
    assert len(table.read(filter="api_cost eq null and api_code ne null")) == 1
    table.delete(mode="batch", filter="startswith(api_name,'batch')")
    table.delete(filter="startswith(api_name,'many')", threading=True)
    assert table.read(filter="startswith(api_name,'batch') or startswith(api_name,'many')") == []


def batches(client) -> None:
    from dataverse_api.utils.batching import BatchCommand, RequestMethod

    key = "00000000-0000-4000-8000-000000000001"
    commands = [
        BatchCommand("api_items", RequestMethod.POST, data={"api_name": "by hand"}),
        BatchCommand(f"api_items({key})", RequestMethod.PATCH, data={"api_count": 7}),
        BatchCommand(f"api_items({key})", RequestMethod.PUT, data={"api_note": "two\nlines"}),
        BatchCommand("api_items?$filter=api_count eq 7&$select=api_note", RequestMethod.GET),
    ]
    [answer] = client.submit_batch(commands)
    assert answer.text.count("204 No Content") == 3 and r'"api_note":"two\nlines"' in answer.text, answer.text


def definitions(client) -> None:
    from dataverse_api.metadata.attributes import IntegerAttributeMetadata
    from dataverse_api.utils.labels import define_label

    definition = client.get_entity_definition("api_item")
    definition.display_name = define_label("Renamed")
    client.update_entity(definition)
    found = client.get_entity_definition("api_item")
    assert found.display_name.localized_labels[0].label == "Renamed", found
    relationship = client.get_relationship_definition(LONG)
    assert relationship.schema_name == LONG and relationship.is_valid_for_advanced_find, relationship
    table = client.entity("api_item")
    brief = IntegerAttributeMetadata(schema_name="api_Brief", min_value=0, max_value=1)
    for _ in range(2):
        # The second time it is new again.
        table.add_attribute(brief)
        table.remove_attribute(logical_name="api_brief")
    table.update_schema("altkeys")
    assert table.alternate_keys == {"api_CodeKey": ["api_code"]}


def errors(client) -> None:
    from dataverse_api import DataverseAPIError

    def refused(what, status, part):
        try:
            what()
        except DataverseAPIError as error:
            assert error.response.status_code == status and part in str(error), error
        else:
            raise AssertionError(f"{status} did not come")

    table = client.entity("api_item")
    refused(lambda: table.read(filter="api_nothing eq 1"), 400, "api_nothing")
    refused(lambda: client.entity("api_nothing"), 404, "api_nothing")
    client.delete_entity("api_item")
    refused(lambda: client.get_entity_definition("api_item"), 404, "api_item")


if __name__ == "__main__":
    sys.exit(main())
