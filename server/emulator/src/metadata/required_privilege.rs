//! Which privilege a request to the metadata API needs.

use http::Method;

use crate::address::Segment;
use crate::security::General;

/// `None` for what every user may read.
pub(super) fn of(method: &Method, path: &[Segment]) -> Option<General> {
    let names: Vec<&str> = path.iter().map(|segment| segment.name.as_str()).collect();
    let [create, read, write, delete] = match names[..] {
        ["EntityDefinitions", "Attributes", ..] => {
            ["prvCreateAttribute", "prvReadAttribute", "prvWriteAttribute", "prvDeleteAttribute"]
        }
        ["EntityDefinitions", "Keys", ..] | ["ReactivateEntityKey"] => {
            ["prvCreateEntityKey", "prvReadEntityKey", "prvWriteEntityKey", "prvDeleteEntityKey"]
        }
        ["RelationshipDefinitions", ..] => {
            ["prvCreateRelationship", "prvReadRelationship", "prvWriteRelationship", "prvDeleteRelationship"]
        }
        ["GlobalOptionSetDefinitions", ..] => {
            ["prvCreateOptionSet", "prvReadOptionSet", "prvWriteOptionSet", "prvDeleteOptionSet"]
        }
        ["InsertOptionValue" | "UpdateOptionValue" | "DeleteOptionValue" | "OrderOption"] => {
            ["prvWriteOptionSet"; 4]
        }
        ["PublishXml" | "PublishAllXml"] => ["prvPublishCustomization"; 4],
        ["EntityDefinitions" | "CreateEntities" | "RetrieveMetadataChanges", ..] => {
            ["prvCreateEntity", "prvReadEntity", "prvWriteEntity", "prvDeleteEntity"]
        }
        _ => return None,
    };
    Some(General(match *method {
        Method::GET => read,
        Method::POST => create,
        Method::DELETE => delete,
        _ => write,
    }))
}
