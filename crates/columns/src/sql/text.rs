//! Text to syntax tree: tokens, what this language leaves of SQL, and where a fault lies.
//!
//! `sqlparser` reads all of SQL. Between its tokenizer and its parser stands a pass of our own ([`words`]), which lets
//! through only the tokens of this language, so that queries, lambdas and other dialects' operators are refused where
//! they stand and every word that is not grammar stays free for columns and functions.

mod words;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, DuckDbDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::Failure;

/// The longest text, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// How deep parentheses, calls and prefix operators may nest.
const MAX_NESTING: usize = 64;
/// sqlparser lists more than this language has.
const IS_WHAT: &str = "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM behind IS";
/// The most operators: a chain of them is a tree as deep as it is long.
const MAX_OPERATORS: usize = 2_000;

/// Our settings of `sqlparser`: DuckDB's grammar without its literals for structs, maps and lambdas.
#[derive(Debug)]
struct Words;

impl Dialect for Words {
    fn dialect(&self) -> std::any::TypeId {
        std::any::TypeId::of::<DuckDbDialect>()
    }

    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_'
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '"'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_assignment_operator(&self) -> bool {
        true
    }

    fn is_reserved_for_identifier(&self, _: Keyword) -> bool {
        // Only words of the grammar still carry their keyword here.
        true
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        // As in DuckDB, `||` binds less tightly than `+` and more tightly than comparisons.
        (parser.peek_token_ref().token == Token::StringConcat).then_some(Ok(21))
    }
}

/// An expression's text, for turning sqlparser's lines and columns into byte offsets.
#[derive(Debug)]
pub(super) struct Source<'a> {
    text: &'a str,
    /// The byte at which each character begins.
    characters: Vec<u32>,
    /// The character at which each line begins.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    /// # Errors
    /// `too-large`.
    pub(super) fn new(text: &'a str) -> Result<Self, Failure> {
        if text.len() > MAX_TEXT {
            let message = format!("the expression has {} bytes, and the longest allowed has {MAX_TEXT}", text.len());
            return Err(Failure::invalid_config("too-large", message));
        }
        let characters = text.char_indices().map(|(byte, _)| byte as u32).collect();
        let ends = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1);
        Ok(Self { text, characters, lines: std::iter::once(0).chain(ends).collect() })
    }

    /// The byte offset of a location; the end of the text for one that is not in it.
    pub(super) fn offset(&self, at: Location) -> u32 {
        let index = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
        let line = index(at.line).and_then(|line| self.lines.get(line));
        let character = line.zip(index(at.column)).and_then(|(line, column)| line.checked_add(column));
        character.and_then(|at| self.characters.get(at)).copied().unwrap_or_else(|| self.end())
    }

    fn end(&self) -> u32 {
        self.text.trim_end().len() as u32
    }

    /// The text between two locations.
    fn between(&self, start: Location, end: Location) -> &'a str {
        let (start, end) = (self.offset(start) as usize, self.offset(end) as usize);
        self.text.get(start..end).unwrap_or_default().trim()
    }

    fn tokens(&self) -> Result<Vec<TokenWithSpan>, Failure> {
        let tokens = Tokenizer::new(&Words, self.text).tokenize_with_location().map_err(|error| {
            let mut message = error.message;
            if message.starts_with("Unterminated string literal") {
                message = "the text is not closed: a `'` is missing".to_owned();
            } else if message.starts_with("Expected close delimiter") {
                message = "the name is not closed: a `\"` is missing".to_owned();
            }
            syntax(lower_first(&message)).with_offset(self.offset(error.location))
        })?;
        words::admit(self, tokens)
    }

    /// The syntax tree of the whole text.
    ///
    /// # Errors
    /// `syntax`, `too-large`.
    pub(super) fn parse(&self) -> Result<Expr, Failure> {
        self.parse_tokens(self.tokens()?)
    }

    /// The syntax tree of a sort key; whether it descends, if said; whether nulls come first, if said.
    ///
    /// # Errors
    /// As [`Source::parse`].
    pub(super) fn parse_order(&self) -> Result<(Expr, Option<bool>, Option<bool>), Failure> {
        let mut tokens = self.tokens()?;
        let last = |tokens: &[TokenWithSpan], back: usize| -> Option<String> {
            let at = tokens.len().checked_sub(back + 1).filter(|at| *at > 0)?;
            match &tokens[at].token {
                Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_lowercase()),
                _ => None,
            }
        };
        let mut nulls_first = None;
        if let (Some("nulls"), Some(place @ ("first" | "last"))) =
            (last(&tokens, 1).as_deref(), last(&tokens, 0).as_deref())
        {
            nulls_first = Some(place == "first");
            tokens.truncate(tokens.len() - 2);
        }
        let mut descending = None;
        if let Some(direction @ ("asc" | "desc")) = last(&tokens, 0).as_deref() {
            descending = Some(direction == "desc");
            tokens.truncate(tokens.len() - 1);
        }
        Ok((self.parse_tokens(tokens)?, descending, nulls_first))
    }

    fn parse_tokens(&self, tokens: Vec<TokenWithSpan>) -> Result<Expr, Failure> {
        if tokens.is_empty() {
            let help = "write an expression such as `dep_delay > 60`";
            return Err(syntax("the expression is empty").with_offset(0).with_help(help));
        }
        let operators = tokens.iter().filter(|t| words::deepens(&t.token)).count();
        if operators > MAX_OPERATORS {
            let message = format!("the expression has {operators} operators, and at most {MAX_OPERATORS} are allowed");
            let help = "use `IN (…)` for long lists of values";
            return Err(Failure::invalid_config("too-large", message).with_help(help));
        }
        let mut parser = Parser::new(&Words)
            .with_options(ParserOptions::new().with_unescape(true))
            .with_recursion_limit(MAX_NESTING)
            .with_tokens_with_locations(tokens);
        let tree = parser.parse_expr().map_err(|error| self.parse_failure(error))?;
        let rest = parser.peek_token_ref();
        if rest.token != Token::EOF {
            let at = self.offset(rest.span.start);
            let message = format!("unexpected {} after the end of the expression", words::quote(&rest.token));
            let help = "combine conditions with AND or OR; quote names that are not plain words: \"…\"";
            return Err(syntax(message).with_offset(at).with_help(help));
        }
        Ok(tree)
    }

    fn parse_failure(&self, error: ParserError) -> Failure {
        let message = match error {
            ParserError::RecursionLimitExceeded => {
                let message = format!("the expression is nested too deeply: at most {MAX_NESTING} levels are allowed");
                return Failure::invalid_config("too-large", message);
            }
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        };
        let (message, at) = match message.rsplit_once(" at Line: ") {
            Some((message, place)) => (message.to_owned(), location(place)),
            None => (message, None),
        };
        let offset = at.map_or(self.end(), |at| self.offset(at));
        let message = match message.strip_prefix("Expected: ").and_then(|m| m.split_once(", found: ")) {
            Some((wanted, found)) => {
                let wanted =
                    if wanted.chars().any(char::is_lowercase) { wanted.to_owned() } else { format!("`{wanted}`") };
                let found = if found == "EOF" { "the end of the text".to_owned() } else { format!("`{found}`") };
                let wanted = if wanted.ends_with("after IS") { IS_WHAT } else { &wanted };
                format!("expected {wanted}, found {found}")
            }
            None => lower_first(&message),
        };
        syntax(message).with_offset(offset)
    }
}

/// A failure with the code `syntax`.
pub(super) fn syntax(message: impl Into<String>) -> Failure {
    Failure::invalid_config("syntax", message)
}

fn location(place: &str) -> Option<Location> {
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
