//! The pass between tokenizer and parser: which tokens belong to the language, which words are grammar.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

use super::{Source, syntax};
use crate::Failure;

/// Drops blanks, refuses tokens that are not of this language, takes their keyword from words that are not grammar, and
/// makes the type in `CAST(x AS …)` and `x::…` one quoted word with the type's text.
///
/// # Errors
/// `syntax`, located.
pub(super) fn admit(source: &Source<'_>, tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, Failure> {
    let mut tokens = tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF)).peekable();
    let mut out: Vec<TokenWithSpan> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    while let Some(mut token) = tokens.next() {
        refuse(source, &token)?;
        match &mut token.token {
            Token::LParen => open.push(Open::behind(out.last())),
            Token::RParen => _ = open.pop(),
            Token::Word(word) if word.quote_style.is_none() => {
                // `substring(x FROM 2 FOR 3)` is what `substring(x, 2, 3)` is.
                let parts = match (word.keyword, open.last()) {
                    (Keyword::FROM, Some(Open::Substring)) => {
                        (!out.last().is_some_and(|t| is(&t.token, &[Keyword::DISTINCT]))).then_some(Open::From)
                    }
                    (Keyword::FOR, Some(Open::From)) => Some(Open::Other),
                    _ => None,
                };
                if let (Some(next), Some(last)) = (parts, open.last_mut()) {
                    *last = next;
                    token.token = Token::Comma;
                    out.push(token);
                    continue;
                }
                if word.keyword == Keyword::AS && open.last() == Some(&Open::Cast) {
                    out.push(token);
                    let mut depth = 0;
                    let kind = std::iter::from_fn(|| {
                        tokens.next_if(|t| {
                            depth += i32::from(t.token == Token::LParen) - i32::from(t.token == Token::RParen);
                            depth >= 0
                        })
                    });
                    out.extend(type_word(source, kind));
                    continue;
                }
                let next = tokens.peek().map(|t| &t.token);
                if !is_grammar(word, &out, next) {
                    word.keyword = Keyword::NoKeyword;
                }
            }
            Token::DoubleColon => {
                out.push(token);
                out.extend(type_word(source, type_tokens(&mut tokens)));
                continue;
            }
            _ => {}
        }
        out.push(token);
    }
    Ok(out)
}

/// What an open parenthesis belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Cast,
    Substring,
    /// A substring, behind its FROM.
    From,
    Other,
}

impl Open {
    fn behind(token: Option<&TokenWithSpan>) -> Open {
        let Some(Token::Word(word)) = token.map(|t| &t.token) else { return Open::Other };
        let substring = ["substring", "substr"].iter().any(|name| word.value.eq_ignore_ascii_case(name));
        match word.keyword {
            Keyword::CAST | Keyword::TRY_CAST if word.quote_style.is_none() => Open::Cast,
            _ if substring && word.quote_style.is_none() => Open::Substring,
            _ => Open::Other,
        }
    }
}

type Tokens<I> = std::iter::Peekable<I>;

/// The tokens of the type behind `::`, which ends where no type can go on.
fn type_tokens<I: Iterator<Item = TokenWithSpan>>(tokens: &mut Tokens<I>) -> Vec<TokenWithSpan> {
    let Some(first) = tokens.next_if(|t| matches!(t.token, Token::Word(_))) else { return Vec::new() };
    let name = match &first.token {
        Token::Word(word) => word.value.to_ascii_lowercase(),
        _ => String::new(),
    };
    let mut out = vec![first];
    let closing = match (name.as_str(), tokens.peek().map(|t| &t.token)) {
        ("timestamp" | "time" | "duration", Some(Token::LBracket)) => Some(Token::RBracket),
        ("list" | "struct", Some(Token::Lt)) => Some(Token::Gt),
        (_, Some(Token::LParen)) => Some(Token::RParen),
        _ => None,
    };
    if let Some(closing) = closing {
        let mut depth = 0_usize;
        for token in tokens.by_ref() {
            depth += usize::from(matches!(token.token, Token::LBracket | Token::Lt | Token::LParen));
            depth = depth.saturating_sub(match token.token {
                Token::RBracket | Token::Gt | Token::RParen => 1,
                Token::ShiftRight => 2,
                _ => 0,
            });
            let done = depth == 0 && (token.token == closing || token.token == Token::ShiftRight);
            out.push(token);
            if done {
                break;
            }
        }
    }
    let following: &[Keyword] = match name.as_str() {
        "double" => &[Keyword::PRECISION],
        "timestamp" | "time" => &[Keyword::WITH, Keyword::WITHOUT, Keyword::TIME, Keyword::ZONE],
        _ => &[],
    };
    while let Some(token) = tokens.next_if(|t| is(&t.token, following)) {
        out.push(token);
    }
    out
}

/// One quoted word in place of the type's tokens.
fn type_word(source: &Source<'_>, tokens: impl IntoIterator<Item = TokenWithSpan>) -> Option<TokenWithSpan> {
    let mut tokens = tokens.into_iter();
    let first = tokens.next()?.span;
    let last = tokens.last().map_or(first, |t| t.span);
    let value = source.between(first.start, last.end).to_owned();
    let word = Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword };
    Some(TokenWithSpan { token: Token::Word(word), span: Span { start: first.start, end: last.end } })
}

fn is(token: &Token, keywords: &[Keyword]) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && keywords.contains(&word.keyword))
}

/// Whether the word is grammar where it stands; else it is free for names.
fn is_grammar(word: &Word, before: &[TokenWithSpan], next: Option<&Token>) -> bool {
    let previous = before.last().map(|t| &t.token);
    let previous_is = |keywords: &[Keyword]| previous.is_some_and(|token| is(token, keywords));
    if previous == Some(&Token::Period) {
        return false;
    }
    match word.keyword {
        Keyword::AND
        | Keyword::OR
        | Keyword::NOT
        | Keyword::IS
        | Keyword::NULL
        | Keyword::TRUE
        | Keyword::FALSE
        | Keyword::IN
        | Keyword::BETWEEN
        | Keyword::LIKE
        | Keyword::ILIKE
        | Keyword::CASE
        | Keyword::WHEN
        | Keyword::THEN
        | Keyword::ELSE
        | Keyword::END
        | Keyword::DISTINCT
        | Keyword::FROM
        | Keyword::AS => true,
        Keyword::CAST | Keyword::TRY_CAST | Keyword::EXTRACT => next == Some(&Token::LParen),
        Keyword::TIME if previous_is(&[Keyword::AT]) => true,
        Keyword::ESCAPE | Keyword::DATE | Keyword::TIME | Keyword::TIMESTAMP | Keyword::TIMESTAMPTZ => {
            matches!(next, Some(Token::SingleQuotedString(_)))
        }
        Keyword::INTERVAL => matches!(next, Some(Token::SingleQuotedString(_) | Token::Number(_, _))),
        Keyword::AT => matches!(next, Some(Token::Word(word)) if word.keyword == Keyword::TIME),
        Keyword::ZONE if previous_is(&[Keyword::TIME]) => {
            before.len().checked_sub(2).and_then(|at| before.get(at)).is_some_and(|t| is(&t.token, &[Keyword::AT]))
        }
        Keyword::OVER | Keyword::FILTER => previous == Some(&Token::RParen) && next == Some(&Token::LParen),
        Keyword::UNKNOWN => previous_is(&[Keyword::IS, Keyword::NOT]),
        // The unit of an interval, the field of EXTRACT.
        _ => {
            let second = before.len().checked_sub(2).and_then(|at| before.get(at)).map(|t| &t.token);
            second.is_some_and(|token| is(token, &[Keyword::INTERVAL]))
                || (previous == Some(&Token::LParen) && second.is_some_and(|token| is(token, &[Keyword::EXTRACT])))
        }
    }
}

/// Whether a token can make the tree one level deeper.
pub(super) fn deepens(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            let keywords = [
                Keyword::AND,
                Keyword::OR,
                Keyword::NOT,
                Keyword::IS,
                Keyword::IN,
                Keyword::BETWEEN,
                Keyword::LIKE,
                Keyword::ILIKE,
            ];
            keywords.contains(&word.keyword)
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Comma | Token::LParen | Token::RParen => false,
        _ => true,
    }
}

/// The token as the user wrote it, in backticks, shortened.
pub(super) fn quote(token: &Token) -> String {
    let text = token.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// # Errors
/// `syntax` for a token that this language does not have, with what to write instead.
fn refuse(source: &Source<'_>, token: &TokenWithSpan) -> Result<(), Failure> {
    let help = match &token.token {
        Token::Word(_)
        | Token::Number(_, false)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Eq
        | Token::DoubleEq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::DuckIntDiv
        | Token::Mod
        | Token::StringConcat
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::DoubleColon
        // It gives an option of a function its value.
        | Token::Assignment
        | Token::LBracket
        | Token::RBracket
        // It closes nested types, as in `list<list<int64>>`.
        | Token::ShiftRight => return Ok(()),
        Token::Overlap | Token::Ampersand => "write AND",
        Token::Pipe => "write OR, or `||` to join text",
        Token::ExclamationMark | Token::DoubleExclamationMark => "write NOT, or `<>` for `!=`",
        Token::Caret => "write power(x, y)",
        Token::Tilde | Token::TildeAsterisk => "write regexp_matches(x, pattern)",
        Token::SemiColon => "write one expression, without `;`",
        Token::Arrow | Token::LongArrow => "write s.field for the field of a struct",
        _ => "quote names that are not plain words (\"…\") and write text in '…'",
    };
    let message = format!("unexpected {}", quote(&token.token));
    Err(syntax(message).with_offset(source.offset(token.span.start)).with_help(help))
}
