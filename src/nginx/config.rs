//! nginx's configuration language: words, quotes, escapes, comments and blocks, as `ngx_conf_read_token` reads them.

use super::{lua, printable};

/// No longer text is read.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Blocks nest no deeper.
const MOST_DEPTH: usize = 32;
/// One text holds no more words.
const MOST_WORDS: usize = 400_000;

/// One directive, with the directives of its block if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The first word.
    pub name: String,
    /// The other words, without quotes and escapes.
    pub args: Vec<String>,
    /// The line on which its last word ends, counted from 1, as nginx names it in its messages.
    pub line: u32,
    /// What stands between `{` and `}`; Lua code is passed over.
    pub block: Option<Vec<Directive>>,
}

/// Why a text is not a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} on line {line}")]
pub struct SyntaxError {
    /// What is wrong.
    pub what: String,
    /// Where, counted from 1.
    pub line: u32,
}

/// Reads a whole text.
///
/// # Errors
/// At the first place where nginx would stop too, or when a bound is reached.
pub fn parse(text: &str) -> Result<Vec<Directive>, SyntaxError> {
    let mut reader = Reader { text, at: 0, line: 1, words: 0 };
    if text.len() > MOST_BYTES {
        return Err(reader.error("the configuration is larger than 4 MiB"));
    }
    reader.block(0)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    words: usize,
}

enum Token {
    Word(String),
    End,
    Open,
    Close,
    EndOfText,
}

impl Reader<'_> {
    fn block(&mut self, depth: usize) -> Result<Vec<Directive>, SyntaxError> {
        if depth > MOST_DEPTH {
            return Err(self.error("blocks nest too deeply"));
        }
        let mut directives = Vec::new();
        let mut words: Vec<String> = Vec::new();
        loop {
            match self.token()? {
                Token::Word(word) => words.push(word),
                Token::End => directives.push(self.directive(&mut words, None, ";")?),
                Token::Open => {
                    let line = self.line;
                    let block = if words.first().is_some_and(|name| name.ends_with("by_lua_block")) {
                        self.skip_lua()?;
                        Vec::new()
                    } else {
                        self.block(depth + 1)?
                    };
                    let directive = self.directive(&mut words, Some(block), "{")?;
                    directives.push(Directive { line, ..directive });
                }
                Token::Close if depth > 0 && words.is_empty() => return Ok(directives),
                Token::EndOfText if depth == 0 && words.is_empty() => return Ok(directives),
                Token::Close => return Err(self.error("unexpected \"}\"")),
                Token::EndOfText => {
                    return Err(self.error("unexpected end of the text, \";\" or \"}\" is missing"));
                }
            }
        }
    }

    fn directive(
        &self,
        words: &mut Vec<String>,
        block: Option<Vec<Directive>>,
        end: &str,
    ) -> Result<Directive, SyntaxError> {
        let mut words = std::mem::take(words).into_iter();
        let name = words.next().ok_or_else(|| self.error(&format!("unexpected \"{end}\"")))?;
        Ok(Directive { name, args: words.collect(), line: self.line, block })
    }

    fn token(&mut self) -> Result<Token, SyntaxError> {
        self.skip_blanks_and_comments();
        Ok(match self.peek() {
            None => Token::EndOfText,
            Some(';') => self.advance(Token::End),
            Some('{') => self.advance(Token::Open),
            Some('}') => self.advance(Token::Close),
            Some(quote @ ('"' | '\'')) => Token::Word(self.quoted(quote)?),
            Some(_) => Token::Word(self.unquoted()?),
        })
    }

    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        self.next();
        let mut word = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a quote is not closed")),
                Some('\\') => self.escape(&mut word),
                Some(c) if c == quote => break,
                Some(c) => word.push(c),
            }
        }
        match self.peek() {
            // After `)` nginx wants no blank: `if ("$a" = "b")`.
            Some(')') => {
                self.next();
            }
            None | Some(' ' | '\t' | '\r' | '\n' | ';' | '{') => {}
            Some(c) => {
                return Err(
                    self.error(&format!("unexpected \"{}\" after a quote", printable(&c.to_string(), 8)))
                );
            }
        }
        self.counted(word)
    }

    fn unquoted(&mut self) -> Result<String, SyntaxError> {
        let mut word = String::new();
        let mut dollar = false;
        while let Some(c) = self.peek() {
            if matches!(c, ' ' | '\t' | '\r' | '\n' | ';') || (c == '{' && !dollar) {
                break;
            }
            self.next();
            dollar = c == '$';
            if c == '\\' { self.escape(&mut word) } else { word.push(c) }
        }
        self.counted(word)
    }

    fn escape(&mut self, word: &mut String) {
        match self.next() {
            Some(c @ ('"' | '\'' | '\\')) => word.push(c),
            Some('t') => word.push('\t'),
            Some('r') => word.push('\r'),
            Some('n') => word.push('\n'),
            Some(c) => word.extend(['\\', c]),
            None => word.push('\\'),
        }
    }

    fn counted(&mut self, word: String) -> Result<String, SyntaxError> {
        self.words += 1;
        if self.words > MOST_WORDS {
            Err(self.error("the configuration has too many words"))
        } else {
            Ok(word)
        }
    }

    fn skip_lua(&mut self) -> Result<(), SyntaxError> {
        let code = self.text.get(self.at..).unwrap_or_default();
        let length = lua::length_of_block(code).ok_or_else(|| self.error("a block of Lua is not closed"))?;
        let lines = code.bytes().take(length).filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at += length;
        Ok(())
    }

    fn skip_blanks_and_comments(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' => {
                    self.next();
                }
                '#' => while self.next().is_some_and(|c| c != '\n') {},
                _ => return,
            }
        }
    }

    fn advance(&mut self, token: Token) -> Token {
        self.next();
        token
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.line += u32::from(c == '\n');
        Some(c)
    }

    fn error(&self, what: &str) -> SyntaxError {
        SyntaxError { what: what.to_owned(), line: self.line }
    }
}

#[cfg(test)]
mod tests {
    use super::{Directive, parse};

    fn words(text: &str) -> Vec<Vec<String>> {
        let flat = |d: &Directive| std::iter::once(d.name.clone()).chain(d.args.clone()).collect();
        parse(text).unwrap().iter().map(flat).collect()
    }

    #[test]
    fn words_quotes_escapes_and_comments_are_read_as_nginx_does() {
        assert_eq!(words("a b;c;"), [vec!["a", "b"], vec!["c"]]);
        assert_eq!(words("# x;\na 'b c' \"d;e\" f#g; # end"), [["a", "b c", "d;e", "f#g"]]);
        assert_eq!(words(r#"a "x\"y" 'it\'s' \n\d \\;"#), [["a", "x\"y", "it's", "\n\\d", "\\"]]);
        assert_eq!(words("return 200 ${host}x$;"), [["return", "200", "${host}x$"]]);
        assert_eq!(words("if ($a = \"b\") ;"), [["if", "($a", "=", "b"]]);
        assert_eq!(words(" \r\n\t"), Vec::<Vec<String>>::new());
    }

    #[test]
    fn blocks_nest_and_lines_are_counted() {
        let http = parse("user x;\nhttp {\n  server {\n    listen 80;\n  }\n}\n").unwrap();
        let server = http[1].block.as_ref().unwrap();
        let listen = &server[0].block.as_ref().unwrap()[0];
        assert_eq!((listen.name.as_str(), listen.line), ("listen", 4));
        assert_eq!(http[1].line, 2);
    }

    #[test]
    fn lua_is_passed_over() {
        let text = "location / { content_by_lua_block {\n local t = { '}', [[ } ]] } -- }\n } }\nuser x;";
        let directives = parse(text).unwrap();
        assert_eq!((directives[1].name.as_str(), directives[1].line), ("user", 4));
    }

    #[test]
    fn an_incomplete_text_is_refused_where_nginx_refuses_it() {
        for (text, line) in
            [("a b", 1), ("a {\n b;", 2), ("}", 1), (";", 1), ("\n{}", 2), ("a 'b", 1), ("a 'b'c;", 1)]
        {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn depth_and_words_are_bounded() {
        assert!(parse(&"a{".repeat(100_000)).unwrap_err().what.contains("deeply"));
        assert!(parse(&"a ".repeat(500_000)).unwrap_err().what.contains("too many words"));
        assert!(parse(&" ".repeat(super::MOST_BYTES + 1)).unwrap_err().what.contains("4 MiB"));
    }
}
