//! The grammar of `$filter`, read by recursive descent; every error says where.

use super::lex::{Literal, Sign, Token, lex, syntax};
use crate::fault::{Fault, Result};

/// No filter that a person or a program writes is nested deeper, and the stack is not endless.
const DEEPEST: usize = 100;

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
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
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
    Value(Literal),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    One(Literal),
    Many(Vec<Literal>),
}

/// Reads a filter. `alias` gives the text that a parameter alias (`@p1`) stands for.
pub(crate) fn parse(text: &str, alias: &dyn Fn(&str) -> Option<String>) -> Result<Expression> {
    let tokens = lex(text)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, depth: 0, alias };
    let expression = parser.or()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(syntax(text, token.at)),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    alias: &'a dyn Fn(&str) -> Option<String>,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expression> {
        let mut left = self.and()?;
        while self.take_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression> {
        let mut left = self.not()?;
        while self.take_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Fault::syntax("The node count limit of '100' has been exceeded."));
        }
        let expression =
            if self.take_word("not") { Expression::Not(Box::new(self.not()?)) } else { self.primary()? };
        self.depth -= 1;
        Ok(expression)
    }

    fn primary(&mut self) -> Result<Expression> {
        if self.take_mark('(') {
            let inner = self.or()?;
            self.expect(')')?;
            return Ok(inner);
        }
        if let Some(Sign::Word(word)) = self.peek().map(|token| &token.sign) {
            let word = word.clone();
            if self.tokens.get(self.at + 1).is_some_and(|token| token.sign == Sign::Mark('(')) {
                self.at += 2;
                return match word.as_str() {
                    "contains" | "startswith" | "endswith" => self.text_function(word),
                    _ => match word.strip_prefix("Microsoft.Dynamics.CRM.") {
                        Some(name) => self.function(name.to_owned()),
                        None => Err(Fault::syntax(format!(
                            "An unknown function with name '{word}' was found. This may also be a function import or \
                             a key lookup on a navigation property, which is not allowed."
                        ))),
                    },
                };
            }
        }
        self.comparison()
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
            return path.map(Expression::Path).ok_or_else(|| self.here());
        };
        let right = self.operand()?;
        Ok(Expression::Compare(operator, left, right))
    }

    /// A path that ends in `any(` or `all(` was no operand.
    fn lambda(&mut self, path: &[String]) -> Result<Option<Expression>> {
        let (Some(last), true) = (path.last(), self.take_mark('(')) else { return Ok(None) };
        let navigation = path[..path.len() - 1].to_vec();
        let all = match last.as_str() {
            "any" => false,
            "all" => true,
            _ => return Err(self.here()),
        };
        if !all && self.take_mark(')') {
            return Ok(Some(Expression::Lambda { navigation, all, condition: None }));
        }
        let variable = self.word()?;
        self.expect(':')?;
        let condition = self.or()?;
        self.expect(')')?;
        Ok(Some(Expression::Lambda { navigation, all, condition: Some((variable, Box::new(condition))) }))
    }

    fn text_function(&mut self, function: String) -> Result<Expression> {
        let Operand::Path(path) = self.operand()? else { return Err(self.here()) };
        self.expect(',')?;
        let Operand::Value(Literal::Text(value)) = self.operand()? else { return Err(self.here()) };
        self.expect(')')?;
        Ok(Expression::Text { function, path, value })
    }

    fn function(&mut self, name: String) -> Result<Expression> {
        let mut arguments = Vec::new();
        if !self.take_mark(')') {
            loop {
                let argument = self.word()?;
                self.expect('=')?;
                arguments.push((argument, self.argument()?));
                if self.take_mark(')') {
                    break;
                }
                self.expect(',')?;
            }
        }
        Ok(Expression::Function { name, arguments })
    }

    fn argument(&mut self) -> Result<Argument> {
        if self.take_mark('[') {
            return self.list().map(Argument::Many);
        }
        if let Some(Sign::Word(word)) = self.peek().map(|token| &token.sign)
            && word.starts_with('@')
        {
            // An alias that is not assigned is null.
            let text = (self.alias)(word).unwrap_or_else(|| "null".to_owned());
            self.at += 1;
            let tokens = lex(&text)?;
            let mut inner =
                Parser { text: &text, tokens: &tokens, at: 0, depth: self.depth + 1, alias: &|_| None };
            return inner.argument();
        }
        match self.operand()? {
            Operand::Value(literal) => Ok(Argument::One(literal)),
            Operand::Path(_) => Err(self.here()),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>> {
        let mut values = Vec::new();
        if self.take_mark(']') {
            return Ok(values);
        }
        loop {
            match self.operand()? {
                Operand::Value(literal) => values.push(literal),
                Operand::Path(_) => return Err(self.here()),
            }
            if self.take_mark(']') {
                return Ok(values);
            }
            self.expect(',')?;
        }
    }

    fn operand(&mut self) -> Result<Operand> {
        let Some(token) = self.peek() else { return Err(syntax(self.text, self.text.len())) };
        if let Some(literal) = token.literal() {
            self.at += 1;
            return Ok(Operand::Value(literal));
        }
        if let Sign::Word(word) = &token.sign
            && word.starts_with('@')
        {
            let text = (self.alias)(word).unwrap_or_else(|| "null".to_owned());
            self.at += 1;
            return super::parse_literal(&text).map(Operand::Value);
        }
        let mut path = vec![self.word()?];
        while self.take_mark('/') {
            path.push(self.word()?);
        }
        Ok(Operand::Path(path))
    }

    fn operator(&mut self) -> Option<Operator> {
        let Some(Sign::Word(word)) = self.peek().map(|token| &token.sign) else { return None };
        let operator = match word.as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "le" => Operator::Le,
            _ => return None,
        };
        self.at += 1;
        Some(operator)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn here(&self) -> Fault {
        syntax(self.text, self.peek().map_or(self.text.len(), |token| token.at))
    }

    fn word(&mut self) -> Result<String> {
        match self.peek().map(|token| &token.sign) {
            Some(Sign::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.here()),
        }
    }

    fn take_word(&mut self, expected: &str) -> bool {
        let found = matches!(self.peek().map(|t| &t.sign), Some(Sign::Word(word)) if word == expected);
        self.at += usize::from(found);
        found
    }

    fn take_mark(&mut self, expected: char) -> bool {
        let found = self.peek().is_some_and(|token| token.sign == Sign::Mark(expected));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: char) -> Result<()> {
        if self.take_mark(mark) { Ok(()) } else { Err(self.here()) }
    }
}

#[cfg(test)]
mod tests;
