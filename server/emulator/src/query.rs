//! Reading rows: the options of an address, made into SQL, and rows made into JSON.

mod aggregate;
mod annotate;
mod apply;
mod children;
mod compare;
mod condition;
mod cursor;
mod expand;
mod fetch;
mod filter;
mod functions;
mod joins;
mod lex;
mod names;
mod options;
mod order;
mod page;
mod plan;
mod read;
mod select;
mod wildcard;

pub(crate) use compare::cell as literal_cell;
pub(crate) use expand::{Expansion, parse as parse_expand};
pub(crate) use fetch::ids as fetched_ids;
pub(crate) use filter::{Expression, Operand, Operator, parse as parse_filter};
pub(crate) use lex::Literal;
pub(crate) use names::Names;
pub(crate) use options::{link, page_size};
pub(crate) use page::MOST_ROWS;
pub(crate) use read::{Set, count, list, one, pointed_at};
pub(crate) use select::{Listed, Manner, Shape, Wish, cell, write_row};

use crate::fault::{Fault, Result};

/// Reads one literal and nothing else.
pub(crate) fn parse_literal(text: &str) -> Result<Literal> {
    let tokens = lex::lex(text)?;
    match &tokens[..] {
        [token] => token.literal().ok_or_else(|| lex::syntax(text, 0)),
        _ => Err(Fault::syntax(format!("Syntax error at position 0 in '{text}'."))),
    }
}
