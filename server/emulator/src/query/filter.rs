//! The grammar of `$filter`, read by recursive descent; every error says where.

use super::cursor::{Aliases, RowCursor};
use super::lex::AddressLiteral;
use crate::fault::{Fault, Result};

/// No filter that a person or a program writes is nested deeper, and the stack is not endless.
const DEEPEST: usize = 100;

/// \[D:webapi/query/filter-rows.md\]
const MOST_CONDITIONS: usize = 500;

/// An alias can stand for a list many times over; SQLite takes 32,766 values in one statement.
const MOST_VALUES: usize = 30_000;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Compare(Operator, Operand, Operand),
    /// `contains`, `startswith`, `endswith`.
    Text {
        function: String,
        path: Vec<String>,
        value: String,
    },
    /// `Microsoft.Dynamics.CRM.…`, arguments by name.
    Function {
        name: String,
        arguments: Vec<(String, Argument)>,
    },
    /// `navigation/any(x:…)`, `all`; without a condition inside, whether there is any.
    Lambda {
        navigation: Vec<String>,
        all: bool,
        condition: Option<(String, Box<Expression>)>,
    },
    /// A boolean column standing alone.
    Path(Vec<String>),
    /// Two or more: a chain is as flat as it was written, however long it is.
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Path(Vec<String>),
    Value(AddressLiteral),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    One(AddressLiteral),
    Many(Vec<AddressLiteral>),
}

/// Reads a filter. `alias` gives the text that a parameter alias (`@p1`) stands for.
pub(crate) fn parse(text: &str, alias: Aliases<'_>) -> Result<Expression> {
    let mut cursor = RowCursor::new(text)?;
    let expression = parse_part(&mut cursor, alias)?;
    cursor.end()?;
    Ok(expression)
}

/// Reads a filter that other things follow.
pub(super) fn parse_part(cursor: &mut RowCursor<'_>, alias: Aliases<'_>) -> Result<Expression> {
    Parser { cursor, depth: 0, conditions: 0, values: 0, alias }.or()
}

struct Parser<'c, 'a> {
    cursor: &'c mut RowCursor<'a>,
    depth: usize,
    conditions: usize,
    values: usize,
    alias: Aliases<'c>,
}

impl Parser<'_, '_> {
    fn or(&mut self) -> Result<Expression> {
        let first = self.and()?;
        let mut parts = vec![first];
        while self.cursor.take_word("or") {
            parts.push(self.and()?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression> {
        let first = self.not()?;
        let mut parts = vec![first];
        while self.cursor.take_word("and") {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn not(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::syntax(format!("The node count limit of '{DEEPEST}' has been exceeded.")));
        }
        let expression = if self.cursor.take_word("not") {
            Expression::Not(Box::new(self.not()?))
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn primary(&mut self) -> Result<Expression> {
        if self.cursor.take_cursor('(') {
            let inner = self.or()?;
            self.cursor.expect(')')?;
            return Ok(inner);
        }
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS {
            return Err(Fault::too_many_conditions());
        }
        if self.cursor.mark_follows('(')
            && let Some(word) = self.cursor.word_ahead().map(str::to_owned)
        {
            return self.call(word);
        }
        self.comparison()
    }

    fn call(&mut self, word: String) -> Result<Expression> {
        let name = word.strip_prefix("Microsoft.Dynamics.CRM.").map(str::to_owned);
        let text = matches!(word.as_str(), "contains" | "startswith" | "endswith");
        if name.is_none() && !text {
            return Err(Fault::syntax(format!(
                "An unknown function with name '{word}' was found. This may also be a function import or a key lookup \
                 on a navigation property, which is not allowed."
            )));
        }
        self.cursor.word()?;
        self.cursor.expect('(')?;
        match name {
            Some(name) => self.function(name),
            None => self.text_function(word),
        }
    }

    fn comparison(&mut self) -> Result<Expression> {
        let left = self.operand()?;
        let path = match &left {
            Operand::Path(path) => Some(path.clone()),
            Operand::Value(_) => None,
        };
        if let Some(path) = &path
            && let Some(lambda) = self.lambda(path)?
        {
            return Ok(lambda);
        }
        let Some(operator) = self.operator() else {
            return path.map(Expression::Path).ok_or_else(|| self.cursor.here());
        };
        let right = self.operand()?;
        Ok(Expression::Compare(operator, left, right))
    }

    /// A path that ends in `any(` or `all(` was no operand.
    fn lambda(&mut self, path: &[String]) -> Result<Option<Expression>> {
        let (Some((last, navigation)), true) = (path.split_last(), self.cursor.take_cursor('(')) else {
            return Ok(None);
        };
        let navigation = navigation.to_vec();
        let all = match last.as_str() {
            "any" if !navigation.is_empty() => false,
            "all" if !navigation.is_empty() => true,
            _ => return Err(self.cursor.here()),
        };
        if !all && self.cursor.take_cursor(')') {
            return Ok(Some(Expression::Lambda { navigation, all, condition: None }));
        }
        let variable = self.cursor.word()?;
        self.cursor.expect(':')?;
        let condition = self.or()?;
        self.cursor.expect(')')?;
        Ok(Some(Expression::Lambda { navigation, all, condition: Some((variable, Box::new(condition))) }))
    }

    fn text_function(&mut self, function: String) -> Result<Expression> {
        let Operand::Path(path) = self.operand()? else { return Err(self.cursor.here()) };
        self.cursor.expect(',')?;
        let Operand::Value(AddressLiteral::Text(value)) = self.operand()? else {
            return Err(self.cursor.here());
        };
        self.cursor.expect(')')?;
        Ok(Expression::Text { function, path, value })
    }

    fn function(&mut self, name: String) -> Result<Expression> {
        let mut arguments = Vec::new();
        if !self.cursor.take_cursor(')') {
            loop {
                let argument = self.cursor.word()?;
                self.cursor.expect('=')?;
                arguments.push((argument, self.argument()?));
                if self.cursor.take_cursor(')') {
                    break;
                }
                self.cursor.expect(',')?;
            }
        }
        Ok(Expression::Function { name, arguments })
    }

    fn argument(&mut self) -> Result<Argument> {
        if self.cursor.take_cursor('[') {
            return self.list().map(Argument::Many);
        }
        if let Some(text) = self.cursor.aliased(self.alias)? {
            let mut cursor = RowCursor::new(&text)?;
            let values = self.values;
            let mut inner =
                Parser { cursor: &mut cursor, depth: self.depth, conditions: 0, values, alias: &|_| None };
            let argument = inner.argument()?;
            self.values = inner.values;
            cursor.end()?;
            return Ok(argument);
        }
        match self.operand()? {
            Operand::Value(literal) => Ok(Argument::One(literal)),
            Operand::Path(_) => Err(self.cursor.here()),
        }
    }

    fn list(&mut self) -> Result<Vec<AddressLiteral>> {
        let mut values = Vec::new();
        if self.cursor.take_cursor(']') {
            return Ok(values);
        }
        loop {
            match self.operand()? {
                Operand::Value(literal) => values.push(literal),
                Operand::Path(_) => return Err(self.cursor.here()),
            }
            self.values += 1;
            if self.values > MOST_VALUES {
                return Err(Fault::argument(format!(
                    "The query has more than {MOST_VALUES} values in lists."
                )));
            }
            if self.cursor.take_cursor(']') {
                return Ok(values);
            }
            self.cursor.expect(',')?;
        }
    }

    fn operand(&mut self) -> Result<Operand> {
        if let Some(literal) = self.cursor.literal() {
            return Ok(Operand::Value(literal));
        }
        if let Some(text) = self.cursor.aliased(self.alias)? {
            let mut cursor = RowCursor::new(&text)?;
            let operand = match cursor.literal() {
                Some(literal) => Operand::Value(literal),
                None => Operand::Path(cursor.path()?),
            };
            cursor.end()?;
            return Ok(operand);
        }
        self.cursor.path().map(Operand::Path)
    }

    fn operator(&mut self) -> Option<Operator> {
        let operator = match self.cursor.word_ahead()? {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "le" => Operator::Le,
            _ => return None,
        };
        self.cursor.word().ok().map(|_| operator)
    }
}

/// A part that stands alone needs nothing around it.
fn one_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}

#[cfg(test)]
mod tests;
