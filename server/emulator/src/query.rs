//! Reading rows: the options of an address, made into SQL, and rows made into JSON.

mod aggregate;
mod annotate;
mod apply;
mod children;
mod compare;
mod condition;
mod cursor;
mod date_part;
mod expand;
mod fetch;
mod filter;
mod fragment;
mod functions;
mod joins;
mod lex;
mod options;
mod order;
mod page;
mod plan;
mod read;
mod resolver;
mod row;
mod select;
mod wildcard;

pub(crate) use compare::cell as literal_cell;
pub(crate) use expand::{Expansion, parse as parse_expand};
pub(crate) use fetch::ids as fetched_ids;
pub(crate) use filter::{Expression, Operand, Operator, parse as parse_filter};
pub(crate) use lex::{AddressLiteral, parse_literal};
pub(crate) use options::{MOST_ROWS, link, page_size};
pub(crate) use read::{Set, count, list, one, pointed_at};
pub(crate) use resolver::Resolver;
pub(crate) use row::cell;
pub(crate) use select::{AnswerStyle, RowSelection, SelectList, Shape, write_row};
