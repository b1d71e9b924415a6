//! One element of the query, and errors that say where it stands.

use roxmltree::{Document, Node};

use crate::fault::{Fault, Result};

pub(super) struct Element<'a, 'i> {
    node: Node<'a, 'i>,
}

impl<'a, 'i> Element<'a, 'i> {
    pub(super) fn root(document: &'a Document<'i>) -> Result<Self> {
        Ok(Self { node: document.root_element() })
    }

    pub(super) fn name(&self) -> &'a str {
        self.node.tag_name().name()
    }

    pub(super) fn children(&self) -> impl Iterator<Item = Element<'a, 'i>> {
        self.node.children().filter(Node::is_element).map(|node| Element { node })
    }

    /// The text inside, all of it.
    pub(super) fn content(&self) -> String {
        self.node.children().filter_map(|child| child.text()).collect::<String>().trim().to_owned()
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.node.attribute(name)
    }

    pub(super) fn required(&self, name: &str) -> Result<String> {
        self.text(name).filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
            self.refused("0x8004111E", &format!("The attribute '{name}' is missing on <{}>", self.name()))
        })
    }

    /// A name for the answer.
    pub(super) fn alias(&self) -> Result<Option<String>> {
        let Some(alias) = self.text("alias") else { return Ok(None) };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if alias.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && alias.chars().all(fits) {
            return Ok(Some(alias.to_owned()));
        }
        let message = format!(
            "Invalid character specified for alias: {alias}. Only characters within the ranges [A-Z], [a-z] or [0-9] \
             or _ are allowed.  The first character may only be in the ranges [A-Z], [a-z] or _"
        );
        Err(self.refused("0x8004111B", &message))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(self.refused("0x80040203", &format!("'{other}' is no boolean for '{name}'"))),
        }
    }

    /// A positive whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => {
                Err(self.refused("0x80041127", &format!("'{text}' is no positive whole number for '{name}'")))
            }
        }
    }

    pub(super) fn named(&self, name: &str) -> Result<()> {
        if self.name() == name { Ok(()) } else { Err(self.out_of_place(name)) }
    }

    /// What this emulator does not know must not be passed over in silence.
    pub(super) fn known(&self, names: &[&str], without_effect: &[&str]) -> Result<()> {
        let unknown = self
            .node
            .attributes()
            .map(|attribute| attribute.name())
            .find(|name| !names.contains(name) && !without_effect.contains(name));
        match unknown {
            Some(name) => {
                Err(Fault::unsupported(format!("the attribute '{name}' of <{}> in FetchXML", self.name())))
            }
            None => Ok(()),
        }
    }

    pub(super) fn out_of_place(&self, valid: &str) -> Fault {
        let message = format!("Invalid Child Node, valid nodes are {valid}. NodeName = {}", self.name());
        self.refused("0x8004111C", &message)
    }

    pub(super) fn refused(&self, code: &str, message: &str) -> Fault {
        let at = self.node.document().text_pos_at(self.node.range().start);
        Fault::bad(code, format!("{message}, at {at}."))
    }
}
