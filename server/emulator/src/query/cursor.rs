//! A place in a text that was cut into tokens, and the few steps that every grammar here takes from it.

use super::lex::{AddressLiteral, LexToken, Sign, lex, syntax};
use crate::fault::{Fault, Result};

/// What a parameter alias (`@p1`) stands for, if it was assigned.
pub(super) type Aliases<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) struct RowCursor<'a> {
    text: &'a str,
    tokens: Vec<LexToken>,
    at: usize,
}

impl<'a> RowCursor<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self> {
        Ok(Self { text, tokens: lex(text)?, at: 0 })
    }

    pub(super) fn peek(&self) -> Option<&LexToken> {
        self.tokens.get(self.at)
    }

    pub(super) fn word_ahead(&self) -> Option<&str> {
        match self.peek().map(|token| &token.sign) {
            Some(Sign::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Whether the token after the next one is this mark.
    pub(super) fn mark_follows(&self, mark: char) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| token.sign == Sign::Mark(mark))
    }

    /// Where in the text the next token stands.
    pub(super) fn position(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.at)
    }

    /// The text from a position to the next token.
    pub(super) fn text_since(&self, start: usize) -> &'a str {
        self.text[start..self.position()].trim()
    }

    /// Refuses what stands here, with its position.
    pub(super) fn here(&self) -> Fault {
        syntax(self.text, self.position())
    }

    pub(super) fn word(&mut self) -> Result<String> {
        let word = self.word_ahead().map(str::to_owned).ok_or_else(|| self.here())?;
        self.at += 1;
        Ok(word)
    }

    pub(super) fn literal(&mut self) -> Option<AddressLiteral> {
        let literal = self.peek()?.literal()?;
        self.at += 1;
        Some(literal)
    }

    /// The text that a parameter alias here stands for, if there is one here; one that is not assigned is null
    /// \[D:webapi/query/overview.md\].
    pub(super) fn aliased(&mut self, aliases: Aliases<'_>) -> Result<Option<String>> {
        if !self.word_ahead().is_some_and(|word| word.starts_with('@')) {
            return Ok(None);
        }
        let name = self.word()?;
        Ok(Some(aliases(&name).unwrap_or_else(|| "null".to_owned())))
    }

    /// `a/b/c`.
    pub(super) fn path(&mut self) -> Result<Vec<String>> {
        let mut path = vec![self.word()?];
        while self.take_cursor('/') {
            path.push(self.word()?);
        }
        Ok(path)
    }

    pub(super) fn take_word(&mut self, expected: &str) -> bool {
        let found = self.word_ahead() == Some(expected);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_cursor(&mut self, expected: char) -> bool {
        let found = self.peek().is_some_and(|token| token.sign == Sign::Mark(expected));
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.here()) }
    }

    pub(super) fn expect(&mut self, mark: char) -> Result<()> {
        if self.take_cursor(mark) { Ok(()) } else { Err(self.here()) }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.here()) }
    }
}
